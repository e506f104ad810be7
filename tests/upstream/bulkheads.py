"""A bulkhead, the requests that want in, and the time, under the test's thumb."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.task import Clock

from gatewayd.core.gradient import Gradient
from gatewayd.core.queueing import Order
from gatewayd.core.reasons import Reason, Refused
from gatewayd.http.deadlines import INTERVAL, Deadlines
from gatewayd.pipeline.task import Task
from gatewayd.upstream.bulkhead import Bulkhead


@dataclass(frozen=True)
class Limits:
    """What `BulkheadLimits` asks for."""

    most: int | None = 2
    queue: int = 2
    wait: float = 1.0
    order: Order = Order.FIFO


class GaveUp(Exception):
    """The client is gone."""


class Request:
    """One that comes in at once, or waits, or is refused; it stays until `leave`, or does `inside` and leaves."""

    def __init__(
        self, bulkhead: Bulkhead, limit: float = float("inf"), inside: Callable[[], None] | None = None
    ) -> None:
        self.inside = False
        self.error: BaseException | None = None
        self._bulkhead = bulkhead
        self._limit = limit
        self._act = inside
        self._task = Task(self._run())
        self._task.step()

    async def _run(self) -> None:
        try:
            place = self._bulkhead.enter(self._limit)
            if place is not None:
                await place
        except Exception as error:
            self.error = error
            return
        self.inside = True
        if self._act is not None:
            self._act()
            self.leave()

    @property
    def pending(self) -> bool:
        """Whether it still waits."""
        return not self.inside and self.error is None

    @property
    def refused(self) -> Reason | None:
        """Why it did not come in."""
        return self.error.reason if isinstance(self.error, Refused) else None

    def leave(self, seconds: float | None = 0.1, dropped: bool = False) -> None:
        """Its answer is there."""
        self.inside = False
        self.error = GaveUp()
        self._bulkhead.leave(seconds, dropped)

    def give_up(self) -> None:
        """Cancel it."""
        self._task.throw(GaveUp())


class World:
    """A bulkhead and the time."""

    def __init__(self, limits: Limits = Limits(), gradient: Gradient | None = None) -> None:
        self.clock = Clock()
        self.deadlines = Deadlines(self.clock, self.clock.seconds)
        self.deadlines.start()
        self.bulkhead = Bulkhead(limits, self.deadlines, self.clock.seconds, gradient)

    def request(self, limit: float = float("inf"), inside: Callable[[], None] | None = None) -> Request:
        """A request that comes now."""
        return Request(self.bulkhead, limit, inside)

    def full(self) -> list[Request]:
        """As many as come in at once."""
        return [self.request() for _ in range(self.bulkhead.limit - self.bulkhead.active)]

    def pass_time(self, seconds: float) -> None:
        """Move the clock, in steps no longer than a sweep of the deadlines."""
        while seconds > 0:
            self.clock.advance(min(seconds, INTERVAL))
            seconds -= INTERVAL

    def counts(self) -> tuple[int, int, int]:
        """How many are inside, wait, and are watched."""
        return self.bulkhead.active, self.bulkhead.waiting, len(self.deadlines)
