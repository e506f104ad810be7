"""The adapter between an asyncio loop's transport and Twisted's interfaces, on a loop transport that only notes."""

from __future__ import annotations

import socket
import struct
from typing import Any, cast

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IConsumer, IPushProducer, ITransport
from twisted.logger import ILogObserver, globalLogPublisher
from zope.interface.verify import verifyObject

from gatewayd.http.transport import HIGH_WATER

from .loops import TCP4, TCP6, UNIX, Loop, Pacer


def test_interfaces() -> None:
    """It is a transport, a consumer and a push producer, in the eyes of zope.interface too."""
    transport, noting, protocol = Loop().connect()
    assert verifyObject(ITransport, transport)
    assert verifyObject(IConsumer, transport)
    assert verifyObject(IPushProducer, transport)
    assert protocol.transport is transport
    assert noting.high == HIGH_WATER
    assert noting.calls == []


def test_incoming_bytes_go_straight_through() -> None:
    """What the loop calls with data is the protocol's own method."""
    transport, _, protocol = Loop().connect()
    assert transport.data_received == protocol.dataReceived
    transport.data_received(b"abc")
    assert protocol.data == [b"abc"]


@pytest.mark.parametrize(
    ("names", "peer", "host"),
    [
        (TCP4, IPv4Address("TCP", "192.0.2.1", 50000), IPv4Address("TCP", "192.0.2.80", 80)),
        (TCP6, IPv6Address("TCP", "2001:db8::1", 50000), IPv6Address("TCP", "::1", 80)),
        (UNIX, UNIXAddress(None), UNIXAddress("/run/s")),
        ({"sockname": ("192.0.2.80", 80)}, UNIXAddress(None), IPv4Address("TCP", "192.0.2.80", 80)),
    ],
)
def test_addresses(names: dict[str, Any], peer: object, host: object) -> None:
    """Both ends by Twisted's names; a peer that is gone already has none."""
    transport, _, _ = Loop().connect(names)
    assert (transport.getPeer(), transport.getHost()) == (peer, host)


def test_writes_leave_together() -> None:
    """What is written in one turn leaves at its end, in one call, in order; several connections in theirs."""
    loop = Loop()
    first, first_end, _ = loop.connect()
    second, second_end, _ = loop.connect()
    first.write(b"a")
    second.write(b"b")
    first.write(b"c")
    first.writeSequence([b"d", b"e"])
    assert first_end.calls == second_end.calls == []
    assert loop.end_turn() == 1
    assert first_end.calls == [[b"a", b"c", b"d", b"e"]]
    assert second_end.calls == [b"b"]
    assert loop.end_turn() == 0


def test_many_writes_do_not_wait() -> None:
    """After many writes the loop is asked at once whether to pause: one turn cannot fill the memory."""
    loop = Loop()
    transport, noting, _ = loop.connect()
    for number in range(40):
        transport.write(b"%d" % number)
    assert sum(len(call) for call in noting.calls) >= 34
    loop.end_turn()
    assert [piece for call in noting.calls for piece in call] == [b"%d" % number for number in range(40)]


def test_close_sends_what_was_written() -> None:
    """Closing, or closing one way, comes behind what was written in the same turn."""
    loop = Loop()
    for method, call in (("loseConnection", "close"), ("loseWriteConnection", "write_eof"), ("stopProducing", "close")):
        transport, noting, _ = loop.connect()
        transport.write(b"last")
        getattr(transport, method)()
        loop.end_turn()
        assert noting.calls == [b"last", call]


def test_peer_that_ends_gets_what_was_written() -> None:
    """The end of the peer closes the connection, behind what was written in the same turn."""
    loop = Loop()
    transport, noting, _ = loop.connect()
    transport.write(b"last")
    assert transport.eof_received() is False
    assert noting.calls == [b"last"]


def test_abort_resets() -> None:
    """Aborting resets the connection, drops what was written, and nothing afterwards makes an orderly end of it."""
    loop = Loop()
    transport, noting, _ = loop.connect()
    transport.write(b"dropped")
    transport.abortConnection()
    transport.write(b"dropped too")
    transport.loseWriteConnection()
    transport.pauseProducing()
    transport.resumeProducing()
    loop.end_turn()
    reset = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert noting.calls == [reset, "abort"]


def test_abort_after_close() -> None:
    """A connection that is being closed can still be reset, if its peer does not take what is left."""
    transport, noting, _ = Loop().connect()
    transport.loseConnection()
    transport.abortConnection()
    assert noting.calls[-1] == "abort"


def test_nothing_touches_a_lost_connection() -> None:
    """Once it is lost, its descriptor may be another connection's: nothing is asked of it any more."""
    loop = Loop()
    transport, noting, _ = loop.connect()
    transport.connection_lost(None)
    transport.abortConnection()
    transport.write(b"a")
    transport.pauseProducing()
    transport.resumeProducing()
    transport.loseWriteConnection()
    loop.end_turn()
    assert noting.calls == []


@pytest.mark.parametrize(("error", "kind"), [(None, ConnectionDone), (OSError(104, "reset"), ConnectionLost)])
def test_ends(error: Exception | None, kind: type[Exception]) -> None:
    """An orderly end is ConnectionDone, every other one ConnectionLost; the producer is let go."""
    transport, _, protocol = Loop().connect()
    pacer = Pacer()
    transport.registerProducer(pacer, True)
    transport.connection_lost(error)
    (reason,) = protocol.reasons
    assert reason.check(kind)
    transport.pause_writing()
    assert pacer.calls == []
    with pytest.raises(AttributeError):  # else the two would keep each other until the garbage collector comes
        _ = transport.data_received


def test_pace() -> None:
    """The loop's pauses reach the producer that is registered, and only that one."""
    transport, noting, _ = Loop().connect()
    transport.pause_writing()
    transport.resume_writing()
    pacer = Pacer()
    transport.registerProducer(pacer, True)
    transport.pause_writing()
    transport.resume_writing()
    assert pacer.calls == ["pause", "resume"]
    transport.unregisterProducer()
    transport.pause_writing()
    assert pacer.calls == ["pause", "resume"]
    transport.pauseProducing()
    transport.resumeProducing()
    assert noting.calls == ["pause_reading", "resume_reading"]


def test_producer_of_a_full_transport() -> None:
    """A producer that comes while the peer is behind is paused at once: the loop says so only once."""
    transport, _, _ = Loop().connect()
    transport.pause_writing()
    pacer = Pacer()
    transport.registerProducer(pacer, True)
    assert pacer.calls == ["pause"]
    transport.resume_writing()
    assert pacer.calls == ["pause", "resume"]


def test_one_failing_write_stops_no_other() -> None:
    """A connection that cannot be written to any more does not keep others' answers from leaving."""
    loop = Loop()
    broken, _, _ = loop.connect()
    sound, noting, _ = loop.connect()
    broken.loseWriteConnection()
    broken.write(b"too late")
    sound.write(b"answer")
    events: list[object] = []
    observer = cast(ILogObserver, events.append)
    globalLogPublisher.addObserver(observer)
    try:
        loop.end_turn()
    finally:
        globalLogPublisher.removeObserver(observer)
    assert noting.calls == [b"answer"]
    assert len(events) == 1
