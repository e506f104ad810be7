"""What the connections of one listening socket share: bounds, timeouts, and who is connected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory

from gatewayd.core.forwarded import Peer, TrustedPeers
from gatewayd.core.messages import RequestHead
from gatewayd.core.networks import AccessList, Networks
from gatewayd.core.proxyprotocol import Endpoint
from gatewayd.core.reasons import Refused
from gatewayd.http.channel import ServerChannel
from gatewayd.http.deadlines import Deadlines
from gatewayd.http.fieldtable import FieldTable
from gatewayd.http.inbound import InboundBody
from gatewayd.http.interfaces import ClientTimeouts, Exchange, Limits
from gatewayd.http.outbox import Outbox
from gatewayd.http.proxied import ProxiedChannel, Version
from gatewayd.http.sections import REQUESTS


class Application(Protocol):
    """Who answers the requests."""

    def serve(self, channel: ServerChannel, head: RequestHead, body: InboundBody | None, since: float) -> Exchange:
        """An exchange for a whole head; `since` is when its first byte came."""

    def refuse(self, channel: ServerChannel, refused: Refused, since: float) -> None:
        """Answer bytes that are no request."""


class Addresses(Protocol):
    """A set of addresses: `gatewayd.core.networks.AccessList` is one."""

    def allows(self, address: str) -> bool:
        """Whether a client at `address` (empty for a unix socket) may come in."""


@dataclass(frozen=True, slots=True)
class Proxied:
    """The version of PROXY headers that connections begin with, and who may connect."""

    version: Version
    balancers: Networks


EVERYBODY = AccessList()


class Census:
    """How many clients are connected, in all and from each address, over all listeners."""

    def __init__(self, on_rejected: Callable[[str], None]) -> None:
        self.total = 0
        self.by_address: Counter[str] = Counter()
        self.on_rejected = on_rejected


class Listener(Factory):
    """Builds the channels of one listening socket, for Twisted's transports and for uvloop's alike.

    `fields` judges the field lines of requests, `access` says which addresses may come in. `guards` is asked which
    trailers are to be left out, by their names in lower case. Where connections are `proxied`, they begin with a PROXY
    header, and the addresses that count are those it names.
    """

    noisy = False
    scheme = "http"

    def __init__(
        self,
        name: str,
        application: Application,
        *,
        limits: Limits,
        timeouts: ClientTimeouts,
        trusted: TrustedPeers,
        deadlines: Deadlines,
        census: Census,
        now: Callable[[], float],
        fields: FieldTable = REQUESTS,
        access: Addresses = EVERYBODY,
        proxied: Proxied | None = None,
        guards: Callable[[bytes], object] | None = None,
    ) -> None:
        self.name = name
        self.fields = fields
        self.guards = fields.guarded if guards is None else guards
        self._access = access
        self.proxied = proxied
        self.outbox: Outbox | None = None  # that of the loop its connections are on, if they are on one
        self.serve = application.serve
        self.refuse = application.refuse
        self.limits = limits
        self.timeouts = timeouts
        self.trusted = trusted
        self.deadlines = deadlines
        self.now = now
        self.draining = False
        self.channels: set[ServerChannel] = set()
        self._census = census

    def buildProtocol(self, addr: IAddress | None) -> ServerChannel:  # type: ignore[override]  # an IProtocol
        """A channel for one client."""
        return ServerChannel(self) if self.proxied is None else ProxiedChannel(self, self.proxied.version)

    def admit(self, channel: ServerChannel) -> bool:
        """Count a new connection and say who its peer is; False if there are too many, or nobody is there any more."""
        peer: object = channel.transport.getPeer()
        host: object = channel.transport.getHost()
        address = peer.host if isinstance(peer, IPv4Address | IPv6Address) else ""
        census = self._census
        if not address and isinstance(host, IPv4Address | IPv6Address):
            # Reset before it was accepted. What it sent is still there, and would pass for a unix socket's peer.
            return False
        proxied = self.proxied
        if not (self._access.allows(address) if proxied is None else address in proxied.balancers):
            census.on_rejected("blocklist")
            return False
        if census.total >= self.limits.connections or (proxied is None and self._has_many(address)):
            census.on_rejected("limit")
            return False
        port = host.port if isinstance(host, IPv4Address | IPv6Address) else 0
        channel.peer = Peer(address, port, self.scheme, address in self.trusted)
        census.total += 1
        census.by_address[address] += 1
        self.channels.add(channel)
        return True

    def introduce(self, channel: ServerChannel, source: Endpoint, destination: Endpoint | None) -> bool:
        """A PROXY header says whose the connection is: count it as that one's; False if that one may not come in."""
        address, census = source.address, self._census
        if not self._access.allows(address):
            census.on_rejected("blocklist")
            return False
        if self._has_many(address):
            census.on_rejected("limit")
            return False
        self._uncount(channel.peer.address)
        census.by_address[address] += 1
        port = 0 if destination is None else destination.port
        channel.peer = Peer(address, port, self.scheme, address in self.trusted)
        return True

    def reject(self, channel: ServerChannel) -> None:
        """Cut off a connection that does not begin as it must, or must not come in."""
        channel.abort()

    def rejected(self, reason: str) -> None:
        """Count a refused connection; `reason` is one of those of `connections_rejected_total`."""
        self._census.on_rejected(reason)

    def _has_many(self, address: str) -> bool:
        """Whether a client has as many connections as it may have."""
        return bool(address) and self._census.by_address[address] >= self.limits.connections_per_client

    def _uncount(self, address: str) -> None:
        """A connection is no longer of this address."""
        by_address = self._census.by_address
        by_address[address] -= 1
        if not by_address[address]:
            del by_address[address]

    def leave(self, channel: ServerChannel) -> None:
        """Forget a connection that has ended."""
        self.channels.discard(channel)
        self._census.total -= 1
        self._uncount(channel.peer.address)

    def drain(self) -> None:
        """Connections close: idle ones now, busy ones after their answer, new ones after their first request."""
        self.draining = True
        for channel in list(self.channels):
            channel.drain()
