"""The time a request may take: callers that are believed may shorten it, nobody can stretch it, services are told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.harness import Client, GatewayProcess, RecordingUpstream, Request, Response
from tests.wire.world import get

from .scripts import silence
from .world import BreakerRows, breaker, service, targets, transitions, verdict, world


@pytest.fixture(scope="module")
def gateway(upstream: RecordingUpstream, other: RecordingUpstream) -> Iterator[GatewayProcess]:
    """A gateway that believes who comes by its unix socket, and nobody else; its breakers open at a first failure."""
    touchy = {"minimum": 1, "consecutive": 1, "open": "60s"}
    services = {
        "free": service(upstream, breaker=touchy),
        "bounded": service(upstream, breaker=touchy, timeouts={"total": "1s"}),
        "short": service(upstream, breaker={"failure_rate": "off", "consecutive": 2}, timeouts={"total": "200ms"}),
        "tried": service(upstream, other, retries={"attempts": 3, "on": ["timeout"], "per_try": "100ms"}),
    }
    with TemporaryDirectory(prefix="gw-") as folder:
        listeners = [
            {"name": "http", "address": "127.0.0.1:0"},
            {"name": "inside", "address": f"unix:{Path(folder) / 'http.sock'}"},
        ]
        believing = {"drain_timeout": "1s", "trusted_proxies": ["unix"]}
        with GatewayProcess(world(services, gateway=believing, listeners=listeners)) as process:
            yield process


def trusted(gateway: GatewayProcess, path: bytes, *lines: bytes) -> Response:
    """The answer to a caller that is believed."""
    with Client(gateway.addresses["inside"]) as client:
        return client.ask(get(path, *lines))


def left(request: Request) -> float | None:
    """The seconds that the service was told are left."""
    told = request.get(b"x-request-timeout")
    return None if told is None else float(told)


def wait_ended(upstream: RecordingUpstream, request: Request) -> None:
    """Returns once the gateway has hung up on `request`."""
    connection = upstream.connection_of(request)
    upstream.wait_for(lambda: connection.ended in ("eof", "reset"))


@pytest.mark.parametrize("line", [b"X-Request-Timeout: 0.2", b"x-request-timeout: 200ms", b"grpc-timeout: 200m"])
def test_tightened(line: bytes, gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A believed caller's time ends the request, closes the socket, is passed on, and is not the service's failure."""
    path = b"/free/" + line[:3] + line[-4:].replace(b" ", b"")
    upstream.on(path, silence)
    assert verdict(trusted(gateway, path, line)) == (504, b"total-timeout")
    (request,) = upstream.requests(path)
    told = left(request)
    assert told is not None
    assert 0.0 < told <= 0.2
    assert request.get_all(b"grpc-timeout") == []
    wait_ended(upstream, request)
    rows = breaker(gateway, "free")
    assert (rows.state, rows.failures, rows.timeouts) == (0, 0, 0)


@pytest.mark.parametrize("line", [b"X-Request-Timeout: 3600", b"grpc-timeout: 99999999H", b"X-Request-Timeout: 1s"])
def test_never_widened(line: bytes, gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A caller that would wait longer than the service may take changes nothing."""
    path = b"/bounded/" + line[-6:].replace(b" ", b"")
    assert trusted(gateway, path, line).status == 200
    told = left(upstream.wait_request(path))
    assert told is not None
    assert 0.0 < told <= 1.0


def test_the_earliest_counts(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Of several times the shortest one holds, whatever their order."""
    lines = [b"X-Request-Timeout: 5", b"grpc-timeout: 300m", b"X-Request-Timeout: 0.5"]
    for order in (lines, lines[::-1]):
        assert trusted(gateway, b"/free/several", *order).status == 200
    told = [left(request) or 9.0 for request in upstream.requests(b"/free/several")]
    assert len(told) == 2
    assert max(told) <= 0.3


@pytest.mark.parametrize("value", [b"-1", b"nan", b"inf", b"1e9", b"", b"1 2", b"5 minutes", b"0x10"])
def test_what_says_nothing(value: bytes, gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A value that is none is as good as no value, and is not passed on."""
    seen = len(upstream.requests(b"/free/garbage"))
    assert trusted(gateway, b"/free/garbage", b"X-Request-Timeout: " + value, b"grpc-timeout: " + value).status == 200
    request = upstream.wait_request(b"/free/garbage", seen + 1)
    assert left(request) is None
    assert request.get_all(b"grpc-timeout") == []


def test_strangers(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A stranger's time is neither kept nor passed on; a service whose own time is bounded is told of that."""
    with Client(gateway.address) as client:
        for path in (b"/free/stranger", b"/bounded/stranger"):
            assert client.ask(get(path, b"X-Request-Timeout: 0", b"grpc-timeout: 1n")).status == 200
            assert upstream.wait_request(path).get_all(b"grpc-timeout") == []
    assert left(upstream.requests(b"/free/stranger")[0]) is None
    assert 0.5 < (left(upstream.requests(b"/bounded/stranger")[0]) or 0.0) <= 1.0


def test_no_time_at_all(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A caller that leaves no time gets its refusal, and nobody is blamed."""
    upstream.on(b"/free/at-once", silence)
    assert verdict(trusted(gateway, b"/free/at-once", b"X-Request-Timeout: 0")) == (504, b"total-timeout")
    assert breaker(gateway, "free").failures == 0
    assert transitions(gateway, "free") == {}


def test_the_services_own_time(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Where the service had all the time that it is given, it is to blame, whatever the caller said."""
    upstream.on(b"/short/x", silence)
    for lines in ([], [b"X-Request-Timeout: 60"]):
        assert verdict(trusted(gateway, b"/short/x", *lines)) == (504, b"total-timeout")
    for request in upstream.requests(b"/short/x"):
        wait_ended(upstream, request)
    assert breaker(gateway, "short") == BreakerRows(state=1, successes=0, failures=2, timeouts=2, rejects=0)


def test_attempts_share_the_time(
    gateway: GatewayProcess, upstream: RecordingUpstream, other: RecordingUpstream
) -> None:
    """An attempt that takes too long is tried again elsewhere, as long as there is time; then all is over."""
    for server in (upstream, other):
        server.on(b"/tried/x", silence)
    status, reason = verdict(trusted(gateway, b"/tried/x", b"X-Request-Timeout: 250ms"))
    assert status == 504
    assert reason in (b"total-timeout", b"response-timeout")  # the third attempt may not be worth beginning
    assert gateway.metric("downstream_retries_total", service="tried", reason="timeout") in (1, 2)
    for server in (upstream, other):
        server.wait_for(lambda server=server: bool(server.requests(b"/tried/x")))  # type: ignore[misc]
        for request in server.requests(b"/tried/x"):
            wait_ended(server, request)
            assert 0.0 < (left(request) or 0.0) <= 0.1  # what an attempt has
    assert targets(gateway, "tried") == (2, 0, 0)
