"""What one metric is, before anything was counted: name, type, help, labels, buckets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge

Kind = Literal["counter", "gauge", "histogram", "info"]


@dataclass(frozen=True, slots=True)
class Definition:
    """One row of the metrics table.

    `buckets` are the upper bounds of a histogram in ascending order, without +Inf. `known` are the values of the last
    label that exist from the start at zero: a counter that is born at 1 has an `increase()` of 0, so the first event
    would be lost (prometheus/prometheus#1673). `when` says what moves the metric, for the reference page.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    known: tuple[str, ...] = ()
    when: str = ""

    def counter(self, registry: CollectorRegistry) -> Counter:
        """The library's own counter, with its known label values at zero; for what does not happen per request."""
        counter = Counter(self.name, self.help, self.labels, registry=registry)
        for value in self.known:
            counter.labels(value)
        return counter

    def gauge(self, registry: CollectorRegistry) -> Gauge:
        """The library's own gauge, for a value that is set when it changes."""
        return Gauge(self.name, self.help, self.labels, registry=registry)
