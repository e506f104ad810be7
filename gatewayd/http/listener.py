"""What the connections of one listening socket share: bounds, timeouts, and who is connected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Protocol

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory

from gatewayd.core.forwarded import Peer, TrustedPeers
from gatewayd.core.messages import RequestHead
from gatewayd.core.reasons import Refused
from gatewayd.http.channel import ServerChannel
from gatewayd.http.deadlines import Deadlines
from gatewayd.http.fieldtable import FieldTable
from gatewayd.http.inbound import InboundBody
from gatewayd.http.interfaces import ClientTimeouts, Exchange, Limits
from gatewayd.http.sections import REQUESTS


class Application(Protocol):
    """Who answers the requests."""

    def serve(self, channel: ServerChannel, head: RequestHead, body: InboundBody | None, since: float) -> Exchange:
        """An exchange for a whole head; `since` is when its first byte came."""

    def refuse(self, channel: ServerChannel, refused: Refused, since: float) -> None:
        """Answer bytes that are no request."""


class Census:
    """How many clients are connected, in all and from each address, over all listeners."""

    def __init__(self, on_rejected: Callable[[str], None]) -> None:
        self.total = 0
        self.by_address: Counter[str] = Counter()
        self.on_rejected = on_rejected


class Listener(Factory):
    """Builds the channels of one listening socket, for Twisted's transports and for uvloop's alike.

    `fields` judges the field lines of requests.
    """

    noisy = False

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
    ) -> None:
        self.name = name
        self.fields = fields
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
        return ServerChannel(self)

    def admit(self, channel: ServerChannel) -> bool:
        """Count a new connection and say who its peer is; False if there are too many, or nobody is there any more."""
        peer: object = channel.transport.getPeer()
        host: object = channel.transport.getHost()
        address = peer.host if isinstance(peer, IPv4Address | IPv6Address) else ""
        census = self._census
        if not address and isinstance(host, IPv4Address | IPv6Address):
            # Reset before it was accepted. What it sent is still there, and would pass for a unix socket's peer.
            return False
        if (
            self.draining
            or census.total >= self.limits.connections
            or (address and census.by_address[address] >= self.limits.connections_per_client)
        ):
            census.on_rejected("limit")
            return False
        port = host.port if isinstance(host, IPv4Address | IPv6Address) else 0
        channel.peer = Peer(address, port, "http", address in self.trusted)
        census.total += 1
        census.by_address[address] += 1
        self.channels.add(channel)
        return True

    def leave(self, channel: ServerChannel) -> None:
        """Forget a connection that has ended."""
        self.channels.discard(channel)
        census = self._census
        census.total -= 1
        address = channel.peer.address
        census.by_address[address] -= 1
        if not census.by_address[address]:
            del census.by_address[address]

    def drain(self) -> None:
        """Take no more requests: idle connections close now, busy ones after their answer."""
        self.draining = True
        for channel in list(self.channels):
            channel.drain()
