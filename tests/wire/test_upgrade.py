"""Upgrades: a tunnel after 101, both ways; anything but a 101 leaves HTTP (RFC 9110 section 7.8, CVE-2026-2833)."""

from __future__ import annotations

import threading

import pytest

from tests.harness import Client, GatewayProcess, RecordingUpstream, Request, UpstreamConnection, reply

from .checks import check_clean, check_problem, fresh
from .world import get

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %b\r\n\r\n"
ASK = (b"Connection: Upgrade", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")


def upgrading(path: bytes, protocol: bytes = b"websocket", **rest: bytes) -> bytes:
    """A request to switch."""
    return get(path, *ASK, b"Upgrade: " + protocol, **rest)


def shouting(connection: UpstreamConnection, request: Request) -> None:
    """Switches, greets, then sends back everything in upper case."""
    assert (request.get(b"connection") or b"").lower() == b"upgrade", request.head.raw
    protocol = request.get(b"upgrade")
    assert protocol is not None
    connection.send(SWITCH % protocol + b"welcome ")
    while data := connection.read_raw():
        connection.send(data.upper())


@pytest.mark.parametrize("protocol", [b"websocket", b"WebSocket", b"foo/1", b"chat"])
def test_tunnel_both_ways(protocol: bytes, gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """After 101 bytes flow both ways, whatever they are, also those sent right behind the 101."""
    path = b"/" + fresh()
    upstream.on(path, shouting)
    with Client(gateway.address) as client:
        client.send(upgrading(path, protocol))
        start = client.start()
        assert start.status == 101
        assert start.head.get(b"upgrade") == protocol
        assert (start.head.get(b"connection") or b"").lower() == b"upgrade"
        assert client.reader.exactly(8) == b"welcome "
        data = b"hello \x00\xff\r\n\r\nget / http/1.1\r\n\r\n"
        client.send(data)
        assert client.reader.exactly(len(data)) == data.upper()
    (request,) = upstream.requests(path)
    assert request.get(b"sec-websocket-key") == b"dGhlIHNhbXBsZSBub25jZQ=="
    connection = upstream.connection_of(request)
    upstream.wait_for(lambda: connection.ended is not None, why="the end of the tunnel at the service")


def test_tunnel_carries_much(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Four MiB go through unharmed in each direction at once."""
    path = b"/" + fresh()
    upstream.on(path, shouting)
    data = bytes(range(97, 123)) * (4 << 20 >> 5)
    with Client(gateway.address) as client:
        client.send(upgrading(path))
        assert client.start().status == 101
        assert client.reader.exactly(8) == b"welcome "
        sender = threading.Thread(target=client.send, args=(data,))
        sender.start()
        assert client.reader.exactly(len(data)) == data.upper()
        sender.join()


def test_service_ends_the_tunnel(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """What the service said before it closed arrives, then the client's connection ends."""
    path = b"/" + fresh()

    def leaves(connection: UpstreamConnection, request: Request) -> None:
        connection.send(SWITCH % b"websocket" + b"goodbye")
        connection.close()

    upstream.on(path, leaves)
    with Client(gateway.address) as client:
        client.send(upgrading(path))
        assert client.start().status == 101
        assert client.reader.exactly(7) == b"goodbye"
        assert client.ending() in ("closed", "reset")


@pytest.mark.parametrize("status", [b"200 OK", b"400 Bad Request", b"426 Upgrade Required", b"503 Service Unavailable"])
def test_refused_upgrade_is_no_tunnel(status: bytes, gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Bytes behind an upgrade that was refused are the next request: judged, rewritten, never passed through raw."""
    mark = fresh()
    path = b"/" + mark
    upstream.on(path, reply(b"no", status=status))
    with Client(gateway.address) as client:
        client.send(upgrading(path) + get(b"/next-" + mark, b"X-Forwarded-For: 6.6.6.6"))
        assert client.response().body == b"no"
        assert client.response().status == 200
    check_clean(upstream.wait_request(b"/next-" + mark))
    assert upstream.carrying(b"6.6.6.6") == []


def test_garbage_behind_a_refused_upgrade(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """What is no request behind a refused upgrade is refused, and does not reach the service."""
    mark = fresh()
    upstream.on(b"/" + mark, reply(b"no", status=b"426 Upgrade Required"))
    with Client(gateway.address) as client:
        client.send(upgrading(b"/" + mark) + b"\x81\x05raw-" + mark + b"\r\n\r\n")
        assert client.response().status == 426
        check_problem(client.response(), (400,))
        assert client.ending() in ("closed", "reset")
    assert upstream.carrying(b"raw-" + mark) == []


@pytest.mark.parametrize(
    "answer",
    [
        SWITCH % b"other",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.0 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    ],
    ids=["other-protocol", "bare", "no-connection", "1.0"],
)
def test_wrong_switch(answer: bytes, gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A 101 that does not switch to what was asked for is a malformed answer, and opens no tunnel."""
    path = b"/" + fresh()
    upstream.on(path, answer + b"leak")
    with Client(gateway.address) as client:
        client.send(upgrading(path))
        response = client.response()
        check_problem(response, (502,))
        assert b"leak" not in response.body


@pytest.mark.parametrize("version", [b"HTTP/1.0"])
def test_http_1_0_cannot_upgrade(version: bytes, gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """An upgrade in HTTP/1.0 is ignored (RFC 9110 section 7.8)."""
    path = b"/" + fresh()
    with Client(gateway.address) as client:
        client.send(upgrading(path, version=version))
        assert client.response().status == 200
    check_clean(upstream.wait_request(path))


@pytest.mark.parametrize("framing", [b"Content-Length: 5", b"Transfer-Encoding: chunked"])
def test_upgrade_with_a_body_is_no_upgrade(
    framing: bytes, gateway: GatewayProcess, upstream: RecordingUpstream
) -> None:
    """With a body in the way the request is refused or forwarded as an ordinary one."""
    path = b"/" + fresh()
    body = b"hello" if framing.startswith(b"C") else b"5\r\nhello\r\n0\r\n\r\n"
    with Client(gateway.address) as client:
        client.send(get(path, *ASK, b"Upgrade: websocket", framing, method=b"POST") + body)
        response = client.response()
    if response.status == 200:
        check_clean(upstream.wait_request(path))
    else:
        check_problem(response, (400, 501))


def test_tunnel_connections_are_not_pooled(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A connection that was a tunnel serves nobody else."""
    path = b"/" + fresh()
    upstream.on(path, shouting)
    with Client(gateway.address) as client:
        client.send(upgrading(path))
        assert client.start().status == 101
        with Client(gateway.address) as other:
            assert other.ask(get(b"/other")).body == b"ok"
    (request,) = upstream.requests(path)
    assert upstream.connection_of(request).requests[-1] is request
