"""The scrape: every metric as text."""

from __future__ import annotations

from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure
from twisted.web.server import NOT_DONE_YET, Request

from gatewayd.admin.negotiation import accepts_gzip, choose_format
from gatewayd.admin.page import Page, describe
from gatewayd.admin.renderings import Renderings, Wanted
from gatewayd.telemetry import Metrics


class MetricsPage(Page):
    """`/metrics`. Who asks with `Cache-Control: no-cache` gets a text of his own."""

    def __init__(self, metrics: Metrics, clock: IReactorTime) -> None:
        super().__init__()
        self._renderings = Renderings(metrics, clock)

    def get(self, request: Request) -> bytes | int:
        """Begin the answer, in the format and coding the scraper asked for; HEAD learns those two only."""
        wanted = Wanted(choose_format(_field(request, "accept")), accepts_gzip(_field(request, "accept-encoding")))
        if request.method == b"HEAD":
            _describe(request, wanted)
            return b""
        found = self._renderings.get(wanted, anew="no-cache" in _field(request, "cache-control").lower())
        if isinstance(found, bytes):
            _describe(request, wanted)
            return found
        request.notifyFinish().addErrback(lambda _: found.cancel())
        found.addCallbacks(_send, _fail, callbackArgs=(request, wanted), errbackArgs=(request,))
        return NOT_DONE_YET


def _describe(request: Request, wanted: Wanted) -> None:
    describe(request, wanted.format.content_type.encode())
    request.setHeader(b"vary", b"accept, accept-encoding")
    if wanted.compressed:
        request.setHeader(b"content-encoding", b"gzip")


def _send(text: bytes, request: Request, wanted: Wanted) -> None:
    _describe(request, wanted)
    request.setHeader(b"content-length", b"%d" % len(text))
    request.write(text)
    request.finish()


def _fail(failure: Failure, request: Request) -> None:
    if failure.check(CancelledError) is None:  # cancelled means that the scraper went away
        request.processingFailed(failure)


def _field(request: Request, name: str) -> str:
    """Every value of the field, as one list; "" where there is none."""
    return ",".join(request.requestHeaders.getRawHeaders(name, []))
