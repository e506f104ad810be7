"""Trying again: whether, when, and at which target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.task import deferLater

from gatewayd.core.messages import RequestHead, ResponseHead
from gatewayd.core.reasons import Refused
from gatewayd.core.retry import Failure, Retries, decide, retry_after
from gatewayd.pipeline.attempt import Attempt

if TYPE_CHECKING:
    from gatewayd.http.connection import UpstreamConnection
    from gatewayd.pipeline.exchange import Exchange
    from gatewayd.pipeline.forward import Forward
    from gatewayd.upstream.target import Target


def may_repeat(head: RequestHead, retries: Retries) -> bool:
    """Whether a request that was sent may be sent again: its method is safe, or its client says that it is idempotent.

    `Idempotency-Key` says so (draft-ietf-httpapi-idempotency-key-header), where the service gets to see it.
    """
    if head.method in retries.methods:
        return True
    section, name = head.section, retries.keyed
    return name is not None and b"\r\n%b:" % name in b"\r\n" + section.written.lower() and name not in section.nominated


class Retrying:
    """The further attempts of one request, within its deadline `limit` and the service's budget."""

    __slots__ = ("_exchange", "_forward", "_has_place", "_limit", "_made", "_retries", "_tried")

    def __init__(self, forward: Forward, exchange: Exchange, retries: Retries, limit: float) -> None:
        self._forward = forward
        self._exchange = exchange
        self._retries = retries
        self._limit = limit
        self._has_place = False  # in the budget
        self._made = 0  # further attempts
        self._tried: list[Target[UpstreamConnection]] = []

    async def run(
        self, attempt: Attempt, answer: ResponseHead | None, refused: Refused | None
    ) -> tuple[Attempt, ResponseHead]:
        """What is made of the first `attempt`, which got an `answer` that may be tried again, or was `refused`.

        The attempt whose answer it is, and that; raises `Refused` where the last one got none. The others are closed.
        """
        budget = self._forward.service.budget
        failed: Attempt | None = attempt
        try:
            while (seconds := self._wait(attempt, answer)) is not None:
                failed = None
                attempt.close()
                if self._exchange.upload is not None:
                    self._exchange.upload.detach()  # what comes in the pause waits, or there would be no beginning left
                if seconds:
                    await deferLater(self._exchange.application.clock, seconds)
                failed = attempt = self._forward.attempt(self._exchange, self._limit, self._tried)
                try:
                    answer, refused = await attempt.answer(), None
                except Refused as error:
                    answer, refused = None, error
                if answer is not None and answer.status not in self._retries.statuses:
                    break
            if answer is None:
                assert refused is not None
                raise refused
            failed = None
            return attempt, answer
        finally:
            if failed is not None:
                failed.close()
            if self._has_place:
                budget.give_back()

    def _wait(self, attempt: Attempt, answer: ResponseHead | None) -> float | None:
        """Seconds until the next attempt, or None if the outcome of this one stands: `answer`, or none at all."""
        exchange, service = self._exchange, self._forward.service
        tried = (*self._tried, attempt.target)
        elsewhere = any(target not in tried for target in service.candidates)
        # A target that has no connection left is no reason to refuse what another one could answer.
        kind = "connect" if attempt.full and elsewhere else attempt.kind
        if answer is None and kind is None:
            return None
        head, upload, application = exchange.head, exchange.upload, exchange.application
        assert head is not None
        failure = Failure(
            answer.status if answer is not None else kind or "",
            attempt.sent,
            None if answer is None else _retry_after(answer, application.wall_clock()),
        )
        seconds = decide(
            self._retries,
            self._made,
            head.method,
            failure,
            keyed=may_repeat(head, self._retries),
            replayable=exchange.body is None or not exchange.body.opened or (upload is not None and upload.replayable),
            left=self._limit - application.now(),
            elsewhere=elsewhere,
            random=application.random(),
        )
        if seconds is None or not (self._has_place or service.budget.take(service.active)):
            return None
        self._has_place = True  # of its attempts one is under way at a time
        self._made += 1
        self._tried.append(attempt.target)
        self._forward.counters.retry(kind or "status")
        return seconds


def _retry_after(answer: ResponseHead, wall_now: float) -> float | None:
    """What the service says about when to ask again, in seconds."""
    for field in answer.section.fields:
        if field.name == b"retry-after":
            return retry_after(field.value, wall_now)
    return None
