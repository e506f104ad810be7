"""A request of stock `twisted.web` seen as the head that routes match.

It is good for finding a route, not for forwarding: `twisted.web` has already decoded the path's escapes, so the
difference between a reserved character and its escape is lost.
"""

from __future__ import annotations

from urllib.parse import quote_from_bytes

from twisted.web.iweb import IRequest

from gatewayd.core.authority import parse_authority
from gatewayd.core.messages import Field, HeaderSection, RequestHead, Role
from gatewayd.core.reasons import Refused

_PLAIN_RESERVED = "!$&'()*+,;=:@[]|^"


def canonical_segment(name: bytes) -> bytes:
    """A decoded path segment in the form that patterns have (see `gatewayd.core.pattern.parse_pattern`)."""
    return quote_from_bytes(name, safe=_PLAIN_RESERVED).encode("ascii")


def host_of(request: IRequest) -> bytes:
    """The host routes match: lower case, without port; empty where Host is absent or invalid."""
    written = request.requestHeaders.getRawHeaders(b"host") or [b""]
    try:
        return parse_authority(written[0])
    except Refused:
        return b""


def head_of(request: IRequest) -> RequestHead:
    """A head with what conditions look at: method, host, query and fields."""
    head = RequestHead()
    head.method = request.method
    head.host = host_of(request)
    _, mark, query = request.uri.partition(b"?")
    head.query = query if mark else None
    head.section = HeaderSection()
    head.section.fields = [
        Field(name.lower(), value, name + b": " + value + b"\r\n", Role.END_TO_END)
        for name, values in request.requestHeaders.getAllRawHeaders()
        for value in values
    ]
    return head
