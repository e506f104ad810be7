"""The site of the metrics port: a few pages on `twisted.web`, with bounds on what a client may cost.

It stays up while the gateway drains, and is not meant for the open internet.
"""

from __future__ import annotations

from io import BytesIO
from typing import cast

from twisted.internet.interfaces import IAddress, IReactorTime, ITCPTransport
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web import http
from twisted.web.http import HTTPChannel
from twisted.web.server import Request, Site

from gatewayd.admin.health import LivezPage, Readiness, ReadyzPage
from gatewayd.admin.landing import LandingPage
from gatewayd.admin.metrics_page import MetricsPage
from gatewayd.admin.page import Missing, Page, error
from gatewayd.log import Log, events
from gatewayd.telemetry import Metrics

MAX_CONNECTIONS = 64  # a few scrapers, balancers and people; blackbox_exporter and Prometheus hold one or two each
IDLE_TIMEOUT = (
    75.0  # seconds; longer than the usual scrape interval of a minute, so that scrapers keep their connection
)
MAX_BODY = 64 * 1024  # bytes of a request body that are read, and thrown away, before the connection is cut


_log = Log(__name__)


class AdminRequest(Request):
    """A request whose body is thrown away as it comes: no page reads one, and `twisted.web` would keep it on disk."""

    def gotLength(self, length: int | None) -> None:
        """Nothing is kept; the frame wants a file all the same."""
        self.content = BytesIO()
        self._body_left = MAX_BODY

    def handleContentChunk(self, data: bytes) -> None:
        """Count and forget; cut the connection of a client that goes on and on."""
        self._body_left -= len(data)
        if self._body_left < 0:
            cast(AdminChannel, self.channel).abort()

    def write(self, data: bytes) -> None:
        """Write, but the name of the server without versions."""
        if not self.startedWriting:
            Request.setHeader(self, b"server", b"gatewayd")
        Request.write(self, data)

    def processingFailed(self, reason: Failure) -> Failure:
        """Log what a page raised, and answer 500 in a few plain words."""
        _log.failure(events.PAGE_FAILED, reason, path=self.path.decode("utf-8", "backslashreplace"))
        self.write(error(self, 500))
        Request.finish(self)
        return reason


class AdminChannel(HTTPChannel):
    """A connection of the metrics port, counted by its site."""

    maxHeaders = 100
    site: AdminSite

    def connectionMade(self) -> None:
        """Take a place."""
        HTTPChannel.connectionMade(self)
        self.site.connections += 1

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Give the place back."""
        HTTPChannel.connectionLost(self, reason)
        self.site.connections -= 1

    def abort(self) -> None:
        """Cut the connection at once."""
        cast(ITCPTransport, self.transport).abortConnection()


class AdminSite(Site):
    """The site; `connections` are open now, further ones than `MAX_CONNECTIONS` are closed as they come."""

    protocol = AdminChannel  # type: ignore[assignment]  # the base says it wraps one that may speak HTTP/2
    noisy = False

    def __init__(self, root: Page, clock: IReactorTime) -> None:
        Site.__init__(self, root, AdminRequest, parsePOSTFormSubmission=False, timeout=IDLE_TIMEOUT, reactor=clock)
        self.connections = 0

    def buildProtocol(self, addr: IAddress | None) -> AdminChannel | None:  # type: ignore[override]
        """A channel, or None where there are too many."""
        if self.connections >= MAX_CONNECTIONS:
            return None
        return cast(AdminChannel, Site.buildProtocol(self, addr))

    def startFactory(self) -> None:
        """Keep no log of requests, nor the timer that serves its timestamps."""

    def log(self, request: http.Request) -> None:
        """Scrapes are not worth a line each."""


def admin_site(metrics: Metrics, readiness: Readiness, version: str, clock: IReactorTime) -> Site:
    """The pages of the metrics port, not yet listening.

    `version` is shown on the landing page, with the time since this call; `clock` turns the steps of a scrape and the
    timeouts.
    """
    root = Missing()
    root.putChild(b"", LandingPage(version, clock))
    root.putChild(b"metrics", MetricsPage(metrics, clock))
    aliases = Missing()
    root.putChild(b"-", aliases)
    for place, names in ((root, (b"livez", b"readyz")), (aliases, (b"healthy", b"ready"))):
        alive, ready = names
        place.putChild(alive, LivezPage())
        place.putChild(ready, ReadyzPage(readiness))
    return AdminSite(root, clock)
