"""Clients whose connection became a tunnel."""

from __future__ import annotations

from twisted.internet.address import UNIXAddress

from gatewayd.core.reasons import CLIENT_CLOSED

from .script import GET, World
from .test_channel_flow import Recorder
from .wire import Wire

POST = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n"


def local(world: World) -> Wire:
    """One more client, on a unix socket."""
    return world.connect(UNIXAddress(None), UNIXAddress("/run/s"))


class FarEnd:
    """The far end of a tunnel."""

    def __init__(self) -> None:
        self.data = b""

    def tunnel_data(self, data: bytes) -> None:
        """Keep it."""
        self.data += data


def test_tunnel() -> None:
    """In a tunnel bytes are no requests, those that came early included; it ends with its exchange."""
    world = World()
    client = world.connect()
    client.deliver(GET + b"early ")
    channel, far, source = world.last.channel, FarEnd(), Recorder()
    channel.begin_tunnel(far, source)
    client.deliver(b"late", GET)
    assert far.data == b"early late" + GET
    channel.transport.write(b"back")
    assert client.received == b"back"
    assert len(world.exchanges) == 1
    world.advance(1000)
    assert not client.lost
    world.last.end(keep_alive=False)
    client.turn()
    assert client.fin


def test_tunnel_after_much_pipelining() -> None:
    """A client that was held for sending ahead is read again in its tunnel."""
    world = World()
    client = world.connect()
    client.deliver(GET, b"x" * 70_000, b"y")
    assert not client.reading
    far = FarEnd()
    world.last.channel.begin_tunnel(far, Recorder())
    client.turn()
    assert client.reading
    assert far.data == b"x" * 70_000 + b"y"


def test_tunnel_pace() -> None:
    """A client that does not read in a tunnel pauses the other end, and is reset if it never does."""
    world = World()
    client = world.connect()
    client.deliver(GET)
    source = Recorder()
    world.last.channel.begin_tunnel(FarEnd(), source)
    client.stall()
    world.last.channel.transport.write(b"x" * 100_000)
    assert source.calls == ["pause"]
    client.read_on()
    assert source.calls == ["pause", "resume"]
    client.stall()
    world.last.channel.transport.write(b"x" * 100_000)
    world.advance(20)
    assert client.was_reset


def test_client_leaves_its_tunnel() -> None:
    """The end of the client is the end of its exchange."""
    world = World()
    client = world.connect()
    client.deliver(GET)
    world.last.channel.begin_tunnel(FarEnd(), Recorder())
    client.finish()
    assert world.last.cancelled is CLIENT_CLOSED
