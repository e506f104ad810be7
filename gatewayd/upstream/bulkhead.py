"""How many requests a service may be busy with: the rest wait a little, or are refused, so that one slow service does
not take up what the others need (Michael Nygard, "Release It!", "Bulkheads").
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Generator
from typing import Any, Protocol

from gatewayd.core.gradient import Gradient
from gatewayd.core.queueing import Queue
from gatewayd.core.reasons import BULKHEAD_FULL, BULKHEAD_TIMEOUT, TOTAL_TIMEOUT, Refused
from gatewayd.core.slot import Slot

NEVER = float("inf")
_UNLIMITED = sys.maxsize
_TOO_MANY = "Too many requests already wait for the service."


class BulkheadLimits(Protocol):
    """Bounds of one service."""

    @property
    def most(self) -> int | None:
        """Requests at once; None for any number."""

    @property
    def queue(self) -> int:
        """Requests that may wait for one of them to end."""

    @property
    def wait(self) -> float:
        """How long a request waits, in seconds."""

    @property
    def order(self) -> str:
        """Who is next, an `Order` or its text."""


class Place(Slot[None]):
    """One that is not in yet: to be awaited at once. Whoever gives up waiting keeps no place, and need not leave.

    Gives up with `refused` at its deadline (see `gatewayd.http.deadlines`).
    """

    def __init__(self, bulkhead: Bulkhead, deadline: float, refused: Refused) -> None:
        self.deadline = deadline
        self._bulkhead = bulkhead
        self._refused = refused

    def expired(self, now: float) -> None:
        """Stop waiting."""
        self.deadline = NEVER
        self.fail(self._refused)

    def __await__(self) -> Generator[Any, Any, None]:
        """Suspend until there is a place; raises `Refused` where there is none in time."""
        try:
            yield from super().__await__()
        except BaseException:
            self._bulkhead.give_up(self)
            raise
        self._bulkhead.forget(self)


class Watch(Protocol):
    """Calls `expired` of a place when its time has come."""

    def watch(self, item: Place, /) -> object:
        """From now on."""

    def forget(self, item: Place, /) -> object:
        """No longer."""


class Bulkhead:
    """Lets requests in; each that came in leaves once, with `leave`.

    With a `gradient` that is asked how many may be in, instead of `limits.most`. `active` is how many are in, `limit`
    how many may be; a limit that shrinks throws nobody out.
    """

    __slots__ = (
        "_gradient",
        "_now",
        "_queue",
        "_refused",
        "_refusing",
        "_serving",
        "_wait",
        "_watch",
        "active",
        "forget",
        "limit",
    )

    def __init__(
        self, limits: BulkheadLimits, watch: Watch, now: Callable[[], float], gradient: Gradient | None = None
    ) -> None:
        self._wait = limits.wait
        self._watch = watch
        self._now = now
        self._gradient = gradient
        self._queue: Queue[Place] = Queue(limits.queue, limits.order)
        self._serving = False  # in the loop that lets in
        self._refusing = False  # in the loop that turns away, which takes from
        self._refused: deque[Place] = deque()
        self.forget = watch.forget
        self.active = 0
        if gradient is not None:
            self.limit = gradient.limit
        else:
            self.limit = _UNLIMITED if limits.most is None else limits.most

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._queue)

    def enter(self, limit: float) -> Place | None:
        """Come in: None if that was possible at once, else what is to be awaited.

        `limit` is when the request must be over. Raises `Refused` where too many wait already.
        """
        if self.active < self.limit:
            self.active += 1
            return None
        if (patience := self._now() + self._wait) < limit:
            place = Place(self, patience, Refused(BULKHEAD_TIMEOUT, "The service was busy with others for too long."))
        else:
            place = Place(self, limit, Refused(TOTAL_TIMEOUT))
        turned_away = self._queue.join(place)
        if turned_away is place:
            raise Refused(BULKHEAD_FULL, _TOO_MANY)
        self._watch.watch(place)
        if turned_away is not None:
            try:
                self._turn_away(turned_away)
            except BaseException:
                self.give_up(place)  # nobody will ever await it
                raise
        return place

    def leave(self, seconds: float | None, dropped: bool = False) -> None:
        """Go out; whoever is next comes in.

        `seconds` is how long the service took to answer, None if that says nothing about it; `dropped` that it refused
        for overload or gave no answer in time.
        """
        gradient = self._gradient
        if gradient is not None and seconds is not None:
            gradient.observe(seconds, self.active, dropped, self._now())
            self.limit = gradient.limit
        self.active -= 1
        if self._queue:
            self._let_in()

    def give_up(self, place: Place) -> None:
        """Wait no longer; a place that was given in this very moment goes to the next."""
        self.forget(place)
        self._queue.leave(place)
        if place.done and place.error is None:
            self.leave(None)

    # Whoever is let in or turned away goes on within the call, and may leave, or come again with the next request of
    # its connection. What follows from that is done by the loops below when they come to it, not by deeper ones: a
    # queue of thousands may change in one moment.

    def _let_in(self) -> None:
        """Let those in who wait, while there is room."""
        if self._serving:
            return
        self._serving = True
        try:
            while self.active < self.limit and (place := self._queue.next()) is not None:
                if not place.done:
                    self.active += 1
                    place.resolve(None)
        finally:
            self._serving = False

    def _turn_away(self, place: Place) -> None:
        """Refuse one who is no longer in the queue."""
        self._refused.append(place)
        if self._refusing:
            return
        self._refusing = True
        try:
            while self._refused:
                self._refused.popleft().fail(Refused(BULKHEAD_FULL, _TOO_MANY))
        finally:
            self._refusing = False
