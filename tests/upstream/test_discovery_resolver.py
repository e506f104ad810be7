"""The resolver, asked about a zone that a name server on loopback has."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from twisted.names import dns
from twisted.names.authority import FileAuthority
from twisted.names.error import DNSNameError
from twisted.names.server import DNSServerFactory

from gatewayd.core.membership import Found
from gatewayd.upstream.discovery import DnsDiscovery, resolver
from gatewayd.upstream.discovery.lookup import Asking
from gatewayd.upstream.discovery.resolver import Resolver


class Zone(FileAuthority):
    """The zone `internal`, whose records are the test's."""

    def __init__(self) -> None:
        super().__init__("")  # type: ignore[no-untyped-call]  # Twisted's has no types
        self.soa: Any = (b"internal", dns.Record_SOA(b"ns.internal", b"root.internal", 1, 60, 60, 60, 60))
        self.records: Any = {}


class NameServer:
    """Serves a zone by UDP and TCP on one port."""

    def __init__(self) -> None:
        self.zone = Zone()
        self.port = 0

    def put(self, name: bytes, *payloads: Any) -> None:
        """What the zone has for `name` from now on."""
        self.zone.records[name] = list(payloads)

    def resolver(self) -> Resolver:
        """One that asks this server only."""
        return resolver(reactor, [("127.0.0.1", self.port)], (5.0,), hosts_file=os.devnull)


def _listen(reactor: Any, factory: DNSServerFactory) -> tuple[Any, Any]:
    """A UDP and a TCP port of one number: what is free for the one may be taken for the other, so try a few."""
    for _ in range(20):
        datagrams = reactor.listenUDP(0, dns.DNSDatagramProtocol(factory), interface="127.0.0.1")
        try:
            return datagrams, reactor.listenTCP(datagrams.getHost().port, factory, interface="127.0.0.1")
        except CannotListenError:
            datagrams.stopListening()
    raise AssertionError("no port is free for both")


@asynccontextmanager
async def name_server() -> AsyncIterator[NameServer]:
    """One that runs."""
    serving = NameServer()
    factory = DNSServerFactory(authorities=[serving.zone])
    factory.noisy = False
    datagrams, stream = _listen(reactor, factory)
    serving.port = stream.getHost().port
    try:
        yield serving
    finally:
        for connection in list(factory.connections):
            connection.transport.loseConnection()
        await maybeDeferred(datagrams.stopListening)
        await maybeDeferred(stream.stopListening)


@contextmanager
def discovery(asking: Resolver, name: str, record: Literal["a", "srv"]) -> Iterator[DnsDiscovery]:
    """A discovery that is stopped at the end, as is its resolver."""
    made = DnsDiscovery(
        name, 8080, record, asking, IReactorTime(reactor), lambda: 0.0, 60.0, 60.0, lambda _: None, lambda _: None
    )
    try:
        yield made
    finally:
        made.stop()
        asking.close()


@pytest_twisted.ensureDeferred
async def test_addresses() -> None:
    """Of both families, and behind an alias."""
    async with name_server() as server:
        server.put(b"api.internal", dns.Record_CNAME(b"real.internal", 30))
        server.put(b"real.internal", dns.Record_A("10.0.0.1", 30), dns.Record_AAAA("fd00::1", 30))
        with discovery(server.resolver(), "api.internal", "a") as found:
            await found.start()
            assert found.targets == (Found("10.0.0.1", 8080), Found("fd00::1", 8080))


@pytest_twisted.ensureDeferred
async def test_services() -> None:
    """SRV records, and their hosts' addresses after them."""
    async with name_server() as server:
        server.put(
            b"_http._tcp.internal",
            dns.Record_SRV(10, 60, 81, b"one.internal", 30),
            dns.Record_SRV(20, 0, 82, b"two.internal", 30),
        )
        server.put(b"one.internal", dns.Record_A("10.0.0.1", 30))
        server.put(b"two.internal", dns.Record_A("10.0.0.2", 30))
        with discovery(server.resolver(), "_http._tcp.internal", "srv") as found:
            await found.start()
            assert found.targets == (Found("10.0.0.1", 81, weight=60), Found("10.0.0.2", 82, priority=1))


@pytest_twisted.ensureDeferred
async def test_a_large_answer() -> None:
    """What does not fit into a datagram is asked for by TCP."""
    async with name_server() as server:
        addresses = [f"10.0.{high}.{low}" for high in range(2) for low in range(50)]
        server.put(b"api.internal", *(dns.Record_A(address, 30) for address in addresses))
        with discovery(server.resolver(), "api.internal", "a") as found:
            await found.start()
            assert {target.host for target in found.targets} == set(addresses)


@pytest_twisted.ensureDeferred
async def test_no_such_name() -> None:
    """The server's word for it arrives as a phrase."""
    async with name_server() as server:
        with discovery(server.resolver(), "missing.internal", "a") as found:
            await found.start()
            assert found.failure == "the name does not exist"


@pytest_twisted.ensureDeferred
async def test_no_answer() -> None:
    """A server that is silent is given its time, and no more."""
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        asking = resolver(reactor, [silent.getsockname()], (0.01, 0.02), hosts_file=os.devnull)
        with discovery(asking, "api.internal", "a") as found:
            await found.start()
            assert found.failure == "no name server answered in time"


@pytest_twisted.ensureDeferred
async def test_hosts_file(tmp_path: Path) -> None:
    """It is asked first, and spares the name servers; what it does not know, they are asked."""
    hosts = tmp_path / "hosts"
    hosts.write_text("10.0.0.9 api.internal\nfd00::9 api.internal\n")
    async with name_server() as server:
        server.put(b"other.internal", dns.Record_A("10.0.0.1", 30))
        servers = [("127.0.0.1", server.port)]
        with discovery(resolver(reactor, servers, (5.0,), hosts_file=str(hosts)), "api.internal", "a") as found:
            await found.start()
            assert found.targets == (Found("10.0.0.9", 8080), Found("fd00::9", 8080))
        with discovery(resolver(reactor, servers, (5.0,), hosts_file=str(hosts)), "other.internal", "a") as found:
            await found.start()
            assert found.targets == (Found("10.0.0.1", 8080),)


def test_resolv_conf(tmp_path: Path) -> None:
    """Without servers of our own, those of the file are asked; it is watched until the resolver is closed."""
    path = tmp_path / "resolv.conf"
    path.write_text("# by hand\nnameserver 127.0.0.53\nnameserver ::1\n")
    clock = Clock()
    asking = resolver(clock, resolv_conf=str(path))
    assert asking.resolvers[1].dynServers == [("127.0.0.53", 53), ("::1", 53)]
    path.write_text("nameserver 127.0.0.54\n")
    os.utime(path, (1, 1))
    clock.advance(60)
    assert asking.resolvers[1].dynServers == [("127.0.0.54", 53)]
    asking.close()
    assert clock.getDelayedCalls() == []


def lookup(asking: Asking, name: bytes) -> Deferred[Any]:
    """The A records of `name`."""
    return asking.lookupAddress(name)


class NoSockets(Clock):
    """A reactor that has no descriptor left for the first socket it is asked for, and none to tell of later."""

    def __init__(self) -> None:
        super().__init__()
        self.tries = 0

    def listenUDP(self, port: int, protocol: Any, interface: str = "", maxPacketSize: int = 8192) -> None:
        """Fail."""
        self.tries += 1
        raise CannotListenError(interface, port, OSError(errno.EMFILE, "Too many open files"))


def test_a_question_that_could_not_be_sent() -> None:
    """It is asked anew the next time, and nobody waits for the answer that cannot come."""
    world = NoSockets()
    asking = resolver(world, [("127.0.0.1", 53)], hosts_file=os.devnull)
    for tries in (1, 2):
        asked = lookup(asking, b"api.internal")
        failures: list[Any] = []
        asked.addErrback(failures.append)
        assert failures[0].check(CannotListenError)
        assert world.tries == tries


@pytest_twisted.ensureDeferred
async def test_one_question_for_all() -> None:
    """Who asks for the same at once shares the answer, good or bad."""
    async with name_server() as server:
        asking = server.resolver()
        asked = [lookup(asking, b"missing.internal") for _ in range(2)]
        for one in asked:
            with pytest.raises(DNSNameError):
                await one
        asking.close()
