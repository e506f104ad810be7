"""How clients' connections end: heard out, drained, expelled, turned away, or handed to another protocol."""

from __future__ import annotations

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress

from gatewayd.core.forwarded import TrustedPeers
from gatewayd.core.reasons import HEAD_TIMEOUT, SHUTTING_DOWN
from gatewayd.http.client import LAST_CHANCE

from .script import GET, Bounds, World, channel_of
from .wire import HERE, Wire

POST = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n"


def local(world: World) -> Wire:
    """One more client, on a unix socket."""
    return world.connect(UNIXAddress(None), UNIXAddress("/run/s"))


def test_lingering() -> None:
    """A client that is still sending gets its answer and our FIN, is read on, and closed when it ends."""
    world = World()
    client = world.connect()
    client.deliver(POST, b"x" * 1000)
    world.last.answer(b"too much", status=413, keep_alive=False)
    client.deliver(b"x" * 100_000)
    assert client.received.endswith(b"too much")
    assert client.fin
    assert not client.lost
    client.finish()
    assert client.lost
    assert not client.was_reset
    assert world.census.total == 0


def test_lingering_ends() -> None:
    """A client that goes on for 2 s is closed, in order: what it has not read yet is still delivered."""
    world = World()
    client = world.connect()
    client.deliver(POST)
    client.stall()
    world.last.answer(b"x" * 100_000, keep_alive=False)
    world.advance(1.75)
    assert not client.disconnecting
    world.advance(0.25)
    assert client.disconnecting
    assert not client.was_reset
    world.advance(19.75)
    assert not client.lost
    client.read_on()
    assert client.received.endswith(b"x" * 100_000)
    assert client.lost
    assert not client.was_reset


def test_lingering_ends_for_good() -> None:
    """If it does not read that either, it is reset after as long as any answer may lie unread."""
    world = World()
    client = world.connect()
    client.deliver(POST)
    client.stall()
    world.last.answer(b"x" * 100_000, keep_alive=False)
    world.advance(21.75)
    assert not client.lost
    world.advance(0.25)
    assert client.was_reset
    assert client.lost


def test_lingering_is_bounded() -> None:
    """After 1 MiB more the client is not read any further, so that its answer is not taken along by a reset."""
    world = World()
    client = world.connect()
    client.deliver(POST)
    world.last.answer(b"too much", keep_alive=False)
    for _ in range(16):
        client.deliver(b"x" * 65536)
        assert client.reading
    client.deliver(b"x")
    assert not client.reading
    assert not client.lost
    world.advance(2)
    assert client.lost
    assert not client.was_reset


def test_lingering_frees_a_held_client() -> None:
    """A client that was held is read again to be heard out."""
    world = World()
    client = world.connect()
    client.deliver(POST)
    world.last.accept()
    world.last.body.hold()
    world.last.answer(keep_alive=False)
    assert client.reading
    client.finish()
    assert client.lost


def test_breaking_off() -> None:
    """An answer that cannot be finished ends in a reset, never in a FIN, also with requests waiting behind it."""
    for behind in (b"", GET, POST + b"x"):
        world = World()
        client = world.connect()
        client.deliver(GET + behind)
        world.last.begin(100)
        world.last.channel.writer.write(b"half")
        world.last.channel.abort()
        world.last.end(keep_alive=False)
        client.turn()
        assert client.was_reset
        assert not client.fin
        assert client.lost
        assert len(world.exchanges) == 1


def test_drain() -> None:
    """Draining closes idle connections now, and busy ones after their answer, which says so."""
    world = World()
    idle, busy, begun, fresh = (world.connect() for _ in range(4))
    idle.deliver(GET)
    world.last.answer()
    busy.deliver(GET)
    in_progress = world.last
    begun.deliver(GET)
    half_way = world.last
    half_way.begin(4)
    assert half_way.channel.persistent
    world.listener.drain()
    world.advance(0.25)
    assert idle.lost
    assert not fresh.lost
    assert not busy.lost
    assert not in_progress.channel.persistent
    in_progress.answer(b"late")
    half_way.channel.writer.write(b"half")
    half_way.end(keep_alive=True)
    world.advance(0.25)
    for client in (busy, begun):
        assert client.lost
        assert client.fin
        assert not client.was_reset
    assert busy.received.endswith(b"late")
    world.advance(LAST_CHANCE)
    assert fresh.lost
    assert world.listener.channels == set()


def test_draining_serves_no_more() -> None:
    """No request is begun while draining on a connection that had one."""
    world = World()
    client = world.connect()
    client.deliver(GET + GET)
    world.listener.drain()
    world.last.answer()
    world.advance(0.25)
    assert len(world.exchanges) == 1
    assert client.fin


@pytest.mark.parametrize("early", [True, False])
def test_draining_answers_the_first_request(early: bool) -> None:
    """A connection accepted a moment before a stop, or a moment after, has its first request answered, and no other."""
    world = World()
    client = world.connect() if early else None
    world.listener.drain()
    client = client or world.connect()
    assert not world.rejected
    client.deliver(GET + GET)
    world.last.answer(b"in time")
    world.advance(0.25)
    assert client.received.endswith(b"in time")
    assert client.fin
    assert len(world.exchanges) == 1


def test_draining_does_not_wait_for_silence() -> None:
    """A connection on which nothing comes is closed soon, whenever it was made."""
    world = World()
    before = world.connect()
    world.listener.drain()
    after = world.connect()
    world.advance(LAST_CHANCE + 0.25)
    assert before.lost
    assert after.lost
    assert world.listener.channels == set()


def test_drain_with_half_a_head() -> None:
    """What is left of a head is waited for a little; it is answered, or said to have come too late."""
    world = World()
    slow, quick = world.connect(), world.connect()
    for client in (slow, quick):
        client.deliver(GET[:10])
    world.listener.drain()
    quick.deliver(GET[10:])
    world.last.answer(b"whole")
    world.advance(LAST_CHANCE + 0.25)
    assert quick.received.endswith(b"whole")
    assert world.application.refused[-1].reason is HEAD_TIMEOUT
    assert slow.fin


def test_expel() -> None:
    """Expelling breaks off whatever is in progress, and resets."""
    world = World()
    client, idle = world.connect(), world.connect()
    client.deliver(GET)
    for wire in (client, idle):
        channel_of(wire).expel()
        wire.turn()
        assert wire.was_reset
        assert wire.lost
    assert world.last.cancelled is SHUTTING_DOWN
    assert world.census.total == 0


def test_connection_limits() -> None:
    """Connections are bounded in all and per address; who leaves makes room; unix sockets count in all only."""
    world = World(Bounds(connections=4, connections_per_client=2))
    first, second = world.connect_from("192.0.2.1"), world.connect_from("192.0.2.1")
    assert world.connect_from("192.0.2.1").was_reset
    assert world.rejected == ["limit"]
    world.connect_from("192.0.2.2")
    world.connect_from("192.0.2.3")
    assert world.connect_from("192.0.2.4").was_reset
    first.finish()
    assert not world.connect_from("192.0.2.1").lost
    second.reset()
    assert world.census.by_address == {"192.0.2.1": 1, "192.0.2.2": 1, "192.0.2.3": 1}
    unix = World(Bounds(connections=4, connections_per_client=2))
    wires = [
        Wire(unix.listener.buildProtocol(None), unix.clock, peer=UNIXAddress(None), host=UNIXAddress("/s"))
        for _ in range(5)
    ]
    assert [wire.was_reset for wire in wires] == [False] * 4 + [True]


def test_turned_away_clients_are_not_counted_twice() -> None:
    """A client that was not let in leaves no trace when it goes, and what it sends is not read."""
    world = World(Bounds(connections=0))
    client = world.connect()
    client.deliver(GET)
    assert client.lost
    assert (world.census.total, world.census.by_address, len(world.deadlines)) == (0, {}, 0)
    assert world.exchanges == []


def test_peers() -> None:
    """A connection knows whom it talks to and whether to believe it."""
    world = World(trusted=TrustedPeers(["10.0.0.0/8", "unix"]))
    believed = channel_of(world.connect_from("10.1.2.3")).peer
    assert (believed.address, believed.trusted) == ("10.1.2.3", True)
    assert not channel_of(world.connect_from("192.0.2.1")).peer.trusted
    six = channel_of(world.connect(IPv6Address("TCP", "2001:db8::1", 5))).peer
    assert (six.address, six.trusted) == ("2001:db8::1", False)
    local_peer = channel_of(local(world)).peer
    assert (local_peer.address, local_peer.trusted) == ("", True)


def test_nameless_peers() -> None:
    """A TCP client that is gone before we ask who it is does not pass for one on a unix socket."""
    world = World(trusted=TrustedPeers(["unix"]))
    for host in (HERE, IPv4Address("TCP", "0.0.0.0", 80), IPv6Address("TCP", "::1", 80)):
        client = Wire(world.listener.buildProtocol(None), world.clock, peer=UNIXAddress(None), host=host)
        client.deliver(GET)
        assert client.lost
    assert world.exchanges == []
    assert world.census.total == 0
