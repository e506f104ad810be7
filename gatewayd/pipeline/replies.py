"""Answers the gateway gives itself: problem documents, redirects and fixed responses."""

from __future__ import annotations

import json
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from gatewayd.core.reasons import Reason, Refused
from gatewayd.http.writer import Framing

if TYPE_CHECKING:
    from gatewayd.pipeline.exchange import Exchange


@lru_cache(maxsize=512)
def status_line(status: int) -> bytes:
    """The status line with the phrase the RFCs give, or none."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Client Closed Request" if status == 499 else ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


def reply(exchange: Exchange, status: int, lines: bytes, body: bytes, *, finished: bool = False) -> None:
    """Write a whole response; `lines` are its field lines besides those every response gets.

    They are `finished` where they have what browsers are told already.
    """
    application, channel, head = exchange.application, exchange.channel, exchange.head
    exchange.status = status
    finish = application.finish if exchange.route is None else exchange.route.finish
    if exchange.judged is not None:
        lines += exchange.judged.lines
    if finish is not None and head is not None and not finished:
        lines += finish.of_reply(exchange)
    exchange.keep_alive = exchange.keep_alive and head is not None and head.keep_alive and channel.persistent
    connection = b"" if exchange.keep_alive and head is not None and head.version else _connection(exchange.keep_alive)
    bodiless = status in (204, 304)
    framing = b"" if bodiless else b"Content-Length: %d\r\n" % len(body)
    writer = channel.writer
    writer.begin(
        b"%bDate: %b\r\n%b%bX-Request-Id: %b\r\n%b\r\n"
        % (
            status_line(status),
            application.date(),
            lines,
            framing,
            exchange.request_id,
            connection,
        ),
        Framing.NONE if bodiless or (head is not None and head.method == b"HEAD") else Framing.LENGTH,
    )
    if body:
        writer.write(body)
    writer.end()


def _connection(keep_alive: bool) -> bytes:
    """The Connection field for a client that has to be told."""
    return b"Connection: keep-alive\r\n" if keep_alive else b"Connection: close\r\n"


def problem(exchange: Exchange, refused: Refused) -> None:
    """Write a refusal as `application/problem+json` (RFC 9457).

    `type` is a URN made of the reason's slug; `reason` repeats the slug, `request_id` names the request in the logs,
    and `retryable` says whether the same request may succeed later.
    """
    reason = refused.reason.shown or refused.reason
    if reason.closes:
        exchange.keep_alive = False
    lines = b"Content-Type: application/problem+json\r\nCache-Control: no-store\r\nX-Gateway-Reason: %b\r\n%b" % (
        reason.slug.encode(),
        refused.headers,
    )
    detail = "" if refused.reason.shown else refused.detail
    reply(exchange, reason.status, lines, _document(reason, detail, exchange.request_id))


def _document(reason: Reason, detail: str, request_id: bytes) -> bytes:
    """The problem document."""
    document: dict[str, object] = {
        "type": f"urn:gatewayd:problem:{reason.slug}",
        "title": reason.title,
        "status": reason.status,
        "reason": reason.slug,
        "retryable": reason.retryable,
        "request_id": request_id.decode("latin-1"),
    }
    if detail:
        document["detail"] = detail
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"
