"""Looking for what is over, a little at a time.

What a key took is given back to the system when the last key beside it goes, a hundred microseconds at a time: the last
keys of a table that empties cost as much as all before them. So it is time that is bounded, and not keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from twisted.internet.interfaces import IDelayedCall, IReactorTime

PIECE = 8  # keys that are forgotten between two looks at the time
MOST = 0.001  # seconds after which a beat goes on later
BEAT, SOON = 0.1, 0.005  # seconds from the end of one beat to the next, and to the rest of one that took too long


class Sweep:
    """Has `work` done, from `start` to `stop`: what it yields between is when it may be interrupted.

    It is called for each beat. `now` is in seconds, and moves on while work is done.
    """

    __slots__ = ("_beat", "_clock", "_left", "_now", "_work")

    def __init__(self, clock: IReactorTime, now: Callable[[], float], work: Callable[[], Iterator[None]]) -> None:
        self._clock = clock
        self._now = now
        self._work = work
        self._left: Iterator[None] | None = None  # of a beat that took too long
        self._beat: IDelayedCall | None = None

    def start(self) -> None:
        """Begin."""
        self._beat = self._clock.callLater(BEAT, self._go_on)

    def stop(self) -> None:
        """Sweep no more."""
        if self._beat is not None:
            self._beat.cancel()
            self._beat = None

    def _go_on(self) -> None:
        """Work for a while."""
        end = self._now() + MOST
        left, self._left = self._left or self._work(), None
        for _ in left:
            if self._now() >= end:
                self._left = left
                break
        self._beat = self._clock.callLater(BEAT if self._left is None else SOON, self._go_on)
