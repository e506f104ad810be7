"""What every service answers below `_demo`: what it was asked, and as many bytes as one likes."""

from __future__ import annotations

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from gatewayd.demo.body import body_of
from gatewayd.demo.replies import JsonResource, answer, refuse, text_of
from gatewayd.demo.sending import Sending, blocks

MAX_BYTES = 1 << 40


class Echo(JsonResource):
    """Says what arrived: method, target, header fields, length and digest of the body."""

    isLeaf = True

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def render(self, request: Request) -> bytes | int:
        """Any method."""
        body = body_of(request)
        headers = [[text_of(n), text_of(v)] for n, values in request.requestHeaders.getAllRawHeaders() for v in values]
        return answer(
            request,
            200,
            {
                "service": self._service,
                "method": text_of(request.method),
                "target": text_of(request.uri),
                "version": text_of(request.clientproto),
                "headers": headers,
                "body": {"length": body.length, "sha256": body.sha256},
            },
        )


class Bytes(JsonResource):
    """`bytes/1000` answers 1000 bytes."""

    def getChild(self, path: bytes, request: Request) -> Resource:
        """The answer of that length."""
        if path.isdigit() and len(path) < 14 and int(path) <= MAX_BYTES:
            return SomeBytes(int(path))
        return BadLength()


class SomeBytes(JsonResource):
    """`length` bytes, streamed."""

    isLeaf = True

    def __init__(self, length: int) -> None:
        super().__init__()
        self.length = length

    def render_GET(self, request: Request) -> bytes | int:
        """Stream them, or announce their number only."""
        request.setHeader(b"content-type", b"application/octet-stream")
        request.setHeader(b"content-length", b"%d" % self.length)
        if request.method == b"HEAD":
            request.finish()
        else:
            Sending(request, blocks(self.length)).start()
        return NOT_DONE_YET


class BadLength(JsonResource):
    """A length that is none."""

    isLeaf = True

    def render(self, request: Request) -> bytes | int:
        """404."""
        return refuse(request, 404, "not-a-length", f"Ask for bytes/N with N from 0 to {MAX_BYTES}")


def probes(service: str) -> Resource:
    """The resource at `_demo`."""
    root = JsonResource()
    root.putChild(b"echo", Echo(service))
    root.putChild(b"bytes", Bytes())
    return root
