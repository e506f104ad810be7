"""What the service is told about the client, and what the client is told: written by the gateway, not by anyone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.harness import Client, GatewayProcess, RecordingUpstream, Request

from .checks import fresh
from .world import get, route, service, world

SPOOFED = (
    b"X-Forwarded-For: 6.6.6.6",
    b"X-Forwarded-Proto: https",
    b"X-Forwarded-Host: evil.test",
    b"X-Forwarded-Port: 666",
    b"X-Real-IP: 6.6.6.6",
    b"Forwarded: for=6.6.6.6;host=evil.test;proto=https",
    b"X-Request-Id: 66666666-6666-6666-6666-666666666666",
)


@pytest.fixture(scope="module")
def trusting(upstream: RecordingUpstream) -> Iterator[GatewayProcess]:
    """A gateway that believes loopback."""
    with GatewayProcess(world(upstream, gateway={"trusted_proxies": ["127.0.0.0/8", "::1"]})) as process:
        yield process


def forwarded(gateway: GatewayProcess, upstream: RecordingUpstream, *lines: bytes) -> Request:
    """The request with these lines as the service got it."""
    path = b"/" + fresh()
    with Client(gateway.address) as client:
        assert client.ask(get(path, *lines)).status == 200
    return upstream.wait_request(path)


def test_untrusted_claims_are_dropped(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Nothing a stranger says about itself reaches the service; the gateway says what it saw."""
    request = forwarded(gateway, upstream, *SPOOFED)
    assert b"6.6.6.6" not in request.head.raw
    assert b"evil.test" not in request.head.raw
    assert b"66666666" not in request.head.raw
    assert request.get(b"x-forwarded-for") == b"127.0.0.1"
    assert request.get(b"x-forwarded-proto") == b"http"
    assert request.get(b"x-forwarded-host") == b"gw.test"
    assert (request.get(b"x-forwarded-port") or b"").isdigit()
    assert request.get(b"x-forwarded-port") != b"666"


@pytest.mark.parametrize(
    "lines",
    [
        (b"x-forwarded-for: 6.6.6.6", b"X-FORWARDED-FOR: 6.6.6.6"),
        (b"X-Forwarded-For:6.6.6.6, 127.0.0.1",),
        (b"X-Forwarded-For:",),
        (b"Forwarded: for=6.6.6.6", b"forwarded: for=6.6.6.6"),
        (b"Connection: X-Forwarded-For", b"X-Forwarded-For: 6.6.6.6"),
        (b"X_Forwarded_For: 6.6.6.6",),
        (b"X-Forwarded_For: 6.6.6.6",),
        (b"X-Forwarded-Server: 6.6.6.6",),
        (b"X-Forwarded-Prefix: /6.6.6.6",),
    ],
    ids=lambda lines: lines[0].decode(),
)
def test_no_way_around(lines: tuple[bytes, ...], gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Case, repetition, nomination and underscores change nothing."""
    request = forwarded(gateway, upstream, *lines)
    assert b"6.6.6.6" not in request.head.raw
    assert request.get(b"x-forwarded-for") == b"127.0.0.1"


def test_forwarded_is_written(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Forwarded (RFC 7239) names the client, its protocol and the host it asked for."""
    request = forwarded(gateway, upstream)
    element = (request.get(b"forwarded") or b"").lower()
    assert b"for=127.0.0.1" in element
    assert b"proto=http" in element
    assert re.search(rb'host="?gw\.test"?', element)


def test_via_names_the_gateway(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Via ends with the gateway, in both directions (RFC 9110 section 7.6.3)."""
    path = b"/" + fresh()
    with Client(gateway.address) as client:
        answer = client.ask(get(path))
    request = upstream.wait_request(path)
    for head in (request.head, answer.head):
        hops = b", ".join(head.get_all(b"via"))
        assert re.fullmatch(rb"(.*, )?1\.1 gatewayd", hops), hops


def test_via_is_appended(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """The hops before us, where they are passed on, stand before us."""
    request = forwarded(gateway, upstream, b"Via: 1.0 fred, 1.1 p.example.net")
    hops = b", ".join(request.get_all(b"via"))
    assert hops in (b"1.1 gatewayd", b"1.0 fred, 1.1 p.example.net, 1.1 gatewayd")


def test_via_tells_the_received_version(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """An HTTP/1.0 client is told of as such, though the gateway speaks 1.1 to the service."""
    path = b"/" + fresh()
    with Client(gateway.address) as client:
        assert client.ask(get(path, version=b"HTTP/1.0")).status == 200
    assert upstream.wait_request(path).get(b"via") == b"1.0 gatewayd"


def test_request_id_is_everywhere_and_unique(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """The service and the client are told the same id, and no two requests share one."""
    path = b"/" + fresh()
    ids = set()
    with Client(gateway.address) as client:
        for count in range(1, 11):
            answer = client.ask(get(path, b"X-Request-Id: mine"))
            seen = upstream.wait_request(path, count).get(b"x-request-id")
            assert seen is not None
            assert answer.get(b"x-request-id") == seen
            ids.add(seen)
    assert len(ids) == 10
    assert b"mine" not in ids


def test_trusted_claims_are_kept(trusting: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A believed proxy's chain is continued, and what it says of the client stands."""
    request = forwarded(trusting, upstream, *SPOOFED)
    assert re.fullmatch(rb"6\.6\.6\.6, ?127\.0\.0\.1", b", ".join(request.get_all(b"x-forwarded-for")))
    assert request.get(b"x-forwarded-proto") == b"https"
    assert request.get(b"x-forwarded-host") == b"evil.test"
    assert request.get(b"x-forwarded-port") == b"666"
    assert request.get(b"x-request-id") == b"66666666-6666-6666-6666-666666666666"
    elements = b", ".join(request.get_all(b"forwarded"))
    assert elements.startswith(b"for=6.6.6.6;host=evil.test;proto=https,")
    assert b"for=127.0.0.1" in elements


def test_trusted_lists_in_several_lines(trusting: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A chain that came in several lines keeps its order."""
    request = forwarded(trusting, upstream, b"X-Forwarded-For: 1.1.1.1, 2.2.2.2", b"X-Forwarded-For: 3.3.3.3")
    hops = [hop.strip() for hop in b",".join(request.get_all(b"x-forwarded-for")).split(b",")]
    assert hops == [b"1.1.1.1", b"2.2.2.2", b"3.3.3.3", b"127.0.0.1"]


@pytest.mark.parametrize("value", [b"a" * 5000, b"a b", b'"><script>', b"caf\xe9", b"", b"a,b", b"%0d%0a"])
def test_odd_request_ids_are_replaced(value: bytes, trusting: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Even a believed proxy's id is kept only where it is fit for logs and headers."""
    request = forwarded(trusting, upstream, b"X-Request-Id: " + value)
    seen = request.get(b"x-request-id")
    assert seen is not None
    assert re.fullmatch(rb"[A-Za-z0-9._:/+=@-]{1,256}", seen)
    assert seen != value


def test_two_request_ids(trusting: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Of two ids the service gets one."""
    request = forwarded(trusting, upstream, b"X-Request-Id: one", b"X-Request-Id: two")
    assert request.get(b"x-request-id")


def test_host_of_the_target(upstream: RecordingUpstream) -> None:
    """`host: target` and a literal host replace Host; X-Forwarded-Host keeps what the client asked for."""
    services = {
        "target": {**service(upstream), "host": "target"},
        "literal": {**service(upstream), "host": "inner.test:81"},
    }
    routes = [route("target", "/target/**", "target"), route("literal", "/literal/**", "literal")]
    with (
        GatewayProcess(world(upstream, services=services, routes=routes)) as gateway,
        Client(gateway.address) as client,
    ):
        for name, host in (("target", upstream.address), ("literal", "inner.test:81")):
            path = b"/" + name.encode() + b"/" + fresh()
            assert client.ask(get(path)).status == 200
            request = upstream.wait_request(path)
            assert request.get(b"host") == host.encode()
            assert request.get(b"x-forwarded-host") == b"gw.test"
