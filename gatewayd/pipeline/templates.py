"""Targets and locations made from a request: stripped prefixes, rewritten paths, redirects."""

from __future__ import annotations

from collections.abc import Callable

from gatewayd.config.models.templates import REST, Place, parse_template
from gatewayd.core.messages import RequestHead
from gatewayd.core.pattern import Pattern

Make = Callable[[RequestHead], bytes]


def strip(prefix: str) -> Make:
    """The target without the leading segments of `prefix`; what is left of "/api/v1" under "/api/v1" is "/"."""
    count = len(prefix.strip("/").split("/"))

    def stripped(head: RequestHead) -> bytes:
        return _with_query(b"/" + b"/".join(head.segments[count:]), head)

    return stripped


def rewrite(template: str, pattern: Pattern) -> Make:
    """The target that `template` makes, with the request's query behind it."""
    fill = _filler(template, pattern)
    return lambda head: _with_query(fill(head), head)


def location(template: str, pattern: Pattern) -> Make:
    """The Location that `template` makes; the query stands where it says `{query}`."""
    return _filler(template, pattern)


def _with_query(path: bytes, head: RequestHead) -> bytes:
    """`path` and the query of the request, if it has one."""
    return path if head.query is None else b"%b?%b" % (path, head.query)


def _filler(template: str, pattern: Pattern) -> Make:
    """What makes the bytes of `template` from a request."""
    parts: list[bytes | Make] = [
        _place(part, pattern) if isinstance(part, Place) else part.encode() for part in parse_template(template)
    ]

    def fill(head: RequestHead) -> bytes:
        return b"".join([part if isinstance(part, bytes) else part(head) for part in parts])

    return fill


def _place(place: Place, pattern: Pattern) -> Make:
    """What fills one place: a part of the request, a path parameter, or what `**` matched."""
    parameters = dict(pattern.parameters)
    if place.name in parameters:
        index = parameters[place.name]
        return lambda head: head.segments[index]
    if place.name == REST:
        length = len(pattern.parts)
        return lambda head: b"/".join(head.segments[length:])
    return _PLACES[place.name]


_PLACES: dict[str, Make] = {
    "host": lambda head: head.authority,
    "path": lambda head: head.path,
    "query": lambda head: b"" if head.query is None else b"?" + head.query,
}
