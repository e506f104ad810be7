"""A resolver that answers what the test wants, and a name that is discovered by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.names import dns

from gatewayd.core.membership import Found
from gatewayd.upstream.discovery.dns import DnsDiscovery

API = "api.internal"
SRV = "_http._tcp.internal"


def record(name: str, payload: Any, ttl: int = 30) -> dns.RRHeader:
    """A record of `name`."""
    return dns.RRHeader(name.encode(), payload.TYPE, dns.IN, ttl, payload)


def a(name: str, address: str, ttl: int = 30) -> dns.RRHeader:
    """An IPv4 address."""
    return record(name, dns.Record_A(address), ttl)


def aaaa(name: str, address: str, ttl: int = 30) -> dns.RRHeader:
    """An IPv6 address."""
    return record(name, dns.Record_AAAA(address), ttl)


def alias(name: str, target: str, ttl: int = 30) -> dns.RRHeader:
    """A CNAME."""
    return record(name, dns.Record_CNAME(target.encode()), ttl)


def srv(target: str, port: int = 80, priority: int = 10, weight: int = 1, ttl: int = 30) -> dns.RRHeader:
    """A place of the service."""
    return record(SRV, dns.Record_SRV(priority, weight, port, target.encode()), ttl)


class Resolver:
    """Answers what the test put into `zone`: records, or an error; by default a name has no records of a type.

    A question in `withheld` is answered when the test says so.
    """

    def __init__(self) -> None:
        self.zone: dict[tuple[int, str], Sequence[dns.RRHeader] | Exception] = {}
        self.additional: list[dns.RRHeader] = []
        self.asked: list[tuple[int, str]] = []
        self.withheld: dict[tuple[int, str], Deferred[Any]] = {}

    def put(self, *records: dns.RRHeader) -> None:
        """Answer questions for the name and type of each record with all those of its name and type."""
        for key in {(one.type, one.name.name.decode()) for one in records}:
            self.zone[key] = [one for one in records if (one.type, one.name.name.decode()) == key]

    def _answer(self, kind: int, name: bytes) -> Deferred[Any]:
        key = (kind, name.decode())
        self.asked.append(key)
        if key in self.withheld:
            return self.withheld[key]
        found = self.zone.get(key) or self.zone.get((dns.CNAME, key[1]), ())
        if isinstance(found, Exception):
            return fail(found)
        return succeed((list(found), [], list(self.additional)))

    def lookupAddress(self, name: bytes, /) -> Deferred[Any]:
        """A records."""
        return self._answer(dns.A, name)

    def lookupIPV6Address(self, name: bytes, /) -> Deferred[Any]:
        """AAAA records."""
        return self._answer(dns.AAAA, name)

    def lookupService(self, name: bytes, /) -> Deferred[Any]:
        """SRV records."""
        return self._answer(dns.SRV, name)


class World:
    """A name that is looked up, and what is told of it."""

    def __init__(self, record: Literal["a", "srv"] = "a") -> None:
        self.clock = Clock()
        self.resolver = Resolver()
        self.random = 0.0
        self.found: list[tuple[Found, ...]] = []
        self.failed: list[str] = []
        name = API if record == "a" else SRV
        self.discovery = DnsDiscovery(
            name, 80, record, self.resolver, self.clock, lambda: self.random, 1.0, 300.0,
            self.found.append, self.failed.append,
        )  # fmt: skip

    def start(self, *records: dns.RRHeader) -> World:
        """Begin, with `records` in the zone."""
        self.resolver.put(*records)
        assert self.discovery.start().called
        return self

    def next(self) -> float:
        """Seconds until the next lookup."""
        (call,) = self.clock.getDelayedCalls()
        return call.getTime() - self.clock.seconds()

    def again(self) -> None:
        """Let the time pass until then."""
        self.clock.advance(self.next())

    def urls(self) -> list[str]:
        """The targets."""
        return [target.url for target in self.discovery.targets]
