"""Answers in JSON, and a resource that gives its refusals in JSON too."""

from __future__ import annotations

import json
from http import HTTPStatus

from twisted.web.http import NO_BODY_CODES
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

JSON = b"application/json"


def answer(request: Request, status: int, value: object) -> bytes:
    """Set status and type on `request`; the body for it is returned."""
    request.setResponseCode(status, HTTPStatus(status).phrase.encode())
    request.setHeader(b"content-type", JSON)
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def refuse(request: Request, status: int, error: str, message: str, **more: object) -> bytes:
    """An error document: a slug for programs, a sentence for people."""
    return answer(request, status, {"error": error, "message": message, **more})


def text_of(value: bytes) -> str:
    """A piece of a request as it can be shown in an answer."""
    return value.decode("utf-8", "backslashreplace")


class JsonResource(Resource):
    """A resource whose 404 and 405 are JSON documents; methods are `render_GET` and the like."""

    def __init__(self) -> None:
        Resource.__init__(self)

    def getChild(self, path: bytes, request: Request) -> Resource:
        """What is not there."""
        return Unknown()

    def allowed(self) -> list[str]:
        """The methods this resource answers."""
        names = {name[len("render_") :] for name in dir(self) if name.startswith("render_")}
        return sorted(names if "GET" in names else names - {"HEAD"})

    def render(self, request: Request) -> bytes | int:
        """Answer the method, or 405."""
        method, allowed = text_of(request.method), ", ".join(self.allowed())
        if method not in self.allowed():
            request.setHeader(b"allow", allowed.encode())
            return refuse(request, 405, "method-not-allowed", f"{text_of(request.path)} answers {allowed}")
        result: bytes | int = getattr(self, "render_" + method)(request)
        if isinstance(result, int) or (method != "HEAD" and request.code not in NO_BODY_CODES):
            return result
        # `twisted.web` would announce the length of what it sends, which is not the length of what a GET would get.
        if request.code not in NO_BODY_CODES:
            request.setHeader(b"content-length", b"%d" % len(result))
        request.finish()
        return NOT_DONE_YET


class Unknown(JsonResource):
    """Nothing is here."""

    isLeaf = True

    def render(self, request: Request) -> bytes | int:
        """404, whatever the method."""
        return refuse(request, 404, "not-found", f"There is nothing at {text_of(request.path)}")
