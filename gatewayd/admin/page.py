"""What the pages of the metrics port have in common: exact paths, GET and HEAD only, short answers."""

from __future__ import annotations

from http import HTTPStatus

from twisted.web.resource import Resource
from twisted.web.server import Request

PLAIN = b"text/plain; charset=utf-8"
HTML = b"text/html; charset=utf-8"
JSON = b"application/json"


def answer(request: Request, status: int, content_type: bytes, body: bytes) -> bytes:
    """Set status and fields of a complete answer; what it returns is what `render` returns, nothing for HEAD."""
    request.setResponseCode(status)
    describe(request, content_type)
    request.setHeader(b"content-length", b"%d" % len(body))
    return b"" if request.method == b"HEAD" else body


def describe(request: Request, content_type: bytes) -> None:
    """Set the fields of every answer: it is true now only, and is nothing but what it says it is."""
    request.setHeader(b"content-type", content_type)
    request.setHeader(b"cache-control", b"no-store")
    request.setHeader(b"x-content-type-options", b"nosniff")


def error(request: Request, status: int) -> bytes:
    """A short plain answer that says the status in words."""
    return answer(request, status, PLAIN, f"{status} {HTTPStatus(status).phrase}\n".encode())


class Page(Resource):
    """One path of the site. A subclass writes `get`; paths below it exist only where a child was put."""

    def __init__(self) -> None:
        Resource.__init__(self)

    def getChild(self, path: bytes, request: Request) -> Resource:
        """No page: 404, whatever the method."""
        return Missing()

    def render(self, request: Request) -> bytes | int:
        """Answer GET and HEAD by `get`, refuse anything else."""
        if request.method not in (b"GET", b"HEAD"):
            request.setHeader(b"allow", b"GET, HEAD")
            return error(request, 405)
        return self.get(request)

    def get(self, request: Request) -> bytes | int:
        """The answer to a GET, made by `answer`, or NOT_DONE_YET."""
        return error(request, 404)


class Missing(Page):
    """No page here, though there may be some below."""

    def render(self, request: Request) -> bytes:
        """404 for every method."""
        return error(request, 404)
