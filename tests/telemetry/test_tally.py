"""Accumulators: what they expose is what the library's own metrics would expose."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics, generate_latest

from gatewayd.telemetry.catalogue import DEFINITIONS
from gatewayd.telemetry.definition import Definition
from gatewayd.telemetry.tally import HistogramTally, Row, TallyCollector

HISTOGRAMS = [definition for definition in DEFINITIONS if definition.kind == "histogram"]

COUNTER = Definition("things_total", "counter", "Things.", ("kind",))


def exposed(collector: TallyCollector) -> str:
    """What a registry with only `collector` renders."""
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry).decode()


def observations(definition: Definition) -> st.SearchStrategy[list[float]]:
    """Values around the bounds, where an off-by-one would show, and anywhere else."""
    at_bounds = st.sampled_from(definition.buckets)
    return st.lists(st.one_of(at_bounds, st.floats(min_value=0, max_value=1e9), st.integers(0, 10**9).map(float)))


@given(st.sampled_from(HISTOGRAMS), st.data())
def test_a_histogram_counts_as_the_library_does(definition: Definition, data: st.DataObject) -> None:
    """The same observations give the same exposition, byte by byte, as prometheus_client's own Histogram."""
    disable_created_metrics()
    labels = tuple(f"{label} value" for label in definition.labels)
    ours = HistogramTally(definition.buckets)
    registry = CollectorRegistry()
    theirs = Histogram(
        definition.name, definition.help, definition.labels, buckets=definition.buckets, registry=registry
    )
    child = theirs.labels(*labels) if labels else theirs

    for value in data.draw(observations(definition)):
        ours.observe(value)
        child.observe(value)

    assert exposed(TallyCollector(definition, lambda: [(labels, ours)])) == generate_latest(registry).decode()


@given(st.dictionaries(st.text(), st.integers(0, 10**12)))
def test_label_values_are_escaped_by_the_library(values: dict[str, int]) -> None:
    """A label value may hold anything: one series stays one line, in the order given."""
    text = exposed(TallyCollector(COUNTER, lambda: [((name,), value) for name, value in values.items()]))
    lines = [line for line in text.split("\n") if line.startswith("things_total{")]
    assert [float(line.rpartition(" ")[2]) for line in lines] == [float(value) for value in values.values()]


@given(st.integers(0, 40), st.integers(1, 12))
def test_parts_hold_every_series_once(series: int, limit: int) -> None:
    """Whatever the limit, the parts joined are the family, none but the only one is empty, none is over the limit."""
    collector = TallyCollector(COUNTER, lambda: [((str(number),), number) for number in range(series)])
    parts = [part.samples for part in collector.pieces(limit)]
    (whole,) = collector.collect()
    assert [sample for part in parts for sample in part] == whole.samples
    assert all(len(part) <= limit for part in parts)
    assert all(parts) or (series == 0 and parts == [[]])


def test_a_histogram_series_is_never_split() -> None:
    """A part ends after a whole series, so that its buckets and its sum were read at one moment."""
    definition = HISTOGRAMS[0]
    collector = TallyCollector(
        definition, lambda: [(("GET", route, "2xx"), HistogramTally((1.0, 2.0))) for route in "abc"]
    )
    assert [len(part.samples) for part in collector.pieces(1)] == [5, 5, 5]


def test_none_among_the_rows_ends_a_part() -> None:
    """A row that takes time to come may let others run first: the part before it may be empty."""

    def rows() -> Iterator[Row | None]:
        yield None
        yield ("a",), 1
        yield None
        yield ("b",), 2

    parts = list(TallyCollector(COUNTER, rows).pieces(100))
    assert [[sample.value for sample in part.samples] for part in parts] == [[], [1], [2]]


def test_one_name_is_registered_once() -> None:
    """The registry refuses a second metric of the same name, without reading any row."""
    registry = CollectorRegistry()
    registry.register(TallyCollector(COUNTER, lambda: []))
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        registry.register(TallyCollector(COUNTER, lambda: []))


def test_infinity_falls_into_the_last_bucket() -> None:
    """An observation above every bound is counted by +Inf alone."""
    tally = HistogramTally((1.0, 2.0))
    tally.observe(3.0)
    assert tally.cumulative() == [("1.0", 0), ("2.0", 0), ("+Inf", 1)]
