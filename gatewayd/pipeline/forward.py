"""The answer of most routes: ask a service, and stream its answer back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gatewayd.core.messages import RequestHead, ResponseHead
from gatewayd.core.reasons import (
    BODY_TOO_LARGE,
    CONNECT_FAILED,
    CONNECT_TIMEOUT,
    IDLE_TIMEOUT,
    RESPONSE_TIMEOUT,
    TOTAL_TIMEOUT,
    UPSTREAM_MALFORMED,
    UPSTREAM_RESET,
    UPSTREAM_TRUNCATED,
    Reason,
    Refused,
)
from gatewayd.core.slot import Slot
from gatewayd.http.connection import StaleConnection, UpstreamConnection
from gatewayd.http.deadlines import NEVER
from gatewayd.http.inbound import InboundBody
from gatewayd.http.interfaces import RequestTimeouts
from gatewayd.http.tunnel import Tunnel
from gatewayd.http.writer import Framing
from gatewayd.pipeline.outgoing import framing_of, request_head, response_head, switching_head

if TYPE_CHECKING:
    from gatewayd.pipeline.edits import Edits
    from gatewayd.pipeline.exchange import Exchange
    from gatewayd.pipeline.route import ServiceCounters
    from gatewayd.upstream.service import Service, Target

# Methods that change nothing (RFC 9110 section 9.2.1): asking again does no harm.
_SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE"})
_MOST_ATTEMPTS = 3  # where the pool is full, a retry may get another connection that has gone stale

# The error_type of downstream_errors_total for each way an attempt fails.
_ERROR_TYPES: dict[Reason, str] = {
    CONNECT_FAILED: "connect",
    CONNECT_TIMEOUT: "timeout",
    RESPONSE_TIMEOUT: "timeout",
    IDLE_TIMEOUT: "timeout",
    TOTAL_TIMEOUT: "timeout",
    UPSTREAM_RESET: "reset",
    UPSTREAM_TRUNCATED: "reset",
    UPSTREAM_MALFORMED: "protocol",
}


class Forward:
    """Forwards requests of one route to a service.

    `host` is the Host to send: None for the client's, b"" for the target's own. `retarget` makes the target the
    service sees, None leaves it as it is. `body_size` is in bytes, None for unlimited.
    """

    __slots__ = (
        "_body_size",
        "_counters",
        "_host",
        "_name",
        "_request_edits",
        "_response_edits",
        "_retarget",
        "_service",
        "_timeouts",
        "_total",
    )

    def __init__(
        self,
        service: Service[UpstreamConnection],
        counters: ServiceCounters,
        *,
        timeouts: RequestTimeouts,
        total: float | None,
        body_size: int | None,
        host: bytes | None,
        retarget: Callable[[RequestHead], bytes] | None,
        request_edits: Edits | None,
        response_edits: Edits | None,
    ) -> None:
        self._service = service
        self._name = service.name
        self._counters = counters
        self._timeouts = timeouts
        self._total = total
        self._body_size = body_size
        self._host = host
        self._retarget = retarget
        self._request_edits = request_edits
        self._response_edits = response_edits

    async def __call__(self, exchange: Exchange) -> None:
        """Ask, and relay the answer; see `gatewayd.pipeline.exchange` for what happens to errors."""
        head, body = exchange.head, exchange.body
        assert head is not None
        if body is not None and self._body_size is not None:
            self._bound(head, body, self._body_size)
        exchange.service = self._name
        exchange.target = target = self._service.pick()
        now = exchange.application.now
        asked = now()
        status: int | None = None
        failed = False
        try:
            connection = target.pool.take()
            if connection is None:
                connection = await target.pool.acquire(self._limit(exchange))
            while True:
                try:
                    answer = await self._ask(exchange, head, target, connection)
                    break
                except StaleConnection:
                    # The service closed the connection while the request was on its way: no sign of ill health.
                    if body is not None or head.method not in _SAFE or exchange.attempts == _MOST_ATTEMPTS:
                        raise Refused(UPSTREAM_RESET) from None
                    connection = await target.pool.acquire(self._limit(exchange))
            exchange.status = status = answer.status
            if status == 101:
                await self._tunnel(exchange, answer, connection)
            else:
                framing = framing_of(head, answer)
                channel = exchange.channel
                writer = channel.writer
                writer.begin(response_head(exchange, head, answer, framing, self._response_edits), framing)
                if connection.whole is None:
                    channel.source = connection
                    await connection.relay(writer)
                    writer.end(connection.trailers)
                else:
                    if connection.whole:
                        writer.write(connection.whole)
                    writer.end()
                exchange.connection = None
                if body is not None:
                    body.detach()
                target.pool.release(connection)
        except Refused as refused:
            error_type = _ERROR_TYPES.get(refused.reason)
            if error_type is not None:
                failed = True
                self._counters.error(error_type)
            raise
        finally:
            exchange.upstream_time = seconds = now() - asked
            if failed or status is not None:
                self._counters.attempt(status, seconds)
        if status >= 500:
            self._counters.error("http_5xx")

    def _limit(self, exchange: Exchange) -> float:
        """When all of the request must be over."""
        return NEVER if self._total is None else exchange.since + self._total

    def _bound(self, head: RequestHead, body: InboundBody, most: int) -> None:
        """Refuse a body that says it is too large, and have one that does not say stopped in time."""
        if (head.section.length or 0) > most:
            raise Refused(BODY_TOO_LARGE, f"The route takes at most {most} bytes.")
        body.limit = most

    def _ask(
        self, exchange: Exchange, head: RequestHead, target: Target[UpstreamConnection], connection: UpstreamConnection
    ) -> Slot[ResponseHead]:
        """Send the request on `connection`; the slot gets the answer's head."""
        exchange.attempts += 1
        exchange.connection = connection
        host = self._host
        if host is None:
            host = head.authority or target.authority
        elif not host:
            host = target.authority
        return connection.send(
            request_head(
                exchange,
                head,
                head.target if self._retarget is None else self._retarget(head),
                host,
                self._request_edits,
            ),
            exchange.body,
            self._timeouts,
            NEVER if self._total is None else exchange.since + self._total,
            head.method == b"HEAD",
            head.section.upgrade if head.version else None,
            exchange,
        )

    async def _tunnel(self, exchange: Exchange, answer: ResponseHead, connection: UpstreamConnection) -> None:
        """Hand the client's connection to the service until one of them closes it."""
        channel = exchange.channel
        writer = channel.writer
        writer.begin(switching_head(exchange, answer), Framing.NONE)
        writer.end()
        exchange.keep_alive = False
        exchange.tunnel = tunnel = Tunnel(channel, connection)
        await tunnel.open()
