"""Exposed objects: what is written is what the library's own metrics would write."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from gatewayd.telemetry.catalogue import DEFINITIONS
from gatewayd.telemetry.collector import Row, TallyCollector
from gatewayd.telemetry.definition import Definition
from gatewayd.telemetry.exposition import OPENMETRICS, TEXT
from gatewayd.telemetry.tally import HistogramTally

HISTOGRAMS = [definition for definition in DEFINITIONS if definition.kind == "histogram"]

COUNTER = Definition("things_total", "counter", "Things.", ("kind",))
GAUGE = Definition("level", "gauge", "The \\ level,\nso to say.", ("b", "a"))
BUILD = Definition("build_info", "info", 'A "build".', ("version",))


def registry_of(collector: TallyCollector) -> CollectorRegistry:
    """A registry with only `collector`."""
    registry = CollectorRegistry()
    registry.register(collector)
    return registry


def parts(collector: TallyCollector, limit: int) -> list[str]:
    """The parts of the text, without the pauses between them."""
    return [part for part in collector.text(TEXT, limit) if part is not None]


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

    collector = TallyCollector(definition, lambda: [(labels, ours)])
    assert generate_latest(registry_of(collector)) == generate_latest(registry)
    assert "".join(parts(collector, 100)) == generate_latest(registry).decode()


NUMBERS = st.one_of(st.integers(-5, 10**12), st.floats())


@given(
    st.dictionaries(st.text(), NUMBERS),
    st.dictionaries(st.tuples(st.text(), st.text()), NUMBERS),
    st.text(),
    st.integers(1, 9),
)
def test_every_byte_is_the_librarys(
    counts: dict[str, float], levels: dict[tuple[str, str], float], version: str, limit: int
) -> None:
    """Whatever labels and values are, in both formats, at the first reading and when names are known already."""
    for collector in (
        TallyCollector(COUNTER, lambda: [((name,), value) for name, value in counts.items()]),
        TallyCollector(GAUGE, lambda: list(levels.items())),
        TallyCollector(BUILD, lambda: [((version,), 1)]),
    ):
        registry = registry_of(collector)
        for _ in range(2):
            assert "".join(parts(collector, limit)) == generate_latest(registry).decode()
            text = "".join(part or "" for part in collector.text(OPENMETRICS, limit))
            assert text + OPENMETRICS.end == openmetrics.generate_latest(registry).decode()


@given(st.lists(st.sampled_from([0.0005, 0.1, 0.3, 70.0]), min_size=1))
def test_the_last_trace_of_each_bucket_is_its_exemplar(values: list[float]) -> None:
    """In OpenMetrics only; the strict parser takes it, and it lies within its bucket."""
    tally = HistogramTally((0.001, 0.25, 10.0))
    for number, value in enumerate(values):
        tally.observe(value)
        tally.exemplify(value, f"{number:032x}")
    collector = TallyCollector(HISTOGRAMS[0], lambda: [(("GET", "/", "2xx"), tally)])
    assert "trace_id" not in "".join(parts(collector, 100))
    bounded = TallyCollector(
        Definition("t_seconds", "histogram", "T.", ("a",), tally.bounds), lambda: [(("x",), tally)]
    )
    text = "".join(part or "" for part in bounded.text(OPENMETRICS, 100)) + OPENMETRICS.end
    assert text == openmetrics.generate_latest(registry_of(bounded)).decode()
    (family,) = parse_openmetrics(text)
    found = {sample.labels["le"]: sample.exemplar for sample in family.samples if sample.exemplar is not None}
    last = {
        ("0.001" if v < 0.001 else "0.25" if v < 0.25 else "10.0" if v < 10 else "+Inf"): n
        for n, v in enumerate(values)
    }
    assert {bound: exemplar.labels["trace_id"] for bound, exemplar in found.items()} == {
        bound: f"{number:032x}" for bound, number in last.items()
    }


@given(st.integers(0, 40), st.integers(1, 12))
def test_parts_hold_every_series_once(series: int, limit: int) -> None:
    """Whatever the limit, the parts joined are the family, and none is over the limit by more than its header."""
    collector = TallyCollector(COUNTER, lambda: [((str(number),), number) for number in range(series)])
    found = parts(collector, limit)
    assert "".join(found) == generate_latest(registry_of(collector)).decode()
    assert all(part.count("\n") <= limit + 2 for part in found)


def test_a_histogram_series_is_never_split() -> None:
    """A part ends after a whole series, so that its buckets and its sum were read at one moment."""
    definition = Definition("t_seconds", "histogram", "T.", ("a",), (1.0, 2.0))
    collector = TallyCollector(definition, lambda: [((name,), HistogramTally((1.0, 2.0))) for name in "abc"])
    assert [part.count("t_seconds_bucket") for part in parts(collector, 1)] == [3, 3, 3, 0]


def test_none_among_the_rows_ends_a_part() -> None:
    """A row that takes time to come may let others run first."""

    def rows() -> Iterator[Row | None]:
        yield None
        yield ("a",), 1
        yield None
        yield ("b",), 2

    header = "# HELP things_total Things.\n# TYPE things_total counter\n"
    lines = ['things_total{kind="a"} 1.0\n', 'things_total{kind="b"} 2.0\n']
    collector = TallyCollector(COUNTER, rows)
    assert list(collector.text(TEXT, 100)) == [header, None, lines[0], None, lines[1]]
    assert generate_latest(registry_of(collector)).decode() == header + lines[0] + lines[1]


def test_series_that_are_gone_are_forgotten() -> None:
    """What was worked out for a series lasts as long as the series."""
    names = ["a", "b"]
    collector = TallyCollector(COUNTER, lambda: [((name,), 1) for name in names])
    parts(collector, 10)
    names.remove("a")
    parts(collector, 10)
    assert list(collector._beginnings) == [("b",)]


def test_one_name_is_registered_once() -> None:
    """The registry refuses a second metric of the same name, without reading any row."""
    registry = CollectorRegistry()
    registry.register(TallyCollector(COUNTER, lambda: []))
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        registry.register(TallyCollector(COUNTER, lambda: []))
