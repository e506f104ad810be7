"""The scrape: what it says, and that traffic goes on while it is rendered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from zope.interface import implementer

from gatewayd.admin.renderings import AT_ONCE, INTERVAL
from gatewayd.telemetry.exposition import STEP_SAMPLES
from tests.admin.visitor import TURN, Answer, Port, Visitor

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


def busy_port(routes: int = 100) -> Port:
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
    assert len(families["http_requests"].samples) == 100


def test_openmetrics_for_who_asks() -> None:
    """Prometheus gets OpenMetrics, which parses strictly."""
    answer = busy_port().ask("/metrics", accept=OPENMETRICS)
    assert answer.fields["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    families = {family.name: family for family in parse_openmetrics(answer.text)}
    assert len(families["http_requests"].samples) == 100


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
    """A scrape of 5,000 samples takes a turn of the reactor for each part; a health check need not wait for its end."""
    port = busy_port()
    scraper = visit(port)
    scraper.send(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    turns = 0
    while not scraper.transport.value():
        assert port.ask("/livez").status == 200
        port.clock.turn()
        turns += 1
    assert scraper.take().text.count("\n") / (2 * STEP_SAMPLES) < turns < 200
    scraper.leave()


def test_different_texts_take_turns() -> None:
    """Two formats asked for at once are written one after the other: their steps would add up to a stall."""
    port = busy_port()
    first, second = visit(port), visit(port)
    first.send(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    second.send(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: application/openmetrics-text\r\n\r\n")
    while not second.transport.value():
        finished_before = bool(first.transport.value())
        soon = [call for call in port.clock.getDelayedCalls() if call.getTime() <= port.clock.seconds() + TURN]
        assert len(soon) == 1
        port.clock.turn()
        assert finished_before or not second.transport.value()
    assert first.take().text.count("http_requests_total{") == second.take().text.count("http_requests_total{") == 100
    first.leave()
    second.leave()


def count(port: Port) -> None:
    """One request."""
    port.metrics.route("route-0").method(b"GET").finish(200, 0.01, 0, 100)


def counted(answer: Answer) -> float:
    """The requests that a scrape has of it."""
    (line,) = (
        line for line in answer.text.splitlines() if line.startswith("http_requests_total{") and "route-0" in line
    )
    return float(line.rpartition(" ")[2])


def test_a_crowd_shares_texts() -> None:
    """The first few get one of their own; after that there is one a second, and nobody's is older."""
    port = busy_port(1)
    for requests in range(1, AT_ONCE + 1):
        assert counted(port.ask("/metrics")) == requests
        count(port)
    assert counted(port.ask("/metrics")) == AT_ONCE
    port.clock.advance(INTERVAL - 0.001)
    assert counted(port.ask("/metrics")) == AT_ONCE
    assert counted(port.ask("/metrics", accept_encoding="gzip")) == AT_ONCE + 1  # not the same text
    port.clock.advance(0.001)
    for _ in range(3):
        assert counted(port.ask("/metrics")) == AT_ONCE + 1
        count(port)


def test_a_calm_scraper_gets_a_text_of_its_own() -> None:
    """Whoever asks once a second, and now and then a few times in a row, gets what is true at that moment."""
    port = busy_port(1)
    requests = 1
    for _ in range(3):
        for _ in range(AT_ONCE - 1):
            assert counted(port.ask("/metrics")) == requests
            count(port)
            requests += 1
        port.clock.advance(AT_ONCE * INTERVAL)


def test_no_cache_asks_for_a_text_of_its_own() -> None:
    """What was counted before the request is in it, and others share it from then on."""
    port = busy_port(1)
    for _ in range(AT_ONCE):
        port.ask("/metrics")
    for requests in (2, 4):
        count(port)
        assert counted(port.ask("/metrics", cache_control="no-cache")) == requests
        count(port)
        assert counted(port.ask("/metrics")) == requests


def test_no_cache_does_not_join_what_has_begun() -> None:
    """A text that is half written may lack what was counted since; whoever asks for a new one waits for the next."""
    port = busy_port()
    early, late = visit(port), visit(port)
    request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nCache-Control: no-cache\r\n\r\n"
    early.send(request)
    for _ in range(12):  # what it has of route-0 is written by now
        port.clock.turn()
    assert not early.transport.value()
    count(port)
    late.send(request)
    while not late.transport.value():
        port.clock.turn()
    assert (counted(early.take()), counted(late.take())) == (1, 2)
    early.leave()
    late.leave()


@pytest.mark.parametrize("turns", [0, 1, 5])
def test_a_scraper_that_leaves_holds_nobody_up(failures: list[LogEvent], turns: int) -> None:
    """Whoever else waits for the same text, or for another, gets it; nothing is left behind."""
    port = busy_port()
    leaving, waiting, other = visit(port), visit(port), visit(port)
    for scraper in (leaving, waiting):
        scraper.send(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    other.send(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n")
    for _ in range(turns):
        port.clock.turn()
    leaving.leave()
    while not other.transport.value():
        port.clock.turn()
    port.clock.turn()
    for scraper in (waiting, other):
        assert "http_requests_total{" in scraper.take().text
        scraper.leave()
    assert port.clock.getDelayedCalls() == []
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
