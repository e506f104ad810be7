"""Deadlines of many connections, kept by one timer.

Arming a timer per phase of a request would cost more than the phase. Instead everything that can run out of time has
a `deadline`, which its owner moves by assignment, and one sweep looks at all of them every quarter of a second. A
timeout is therefore late by up to `INTERVAL`, and never early.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

INTERVAL = 0.25
NEVER = float("inf")


class Expiring(Protocol):
    """What can run out of time. `deadline` is in the clock's seconds, `NEVER` while nothing is awaited."""

    deadline: float

    def expired(self, now: float) -> None:
        """Act on a deadline that lies at or before `now`; must move or forget it, or be called again."""


class Deadlines:
    """Calls `expired` on whatever it watches once its deadline has passed."""

    _log = Logger()

    def __init__(self, clock: IReactorTime, now: Callable[[], float]) -> None:
        """`clock` wakes us; `now` is what deadlines are measured in."""
        self._clock = clock
        self._now = now
        self._watched: set[Expiring] = set()
        self.watch = self._watched.add
        self.forget = self._watched.discard
        self._call: IDelayedCall | None = None

    def start(self) -> None:
        """Begin sweeping."""
        self._call = self._clock.callLater(INTERVAL, self._sweep)

    def stop(self) -> None:
        """Sweep no more; deadlines that pass from now on have no effect."""
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = None

    def __len__(self) -> int:
        """How many things are watched."""
        return len(self._watched)

    def _sweep(self) -> None:
        self._call = self._clock.callLater(INTERVAL, self._sweep)
        now = self._now()
        for item in [item for item in self._watched if item.deadline <= now]:
            try:
                if item.deadline <= now:  # not moved by what another one did in this very sweep
                    item.expired(now)
            except Exception:
                self._log.failure("a deadline's action failed")
