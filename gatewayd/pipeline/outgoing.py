"""Heads as they leave: written anew from judged fields, never copied through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatewayd.core.messages import HeaderSection, RequestHead, ResponseHead
from gatewayd.http.sections import forwarded
from gatewayd.http.writer import Framing

if TYPE_CHECKING:
    from gatewayd.pipeline.asking import Asking
    from gatewayd.pipeline.edits import Edits
    from gatewayd.pipeline.exchange import Exchange

_RECEIVED = (b"1.0", b"1.1")
_NO_BODY = frozenset({204, 304})
_NOTHING: frozenset[bytes] = frozenset()
_NONE, _LENGTH, _CHUNKED, _CLOSE = Framing.NONE, Framing.LENGTH, Framing.CHUNKED, Framing.CLOSE


def request_head(
    exchange: Asking, head: RequestHead, target: bytes, host: bytes, edits: Edits | None, ours: bytes = b""
) -> bytes:
    """The head of the request to a service; `ours` are more lines that the gateway writes.

    Hop-by-hop fields and those that Connection nominates are gone already, then the route's edits apply, and only then
    ours are added, so that a client cannot name ours in Connection and be rid of them.
    """
    section = head.section
    if section.chunked:
        framing = b"Transfer-Encoding: chunked\r\n"
    elif section.length is not None:
        framing = b"Content-Length: %d\r\n" % section.length
    elif section.upgrade is not None and head.version:
        framing = b"Connection: Upgrade\r\nUpgrade: %b\r\n" % section.upgrade
    else:
        framing = b""
    if section.date and b"date" not in section.nominated and (edits is None or b"date" not in edits.gone):
        ours += section.date  # rare in requests, but signatures may cover it
    return b"%b %b HTTP/1.1\r\nHost: %b\r\n%bX-Request-Id: %b\r\nVia: %b %b\r\n%b%b\r\n" % (
        head.method,
        target,
        host,
        exchange.channel.peer.lines(head, None if edits is None else _edited(section, edits)),
        exchange.request_id,
        _RECEIVED[head.version],
        exchange.application.pseudonym,
        ours,
        framing,
    )


def _edited(section: HeaderSection, edits: Edits | None, gone: frozenset[bytes] = _NOTHING) -> bytes:
    """The lines to forward with the route's changes, and without the names in `gone`."""
    if edits is None:
        return b"".join(forwarded(section, section.nominated | gone))
    return b"".join(forwarded(section, section.nominated | gone | edits.gone)) + edits.instead(section)


def framing_of(head: RequestHead, answer: ResponseHead) -> Framing:
    """How the client will know the end of this answer."""
    if head.method == b"HEAD" or answer.status in _NO_BODY:
        return _NONE
    if answer.section.length is not None:
        return _LENGTH
    return _CHUNKED if head.version else _CLOSE


def response_head(
    exchange: Exchange,
    head: RequestHead,
    answer: ResponseHead,
    framing: Framing,
    edits: Edits | None,
    told: bytes = b"",
) -> bytes:
    """The head of the answer to the client, with what is `told` of the cache; decides whether the connection stays."""
    exchange.answer = answer
    ending, gone = told + exchange.cookie, _NOTHING
    if exchange.judged is not None:
        ending += exchange.judged.lines
    route = exchange.route
    if route is not None and route.finish is not None:
        finishing, gone = route.finish.of_answer(exchange, answer.section)
        ending += finishing
    if not head.keep_alive or framing is _CLOSE or not exchange.channel.persistent:
        exchange.keep_alive = False
        ending += b"Connection: close\r\n"
    elif not head.version:
        ending += b"Connection: keep-alive\r\n"
    if framing is _CHUNKED:
        ending += b"Transfer-Encoding: chunked\r\n"
    return b"%b%bX-Request-Id: %b\r\n\r\n" % (
        (edits is None and not gone and answer.forwarded) or _forwarded(exchange, answer, edits, gone),
        ending,
        exchange.request_id,
    )


def _forwarded(exchange: Exchange, answer: ResponseHead, edits: Edits | None, gone: frozenset[bytes]) -> bytes:
    """What an answer's head says to every client, without the names in `gone`; kept where the route changes nothing."""
    application, section = exchange.application, answer.section
    made = b"%b%b%b%bVia: %b %b\r\n" % (
        answer.line,
        section.date or b"Date: %b\r\n" % application.date(),
        section.lines if edits is None and not gone else _edited(section, edits, gone),
        b"" if section.length is None or answer.status == 204 else b"Content-Length: %d\r\n" % section.length,
        _RECEIVED[answer.version],
        application.pseudonym,
    )
    if edits is None and not gone and section.date:
        answer.forwarded = made
    return made


def switching_head(exchange: Exchange, answer: ResponseHead) -> bytes:
    """The head of a 101: the other protocol's fields, and the upgrade the service chose."""
    return b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %b\r\n%bX-Request-Id: %b\r\n\r\n" % (
        answer.section.upgrade or b"",
        answer.section.lines,
        exchange.request_id,
    )


def interim_head(answer: ResponseHead) -> bytes:
    """The head of a 1xx other than 101."""
    return b"%b%b\r\n" % (answer.line, answer.section.lines)
