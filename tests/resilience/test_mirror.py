"""Copies of requests for a second service: they arrive, their answers are dropped, and clients notice nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness import Client, GatewayProcess, RecordingUpstream, reply
from tests.wire.world import get, route

from .scripts import FAILED, held, resets
from .world import ask, ask_until, breaker, service, verdict, world

MOST = 2  # copies at once


@pytest.fixture(scope="module")
def gateway(upstream: RecordingUpstream, other: RecordingUpstream) -> Iterator[GatewayProcess]:
    """A gateway that copies every request for `main` to `shadow`."""
    services = {
        "main": service(upstream),
        "shadow": service(other, retries={"attempts": 2, "on": ["reset", "5xx"]}),
        "fragile": service(other, breaker={"minimum": 1, "consecutive": 1, "open": "60s"}),
    }
    copies = {"service": "shadow", "share": "100%", "at_once": MOST, "body": "1KiB"}
    routes = [
        route("main", "/main/**", "main", mirror=copies),
        route("broken", "/broken/**", "main", mirror=copies | {"service": "fragile"}),
        route("never", "/never/**", "main", mirror=copies | {"share": "0%"}),
    ]
    with GatewayProcess(world(services, routes)) as process:
        yield process


def test_copy_arrives(gateway: GatewayProcess, upstream: RecordingUpstream, other: RecordingUpstream) -> None:
    """The copy is the request, marked as one; the client has the answer of the first service only."""
    other.on(b"/main/x", reply(b"never seen", b"X-Shadow: 1", status=b"201 Created"))
    answer = ask(gateway, b"/main/x", b"X-Own: 1", method=b"POST", body=b"body")
    assert (answer.status, answer.body, answer.get(b"x-shadow")) == (200, b"body", None)
    request, copy = upstream.wait_request(b"/main/x"), other.wait_request(b"/main/x")
    assert (copy.method, bytes(copy.body), copy.get(b"x-own")) == (b"POST", b"body", b"1")
    assert copy.get(b"x-request-id") == request.get(b"x-request-id")
    assert copy.get(b"x-gateway-mirrored") == b"1"
    assert request.get(b"x-gateway-mirrored") is None
    gateway.wait_metric("downstream_requests_total", 1, service="shadow", status_code="201")
    assert gateway.metric("http_requests_total", status_code="201") == 0  # copies are no requests of clients


def test_body_that_is_too_large(gateway: GatewayProcess, upstream: RecordingUpstream, other: RecordingUpstream) -> None:
    """A request whose body is larger than copies may be is answered, and not copied."""
    for size in (1024, 1025):
        assert len(ask(gateway, b"/main/%d" % size, method=b"POST", body=b"b" * size).body) == size
    with Client(gateway.address) as client:  # a length that nobody knows beforehand
        client.send(get(b"/main/chunked", b"Transfer-Encoding: chunked", method=b"POST"))
        client.send(b"401\r\n" + b"b" * 1025 + b"\r\n0\r\n\r\n")
        assert len(client.response(b"POST").body) == 1025
    assert ask(gateway, b"/main/last").status == 200
    other.wait_request(b"/main/1024")
    other.wait_request(b"/main/last")
    assert other.requests(b"/main/1025") == []
    assert other.requests(b"/main/chunked") == []
    assert ask(gateway, b"/never/x").status == 200
    assert other.requests(b"/never/x") == []


def test_slow_copies(gateway: GatewayProcess, upstream: RecordingUpstream, other: RecordingUpstream) -> None:
    """Copies that get no answer hold up no client; beyond the cap none are made, until one has ended."""
    release = other.event()
    other.on(b"/main/slow", held(release))
    gateway.wait_metric("downstream_connections", 0, service="shadow", state="active")
    for turn in range(10):
        assert ask(gateway, b"/main/slow").body == b"ok"
        if turn < MOST:
            other.wait_for(lambda turn=turn: len(other.requests(b"/main/slow")) == turn + 1)  # type: ignore[misc]
    assert len(upstream.requests(b"/main/slow")) == 10
    assert len(other.requests(b"/main/slow")) == MOST
    assert gateway.metric("downstream_connections", service="shadow", state="active") == MOST
    release.set()
    gateway.wait_metric("downstream_connections", 0, service="shadow", state="active")
    assert ask(gateway, b"/main/slow").body == b"ok"
    other.wait_request(b"/main/slow", MOST + 1)


def test_copies_that_fail(gateway: GatewayProcess, upstream: RecordingUpstream, other: RecordingUpstream) -> None:
    """They are not tried again, clients notice nothing, and the copies' service has its own breaker for it."""
    other.on(b"/main/reset", resets)
    other.on(b"/main/failed", FAILED)
    assert ask(gateway, b"/main/reset", method=b"POST", body=b"x").status == 200
    assert ask(gateway, b"/main/failed").status == 200
    gateway.wait_metric("downstream_errors_total", 1, service="shadow", error_type="reset")
    gateway.wait_metric("downstream_errors_total", 1, service="shadow", error_type="http_5xx")
    assert len(other.requests(b"/main/reset")) == len(other.requests(b"/main/failed")) == 1
    assert gateway.metric("downstream_retries_total", service="shadow") == 0

    other.on(b"/broken/x", FAILED)
    answers = ask_until(gateway, b"/broken/x", lambda: breaker(gateway, "fragile").rejects >= 3)
    assert {verdict(answer) for answer in answers} == {(200, None)}
    assert breaker(gateway, "fragile").state == 1
    assert gateway.metric("downstream_errors_total", service="main") == 0
