"""Copies of a route's requests for a second service, whose answers nobody waits for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.python.failure import Failure

from gatewayd.core.breaker import Rejected
from gatewayd.core.messages import ResponseHead
from gatewayd.core.outcomes import Outcome
from gatewayd.core.reasons import Refused
from gatewayd.http.connection import UpstreamConnection
from gatewayd.log import Log, events
from gatewayd.pipeline.gathered import Gathered
from gatewayd.pipeline.replay import Replay
from gatewayd.pipeline.task import Task

if TYPE_CHECKING:
    from gatewayd.pipeline.attempt import Attempt
    from gatewayd.pipeline.exchange import Exchange
    from gatewayd.pipeline.forward import Forward
    from gatewayd.pipeline.route import Answer
    from gatewayd.upstream.target import Target

MARK = b"X-Gateway-Mirrored: 1\r\n"  # tells a service that the request is a copy
_LONGEST = 60.0  # seconds a copy may take


class Mirror:
    """Answers with `answer`, and sends copies of a `share` (0 to 1) of the requests on the way of `forward`.

    A copy is sent once the request's body, if it has one, has passed whole and within `most` bytes. At most `at_once`
    copies are on their way or being kept; further ones are not made. They are not tried again. What becomes of a copy
    concerns nobody but its service's counters and breaker, which may refuse it.
    """

    __slots__ = ("_answer", "_at_once", "_forward", "_most", "_random", "_share", "running")

    def __init__(
        self, answer: Answer, forward: Forward, share: float, at_once: int, most: int, random: Callable[[], float]
    ) -> None:
        self._answer = answer
        self._forward = forward
        self._share = share
        self._at_once = at_once
        self._most = most
        self._random = random
        self.running = 0

    async def __call__(self, exchange: Exchange) -> None:
        """Answer; the copy goes its own way."""
        body, head = exchange.body, exchange.head
        assert head is not None
        chosen = self.running < self._at_once and self._random() < self._share and head.section.upgrade is None
        if not chosen or (head.section.length or 0) > self._most:
            await self._answer(exchange)
        elif body is None:
            self._copy(exchange, None)
            await self._answer(exchange)
        else:
            exchange.upload = exchange.upload or Replay(body, self._most)
            self.running += 1
            try:
                await self._answer(exchange)
            finally:
                self.running -= 1
                whole = exchange.upload.whole  # of whatever stands before the body by now
                if whole is not None and len(whole) <= self._most:
                    self._copy(exchange, whole)

    def _copy(self, exchange: Exchange, body: bytes | None) -> None:
        """Send a copy."""
        self.running += 1
        _Copy(self, self._forward, exchange, body).step()


class _Copy(Task):
    """One copy on its way: asks as a request does (`gatewayd.pipeline.asking`), and takes the answer for nothing."""

    _log = Log(__name__)
    attempts = 0
    target: Target[UpstreamConnection] | None = None
    upload = None
    hurried = False
    cookie = b""

    def __init__(self, mirror: Mirror, forward: Forward, exchange: Exchange, body: bytes | None) -> None:
        super().__init__(self._ask(forward))
        self._mirror = mirror
        self.application = exchange.application
        self.channel = exchange.channel
        self.head = exchange.head
        self.request_id = exchange.request_id
        self.tenant = exchange.tenant
        self.identity = exchange.identity
        self.body: Gathered | None = None
        if body is not None:
            self.body = Gathered(body, chunked=exchange.body is not None and exchange.body.chunked)
        self.caller = exchange.caller

    async def _ask(self, forward: Forward) -> None:
        """Ask once."""
        now, breaker = self.application.now, forward.service.breaker
        permit = None if breaker is None else breaker.permit(now())
        attempt: Attempt | None = None
        try:
            attempt = forward.attempt(self, now() + _LONGEST, ())
            answer = await attempt.answer()
            if permit is not None:
                if answer.status >= 400:
                    permit.note(f"status {answer.status}")
                permit.report(forward.way.rules.of_status(answer.status), now(), attempt.waited)
            connection = attempt.connection
            assert connection is not None
            if connection.whole is None:
                await connection.relay(self)
            attempt.release()
        except Refused as refused:
            if attempt is not None and attempt.status is not None:
                attempt.broke_off(refused.reason)
            if permit is not None:
                forward.blame(permit, refused, now(), hurried=False)
        finally:
            if attempt is not None:
                attempt.close()
            if permit is not None and not permit.reported:
                permit.report(Outcome.ABANDONED, now())

    def returned(self) -> None:
        """It was asked, or could not be."""
        self._mirror.running -= 1

    def raised(self, error: BaseException) -> None:
        """The breaker refused it, or there is a bug."""
        self._mirror.running -= 1
        if not isinstance(error, Rejected):
            self._log.failure(events.MIRROR_FAILED, Failure(error))

    # Where answers go (gatewayd.http.interfaces.Asker and AnswerSink).

    def interim(self, answer: ResponseHead) -> None:
        """Nobody waits for it."""

    def write(self, data: bytes) -> None:
        """Nobody reads it."""

    def flush(self) -> None:
        """Nothing is kept."""
