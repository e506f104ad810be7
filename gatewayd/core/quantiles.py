"""How long most of the last answers took, for a hedge to know which one is late."""

from __future__ import annotations

from math import ceil, log

LEAST = 0.0001  # seconds; quicker answers are counted as this
MOST = 100.0  # seconds; and slower ones as that
WIDTH = 0.1  # by how much a bucket's upper bound is above its lower one

_SCALE = 1.0 / log(1.0 + WIDTH)
_BOUNDS = tuple(LEAST * (1.0 + WIDTH) ** index for index in range(ceil(log(MOST / LEAST) * _SCALE) + 1))
_LAST = len(_BOUNDS) - 1


class Quantile:
    """The time within which the share `share` of the last answers came, as far as ten percent.

    Answers are counted by their logarithm, in buckets, over the last `recent` to twice as many: two windows, the older
    of which is forgotten when the newer is full. Where the share is reached is followed from answer to answer, since it
    hardly moves; so both observing and asking take the same short time whatever was observed.
    """

    __slots__ = ("_at", "_below", "_both", "_count", "_newer", "_newer_count", "_recent", "_share", "_warm")

    def __init__(self, share: float, recent: int = 500, warm: int = 100) -> None:
        """`share` is 0.95 for the 95th percentile; nothing is said before `warm` answers."""
        assert 0.0 < share < 1.0
        assert 1 <= warm <= recent
        self._share = share
        self._recent = recent
        self._warm = warm
        self._both = [0] * len(_BOUNDS)
        self._newer = [0] * len(_BOUNDS)
        self._count = self._newer_count = 0
        self._at = 0  # the bucket in which the share is reached, and
        self._below = 0  # how many answers are in those below it

    def observe(self, seconds: float) -> None:
        """An answer took so long."""
        if seconds <= LEAST:
            bucket = 0
        else:
            bucket = int(log(seconds / LEAST) * _SCALE) + 1
            if bucket > _LAST:
                bucket = _LAST
        if self._newer_count == self._recent:
            self._forget()
        both, at, below = self._both, self._at, self._below
        both[bucket] += 1
        self._newer[bucket] += 1
        self._newer_count += 1
        self._count = count = self._count + 1
        if bucket < at:
            below += 1
        rank = self._share * count
        while below >= rank:
            at -= 1
            below -= both[at]
        while below + both[at] < rank:
            below += both[at]
            at += 1
        self._at, self._below = at, below

    def value(self) -> float | None:
        """Seconds, as a bucket's upper bound; None while too little is known."""
        return _BOUNDS[self._at] if self._count >= self._warm else None

    def _forget(self) -> None:
        """The newer window is full: it becomes the older one."""
        self._both, self._newer = self._newer, [0] * len(_BOUNDS)
        self._count, self._newer_count = self._newer_count, 0
        self._at = self._below = 0
