"""Where payment providers report; part of the payment service."""

from __future__ import annotations

from twisted.web.resource import Resource
from twisted.web.server import Request

from gatewayd.demo.body import body_of
from gatewayd.demo.replies import JsonResource, answer, text_of


class Webhooks(JsonResource):
    """Takes a POST at any path below itself."""

    def getChild(self, path: bytes, request: Request) -> Resource:
        """Every provider has its own path."""
        return self

    def render_POST(self, request: Request) -> bytes:
        """202, and what was received."""
        body = body_of(request)
        return answer(request, 202, {"received": text_of(request.path), "length": body.length, "sha256": body.sha256})
