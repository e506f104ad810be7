"""What one metric is, before anything was counted: name, type, labels, buckets, and what it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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


# Rows of the table as it is written: labels and known values are words in one text.


def counter(name: str, labels: str, help: str, when: str, *, known: str = "") -> Definition:
    """A number that only grows."""
    return Definition(name, "counter", help, tuple(labels.split()), known=tuple(known.split()), when=when)


def gauge(name: str, labels: str, help: str, when: str, *, known: str = "") -> Definition:
    """A number that comes and goes."""
    return Definition(name, "gauge", help, tuple(labels.split()), known=tuple(known.split()), when=when)


def histogram(name: str, labels: str, buckets: tuple[float, ...], help: str, when: str) -> Definition:
    """How often values fell into which bucket."""
    return Definition(name, "histogram", help, tuple(labels.split()), buckets, when=when)


def info(name: str, labels: str, help: str, when: str) -> Definition:
    """A 1 whose labels say something."""
    return Definition(name, "info", help, tuple(labels.split()), when=when)
