"""The text of a scrape: the parts joined are what the library would write at once."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from gatewayd.telemetry.catalogue import ATTEMPT_ERRORS, BUILD_INFO, REQUEST_DURATION
from gatewayd.telemetry.collector import Format, TallyCollector
from gatewayd.telemetry.exposition import OPENMETRICS, TEXT, exposition
from gatewayd.telemetry.tally import HistogramTally
from tests.telemetry.test_metrics import busy

LIBRARY: dict[Format, Callable[[CollectorRegistry], bytes]] = {
    TEXT: generate_latest,
    OPENMETRICS: openmetrics.generate_latest,
}


def collectors(services: list[str], routes: list[str]) -> list[TallyCollector]:
    """A counter, a histogram and an info, whose values do not change between two readings."""
    tally = HistogramTally(REQUEST_DURATION.buckets)
    tally.observe(0.3)
    return [
        TallyCollector(ATTEMPT_ERRORS, lambda: [((name, "dns"), 3) for name in services]),
        TallyCollector(REQUEST_DURATION, lambda: [(("GET", name, "2xx"), tally) for name in routes]),
        TallyCollector(BUILD_INFO, lambda: [(("1", "r", "3", "t", 'quo"te\\\n'), 1)]),
    ]


@given(
    st.sampled_from((TEXT, OPENMETRICS)),
    st.lists(st.text(), max_size=5),
    st.lists(st.text(), max_size=5),
    st.integers(1, 40),
)
def test_parts_joined_are_the_librarys_text(format: Format, services: list[str], routes: list[str], limit: int) -> None:
    """However a family is cut, its header stands once, and every byte is the library's own."""
    shown = collectors(services, routes)
    registry = CollectorRegistry()
    for collector in shown:
        registry.register(collector)
    steps = list(exposition(shown, format, limit))
    assert b"".join(steps) == LIBRARY[format](registry)
    assert all(step.count(b"\n") < 2 * limit + 20 for step in steps)  # a histogram is written whole


def test_openmetrics_parses_strictly() -> None:
    """A whole scrape satisfies the library's strict OpenMetrics parser, and ends as the standard asks."""
    text = b"".join(exposition(busy().collectors, OPENMETRICS, 10)).decode()
    assert {"http_requests", "gatewayd_build", "process_open_fds"} <= {
        family.name for family in parse_openmetrics(text)
    }
    assert text.endswith("\n# EOF\n")
    assert text.count("# EOF") == 1


def test_counting_goes_on_between_parts() -> None:
    """New routes, methods and codes between two parts neither break the scrape nor tear a histogram."""
    metrics = busy()
    text = b""
    for number, part in enumerate(exposition(metrics.collectors, OPENMETRICS, 1)):
        name = f"new-{number % 20}"
        metrics.route(name).method(b"PUT").finish(200 + number % 20, 0.1, 1, 1)
        metrics.route("tickets").method(b"GET").finish(200 + number % 20, 0.1, 1, 1)
        metrics.service(name).attempt(200 + number % 20, 0.1)
        text += part
    # The parser checks that buckets are cumulative and agree with the count.
    assert list(parse_openmetrics(text.decode()))
