"""One service as a `twisted.web` site: its resource tree, its switch, its open connections."""

from __future__ import annotations

from weakref import WeakSet

from twisted.internet.interfaces import IAddress, IReactorTime, ITCPTransport
from twisted.web.http import HTTPChannel
from twisted.web.http import Request as HTTPRequest
from twisted.web.resource import IResource
from twisted.web.server import Request, Site

from gatewayd.demo.body import BodyDigest
from gatewayd.demo.catalogue import Offer
from gatewayd.demo.collection import Collection
from gatewayd.demo.files import Files
from gatewayd.demo.probes import probes
from gatewayd.demo.replies import JsonResource
from gatewayd.demo.stream import EchoSocket, Stream
from gatewayd.demo.switch import Switch
from gatewayd.demo.webhooks import Webhooks

# Longer than a gateway keeps an idle connection, so that it is the gateway that closes first and no request meets a
# connection about to go.
_IDLE = 120.0  # seconds


class QuietSite(Site):
    """A site that digests bodies instead of spooling them, logs no line per request and keeps no clock running."""

    noisy = False
    protocol = HTTPChannel  # type: ignore[assignment]  # HTTP/1.1 alone, whatever else is installed

    def __init__(self, resource: IResource, reactor: IReactorTime, title: str) -> None:
        Site.__init__(self, resource, timeout=_IDLE, reactor=reactor, parsePOSTFormSubmission=False)
        self._title = title
        self._channels: WeakSet[HTTPChannel] = WeakSet()

    def getContentFile(self, length: int | None) -> BodyDigest:
        """Where `twisted.web` writes a body."""
        return BodyDigest()

    def buildProtocol(self, addr: IAddress | None) -> HTTPChannel:  # type: ignore[override]
        """A channel that is remembered for `abort_connections`."""
        channel: HTTPChannel = Site.buildProtocol(self, addr)
        self._channels.add(channel)
        return channel

    def abort_connections(self) -> None:
        """Reset every connection, as a process that dies does."""
        for channel in list(self._channels):
            if channel.transport is not None:
                ITCPTransport(channel.transport).abortConnection()

    def logPrefix(self) -> str:
        """What Twisted's log calls this site, as in "Demo service payment starting on 41234"."""
        return self._title

    def startFactory(self) -> None:
        """No access log to open."""

    def stopFactory(self) -> None:
        """No access log to close."""

    def log(self, request: HTTPRequest) -> None:
        """The gateway writes the access log."""


class ServiceSite(QuietSite):
    """The site of one service, which does what its `switch` says."""

    def __init__(self, offer: Offer, reactor: IReactorTime) -> None:
        super().__init__(_tree(offer, reactor), reactor, f"Demo service {offer.name}")
        self.switch = Switch(reactor)

    def getResourceFor(self, request: Request) -> IResource:
        """What answers `request` in the present mode."""
        return self.switch.guard(Site.getResourceFor(self, request))


def _tree(offer: Offer, clock: IReactorTime) -> IResource:
    """/api/v1 and below it every path of the service."""
    root, api, version = JsonResource(), JsonResource(), JsonResource()
    root.putChild(b"api", api)
    api.putChild(b"v1", version)
    collection = Files(offer, clock) if offer.name == "file" else Collection(offer)
    collection.putChild(b"_demo", probes(offer.name))
    for path in offer.paths:
        version.putChild(path.encode(), collection)
    if offer.name == "notification":
        collection.putChild(b"stream", Stream(offer, clock))
        collection.putChild(b"ws", EchoSocket())
    if offer.name == "payment":
        version.putChild(b"webhooks", Webhooks())
    return root
