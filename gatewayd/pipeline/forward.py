"""The answer of most routes: ask a service, and stream its answer back."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from gatewayd.core.breaker import Permit, Rejected
from gatewayd.core.deadline import remaining_line, tighten
from gatewayd.core.messages import RequestHead, ResponseHead, Role
from gatewayd.core.outcomes import Outcome
from gatewayd.core.reasons import BODY_TOO_LARGE, CIRCUIT_OPEN, TOTAL_TIMEOUT, Refused
from gatewayd.core.slot import Slot
from gatewayd.http.connection import UpstreamConnection
from gatewayd.http.deadlines import NEVER
from gatewayd.http.inbound import InboundBody
from gatewayd.http.interfaces import AnswerSink
from gatewayd.http.tunnel import Tunnel
from gatewayd.http.writer import Framing
from gatewayd.pipeline.attempt import KINDS, SAFE, Attempt
from gatewayd.pipeline.hedging import Race
from gatewayd.pipeline.outgoing import framing_of, request_head, response_head, switching_head
from gatewayd.pipeline.probation import Probation
from gatewayd.pipeline.replay import Replay
from gatewayd.pipeline.retrying import Retrying, may_repeat

if TYPE_CHECKING:
    from gatewayd.pipeline.asking import Asking
    from gatewayd.pipeline.exchange import Exchange
    from gatewayd.pipeline.route import ServiceCounters
    from gatewayd.pipeline.way import Way
    from gatewayd.upstream.service import Service
    from gatewayd.upstream.target import Target

Learn = Callable[["Target[UpstreamConnection]", float, float], None]

_SOON = 2.0  # seconds: deadlines closer than this are kept more exactly than the regular sweep would


class Forward:
    """Forwards requests of one route to a service, in the way the route says.

    The service's breaker judges what became of a request after all its attempts; each target's own breaker judges every
    attempt at it.
    """

    __slots__ = ("counters", "learn", "service", "way")

    def __init__(self, service: Service[UpstreamConnection], counters: ServiceCounters, way: Way) -> None:
        self.service = service
        self.counters = counters
        self.learn = _both(service.learn, None if way.hedge is None else way.hedge.slow.observe)
        self.way = way

    async def __call__(self, exchange: Exchange) -> None:
        """Ask, and relay the answer; see `gatewayd.pipeline.exchange` for what happens to errors."""
        head, way, service, now = exchange.head, self.way, self.service, exchange.application.now
        assert head is not None
        if exchange.body is not None:
            self._take(exchange, head, exchange.body)
        exchange.service = service.name
        limit = NEVER if way.total is None else exchange.since + way.total
        if exchange.channel.peer.trusted:
            limit = self._tightened(exchange, head, limit)
        began = now()
        if limit <= began:
            raise Refused(TOTAL_TIMEOUT)  # nobody waits for the answer any more
        permit, probation = None, None
        if service.breaker is not None:
            try:
                permit = service.breaker.permit(began)
            except Rejected as rejected:
                raise _circuit_open(rejected) from None
            if permit.probe and exchange.body is not None:
                probation = Probation(permit, exchange.body, exchange.application)
        bulkhead, inside, queued, late, counted = service.bulkhead, False, True, False, True
        attempt: Attempt | None = None
        service.active += 1
        try:
            if bulkhead is not None:
                if (place := bulkhead.enter(limit)) is not None:
                    await place
                inside = True
            queued = False
            attempt = self.attempt(exchange, limit)
            answer, refused = None, None
            try:
                if way.hedge is None or exchange.body is not None or head.method not in SAFE:
                    answer = await attempt.answer()
                else:
                    attempt, answer = await Race(self, exchange, limit).run(attempt, way.hedge.delay())
            except Refused as error:
                refused = error
            retries = way.retries
            if retries is not None and (answer is None or answer.status in retries.statuses):
                first, attempt = attempt, None
                attempt, answer = await Retrying(self, exchange, retries, limit).run(first, answer, refused)
            if answer is None:
                assert refused is not None
                raise refused
            exchange.status = status = answer.status
            if permit is not None and not permit.reported:
                if status >= 400:
                    permit.note(f"status {status}")
                permit.report(way.rules.of_status(status), attempt.answered, attempt.waited)
            if status == 101:  # a tunnel may stay open for days, and is no request in flight any more
                counted = False
                service.active -= 1
                if bulkhead is not None:
                    inside = False
                    bulkhead.leave(attempt.waited)
                await self._tunnel(exchange, answer, attempt)
            else:
                connection, writer = attempt.connection, exchange.channel.writer
                assert connection is not None
                recording = exchange.recording
                sink: AnswerSink = writer
                if recording is not None and recording.takes(answer, way.response_edits):
                    if connection.whole is not None:  # else it is closed: nobody reads what is left
                        attempt.release()
                    return
                framing, told = framing_of(head, answer), b""
                if recording is not None:
                    told, sink = recording.told(), recording.tee(writer)
                writer.begin(response_head(exchange, head, answer, framing, way.response_edits, told), framing)
                if connection.whole is None:
                    exchange.channel.source = connection
                    await connection.relay(sink)
                    writer.end(connection.trailers)
                else:
                    if connection.whole:
                        sink.write(connection.whole)
                    writer.end()
                if exchange.body is not None:
                    (exchange.upload or exchange.body).detach()
                attempt.release()
                if recording is not None:
                    recording.ended()
        except Refused as refused:
            reason = refused.reason
            if attempt is not None and attempt.status is not None:
                attempt.broke_off(reason)
            late = KINDS.get(reason) == "timeout" and not (exchange.hurried and reason is TOTAL_TIMEOUT)
            if permit is not None and not queued:
                self.blame(permit, refused, now(), exchange.hurried)
            raise
        finally:
            ended = now()
            exchange.upstream_time += ended - began
            service.active -= counted
            if permit is not None and not permit.reported:
                permit.report(Outcome.ABANDONED, ended)
            if probation is not None:
                probation.end()
            if attempt is not None:
                attempt.close(ended)
            if inside and bulkhead is not None:
                waited = ended - began if late else None if attempt is None else attempt.waited or None
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

    def _tightened(self, exchange: Exchange, head: RequestHead, limit: float) -> float:
        """When all of a believed peer's request must be over: it may leave less time than the route does."""
        if exchange.application.accepts_timeouts:
            for field in head.section.special:
                if field.role is Role.TIMEOUT and field.meaning is not None:
                    earlier = tighten(limit, exchange.since, field.meaning)
                    exchange.hurried = exchange.hurried or earlier < limit
                    limit = earlier
        return limit

    # Asking.

    def attempt(self, exchange: Asking, limit: float, tried: Sequence[Target[UpstreamConnection]] = ()) -> Attempt:
        """An attempt at the target whose turn it is, rather at one that was not `tried`. Raises `Refused`."""
        way, service = self.way, self.service
        now = exchange.application.now()
        if service.sticky is None:
            target = service.pick(None if way.key is None else way.key(exchange), now, tried)
        else:
            target = self._staying(exchange, now, tried)
        return Attempt(self, exchange, target, limit, now)

    def _staying(
        self, exchange: Asking, now: float, tried: Sequence[Target[UpstreamConnection]]
    ) -> Target[UpstreamConnection]:
        """The target that the client's cookie names, or else another one and a cookie for it."""
        way, service = self.way, self.service
        ident = None if way.stay is None or tried else way.stay(exchange)
        target = None if ident is None else service.stays_with(ident, now)
        if target is None:
            target = service.pick(None if way.key is None else way.key(exchange), now, tried)
            assert service.sticky is not None
            exchange.cookie = service.sticky.line(target)
        return target

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
        ours = way.lines + exchange.identity
        if limit < NEVER:
            now = exchange.application.now()
            ours += remaining_line(now, limit)
            if limit - now < _SOON:
                exchange.application.hasten(limit)
        target_form = head.target if way.retarget is None else way.retarget(head)
        if way.proof is not None:
            ours += way.proof(exchange, head.method, target_form)
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

    # What the service's breaker is told.

    def blame(self, permit: Permit, refused: Refused, now: float, hurried: bool) -> None:
        """Tell the breaker what the request failed of, if that is the service's doing.

        It is not where the client gave less time than the service is given otherwise, or took it for itself.
        """
        kind = KINDS.get(refused.reason)
        if kind is None or (hurried and refused.reason is TOTAL_TIMEOUT):
            return
        permit.note(refused.reason.slug)
        if permit.reported:
            permit.retract(now)
        else:
            permit.report(self.way.rules.of_error(kind), now)


def _circuit_open(rejected: Rejected) -> Refused:
    """The refusal of a request that the breaker rejected, with the time until another may be let through."""
    seconds = max(1, math.ceil(rejected.retry_after))
    return Refused(CIRCUIT_OPEN, "", b"Retry-After: %d\r\n" % seconds)


def _both(learn: Learn | None, observe: Callable[[float], None] | None) -> Learn | None:
    """What is done with the time a target took: by what balances, by what hedges, by both or by nobody."""
    if observe is None:
        return learn
    if learn is None:
        return lambda target, seconds, now: observe(seconds)

    def both(target: Target[UpstreamConnection], seconds: float, now: float) -> None:
        learn(target, seconds, now)
        observe(seconds)

    return both
