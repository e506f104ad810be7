"""Clients that go away are nobody's failure: not the service's, not its targets', and no probe is lost to them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness import Client, GatewayProcess, RecordingUpstream, Request, UpstreamConnection, reply
from tests.wire.world import get

from .scripts import FAILED, begins
from .world import ask, breaker, service, targets, transitions, verdict, world

TOUCHY = {"minimum": 1, "consecutive": 1, "open": "30s", "jitter": "0%"}
TIMES = 6


@pytest.fixture(scope="module")
def gateway(upstream: RecordingUpstream, other: RecordingUpstream) -> Iterator[GatewayProcess]:
    """A gateway whose breakers open, and whose targets are ejected, at the first failure."""
    services = {
        "main": service(upstream, other, breaker=TOUCHY, ejection={"consecutive": 1, "time": "30s"}),
        "probed": service(upstream, breaker=TOUCHY | {"open": "100ms", "probes": 1, "ramp": "0s"}),
    }
    with GatewayProcess(world(services)) as process:
        yield process


def check_nobody_is_blamed(gateway: GatewayProcess, path: bytes, *servers: RecordingUpstream) -> None:
    """All have left; every connection is closed, the breaker saw no failure, and both targets are as they were."""
    gateway.wait_metric("http_requests_in_progress", 0, route="/main/**")
    for server in servers:
        requests = server.requests(path)
        assert len(requests) == TIMES // len(servers)
        for connection in map(server.connection_of, requests):
            server.wait_for(lambda c=connection: c.ended is not None)  # type: ignore[misc]
    rows = breaker(gateway, "main")
    assert (rows.state, rows.failures, rows.timeouts, rows.rejects) == (0, 0, 0, 0)
    assert transitions(gateway, "main") == {}
    assert targets(gateway, "main") == (2, 0, 0)
    assert gateway.metric("downstream_errors_total", service="main") == 0


def test_before_the_answer(gateway: GatewayProcess, upstream: RecordingUpstream, other: RecordingUpstream) -> None:
    """Clients that do not wait for the answer."""
    for server in (upstream, other):
        server.on(b"/main/early", begins)
    left = gateway.metric("http_request_aborts_total", reason="client")
    for _ in range(TIMES):
        with Client(gateway.address) as client:
            client.send(get(b"/main/early"))
            assert client.interim().status == 103
            client.reset()
    gateway.wait_metric("http_request_aborts_total", left + TIMES, reason="client")
    check_nobody_is_blamed(gateway, b"/main/early", upstream, other)
    assert gateway.metric("http_requests_total", route="/main/**", status_code="499") >= TIMES


def test_within_an_upload(gateway: GatewayProcess, upstream: RecordingUpstream, other: RecordingUpstream) -> None:
    """Clients that leave in the middle of their own request."""
    for server in (upstream, other):
        server.on(b"/main/upload", begins)
    for _ in range(TIMES):
        with Client(gateway.address) as client:
            client.send(get(b"/main/upload", b"Content-Length: 100", method=b"POST") + b"ten bytes.")
            assert client.interim().status == 103
            client.reset()
    check_nobody_is_blamed(gateway, b"/main/upload", upstream, other)


def test_within_the_answer(gateway: GatewayProcess, upstream: RecordingUpstream, other: RecordingUpstream) -> None:
    """Clients that have enough of the answer before its end."""

    def half(connection: UpstreamConnection, request: Request) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        connection.wait_end()

    for server in (upstream, other):
        server.on(b"/main/half", half)
    for _ in range(TIMES):
        with Client(gateway.address) as client:
            client.send(get(b"/main/half"))
            assert client.start().status == 200
            assert client.reader.exactly(5) == b"hello"
            client.reset()
    check_nobody_is_blamed(gateway, b"/main/half", upstream, other)


def test_within_a_probe(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A client that leaves while its request is the one probe makes room for the next one."""
    upstream.on(b"/probed/x", FAILED)
    assert verdict(ask(gateway, b"/probed/x")) == (500, None)
    upstream.on(b"/probed/x", begins)
    left = gateway.metric("http_request_aborts_total", reason="client")
    probing = False
    while not probing:
        with Client(gateway.address) as client:
            client.send(get(b"/probed/x"))
            start = client.interim()
            assert start.status in (103, 503)
            if probing := start.status == 103:
                assert verdict(ask(gateway, b"/probed/x")) == (503, b"circuit-open")  # only one at a time
            client.reset()
    gateway.wait_metric("http_request_aborts_total", left + 1, reason="client")
    assert breaker(gateway, "probed").state == 2
    upstream.on(b"/probed/x", reply(b"well"))
    assert ask(gateway, b"/probed/x").body == b"well"
    rows = breaker(gateway, "probed")
    assert (rows.state, rows.successes, rows.failures) == (0, 1, 1)
