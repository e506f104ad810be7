"""Interim answers, and connections that change to another protocol."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.pipeline.test_request_heads import OURS, fields
from tests.pipeline.wire import Wire
from tests.pipeline.world import World, get, ok, plain

UPGRADE = (b"Connection: Upgrade\r\n", b"Upgrade: websocket\r\n", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
SWITCHED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3p\r\n\r\n"
)
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"


def test_interim_answers_pass(world: World) -> None:
    """In their order, before the final one, without ours."""
    client, service = world.ask(get())
    service.send(b"HTTP/1.1 102 Processing\r\n\r\n" + HINTS)
    assert client.take() == b"HTTP/1.1 102 Processing\r\n\r\n" + HINTS
    service.send(HINTS + ok())
    sent = client.take()
    assert sent.startswith(HINTS + b"HTTP/1.1 200 OK\r\n")
    assert world.record["status"] == 200
    world.settled()


def test_a_service_does_not_say_when_to_continue(world: World) -> None:
    """The gateway did, or nobody asked."""
    client, service = world.ask(get())
    service.send(b"HTTP/1.1 100 Continue\r\n\r\n" + ok())
    assert client.take().startswith(b"HTTP/1.1 200 OK\r\n")


def test_an_old_client_gets_no_interim_answers(world: World) -> None:
    """HTTP/1.0 does not know them (RFC 9110 section 15.2)."""
    client, service = world.ask(get(version=b"1.0"))
    service.send(HINTS + ok())
    assert client.take().startswith(b"HTTP/1.1 200 OK\r\n")


def test_interim_answers_have_a_bound(world: World) -> None:
    """A service that sends nothing else is given up."""
    client, service = world.ask(get())
    service.send(HINTS * 33)
    assert json.loads(client.take().rpartition(b"\r\n\r\n")[2])["reason"] == "upstream-malformed"
    world.settled()


@pytest.fixture
def ends(world: World) -> tuple[Wire, Wire]:
    """Both ends of a tunnel."""
    client, service = world.ask(get(b"/ws", *UPGRADE))
    service.take()
    service.send(SWITCHED)
    client.take()
    return client, service


def test_the_heads_of_an_upgrade(world: World) -> None:
    """The request asks as the client did; the answer says what the service chose."""
    client, service = world.ask(get(b"/ws", *UPGRADE))
    assert plain(service.take()) == (
        b"GET /ws HTTP/1.1\r\nHost: a.test\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        + OURS
        + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    )
    service.send(SWITCHED)
    assert plain(client.take()) == (
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Accept: s3p\r\nX-Request-Id: <id>\r\n\r\n"
    )


def test_a_tunnel_carries_bytes_both_ways(ends: tuple[Wire, Wire]) -> None:
    """Whatever they are."""
    client, service = ends
    client.send(b"GET / HTTP/1.1\r\n\r\n")
    assert service.take() == b"GET / HTTP/1.1\r\n\r\n"
    service.send(b"\x00\xff")
    assert client.take() == b"\x00\xff"


def test_bytes_that_come_early(world: World) -> None:
    """A client may not wait for 101, and a service speaks at once: nothing is lost."""
    client, service = world.ask(get(b"/ws", *UPGRADE) + b"early", b"bird")
    assert b"early" not in service.take()
    service.send(SWITCHED + b"hello")
    assert client.take().endswith(b"\r\n\r\nhello")
    assert service.take() == b"earlybird"


def test_the_service_ends_a_tunnel(world: World, ends: tuple[Wire, Wire]) -> None:
    """The client gets what was sent before, and an orderly end."""
    client, service = ends
    client.send(b"1234")
    service.send(b"bye")
    service.hang_up()
    assert client.take() == b"bye"
    assert client.ending == "closed"
    record = world.record
    assert (record["status"], record["reason"]) == (101, None)
    assert (record["bytes_in"], record["bytes_out"]) == (4, 3)
    assert world.metric("downstream_requests_total", service="main", status_code="101") == 1
    world.settled()


def test_the_client_ends_a_tunnel(world: World, ends: tuple[Wire, Wire]) -> None:
    """That is how tunnels end: neither an abort nor a 499."""
    client, service = ends
    client.send(b"1234")
    client.hang_up()
    assert service.ending == "closed"
    assert (world.record["status"], world.record["reason"]) == (101, None)
    assert world.metric("http_requests_total", method="GET", route="/**", status_code="101") == 1
    assert world.total("http_request_aborts_total") == 0
    world.settled()


def test_a_silent_tunnel(tmp_path: Path) -> None:
    """It ends after `timeouts.tunnel` without a byte either way, and not before."""
    text = "services: {main: {targets: ['http://127.0.0.1:1'], timeouts: {tunnel: 60s, total: 5s}}}\n"
    world = World(tmp_path, text + "routes: [{path: '/**', service: main}]\n")
    client, service = world.ask(get(b"/ws", *UPGRADE))
    service.send(SWITCHED)
    world.pass_time(59)
    client.send(b"ping")
    world.pass_time(59)
    service.send(b"pong")
    world.pass_time(59)
    assert client.ending == service.ending == ""
    world.pass_time(1.5)
    assert client.ending == service.ending == "closed"
    assert (world.record["status"], world.record["reason"]) == (101, None)
    world.settled()


def test_the_gateway_ends_a_tunnel(world: World, ends: tuple[Wire, Wire]) -> None:
    """When the drain is over."""
    client, service = ends
    (channel,) = world.listener.channels
    channel.expel()
    client.turn()
    assert client.ending == "aborted"
    assert service.ending == "closed"
    assert (world.record["status"], world.record["reason"]) == (101, "shutting-down")
    assert world.metric("http_request_aborts_total", reason="shutdown") == 1
    world.settled()


def test_a_tunnel_keeps_the_receivers_pace(ends: tuple[Wire, Wire]) -> None:
    """Who does not read stops the one who sends, each way."""
    client, service = ends
    client.fill()
    service.fill()
    held = [client.reading, service.reading]
    client.drain()
    service.drain()
    assert [*held, client.reading, service.reading] == [False, False, True, True]


@pytest.mark.parametrize(
    ("lines", "version"),
    [
        ([b"Upgrade: websocket\r\n"], b"1.1"),
        ([b"Connection: Upgrade\r\n"], b"1.1"),
        ([b"Connection: Upgrade, HTTP2-Settings\r\n", b"Upgrade: h2c\r\n"], b"1.1"),
        ([*UPGRADE, b"Content-Length: 2\r\n"], b"1.1"),
        ([*UPGRADE], b"1.0"),
    ],
)
def test_what_asks_for_no_upgrade(world: World, lines: list[bytes], version: bytes) -> None:
    """The service is not asked for one, and may not do it."""
    client, service = world.ask(get(b"/ws", *lines, version=version) + b"ab")
    sent = service.take()
    assert fields(sent, b"Upgrade") == fields(sent, b"Connection") == []
    service.send(SWITCHED)
    assert json.loads(client.take().rpartition(b"\r\n\r\n")[2])["reason"] == "upstream-malformed"
    assert service.ending == "aborted"
    world.settled()


def test_an_upgrade_that_is_declined(world: World) -> None:
    """What follows is HTTP as before, the bytes behind the request included."""
    client, service = world.ask(get(b"/ws", *UPGRADE) + get(b"/next"))
    service.send(ok(b"no", status=b"426 Upgrade Required"))
    assert client.take().startswith(b"HTTP/1.1 426 Upgrade Required\r\n")
    assert b"GET /next HTTP/1.1\r\n" in service.take()
    world.service.send(ok(b"next"))
    assert client.take().endswith(b"next")
    world.settled()
