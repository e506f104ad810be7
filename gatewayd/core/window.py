"""The latest calls, and how many of them failed or were slow.

Both windows take the same codes: the lowest bit says that a call failed, the next that it was slow. What they answer is
right as of the last `add` or `expire`.
"""

from __future__ import annotations

from typing import Protocol

SUCCESS, FAILURE, SLOW, SLOW_FAILURE = range(4)


class Window(Protocol):
    """`total` calls, of which some are `failures`, some `slow`, some both."""

    total: int
    failures: int
    slow: int

    def add(self, code: int, now: float) -> None:
        """A call that ended at `now` (seconds, never less than before)."""

    def expire(self, now: float) -> None:
        """Let go of what is too old at `now`."""

    def clear(self) -> None:
        """Let go of everything."""


class CountWindow:
    """The last `size` calls, each in one byte."""

    __slots__ = ("_at", "_codes", "_size", "failures", "slow", "total")

    def __init__(self, size: int) -> None:
        assert size >= 1
        self._size = size
        self._codes = bytearray(size)
        self._at = self.total = self.failures = self.slow = 0

    def add(self, code: int, now: float) -> None:
        """A call ended; it takes the place of the one `size` calls ago."""
        codes, at = self._codes, self._at
        # Places that were never used hold SUCCESS: letting go of one changes no count but the total.
        old = codes[at]
        if old != code:
            codes[at] = code
            self.failures += (code & 1) - (old & 1)
            self.slow += (code >> 1) - (old >> 1)
        at += 1
        self._at = at if at < self._size else 0
        if self.total < self._size:
            self.total += 1

    def expire(self, now: float) -> None:
        """Calls that are counted do not grow old."""

    def clear(self) -> None:
        """Let go of everything."""
        self._codes = bytearray(self._size)
        self._at = self.total = self.failures = self.slow = 0


class TimeWindow:
    """The calls of the last `seconds`, kept as counts in `buckets` of equal length.

    A bucket falls out as a whole, so the window holds the calls of at least `seconds` less one bucket.
    """

    __slots__ = ("_buckets", "_failures", "_latest", "_slow", "_totals", "_width", "failures", "slow", "total")

    def __init__(self, seconds: float, buckets: int = 10) -> None:
        assert seconds > 0.0
        assert buckets >= 1
        self._buckets = buckets
        self._width = seconds / buckets
        self._latest = 0  # the number of the newest bucket, counted from time 0.0
        self._totals, self._failures, self._slow = [0] * buckets, [0] * buckets, [0] * buckets
        self.total = self.failures = self.slow = 0

    def add(self, code: int, now: float) -> None:
        """A call ended at `now`."""
        bucket = int(now / self._width)
        if bucket > self._latest:
            self._advance(bucket)
        at = self._latest % self._buckets
        self._totals[at] += 1
        self.total += 1
        if code:
            failed, slow = code & 1, code >> 1
            self._failures[at] += failed
            self._slow[at] += slow
            self.failures += failed
            self.slow += slow

    def expire(self, now: float) -> None:
        """Let go of the buckets that are too old at `now`."""
        bucket = int(now / self._width)
        if bucket > self._latest:
            self._advance(bucket)

    def clear(self) -> None:
        """Let go of everything."""
        self._totals, self._failures, self._slow = ([0] * self._buckets for _ in range(3))
        self.total = self.failures = self.slow = 0

    def _advance(self, bucket: int) -> None:
        """`bucket` is the newest now: empty its place, and those of the ones that were passed over."""
        passed = bucket - self._latest
        self._latest = bucket
        if passed >= self._buckets:
            if self.total:
                self.clear()
            return
        for number in range(bucket - passed + 1, bucket + 1):
            at = number % self._buckets
            self.total -= self._totals[at]
            self.failures -= self._failures[at]
            self.slow -= self._slow[at]
            self._totals[at] = self._failures[at] = self._slow[at] = 0
