"""Questions to a resolver, and where its answers lead: to the addresses of a name, or to the places of a service."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.defer import TimeoutError as NoAnswer
from twisted.internet.error import CannotListenError, ConnectError
from twisted.names import dns
from twisted.names.error import DNSNameError, DNSQueryRefusedError, DNSServerError, DomainError

from gatewayd.core.membership import Found, ranks, share
from gatewayd.log import Log, events

_MOST_ALIASES = 8  # in a row; unbound follows 11, BIND 16, and two are rare

# Where clouds give a machine its secrets: a name that leads there was never meant to, and would hand them to clients.
_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        ("169.254.169.254", "fd00:ec2::254", "169.254.170.2", "169.254.170.23", "fd00:ec2::23", "100.100.100.200",
         "168.63.129.16"),
    )
)  # fmt: skip

_log = Log(__name__)

Ask: TypeAlias = Callable[[bytes], "Deferred[Any]"]


class Asking(Protocol):
    """What is needed of an `IResolver`; each answers three lists of records: answers, authorities, additional ones."""

    def lookupAddress(self, name: bytes, /) -> Deferred[Any]:
        """A records."""

    def lookupIPV6Address(self, name: bytes, /) -> Deferred[Any]:
        """AAAA records."""

    def lookupService(self, name: bytes, /) -> Deferred[Any]:
        """SRV records."""


class NothingFound(Exception):
    """The name servers answered, and the answer leads nowhere."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Addresses, and for how many seconds each record on the way to them may be believed."""

    addresses: tuple[str, ...] = ()
    ttls: tuple[int, ...] = ()

    def __add__(self, other: Addresses) -> Addresses:
        """Both."""
        return Addresses(self.addresses + other.addresses, self.ttls + other.ttls)


@dataclass(frozen=True, slots=True)
class Targets:
    """Targets, and for how many seconds each record on the way to them may be believed."""

    found: tuple[Found, ...]
    ttls: tuple[int, ...]


class Lookup:
    """Asks for one name, as often as it is told, and remembers the addresses that it led to.

    Where a part of an answer is missing (IPv6 addresses, one host of many) because a name server failed, what was
    known before stands in for it. Both methods raise what `phrase` explains.
    """

    __slots__ = ("_known", "_name", "_resolver")

    def __init__(self, name: str, resolver: Asking) -> None:
        self._name = name.encode("ascii").rstrip(b".").lower()
        self._resolver = resolver
        self._known: dict[tuple[bytes, int], Addresses] = {}

    async def by_address(self, port: int) -> Targets:
        """Every address of the name, IPv4 and IPv6, at `port`."""
        answer = await self._addresses(self._name)
        return Targets(tuple(Found(address, port) for address in answer.addresses), answer.ttls)

    async def by_service(self) -> Targets:
        """Every address of every host in the name's SRV records (RFC 2782); each has its host's weight."""
        services, aliases, additional = await _records(self._resolver.lookupService, dns.SRV, self._name)
        # "." says: not here
        payloads = [one.payload for one in services if one.payload.target.name and one.payload.port]
        if not payloads:
            raise NothingFound("it has no SRV record")
        names = list(dict.fromkeys(payload.target.name.lower() for payload in payloads))
        hosts = dict(zip(names, await _all(self._host(name, additional) for name in names), strict=True))
        groups = ranks(payload.priority for payload in payloads)
        found = tuple(
            Found(address, payload.port, "", share(payload.weight), groups[payload.priority])
            for payload in payloads
            for address in _of(hosts[payload.target.name.lower()]).addresses
        )
        self._known = {key: known for key, known in self._known.items() if key[0] in hosts}
        if not found:
            raise next((host for host in hosts.values() if isinstance(host, Exception)), NothingFound(_NO_ADDRESS))
        ttls = [*aliases, *(service.ttl for service in services)]
        return Targets(found, (*ttls, *(ttl for host in hosts.values() for ttl in _of(host).ttls)))

    async def _host(self, name: bytes, additional: Iterable[Any]) -> Addresses:
        """The addresses of a host in an SRV record: often they come with it, else they are looked up."""
        given = [record for record in additional if record.name.name.lower() == name]
        answer = _addresses(record for record in given if record.type in (dns.A, dns.AAAA))
        if answer.addresses:
            return answer
        try:
            return await self._addresses(name)
        except NothingFound:
            raise
        except Exception as error:
            known = self._remembered(name, dns.A, error) + self._remembered(name, dns.AAAA, error)
            if not known.addresses:
                raise
            return known

    async def _addresses(self, name: bytes) -> Addresses:
        """The addresses of `name`; it has some, or this fails. That one family has none is nothing unusual."""
        families = {dns.A: self._resolver.lookupAddress, dns.AAAA: self._resolver.lookupIPV6Address}
        parts = await _all(self._family(ask, kind, name) for kind, ask in families.items())
        errors = [part for part in parts if isinstance(part, Exception)]
        answer, remembered = Addresses(), Addresses()
        for kind, part in zip(families, parts, strict=True):
            if isinstance(part, Addresses):
                self._known[name, kind] = part
                answer += part
            else:
                remembered += self._remembered(name, kind, part)
        if not answer.addresses:
            raise errors[0] if errors else NothingFound(_NO_ADDRESS)
        return answer + remembered

    async def _family(self, ask: Ask, kind: int, name: bytes) -> Addresses:
        """The addresses of one family."""
        records, aliases, _ = await _records(ask, kind, name)
        return Addresses(ttls=tuple(aliases)) + _addresses(records) if records else Addresses()

    def _remembered(self, name: bytes, kind: int, error: Exception) -> Addresses:
        """The addresses known from before `error` kept them from being found; none where there are none any more."""
        if isinstance(error, DNSNameError):
            return Addresses()
        return Addresses(self._known.get((name, kind), Addresses()).addresses)


_NO_ADDRESS = "it has no address"


async def _records(ask: Ask, kind: int, name: bytes) -> tuple[list[Any], list[int], list[Any]]:
    """The records of `kind` that `name` has, or what it is an alias of; TTLs of the aliases; additional records.

    Name servers follow aliases as far as they know them; where they stop, the last one is asked for.
    """
    ttls: list[int] = []
    while True:
        answers, _, additional = await ask(name)
        asked = name
        while True:
            own = [record for record in answers if record.name.name.lower() == name]
            found = [record for record in own if record.type == kind]
            aliases = [record for record in own if record.type == dns.CNAME]
            if found or not aliases:
                break
            ttls.append(aliases[0].ttl)
            name = aliases[0].payload.name.name.lower()
            if len(ttls) > _MOST_ALIASES:
                raise NothingFound(f"it leads through more than {_MOST_ALIASES} aliases")
        if found or name == asked:
            return found, ttls, list(additional)


def _addresses(records: Iterable[Any]) -> Addresses:
    """What A and AAAA records say. Raises `NothingFound` if there are some and no service can be at any of them."""
    records = list(records)
    addresses = [ipaddress.ip_address(record.payload.address) for record in records]
    able = tuple(str(address) for address in addresses if _can_serve(address))
    if records and not able:
        raise NothingFound("it has only addresses where no service can be")
    return Addresses(able, tuple(record.ttl for record in records))


def _can_serve(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether a service can be there: not at an address of nobody or of many, and not where a cloud keeps secrets."""
    address = getattr(address, "ipv4_mapped", None) or address
    nobody_or_many = address.is_unspecified or address.is_multicast or int(address) == 0xFFFFFFFF
    return not nobody_or_many and address not in _METADATA


async def _all(coroutines: Iterable[Any]) -> list[Addresses | Exception]:
    """What every one of them comes to, each on its way at once."""
    outcomes = await DeferredList([Deferred.fromCoroutine(one) for one in coroutines], consumeErrors=True)
    return [result if ok else result.value for ok, result in outcomes]


def _of(host: Addresses | Exception) -> Addresses:
    """The addresses, if there are any."""
    return host if isinstance(host, Addresses) else Addresses()


def phrase(error: Exception) -> str:
    """Why a lookup failed, in a few words."""
    if isinstance(error, NothingFound):
        return str(error)
    if isinstance(error, DNSNameError):
        return "the name does not exist"
    if isinstance(error, DNSServerError):
        return "the name server failed (SERVFAIL)"
    if isinstance(error, DNSQueryRefusedError):
        return "the name server refused to answer (REFUSED)"
    if isinstance(error, DomainError):
        return f"the name server answered with an error ({type(error).__name__})"
    if isinstance(error, NoAnswer | TimeoutError):
        return "no name server answered in time"
    if isinstance(error, OSError | ConnectError):
        return "no name server can be reached"
    if isinstance(error, CannotListenError):
        return "there is no socket to ask with"
    _log(events.LOOKUP_FAILED, why=repr(error))
    return f"the lookup itself failed ({type(error).__name__})"
