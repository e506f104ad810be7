"""Upgrades: asked for and unasked, the tunnel behind them, its pace and its end."""

from __future__ import annotations

import pytest

from gatewayd.core.reasons import UPSTREAM_MALFORMED, Refused
from gatewayd.core.slot import Slot
from gatewayd.http.tunnel import Tunnel

from .script import GET, World
from .service import OK, SWITCH, Line, Patience, result_of
from .wire import Wire


class Pair:
    """A client and a service with a tunnel between them."""

    def __init__(self, early: bytes = b"", rest: bytes = b"") -> None:
        self.world = World()
        self.client: Wire = self.world.connect()
        self.client.deliver(GET + early)
        self.line = Line()
        answer = self.line.send(upgrade=b"websocket", patience=Patience(tunnel=60.0))
        self.line.wire.deliver(SWITCH + rest)
        assert result_of(answer).status == 101
        self.service = self.line.wire
        self.service.take()
        self.tunnel = Tunnel(self.world.last.channel, self.line.connection)
        self.ended: Slot[None] = self.tunnel.open()


@pytest.mark.parametrize(
    ("offered", "answered"),
    [(b"websocket", b"websocket"), (b"websocket", b"WebSocket"), (b"foo/1, websocket", b"websocket"), (b"a", b"A")],
)
def test_asked(offered: bytes, answered: bytes) -> None:
    """A service may switch to any protocol that was offered."""
    line = Line()
    answer = line.send(upgrade=offered)
    line.wire.deliver(SWITCH.replace(b"websocket", answered))
    assert result_of(answer).section.upgrade == answered
    assert not line.connection.reusable


@pytest.mark.parametrize(
    ("offered", "response"),
    [
        (None, SWITCH),
        (b"foo", SWITCH),
        (b"websocket", SWITCH.replace(b"Upgrade: websocket\r\n", b"")),
        (b"websocket", SWITCH.replace(b"Connection: Upgrade\r\n", b"")),
        (b"websocket", SWITCH.replace(b"HTTP/1.1", b"HTTP/1.0")),
        (b"websocket", SWITCH.replace(b"websocket", b"websocket, foo")),
        (b"websocket", SWITCH.replace(b"websocket", b"")),
    ],
)
def test_unasked(offered: bytes | None, response: bytes) -> None:
    """A 101 nobody asked for, or to something else, is no answer: what follows is no HTTP (RFC 9110 7.8)."""
    line = Line()
    answer = line.send(upgrade=offered)
    line.wire.deliver(response + OK)
    with pytest.raises(Refused) as caught:
        result_of(answer)
    assert caught.value.reason is UPSTREAM_MALFORMED
    assert line.wire.was_reset


def test_declined() -> None:
    """A service may answer an offer as any other request."""
    line = Line()
    answer = line.ask(upgrade=b"websocket")
    line.wire.deliver(OK)
    assert result_of(answer).status == 200
    result_of(line.ended)
    assert line.connection.reusable


def test_both_ways() -> None:
    """Bytes go both ways, those that came early first, and are counted."""
    pair = Pair(early=b"early ", rest=b"at once ")
    assert pair.service.take() == b"early "
    assert pair.client.take() == b"at once "
    pair.client.deliver(b"ping")
    pair.service.deliver(b"pong", b"\x00\xff")
    assert pair.service.take() == b"ping"
    assert pair.client.take() == b"pong\x00\xff"
    assert (pair.tunnel.received, pair.tunnel.sent) == (10, 14)
    assert not pair.ended.done


def test_pace() -> None:
    """Each side is read only as fast as the other one reads."""
    pair = Pair()
    pair.service.stall()
    pair.client.deliver(b"x" * 70_000)
    assert not pair.client.reading
    assert pair.service.reading
    pair.service.read_on()
    pair.client.turn()
    assert pair.client.reading
    pair.client.stall()
    pair.service.deliver(b"y" * 70_000)
    assert not pair.service.reading
    assert pair.client.reading
    pair.client.read_on()
    pair.service.turn()
    assert pair.service.reading
    assert pair.client.take() == b"y" * 70_000
    assert pair.service.take() == b"x" * 70_000


def test_silence() -> None:
    """A tunnel in which nothing moves, either way, for a minute ends; any movement is a new minute."""
    pair = Pair()
    pair.line.advance(59.75)
    pair.client.deliver(b"x")
    pair.line.advance(59.75)
    pair.service.deliver(b"y")
    pair.line.advance(59.75)
    assert not pair.ended.done
    pair.line.advance(0.25)
    result_of(pair.ended)
    assert pair.service.fin
    assert pair.line.closed == [pair.line.connection]


def test_no_bound_on_silence() -> None:
    """Without a bound a tunnel may be silent for ever, the request's own limits being over with the 101."""
    line = Line()
    line.send(upgrade=b"websocket", patience=Patience(tunnel=None), limit=10.0)
    line.wire.deliver(SWITCH)
    ended = line.connection.tunnel(line.upload(1), line.taker)
    line.advance(1000)
    assert not ended.done


@pytest.mark.parametrize("orderly", [True, False])
def test_service_ends(orderly: bool) -> None:
    """The end of the service is the end of the tunnel; what it said last reaches the client."""
    pair = Pair()
    pair.client.stall()
    pair.service.deliver(b"last words")
    if orderly:
        pair.service.finish()
    else:
        pair.service.reset()
    result_of(pair.ended)
    pair.world.last.end(keep_alive=False)
    pair.client.deliver(b"too late")
    pair.client.read_on()
    assert pair.client.received == b"last words"
    assert pair.client.fin
    assert len(pair.line.deadlines) == 0


def test_client_ends() -> None:
    """When the exchange is over because the client left, what it said last still reaches the service."""
    pair = Pair()
    pair.service.stall()
    pair.client.deliver(b"last words")
    pair.client.finish()
    assert pair.world.last.cancelled is not None
    pair.line.connection.abort()
    pair.line.advance(1)
    assert not pair.service.lost
    pair.service.read_on()
    assert pair.service.received == b"last words"
    assert pair.service.fin
    assert not pair.service.was_reset
    assert len(pair.line.deadlines) == 0


def test_client_ends_and_the_service_does_not_care() -> None:
    """A service that does not read to the end of its tunnel is reset after ten seconds."""
    pair = Pair()
    pair.service.stall()
    pair.client.deliver(b"x" * 70_000)
    pair.line.connection.abort()
    pair.line.advance(9.75)
    assert not pair.service.lost
    pair.line.advance(0.25)
    assert pair.service.was_reset
    assert len(pair.line.deadlines) == 0
    pair.line.connection.tunnel_data(b"more")
