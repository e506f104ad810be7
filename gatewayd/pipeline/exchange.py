"""Exchange: the one value a request carries, from its head to the point where it is observed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.python.failure import Failure

from gatewayd.core.messages import RequestHead, ResponseHead
from gatewayd.core.reasons import (
    CLIENT_CLOSED,
    INTERNAL_ERROR,
    NO_ROUTE,
    OVERLOADED,
    SHUTTING_DOWN,
    Reason,
    Refused,
)
from gatewayd.http.channel import ServerChannel
from gatewayd.http.inbound import InboundBody
from gatewayd.log import Log, events
from gatewayd.pipeline import preflight, replies
from gatewayd.pipeline.outgoing import interim_head
from gatewayd.pipeline.task import ANSWERED, Task

if TYPE_CHECKING:
    from gatewayd.filters.caller import Caller
    from gatewayd.filters.limits import Flights, Judgement
    from gatewayd.http.connection import UpstreamConnection
    from gatewayd.http.tunnel import Tunnel
    from gatewayd.pipeline.application import Application
    from gatewayd.pipeline.chain import Check
    from gatewayd.pipeline.gathered import Gathered
    from gatewayd.pipeline.recording import Recording
    from gatewayd.pipeline.remembering import Remembering
    from gatewayd.pipeline.replay import Replay
    from gatewayd.pipeline.route import MethodCounters, Route
    from gatewayd.pipeline.unattended import Unattended
    from gatewayd.upstream.target import Target


class Abandoned(Exception):
    """Raised in the coroutine of a request whose client is gone, or has to go: nothing can be sent any more."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.slug)
        self.reason = reason


class Exchange(Task):
    """One request and what became of it. Times are seconds of the application's clock.

    Most of what can be said of a request is never said: such attributes are class attributes until they are set.
    """

    _log = Log(__name__)
    tunnel: Tunnel | None = None
    route: Route | None = None
    status = 0
    reason: Reason | None = None  # why the gateway, and not a service, ended it
    stood_in_for: Reason | None = None  # what the service was refused for that another answer stands in for
    service = ""
    target: Target[UpstreamConnection] | None = None  # asked last
    answer: ResponseHead | None = None  # a service's, or one that was kept
    attempts = 0
    upload: Replay | Gathered | None = None  # the body, where it may have to be sent again
    hurried = False  # the client gave it less time than the route does
    cookie = b""  # a Set-Cookie line for the answer
    caller: Caller | None = None  # who is calling, once known
    tenant = b""  # the caller's
    identity = b""  # field lines that tell a service who is calling
    by_cookie = False  # whether a cookie says who is calling
    judged: Judgement | None = None  # by limits, for answers to tell
    held: list[tuple[Flights, bytes]] | None = None  # where it counts as being answered
    recording: Recording | Remembering | None = None  # of the service's answer, where it may be kept
    outlives: Unattended | None = None  # where it is counted, should it go on without its client
    left: Reason | None = None  # why the client is gone from a request that went on
    upstream_time = 0.0
    keep_alive = True
    counters: MethodCounters | None = None  # of the route and method, once known

    def __init__(
        self,
        application: Application,
        channel: ServerChannel,
        head: RequestHead | None,
        body: InboundBody | None,
        since: float,
        request_id: bytes,
    ) -> None:
        self.application = application
        self.channel = channel
        self.head = head
        self.body = body
        self.since = since
        self.request_id = request_id

    # What the channel calls.

    def start(self) -> None:
        """Find the route, and let it answer."""
        head = self.head
        assert head is not None
        try:
            if head.target == b"*":
                raise Refused(NO_ROUTE)
            if head.section.suspect:
                self.application.hygiene(self)
            if head.method == b"OPTIONS" and (asked := preflight.route_of(self)) is not None:
                self._answer_preflight(asked)
                return
            self.route = route = self.application.locate(head).payload
        except Refused as refused:
            self._turn_away(refused)
            return
        except Exception as error:
            self.raised(error)
            return
        self.counters = counters = route.metrics.method(head.method)
        counters.in_progress += 1
        shedder = self.application.shedder
        if shedder.pressure and not shedder.admits(route.priority, self.application.random()):
            self.raised(Refused(OVERLOADED, "", b"Retry-After: 1\r\n"))
            return
        self._running = True  # a client that is lost meanwhile is noted for the first wait
        try:
            self._coroutine = coroutine = route.answer(self)
        except Exception as error:
            self.raised(error)
            return
        if coroutine is ANSWERED:
            self._done = True
            self._finish()
        else:
            self.step()

    def cancel(self, reason: Reason) -> None:
        """Stop everything; the client hears no more. What outlives its client goes on, unless the gateway stops."""
        outlives = self.outlives
        if outlives is not None and reason is not SHUTTING_DOWN and (self.left is not None or outlives.enter()):
            self.left = self.left or reason
            self.channel.let_go()
            return
        self.throw(Abandoned(reason))

    def fail(self, refused: Refused) -> None:
        """Refuse, if the answer has not begun; else break it off."""
        self.throw(refused)

    def interim(self, answer: ResponseHead) -> None:
        """A 1xx answer: passed on, except 100, which the gateway says itself, and to clients that know no 1xx."""
        head = self.head
        if answer.status != 100 and head is not None and head.version:
            self.channel.write_interim(interim_head(answer))

    def _turn_away(self, refused: Refused) -> None:
        """No route: say so, but count it first where requests are counted, or who looks for routes looks for free."""
        check = self.application.unrouted
        if check is None:
            self.raised(refused)
            return
        self._coroutine = _refusing(self, check, refused)
        self.step()

    def _answer_preflight(self, route: Route) -> None:
        """Tell a browser what another origin may do on `route`; the route itself hears nothing of it."""
        assert self.head is not None
        self.counters = counters = route.metrics.method(self.head.method)
        counters.in_progress += 1
        self.route = route
        check = self.application.preflights
        if check is None:
            preflight.answer(self, route)
            self._finish()
            return
        self._coroutine = preflight.answer_checked(self, check, route)
        self.step()

    # How it ends.

    def returned(self) -> None:
        """The route has answered."""
        self._finish()

    def raised(self, error: BaseException) -> None:
        """The route has not answered, or not to the end: say why, and account for it."""
        try:
            if isinstance(error, Refused):
                self._refuse(error)
            elif isinstance(error, Abandoned):
                self._abandon(error.reason)
            else:
                label = None if self.route is None else self.route.label
                self._log.failure(events.REQUEST_FAILED, Failure(error), about=self, route=label)
                self._refuse(Refused(INTERNAL_ERROR))
        finally:
            self._finish()

    def _refuse(self, refused: Refused) -> None:
        """Answer with a problem document, or break off the answer that has begun."""
        reason = refused.reason
        if self.channel.writer.started:
            self._end(reason, self.status)
            return
        self.reason = reason
        if reason.violation is not None:
            self.application.metrics.violation(reason.violation)
        replies.problem(self, refused)

    def _abandon(self, reason: Reason) -> None:
        """Nothing can be sent any more: 499, whoever cut it off. That a client ends its tunnel is how tunnels end."""
        if self.tunnel is None:
            self._end(reason, CLIENT_CLOSED.status)
        elif reason is not CLIENT_CLOSED:
            self._end(reason, self.status)

    def _end(self, reason: Reason, status: int) -> None:
        """Break off: the client must not take what it got for the whole answer."""
        self.reason = reason
        self.status = status
        self.keep_alive = False
        self.channel.abort()

    def _finish(self) -> None:
        """Leave nothing behind, be observed, and let the channel go on."""
        self.application.observe(self)
        if self.held is not None:
            for flights, key in self.held:
                flights.leave(key)
        channel = self.channel
        channel.writer.reset()
        channel.ended(self.keep_alive)


async def _refusing(exchange: Exchange, check: Check, refused: Refused) -> None:
    """Raises what `check` refuses a request with, or else `refused`."""
    waiting = check(exchange)
    if waiting is not None:
        await waiting
    raise refused
