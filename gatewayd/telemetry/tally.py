"""Accumulators for the path every request takes.

A `Histogram.observe` of prometheus_client takes one lock for the bucket and one for the sum: about 1 us. A request
touches ten series, so those are plain objects here, written from the reactor's thread only and read when scraped
(`gatewayd.telemetry.collector`).
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple


class Exemplar(NamedTuple):
    """One observation that stands for its bucket: the trace it belongs to, and when it was made (since 1970)."""

    trace_id: str
    value: float
    at: float


class HistogramTally:
    """A classic histogram: `counts[i]` observations were above `bounds[i - 1]` and at or below `bounds[i]`.

    The last count is +Inf's. `observe(value)` takes a value that is not NaN, in the metric's unit, and only keeps it;
    `fold` sorts what was kept into the buckets, many values at a time in the interpreter's C parts. Whoever observes
    calls it every few hundred values; reading `counts` or `sum` calls it too. `exemplars` has the last traced
    observation of each bucket that had one, by the bucket's index.
    """

    __slots__ = ("_counts", "_kept", "_sort", "_sum", "bounds", "exemplars", "observe")

    observe: Callable[[float], None]

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.exemplars: dict[int, Exemplar] = {}
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        self._sort = partial(bisect_left, bounds)
        self._kept: list[float] = []
        self.observe = self._kept.append

    def exemplify(self, value: float, trace_id: str) -> None:
        """Remember that an observed `value` belongs to a trace: call it beside `observe`, for sampled traces only."""
        self.exemplars[self._sort(value)] = Exemplar(trace_id, value, time.time())

    def fold(self) -> None:
        """Sort the values kept into their buckets."""
        kept = self._kept
        if kept:
            for index, count in Counter(map(self._sort, kept)).items():
                self._counts[index] += count
            self._sum += sum(kept)
            kept.clear()

    @property
    def counts(self) -> list[int]:
        """Observations per bucket, not cumulative."""
        self.fold()
        return self._counts

    @property
    def sum(self) -> float:
        """The sum of all observations."""
        self.fold()
        return self._sum


class Events(dict[str, int]):
    """Counts by one label whose values are known from the start, all of them at zero; there are never others."""

    __slots__ = ()

    def __init__(self, known: Iterable[str]) -> None:
        super().__init__(dict.fromkeys(known, 0))

    def count(self, kind: str, times: int = 1) -> None:
        """Count; anything but a known value is a KeyError."""
        self[kind] += times
