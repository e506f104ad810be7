"""TLS towards clients: who is let in, what is not TLS, and how handshakes are bounded."""

from __future__ import annotations

import contextlib
import ssl

import pytest

from gatewayd.core.forwarded import TrustedPeers
from gatewayd.core.networks import Networks
from gatewayd.http.listener import Proxied
from gatewayd.http.tls.server import ServerTls

from .by_tls import HANDSHAKE, TlsWorld
from .script import GET, Bounds, channel_of

HELLO = bytes.fromhex("16030100")  # the beginning of a ClientHello's record


def test_a_request() -> None:
    """A client by TLS is told apart from one without, and counts once."""
    world = TlsWorld()
    client = world.connect()
    client.deliver(GET)
    channel = channel_of(client)
    assert channel.peer.secure
    assert channel.peer.address == "192.0.2.1"
    assert world.census.total == 1
    assert world.listener.channels == {channel}
    assert world.handshakes.under_way == 0
    world.last.answer(b"hello")
    assert client.received.endswith(b"hello")
    client.finish()
    assert (world.census.total, world.listener.channels) == (0, set())
    assert world.rejected == []


def test_versions() -> None:
    """TLS 1.3 is spoken, and HTTP/1.1 is what it is for."""
    client = TlsWorld().connect()
    assert client.tls.version() == "TLSv1.3"


def test_byte_by_byte() -> None:
    """How bytes are cut into reads means nothing, in handshakes and after them."""
    world = TlsWorld()
    client = world.silent()
    for _ in range(3):
        with contextlib.suppress(ssl.SSLWantReadError):
            client.tls.do_handshake()
        for byte in client.records():
            client.deliver_raw(bytes([byte]))
        client.feed()
    client.tls.write(GET)
    for byte in client.records():
        client.deliver_raw(bytes([byte]))
    assert len(world.exchanges) == 1


def test_request_behind_the_handshake() -> None:
    """A client's first request may come in the same read as the end of its handshake."""
    world = TlsWorld()
    client = world.silent()
    with contextlib.suppress(ssl.SSLWantReadError):
        client.tls.do_handshake()
    client.deliver_raw(client.records())
    client.feed()
    client.tls.do_handshake()
    client.tls.write(GET)
    client.deliver_raw(client.records())
    assert len(world.exchanges) == 1


def test_many_records_are_one_read() -> None:
    """Several records that come together reach the channel in one piece, as they would without TLS."""
    world = TlsWorld()
    client = world.connect()
    client.deliver(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n")
    world.last.accept()
    client.tls.write(b"x" * 20_000)
    client.tls.write(b"x" * 30_000)
    client.deliver_raw(client.records())
    assert [len(piece) for piece in world.last.sink.pieces] == [50_000]


def test_large_answer() -> None:
    """An answer of many records arrives whole."""
    world = TlsWorld()
    client = world.connect()
    client.deliver(GET)
    world.last.answer(b"y" * 300_000)
    assert client.received.endswith(b"\r\n\r\n" + b"y" * 300_000)


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"P"])
def test_plain_http(data: bytes) -> None:
    """Who speaks HTTP without TLS is told so, and cut off if it does not go by itself."""
    world = TlsWorld()
    client = world.silent()
    client.deliver_raw(data)
    answer = client.raw()
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Length: %d" % len(body) in head
    assert b"https://" in body
    assert world.rejected == ["tls"]
    client.deliver_raw(b"more")
    world.advance(2.0)
    assert client.was_reset
    assert (world.census.total, world.handshakes.under_way, world.exchanges) == (0, 0, [])


@pytest.mark.parametrize("data", [b"\x80\x2e\x01\x00\x02", b"\x15\x03\x01", b"\r\n", b"\0" * 100])
def test_garbage(data: bytes) -> None:
    """What is neither TLS nor HTTP gets no answer."""
    world = TlsWorld()
    client = world.silent()
    client.deliver_raw(data)
    assert client.was_reset
    assert client.raw() == b""
    assert world.rejected == ["tls"]
    assert world.census.total == 0


def test_broken_handshake() -> None:
    """A handshake that is none ends with an alert and is counted."""
    world = TlsWorld()
    client = world.silent()
    client.deliver_raw(b"\x16\x03\x01\x00\x04\xff\xff\xff\xff")
    client.turn()
    assert client.raw()[:1] == b"\x15"
    assert client.lost
    assert world.rejected == ["tls"]
    assert (world.census.total, world.handshakes.under_way) == (0, 0)


def test_slow_handshake() -> None:
    """A client has so long until TLS stands, however much it says meanwhile."""
    world = TlsWorld()
    client = world.silent()
    client.deliver_raw(HELLO)
    world.advance(HANDSHAKE - 0.25)
    assert not client.lost
    world.advance(0.5)
    assert client.was_reset
    assert world.rejected == ["tls"]
    assert (world.census.total, world.handshakes.under_way, len(world.deadlines)) == (0, 0, 0)


def test_too_much_of_a_handshake() -> None:
    """Nobody fills the memory with a handshake that never ends."""
    world = TlsWorld()
    client = world.silent()
    tls = client.protocol
    assert isinstance(tls, ServerTls)
    tls.dataReceived(b"\x16\x03\x01\x40\x00" + bytes(200_000))
    client.turn()
    assert client.lost
    assert world.rejected == ["tls"]


def test_flood() -> None:
    """So many handshakes at once, and no more; those who have shaken hands are served all the same."""
    world = TlsWorld(Bounds(connections_per_client=100), handshakes=3)
    served = world.connect()
    silent = [world.silent() for _ in range(5)]
    assert [client.was_reset for client in silent] == [False] * 3 + [True] * 2
    assert world.rejected == ["tls", "tls"]
    assert world.census.total == 4
    served.deliver(GET)
    world.last.answer(b"hello")
    assert served.received.endswith(b"hello")
    silent[0].finish()
    world.connect().deliver(GET)
    assert len(world.exchanges) == 2


def test_who_only_looks_is_not_counted_as_failed() -> None:
    """A connection on which nothing was said, as load balancers open them, is no failed handshake."""
    world = TlsWorld()
    client = world.silent()
    client.cut()
    assert world.rejected == []
    assert (world.census.total, world.handshakes.under_way) == (0, 0)
    hasty = world.silent()
    hasty.deliver_raw(HELLO)
    hasty.cut()
    assert world.rejected == ["tls"]


def test_limits_hold_before_the_handshake() -> None:
    """Who may not come in is not shaken hands with."""
    world = TlsWorld(Bounds(connections_per_client=1))
    world.connect()
    refused = world.silent()
    assert refused.was_reset
    refused.deliver_raw(HELLO)
    assert world.rejected == ["limit"]
    assert world.census.total == 1


PROXIED = Proxied("v1", Networks(["192.0.2.1"]))
HEADER = b"PROXY TCP4 198.51.100.7 203.0.113.9 5000 443\r\n"


def test_behind_a_balancer() -> None:
    """A PROXY header stands before TLS, and names whom the connection is from."""
    world = TlsWorld(trusted=TrustedPeers(), proxied=PROXIED)
    client = world.silent()
    with contextlib.suppress(ssl.SSLWantReadError):
        client.tls.do_handshake()
    client.deliver_raw(HEADER[:10])
    client.deliver_raw(HEADER[10:] + client.records())
    client.turn()
    client.feed()
    client.shake()
    client.deliver(GET)
    peer = channel_of(client).peer
    assert (peer.address, peer.secure) == ("198.51.100.7", True)


def test_behind_a_balancer_that_says_nothing() -> None:
    """Without the header there is no handshake."""
    world = TlsWorld(proxied=PROXIED)
    client = world.connect()
    assert client.was_reset
    assert world.rejected == ["proxy_header"]
    assert world.census.total == 0
    assert world.handshakes.under_way == 0
