"""Connections that begin with a PROXY header: whose they are, who may come in, and what is no header."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from twisted.internet.address import IPv4Address, UNIXAddress

from gatewayd.core.forwarded import TrustedPeers
from gatewayd.core.networks import AccessList, Networks
from gatewayd.http.client import LAST_CHANCE
from gatewayd.http.listener import Listener, Proxied
from gatewayd.http.proxied import Version

from .script import GET, Bounds, World, channel_of
from .wire import Wire

BALANCER = "10.9.0.1"
SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


def v1(address: str = "203.0.113.5", port: int = 443) -> bytes:
    """A header of version 1."""
    return b"PROXY TCP4 %b 198.51.100.1 40000 %d\r\n" % (address.encode(), port)


def v2(address: str = "203.0.113.5", port: int = 443) -> bytes:
    """The same in version 2."""
    source = bytes(map(int, address.split(".")))
    block = source + bytes([198, 51, 100, 1]) + (40000).to_bytes(2, "big") + port.to_bytes(2, "big")
    return SIGNATURE + b"\x21\x11" + len(block).to_bytes(2, "big") + block


LOCAL = SIGNATURE + b"\x20\x00\x00\x00"
UNKNOWN = b"PROXY UNKNOWN\r\n"


class Balanced(World):
    """A listener behind a load balancer."""

    def __init__(
        self,
        version: Version = "any",
        access: AccessList | None = None,
        bounds: Bounds | None = None,
        balancers: tuple[str, ...] = (BALANCER,),
    ) -> None:
        super().__init__(bounds)
        self.listener = Listener(
            "http",
            self.application,
            limits=self.bounds,
            timeouts=self.bounds,
            trusted=TrustedPeers(["203.0.113.99"]),
            deadlines=self.deadlines,
            census=self.census,
            now=self.clock.seconds,
            access=access or AccessList(),
            proxied=Proxied(version, Networks(balancers)),
        )

    def balance(self, header: bytes) -> Wire:
        """The balancer connects for a client."""
        wire = self.connect_from(BALANCER)
        if header:
            wire.deliver(header)
        return wire


def served(world: World) -> list[str]:
    """The addresses that requests came from."""
    return [exchange.channel.peer.address for exchange in world.exchanges]


@pytest.mark.parametrize("header", [v1(), v2()])
def test_split_at_every_byte(header: bytes) -> None:
    """Wherever the network cuts header and request, it is the client's request, once."""
    whole = header + GET
    for at in range(1, len(whole)):
        world = Balanced()
        wire = world.balance(whole[:at])
        assert served(world) == []
        wire.deliver(whole[at:])
        assert served(world) == ["203.0.113.5"]
        assert world.census.by_address == {"203.0.113.5": 1}
    world = Balanced()
    wire = world.balance(b"")
    for octet in whole:
        assert served(world) == []
        wire.deliver(bytes([octet]))
    assert served(world) == ["203.0.113.5"]


def test_what_follows() -> None:
    """The second request of the connection is an ordinary one, and a second header none at all."""
    world = Balanced()
    wire = world.balance(v2() + GET)
    world.last.answer(b"1")
    wire.deliver(GET)
    world.last.answer(b"2")
    assert len(world.exchanges) == 2
    wire.deliver(v1("192.0.2.66") + GET)
    assert len(world.exchanges) == 2
    assert len(world.application.refused) == 1


@pytest.mark.parametrize(
    ("version", "header", "taken"),
    [
        ("v1", v1(), True),
        ("v1", v2(), False),
        ("v2", v2(), True),
        ("v2", v1(), False),
        ("any", v1(), True),
        ("any", v2(), True),
        ("v1", UNKNOWN, True),
        ("v2", LOCAL, True),
        ("any", GET, False),
        ("any", b"POST / HTTP/1.1\r\nHost: a\r\n\r\n", False),
        ("any", b"PROXY TCP4 nonsense\r\n", False),
        ("any", b"PROXY " + b"x" * 200, False),
        ("any", SIGNATURE + b"\x11\x11\x00\x0c", False),
        ("any", b"\x16\x03\x01", False),
    ],
)
@pytest.mark.parametrize("size", [1, 10_000])
def test_headers(version: Version, header: bytes, size: int, *, taken: bool) -> None:
    """What is no header of the version is cut off: it is neither a request, nor answered."""
    world = Balanced(version)
    wire = world.balance(b"")
    for at in range(0, len(header), size):
        if not wire.was_reset:
            wire.deliver(header[at : at + size])
    assert wire.was_reset is not taken
    if not taken:
        assert (world.exchanges, world.application.refused, wire.take()) == ([], [], b"")
        assert (world.census.total, world.census.by_address) == (0, {})
        assert world.rejected == ["proxy_header"]
        return
    wire.deliver(GET)
    assert served(world) == ["203.0.113.5" if header in (v1(), v2()) else BALANCER]


def test_nothing_is_read_behind_a_bad_header() -> None:
    """Not even what came in the same read, or is on its way."""
    world = Balanced()
    wire = world.connect_from(BALANCER)
    channel = channel_of(wire)
    channel.dataReceived(b"PROXY nonsense\r\n" + GET)
    channel.dataReceived(v1() + GET)
    world.clock.advance(0)
    assert (world.exchanges, wire.was_reset) == ([], True)


@pytest.mark.parametrize("address", ["10.9.0.2", "203.0.113.5", "127.0.0.1"])
def test_strangers(address: str) -> None:
    """Nobody but the balancer may say whose its connections are; they are counted, and never read."""
    world = Balanced()
    wire = world.connect_from(address)
    assert (wire.was_reset, world.rejected) == (True, ["blocklist"])
    assert (world.census.total, world.census.by_address, world.listener.channels) == (0, {}, set())


def test_a_balancer_on_a_unix_socket() -> None:
    """Is one if it is listed."""
    for balancers, reset in ((("unix",), False), ((BALANCER,), True)):
        world = Balanced(balancers=balancers)
        wire = Wire(world.listener.buildProtocol(None), world.clock, peer=UNIXAddress(None), host=UNIXAddress("/run/a"))
        assert wire.was_reset is reset
        if not reset:
            wire.deliver(v1() + GET)
            assert served(world) == ["203.0.113.5"]


@pytest.mark.parametrize(
    ("access", "address", "passes"),
    [
        (AccessList(["203.0.113.0/24"]), "203.0.113.5", True),
        (AccessList(["203.0.113.0/24"]), "192.0.2.5", False),
        (AccessList([], ["192.0.2.0/24"]), "192.0.2.5", False),
        (AccessList(["203.0.113.0/24"], ["203.0.113.5"]), "203.0.113.5", False),
    ],
)
@pytest.mark.parametrize("header", [v1, v2])
def test_access_is_by_the_clients_address(
    access: AccessList, address: str, passes: bool, header: Callable[[str], bytes]
) -> None:
    """The balancer need not be in the list; a client that is not is cut off before its request is read."""
    world = Balanced(access=access)
    wire = world.balance(header(address) + GET)
    assert served(world) == [address] * passes
    assert wire.was_reset is not passes
    assert world.rejected == ["blocklist"] * (not passes)
    assert world.census.total == passes


def test_limits_are_per_client() -> None:
    """By the address behind the balancer: one client's connections are bounded, the balancer's are not."""
    world = Balanced(bounds=Bounds(connections_per_client=2))
    first = [world.balance(v1()) for _ in range(3)]
    assert [wire.was_reset for wire in first] == [False, False, True]
    others = [world.balance(v2(f"203.0.113.{number}")) for number in range(6, 16)]
    assert not any(wire.was_reset for wire in others)
    assert (world.rejected, world.census.total) == (["limit"], 12)
    assert world.census.by_address["203.0.113.5"] == 2
    first[0].finish()
    assert not world.balance(v1()).was_reset
    for wire in (first[1], *others):
        wire.finish()
    assert (world.census.total, dict(world.census.by_address)) == (1, {"203.0.113.5": 1})


def test_the_limit_of_all_connections() -> None:
    """Holds before a header is read."""
    world = Balanced(bounds=Bounds(connections=1))
    world.balance(b"")
    assert (world.balance(v1()).was_reset, world.rejected) == (True, ["limit"])


@pytest.mark.parametrize("header", [b"", b"P", SIGNATURE, v1()[:-1], v2()[:-1]])
def test_a_header_that_does_not_come(header: bytes) -> None:
    """The connection is closed after `timeouts.request_head`, however slowly its bytes trickle in.

    That is counted, unless nothing came at all: so balancers try whether somebody listens.
    """
    world = Balanced(bounds=Bounds(request_head=10.0))
    wire = world.balance(b"")
    for octet in header[:9]:
        wire.deliver(bytes([octet]))
        world.advance(1)
    if header[9:]:
        wire.deliver(header[9:])
    world.advance(9.5 - min(9, len(header)))
    assert world.census.total == 1
    world.advance(1)
    assert (world.census.total, world.exchanges) == (0, [])
    assert world.rejected == ["slow_header"] * bool(header)


def test_a_client_that_is_believed() -> None:
    """Is judged by its own address too: a proxy in front of the balancer."""
    for address, trusted in (("203.0.113.99", True), ("203.0.113.98", False)):
        world = Balanced()
        world.balance(v1(address, 8443) + GET)
        peer = world.last.channel.peer
        assert (peer.trusted, peer.address) == (trusted, address)
        head = world.last.head
        assert b"X-Forwarded-Port: 8443\r\n" in peer.lines(head)


def test_draining() -> None:
    """Connections whose header is still to come have a moment for it, and for their first request."""
    world = Balanced()
    wire, silent = world.balance(v1()[:5]), world.balance(b"")
    world.listener.drain()
    wire.deliver(v1()[5:] + GET)
    assert len(world.exchanges) == 1
    world.advance(LAST_CHANCE + 0.25)
    assert silent.fin


def test_without_a_header() -> None:
    """A listener that is not behind a balancer takes a header for the malformed request it is."""
    world = World()
    wire = world.connect(IPv4Address("TCP", BALANCER, 50000))
    wire.deliver(v1() + GET)
    assert (world.exchanges, len(world.application.refused)) == ([], 1)
