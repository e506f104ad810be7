"""The scrape: what it says, and that traffic goes on while it is rendered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from zope.interface import implementer

from gatewayd.admin.metrics_page import SAMPLES_PER_STEP
from tests.admin.visitor import TURN, Port, Visitor

OPENMETRICS = "application/openmetrics-text;version=1.0.0"


@pytest.fixture
def failures() -> Iterator[list[LogEvent]]:
    """The failures logged meanwhile."""
    events: list[LogEvent] = []

    @implementer(ILogObserver)
    def keep(event: LogEvent) -> None:
        if event.get("log_failure") is not None:
            events.append(event)

    globalLogPublisher.addObserver(keep)
    yield events
    globalLogPublisher.removeObserver(keep)


def busy_port(routes: int = 20) -> Port:
    """A port whose scrape takes many steps."""
    port = Port()
    for number in range(routes):
        port.metrics.route(f"route-{number}").method(b"GET").finish(200, 0.01, 0, 100)
    return port


def visit(port: Port) -> Visitor:
    """A connection that was not refused."""
    visitor = port.visit()
    assert visitor is not None
    return visitor


def test_plain_text_by_default() -> None:
    """Who asks for nothing in particular gets the text format, with its version in the media type."""
    answer = busy_port().ask("/metrics")
    assert answer.status == 200
    assert answer.fields["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = {family.name: family for family in parse_text(answer.text)}
    assert len(families["http_requests"].samples) == 20


def test_openmetrics_for_who_asks() -> None:
    """Prometheus gets OpenMetrics, which parses strictly."""
    answer = busy_port().ask("/metrics", accept=OPENMETRICS)
    assert answer.fields["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    families = {family.name: family for family in parse_openmetrics(answer.text)}
    assert len(families["http_requests"].samples) == 20


@pytest.mark.parametrize("accept", ["", OPENMETRICS], ids=["text", "openmetrics"])
def test_gzip_for_who_asks(accept: str) -> None:
    """The same text, at most a tenth of the bytes; caches are told what it depends on."""
    port = busy_port()
    plain = port.ask("/metrics", accept=accept)
    packed = port.ask("/metrics", accept=accept, accept_encoding="gzip")
    assert "content-encoding" not in plain.fields
    assert packed.fields["content-encoding"] == "gzip"
    assert len(packed.body) < len(plain.body) / 10
    assert packed.text.count("\n") == plain.text.count("\n")
    assert plain.fields["vary"] == packed.fields["vary"] == "accept, accept-encoding"


def test_other_requests_are_served_between_the_steps() -> None:
    """A scrape of 900 samples takes a turn of the reactor for each part; a health check need not wait for its end."""
    port = busy_port()
    scraper = visit(port)
    scraper.send(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    turns = 0
    while not scraper.transport.value():
        assert port.ask("/livez").status == 200
        port.clock.turn()
        turns += 1
    assert scraper.take().text.count("\n") / SAMPLES_PER_STEP < turns < 200
    scraper.leave()


def test_scrapes_take_turns() -> None:
    """Two at once are rendered one after the other: their steps would add up to a stall."""
    port = busy_port()
    first, second = visit(port), visit(port)
    for scraper in (first, second):
        scraper.send(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    while not second.transport.value():
        finished_before = bool(first.transport.value())
        soon = [call for call in port.clock.getDelayedCalls() if call.getTime() <= port.clock.seconds() + TURN]
        assert len(soon) == 1
        port.clock.turn()
        assert finished_before or not second.transport.value()
    assert first.take().text.count("http_requests_total{") == second.take().text.count("http_requests_total{") == 20
    first.leave()
    second.leave()


@pytest.mark.parametrize("turns", [0, 1, 5])
def test_a_scraper_that_leaves_frees_the_turn(failures: list[LogEvent], turns: int) -> None:
    """Whether it was rendered or still waited, an abandoned scrape ends without a trace and the next one works."""
    port = busy_port()
    leaving, waiting = visit(port), visit(port)
    for scraper in (leaving, waiting):
        scraper.send(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    for _ in range(turns):
        port.clock.turn()
    waiting.leave()
    leaving.leave()
    assert port.clock.getDelayedCalls() == []
    assert "http_requests_total{" in port.ask("/metrics").text
    assert failures == []


def test_a_metric_that_cannot_be_read_fails_the_scrape(failures: list[LogEvent]) -> None:
    """A broken callable is a 500 in plain words and a failure in the log; the next scrape is not affected."""
    port = Port()
    port.metrics.connections = lambda: 1 // 0
    answer = port.ask("/metrics", accept_encoding="gzip")
    assert (answer.status, answer.body) == (500, b"500 Internal Server Error\n")
    assert "content-encoding" not in answer.fields
    assert answer.fields["server"] == "gatewayd"
    assert [event["log_failure"].type for event in failures] == [ZeroDivisionError]
    port.metrics.connections = lambda: 1
    assert "active_connections 1.0" in port.ask("/metrics").text
