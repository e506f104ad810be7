"""Accumulators for the path every request takes, and the collectors that expose them.

A `Histogram.observe` of prometheus_client takes one lock for the bucket and one for the sum: about 1 us. A request
touches ten series, so those are plain objects here, written from the reactor's thread only, read when scraped, and
handed over through the library's custom-collector interface (https://prometheus.github.io/client_python/collector/custom/).
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import accumulate
from math import inf

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from gatewayd.telemetry.definition import Definition

Labels = tuple[str, ...]
Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily | InfoMetricFamily


class HistogramTally:
    """A classic histogram: `counts[i]` observations were above `bounds[i - 1]` and at or below `bounds[i]`.

    The last count is +Inf's. `observe(value)` takes a value that is not NaN, in the metric's unit, and only keeps it;
    `fold` sorts what was kept into the buckets, many values at a time in the interpreter's C parts. Whoever observes
    calls it every few hundred values; reading `counts` or `sum` calls it too.
    """

    __slots__ = ("_counts", "_kept", "_sort", "_sum", "bounds", "observe")

    observe: Callable[[float], None]

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        self._sort = partial(bisect_left, bounds)
        self._kept: list[float] = []
        self.observe = self._kept.append

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

    def cumulative(self) -> list[tuple[str, float]]:
        """The buckets as the exposition has them: the `le` label and how many were at or below it."""
        names = map(floatToGoString, (*self.bounds, inf))
        return list(zip(names, accumulate(self.counts), strict=True))


Row = tuple[Labels, float | HistogramTally]


class TallyCollector(Collector):
    """Exposes one metric whose values live in plain objects.

    `rows` answers the label values and the value of every series: a number, or a `HistogramTally` for a histogram. It
    is read lazily, in parts between which requests go on, so it must iterate over a copy of whatever may grow
    meanwhile. Each series is read at one moment, the family as a whole is not. A None among the rows ends a part: what
    comes next takes time.
    """

    def __init__(self, definition: Definition, rows: Callable[[], Iterable[Row | None]]) -> None:
        self.definition = definition
        self._rows = rows

    def describe(self) -> Iterable[Metric]:
        """The family without samples; by it the registry refuses a second metric of the same name."""
        return [_family(self.definition)]

    def collect(self) -> Iterable[Metric]:
        """The whole family."""
        return self.pieces(sys.maxsize)

    def pieces(self, limit: int) -> Iterator[Metric]:
        """The family in parts of about `limit` samples (never less than one series), at least one part."""
        family = _family(self.definition)
        unread = True
        for row in self._rows():
            if row is None:
                yield family
                family = _family(self.definition)
                continue
            _add(family, *row)
            unread = len(family.samples) < limit
            if not unread:
                yield family
                family = _family(self.definition)
        if unread:
            yield family


def _family(definition: Definition) -> Family:
    if definition.kind == "histogram":
        return HistogramMetricFamily(definition.name, definition.help, labels=definition.labels)
    if definition.kind == "gauge":
        return GaugeMetricFamily(definition.name, definition.help, labels=definition.labels)
    if definition.kind == "info":  # the library adds the suffix to the samples itself
        return InfoMetricFamily(definition.name.removesuffix("_info"), definition.help, labels=definition.labels)
    return CounterMetricFamily(definition.name, definition.help, labels=definition.labels)


def _add(family: Family, labels: Labels, value: float | HistogramTally) -> None:
    if isinstance(value, HistogramTally):
        assert isinstance(family, HistogramMetricFamily)
        family.add_metric(labels, value.cumulative(), value.sum)
    elif isinstance(family, InfoMetricFamily):
        family.add_metric(labels, {})
    else:
        assert not isinstance(family, HistogramMetricFamily)
        family.add_metric(labels, value)
