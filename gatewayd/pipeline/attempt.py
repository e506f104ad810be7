"""One attempt at an answer: one target, one connection, and what they are told afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatewayd.core.breaker import Permit
from gatewayd.core.messages import ResponseHead
from gatewayd.core.outcomes import Outcome
from gatewayd.core.reasons import (
    BODY_TIMEOUT,
    CONNECT_FAILED,
    CONNECT_TIMEOUT,
    IDLE_TIMEOUT,
    POOL_EXHAUSTED,
    RESPONSE_TIMEOUT,
    TOTAL_TIMEOUT,
    UPSTREAM_MALFORMED,
    UPSTREAM_RESET,
    UPSTREAM_TLS,
    UPSTREAM_TRUNCATED,
    Reason,
    Refused,
)
from gatewayd.http.connection import StaleConnection, UpstreamConnection
from gatewayd.http.dial import Unresolved
from gatewayd.http.inbound import InboundBody
from gatewayd.pipeline.probation import Probation

if TYPE_CHECKING:
    from gatewayd.pipeline.asking import Asking
    from gatewayd.pipeline.forward import Forward
    from gatewayd.upstream.target import Target

# Methods that change nothing (RFC 9110 section 9.2.1): asking again does no harm.
SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE"})
_MOST_STALE = 2  # where the pool is full, another connection may have gone stale as well

# What failed, as the rules of breakers and those of retries call it, and downstream_errors_total but for names.
KINDS: dict[Reason, str] = {
    CONNECT_FAILED: "connect",
    CONNECT_TIMEOUT: "timeout",
    RESPONSE_TIMEOUT: "timeout",
    IDLE_TIMEOUT: "timeout",
    TOTAL_TIMEOUT: "timeout",
    UPSTREAM_TLS: "tls",
    UPSTREAM_RESET: "reset",
    UPSTREAM_TRUNCATED: "reset",
    UPSTREAM_MALFORMED: "protocol",
}


class Attempt:
    """Asks `target` within `limit` (the application's clock); to be closed once, whatever happened.

    `sent` tells whether the target may have seen the request, `kind` what failed (None if nothing did), `counted` what
    that is called in metrics, `full` that no connection was free. `answered` is when the head of the answer came, and
    `waited` how many seconds the target took for that, the client's upload left out.
    """

    connection: UpstreamConnection | None = None
    sent = False
    status: int | None = None
    kind: str | None = None
    counted: str | None = None
    full = False
    answered = 0.0
    waited = 0.0
    _permit: Permit | None = None
    _probation: Probation | None = None

    def __init__(
        self, forward: Forward, exchange: Asking, target: Target[UpstreamConnection], limit: float, now: float
    ) -> None:
        self._forward = forward
        self._exchange = exchange
        self._limit = limit
        self._began = now
        self.target = exchange.target = target
        target.active += 1
        if target.ejection is not None:
            self._permit = permit = target.permit(now)
            if permit is not None and permit.probe and isinstance(exchange.body, InboundBody):
                self._probation = Probation(permit, exchange.body, exchange.application)

    async def answer(self) -> ResponseHead:
        """Send the request; the head of the answer. Raises `Refused`."""
        forward, exchange, pool = self._forward, self._exchange, self.target.pool
        way, limit = forward.way, self._limit
        if way.per_try is not None:
            limit = min(limit, self._began + way.per_try)
        stale = 0
        try:
            self.connection = connection = pool.take() or await pool.acquire(limit)
            while True:
                self.sent = True
                try:
                    answer = await forward.send(exchange, self.target, connection, limit)
                    break
                except StaleConnection:
                    # The service closed the connection while the request was on its way: no sign of ill health.
                    assert exchange.head is not None
                    if exchange.body is not None or exchange.head.method not in SAFE or stale == _MOST_STALE:
                        raise Refused(UPSTREAM_RESET) from None
                    stale += 1
                    self.connection = None
                    self.connection = connection = await pool.acquire(limit)
        except Refused as refused:
            held_up = self.connection is not None and self.connection.held_up
            if limit < self._limit and refused.reason is TOTAL_TIMEOUT:
                if held_up:
                    refused = Refused(BODY_TIMEOUT, "The body did not arrive within the time of one attempt.")
                else:
                    refused = Refused(RESPONSE_TIMEOUT, "The service did not answer within the time of one attempt.")
            exchange.hurried = exchange.hurried or held_up
            self._failed(refused.reason)
            self.counted = "dns" if isinstance(refused, Unresolved) else self.kind
            raise refused from None
        if limit < self._limit:
            connection.extend(self._limit)
        self.status = status = answer.status
        self.answered = now = exchange.application.now()
        # An upload takes the time its client takes: the target's begins when it has all.
        self.waited = waited = now - self._began if exchange.body is None else max(0.0, now - connection.asked)
        if self._permit is not None and not self._permit.reported:
            if status >= 400:
                self._permit.note(f"status {status}")
            self._permit.report(way.rules.of_status(status), now, waited)
        if forward.learn is not None:
            forward.learn(self.target, waited, now)
        return answer

    def _failed(self, reason: Reason) -> None:
        """No answer came."""
        self.full = reason is POOL_EXHAUSTED
        self.kind = kind = KINDS.get(reason)
        permit = self._permit
        if permit is None or permit.reported:
            return
        if kind is None or (reason is TOTAL_TIMEOUT and (not self.sent or self._exchange.hurried)):
            outcome = Outcome.ABANDONED  # the target had no chance, or not the time it is given elsewhere
        else:
            outcome = self._forward.way.rules.of_error(kind)
            permit.note(reason.slug)
        permit.report(outcome, self._exchange.application.now())

    def broke_off(self, reason: Reason) -> None:
        """The answer that had begun broke off: the target's doing, unless its client took all the time."""
        self.kind = self.counted = KINDS.get(reason)
        exchange, connection = self._exchange, self.connection
        if reason is TOTAL_TIMEOUT and connection is not None and connection.held_up:
            exchange.hurried = True
        if self._permit is not None and self.kind is not None and not (reason is TOTAL_TIMEOUT and exchange.hurried):
            self._permit.note(reason.slug)
            self._permit.retract(exchange.application.now())

    def overtaken(self) -> None:
        """Another target answered first: this one is slow, whatever it would have said."""
        if self._forward.service.learn is not None:
            now = self._exchange.application.now()
            self._forward.service.learn(self.target, now - self._began, now)

    def release(self) -> None:
        """The answer is whole, and the connection free for others."""
        connection, self.connection = self.connection, None
        assert connection is not None
        self.target.pool.release(connection)

    def close(self, now: float | None = None) -> None:
        """Leave nothing behind, and count; `now` is the time, if the caller knows it."""
        exchange, status, counters = self._exchange, self.status, self._forward.counters
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.abort()
        self.target.active -= 1
        if now is None:
            now = exchange.application.now()
        if self._permit is not None and not self._permit.reported:
            self._permit.report(Outcome.ABANDONED, now)
        if self._probation is not None:
            self._probation.end()
        if self.counted is not None:
            counters.error(self.counted)
        elif status is None:
            return
        elif status >= 500:
            counters.error("http_5xx")
        counters.attempt(status, now - self._began)
