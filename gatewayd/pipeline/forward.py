"""The answer of most routes: ask a service, and stream its answer back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gatewayd.core.breaker import Breaker, Permit, Rejected
from gatewayd.core.deadline import remaining_line, tighten
from gatewayd.core.messages import RequestHead, ResponseHead, Role
from gatewayd.core.outcomes import Outcome
from gatewayd.core.reasons import BODY_TOO_LARGE, CIRCUIT_OPEN, TOTAL_TIMEOUT, Refused
from gatewayd.core.slot import Slot
from gatewayd.http.connection import UpstreamConnection
from gatewayd.http.deadlines import NEVER
from gatewayd.http.inbound import InboundBody
from gatewayd.http.tunnel import Tunnel
from gatewayd.http.writer import Framing
from gatewayd.pipeline.attempt import KINDS, SAFE, Attempt
from gatewayd.pipeline.hedging import Race
from gatewayd.pipeline.outgoing import framing_of, request_head, response_head, switching_head
from gatewayd.pipeline.replay import Replay
from gatewayd.pipeline.retrying import Retrying, may_repeat

if TYPE_CHECKING:
    from gatewayd.pipeline.asking import Asking
    from gatewayd.pipeline.exchange import Exchange
    from gatewayd.pipeline.route import ServiceCounters
    from gatewayd.pipeline.way import Way
    from gatewayd.upstream.service import Service
    from gatewayd.upstream.target import Target

_SOON = 2.0  # seconds: deadlines closer than this are kept more exactly than the regular sweep would


class Forward:
    """Forwards requests of one route to a service, in the way the route says.

    The service's breaker judges what became of a request after all its attempts; each target's own breaker judges every
    attempt at it.
    """

    __slots__ = ("counters", "service", "way")

    def __init__(self, service: Service[UpstreamConnection], counters: ServiceCounters, way: Way) -> None:
        self.service = service
        self.counters = counters
        self.way = way

    async def __call__(self, exchange: Exchange) -> None:
        """Ask, and relay the answer; see `gatewayd.pipeline.exchange` for what happens to errors."""
        head, service, now = exchange.head, self.service, exchange.application.now
        assert head is not None
        if exchange.body is not None:
            self._take(exchange, head, exchange.body)
        exchange.service = service.name
        limit = self._limit(exchange, head)
        began = now()
        permit = None if service.breaker is None else self._permit(service.breaker, began)
        bulkhead, inside = service.bulkhead, False
        late = False
        attempt: Attempt | None = None
        service.active += 1
        try:
            if bulkhead is not None:
                if (place := bulkhead.enter(limit)) is not None:
                    await place
                inside = True
            attempt, answer = await self._answer(exchange, limit)
            exchange.status = status = answer.status
            if permit is not None:
                permit.report(self.way.rules.of_status(status), now(), attempt.waited)
            if status == 101:
                if bulkhead is not None:
                    inside = False
                    bulkhead.leave(attempt.waited)  # a tunnel may stay open for days
                await self._tunnel(exchange, answer, attempt)
            else:
                await self._relay(exchange, head, answer, attempt)
        except Refused as refused:
            late = KINDS.get(refused.reason) == "timeout"
            if permit is not None:
                self.blame(permit, refused, now(), exchange.hurried)
            if attempt is not None:
                attempt.broke_off(refused.reason)
            raise
        finally:
            ended = now()
            exchange.upstream_time = ended - began
            service.active -= 1
            if permit is not None and not permit.reported:
                permit.report(Outcome.ABANDONED, ended)
            if attempt is not None:
                attempt.close()
            if inside and bulkhead is not None:
                waited = ended - began if late else None if attempt is None else attempt.waited
                bulkhead.leave(waited, dropped=late or exchange.status == 503)

    # Before anybody is asked.

    def _take(self, exchange: Exchange, head: RequestHead, body: InboundBody) -> None:
        """Bound the request's body, and keep what passes of it where it may have to be sent again."""
        most = self.way.body_size
        if most is not None:
            if (head.section.length or 0) > most:
                raise Refused(BODY_TOO_LARGE, f"The route takes at most {most} bytes.")
            body.limit = most
        retries = self.way.retries
        if retries is not None and retries.body and exchange.upload is None and may_repeat(head, retries):
            exchange.upload = Replay(body, retries.body)

    def _limit(self, exchange: Exchange, head: RequestHead) -> float:
        """When all of the request must be over: the route's time, which a believed peer may shorten."""
        total = self.way.total
        limit = NEVER if total is None else exchange.since + total
        if exchange.channel.peer.trusted and exchange.application.accepts_timeouts:
            for field in head.section.special:
                if field.role is Role.TIMEOUT and field.meaning is not None:
                    earlier = tighten(limit, exchange.since, field.meaning)
                    exchange.hurried = exchange.hurried or earlier < limit
                    limit = earlier
        return limit

    # Asking.

    def attempt(self, exchange: Asking, limit: float, tried: Sequence[Target[UpstreamConnection]]) -> Attempt:
        """An attempt at the target whose turn it is, rather at one that was not `tried`. Raises `Refused`."""
        way, service = self.way, self.service
        now = exchange.application.now()
        target = None
        if way.stay is not None and not tried:
            ident = way.stay(exchange)
            target = None if ident is None else service.stays_with(ident, now)
        if target is None:
            target = service.pick(None if way.key is None else way.key(exchange), now, tried)
            if service.sticky is not None:
                exchange.cookie = service.sticky.line(target)
        return Attempt(self, exchange, target, limit, now)

    async def _answer(self, exchange: Exchange, limit: float) -> tuple[Attempt, ResponseHead]:
        """The head of the answer, and the attempt that got it. Raises `Refused`."""
        way, head = self.way, exchange.head
        assert head is not None
        retries, hedge = way.retries, way.hedge
        retrying: Retrying | None = None
        attempt: Attempt | None = self.attempt(exchange, limit, ())
        try:
            while True:
                assert attempt is not None
                answer, refused = None, None
                try:
                    if hedge is None or exchange.body is not None or head.method not in SAFE:
                        answer = await attempt.answer()
                    else:
                        attempt, answer = await Race(self, exchange, limit).run(attempt, hedge.delay())
                    if retries is None or answer.status not in retries.statuses:
                        break
                except Refused as error:
                    refused = error
                if retries is None:
                    assert refused is not None
                    raise refused
                if retrying is None:
                    retrying = Retrying(self, exchange, retries, limit)
                pause = retrying.wait(attempt, answer)
                if pause is None:
                    if refused is not None:
                        raise refused
                    break
                attempt.close()
                attempt = None
                if pause:
                    await retrying.pause(pause)
                attempt = retrying.next()
        except BaseException:
            if attempt is not None:
                attempt.close()
            raise
        finally:
            if retrying is not None:
                retrying.finish()
        assert answer is not None
        return attempt, answer

    def send(
        self, exchange: Asking, target: Target[UpstreamConnection], connection: UpstreamConnection, limit: float
    ) -> Slot[ResponseHead]:
        """Send the request on `connection`; the slot gets the answer's head."""
        exchange.attempts += 1
        head, way = exchange.head, self.way
        assert head is not None
        host = way.host
        if host is None:
            host = head.authority or target.authority
        elif not host:
            host = target.authority
        ours = way.lines
        if limit < NEVER:
            now = exchange.application.now()
            ours += remaining_line(now, limit)
            if limit - now < _SOON:
                exchange.application.hasten(limit)
        target_form = head.target if way.retarget is None else way.retarget(head)
        return connection.send(
            request_head(exchange, head, target_form, host, way.request_edits, ours),
            exchange.upload or exchange.body,
            way.timeouts,
            limit,
            head.method == b"HEAD",
            head.section.upgrade if head.version else None,
            exchange,
        )

    # The answer.

    async def _relay(self, exchange: Exchange, head: RequestHead, answer: ResponseHead, attempt: Attempt) -> None:
        """Stream the answer to the client."""
        connection = attempt.connection
        assert connection is not None
        framing = framing_of(head, answer)
        channel = exchange.channel
        writer = channel.writer
        writer.begin(response_head(exchange, head, answer, framing, self.way.response_edits), framing)
        if connection.whole is None:
            channel.source = connection
            await connection.relay(writer)
            writer.end(connection.trailers)
        else:
            if connection.whole:
                writer.write(connection.whole)
            writer.end()
        if exchange.body is not None:
            (exchange.upload or exchange.body).detach()
        attempt.release()

    async def _tunnel(self, exchange: Exchange, answer: ResponseHead, attempt: Attempt) -> None:
        """Hand the client's connection to the service until one of them closes it."""
        connection, channel = attempt.connection, exchange.channel
        assert connection is not None
        writer = channel.writer
        writer.begin(switching_head(exchange, answer), Framing.NONE)
        writer.end()
        exchange.keep_alive = False
        exchange.tunnel = tunnel = Tunnel(channel, connection)
        await tunnel.open()

    # What the service's breaker is asked and told.

    def _permit(self, breaker: Breaker, now: float) -> Permit:
        """The breaker's permission. Raises `Refused`, with the time until the next may be had."""
        try:
            return breaker.permit(now)
        except Rejected as rejected:
            seconds = max(1, math.ceil(rejected.retry_after))
            raise Refused(CIRCUIT_OPEN, "", b"Retry-After: %d\r\n" % seconds) from None

    def blame(self, permit: Permit, refused: Refused, now: float, hurried: bool) -> None:
        """Tell the breaker what the request failed of, if that is the service's doing.

        It is not where the client gave less time than the service is given otherwise.
        """
        kind = KINDS.get(refused.reason)
        if kind is None or (hurried and refused.reason is TOTAL_TIMEOUT):
            return
        if permit.reported:
            permit.retract(now)
        else:
            permit.report(self.way.rules.of_error(kind), now)
