"""Deadlines of many connections, kept by one timer.

Arming a timer per phase of a request would cost more than the phase. Instead everything that can run out of time has
a `deadline`, which its owner moves by assignment, and one sweep looks at all of them every quarter of a second. A
timeout is therefore late by up to `INTERVAL`, and never early. Where that is too late, `hasten` asks for a sweep in
between.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from gatewayd.log import Log, events

INTERVAL = 0.25
NEVER = float("inf")
_GRAIN = 0.001  # seconds: sweeps that were asked for are no closer than this
_REST = 2e-6  # seconds between two of them for each thing watched, of which a sweep takes less than a fiftieth


class Expiring(Protocol):
    """What can run out of time. `deadline` is in the clock's seconds, `NEVER` while nothing is awaited."""

    deadline: float

    def expired(self, now: float) -> None:
        """Act on a deadline that lies at or before `now`; must move or forget it, or be called again."""


class Deadlines:
    """Calls `expired` on whatever it watches once its deadline has passed."""

    _log = Log(__name__)

    def __init__(self, clock: IReactorTime, now: Callable[[], float]) -> None:
        """`clock` wakes us; `now` is what deadlines are measured in."""
        self._clock = clock
        self._now = now
        self._watched: set[Expiring] = set()
        self.watch = self._watched.add
        self.forget = self._watched.discard
        self._call: IDelayedCall | None = None
        self._hastened: list[float] = []  # when a sweep is asked for, in order
        self._early: IDelayedCall | None = None  # the first of them
        self._rest_until = 0.0

    def start(self) -> None:
        """Begin sweeping."""
        self._call = self._clock.callLater(INTERVAL, self._sweep)

    def stop(self) -> None:
        """Sweep no more; deadlines that pass from now on have no effect."""
        for call in (self._call, self._early):
            if call is not None and call.active():
                call.cancel()
        self._call = self._early = None
        self._hastened.clear()

    def hasten(self, when: float) -> None:
        """Sweep at `when` too, or up to a millisecond later; where thousands are watched, up to some milliseconds.

        Asking many times for about the same moment costs one sweep. Nothing happens unless the regular ones take place.
        """
        if self._call is None:
            return
        hastened = self._hastened
        at = bisect_left(hastened, when)
        if at < len(hastened) and hastened[at] - when < _GRAIN:
            return
        if at and when - hastened[at - 1] < _GRAIN:
            when = hastened[at - 1] + _GRAIN
        hastened.insert(at, when)
        if at == 0:
            self._wake()

    def __len__(self) -> int:
        """How many things are watched."""
        return len(self._watched)

    def _wake(self) -> None:
        """Let the first sweep that was asked for take place in time, but not too soon after the one before."""
        seconds = max(0.0, max(self._hastened[0], self._rest_until) - self._now())
        early = self._early
        if early is not None and early.active():
            early.reset(seconds)
        else:
            self._early = self._clock.callLater(seconds, self._sweep_early)

    def _sweep_early(self) -> None:
        now = self._now()
        hastened = self._hastened
        del hastened[: bisect_right(hastened, now)]
        self._rest_until = now + max(_GRAIN, len(self._watched) * _REST)
        self._expire(now)
        if hastened:  # not so once stopped
            self._wake()

    def _sweep(self) -> None:
        self._call = self._clock.callLater(INTERVAL, self._sweep)
        self._expire(self._now())

    def _expire(self, now: float) -> None:
        for item in [item for item in self._watched if item.deadline <= now]:
            try:
                if item.deadline <= now:  # not moved by what another one did in this very sweep
                    item.expired(now)
            except Exception:
                self._log.failure(events.DEADLINE_FAILED)
