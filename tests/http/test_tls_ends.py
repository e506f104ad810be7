"""How TLS with a client ends, in order and otherwise."""

from __future__ import annotations

import contextlib
import ssl

from gatewayd.http.tls.server import ServerTls

from .by_tls import TlsWire, TlsWorld
from .script import GET, channel_of


def test_end() -> None:
    """Our end is TLS's own, so that the client knows that nothing was cut off."""
    world = TlsWorld()
    client = world.connect()
    client.deliver(b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    world.last.answer(b"hello", keep_alive=False)
    client.turn()
    assert client.received.endswith(b"hello")
    assert client.ended
    assert client.fin


def test_abort() -> None:
    """A broken-off answer has no end of TLS: not even an until-close body passes for whole."""
    world = TlsWorld()
    client = world.connect()
    client.deliver(GET)
    world.last.begin(100)
    channel_of(client).abort()
    client.turn()
    assert client.was_reset
    _ = client.received
    assert not client.ended


def test_client_that_ends() -> None:
    """A client's close_notify is its end, as a FIN is."""
    world = TlsWorld()
    client = world.connect()
    with contextlib.suppress(ssl.SSLError):
        client.tls.unwrap()
    client.deliver_raw(client.records())
    client.turn()
    assert client.lost
    assert world.census.total == 0


def test_garbled_record() -> None:
    """A record that was tampered with ends the connection, with what was in progress on it."""
    world = TlsWorld()
    client = world.connect()
    client.deliver(GET)
    client.tls.write(GET)
    record = bytearray(client.records())
    record[-1] ^= 1
    client.deliver_raw(bytes(record))
    client.turn()
    assert client.was_reset
    assert world.last.cancelled is not None
    assert len(world.exchanges) == 1
    world_left = world.census.total
    assert world_left == 0


def test_drain() -> None:
    """A gateway that stops waits a moment for those it has just accepted: they are served if they go on."""
    world = TlsWorld()
    slow, silent, quick, served = world.silent(), world.silent(), world.connect(), world.connect()
    served.deliver(GET)
    world.last.answer()
    world.listener.drain()
    served.turn()
    assert served.lost
    slow.shake()
    slow.deliver(GET)
    world.last.answer(b"slow")
    late = world.connect()
    late.deliver(GET)
    world.last.answer(b"late")
    for client, body in ((slow, b"slow"), (late, b"late")):
        client.turn()
        assert client.received.endswith(body)
        assert client.lost
    world.advance(1.25)
    assert silent.was_reset
    assert quick.lost
    assert world.census.total == 0
    assert world.handshakes.under_way == 0


def test_key_updates_are_bounded() -> None:
    """A client cannot have us answer for ever without saying anything."""
    world = TlsWorld()
    client = world.connect()
    tls = client.protocol
    assert isinstance(tls, ServerTls)
    tls._unasked = 16_384
    tls._outgoing.write(b"x")
    tls._answer_unasked()
    client.turn()
    assert client.was_reset


def test_interfaces() -> None:
    """The wire tests are run on has the methods of a transport."""
    client = TlsWorld().connect()
    assert isinstance(client, TlsWire)
    tls = client.protocol
    assert isinstance(tls, ServerTls)
    tls.writeSequence([b"a", b"b"])
    assert client.received == b"ab"
    assert str(tls.getHost()) == str(client.getHost())
    tls.unregisterProducer()
    tls.stopProducing()
    client.turn()
    assert client.lost


def test_bytes_behind_the_end() -> None:
    """What a client sends after its close_notify is nothing, and costs nothing."""
    world = TlsWorld()
    client = world.connect()
    client.tls.write(GET)
    request = client.records()
    with contextlib.suppress(ssl.SSLError):
        client.tls.unwrap()
    client.deliver_raw(client.records() + request)
    client.turn()
    assert client.lost
    assert world.exchanges == []
