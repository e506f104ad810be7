"""Trying again: whether, when, and at which target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.task import deferLater

from gatewayd.core.messages import RequestHead, ResponseHead
from gatewayd.core.retry import Failure, Retries, decide, retry_after
from gatewayd.pipeline.attempt import Attempt

if TYPE_CHECKING:
    from gatewayd.http.connection import UpstreamConnection
    from gatewayd.pipeline.exchange import Exchange
    from gatewayd.pipeline.forward import Forward
    from gatewayd.upstream.target import Target


def may_repeat(head: RequestHead, retries: Retries) -> bool:
    """Whether a request that was sent may be sent again: its method is safe, or its client says that it is idempotent.

    `Idempotency-Key` says so (draft-ietf-httpapi-idempotency-key-header).
    """
    return head.method in retries.methods or b"\r\nidempotency-key:" in b"\r\n" + head.section.written.lower()


class Retrying:
    """The further attempts of one request; made when the first one failed. `finish` must be called once."""

    __slots__ = ("_exchange", "_forward", "_limit", "_made", "_retries", "_taken", "_tried")

    def __init__(self, forward: Forward, exchange: Exchange, retries: Retries, limit: float) -> None:
        self._forward = forward
        self._exchange = exchange
        self._retries = retries
        self._limit = limit
        self._made = 0  # further attempts
        self._taken = 0  # places taken in the budget
        self._tried: list[Target[UpstreamConnection]] = []

    def wait(self, attempt: Attempt, answer: ResponseHead | None) -> float | None:
        """Seconds until the next attempt, or None if the outcome of this one stands: `answer`, or none at all."""
        exchange, retries = self._exchange, self._retries
        if answer is None and attempt.kind is None:
            return None
        head, upload = exchange.head, exchange.upload
        assert head is not None
        application = exchange.application
        failure = Failure(
            answer.status if answer is not None else attempt.kind or "",
            attempt.sent,
            None if answer is None else _retry_after(answer, application.wall_clock()),
        )
        service = self._forward.service
        seconds = decide(
            retries,
            self._made,
            head.method,
            failure,
            keyed=may_repeat(head, retries),
            replayable=exchange.body is None or not exchange.body.opened or (upload is not None and upload.replayable),
            left=self._limit - application.now(),
            elsewhere=any(target is not attempt.target and target not in self._tried for target in service.candidates),
            random=application.random(),
        )
        if seconds is None or not service.budget.take(service.active):
            return None
        self._taken += 1
        self._made += 1
        self._tried.append(attempt.target)
        self._forward.counters.retry(attempt.kind or "status")
        return seconds

    async def pause(self, seconds: float) -> None:
        """Let time pass."""
        await deferLater(self._exchange.application.clock, seconds)

    def next(self) -> Attempt:
        """The next attempt, at a target that was not tried yet, if there is one. Raises `Refused`."""
        upload = self._exchange.upload
        if upload is not None:
            upload.detach()
        return self._forward.attempt(self._exchange, self._limit, self._tried)

    def finish(self) -> None:
        """The request is over."""
        for _ in range(self._taken):
            self._forward.service.budget.give_back()


def _retry_after(answer: ResponseHead, wall_now: float) -> float | None:
    """What the service says about when to ask again, in seconds."""
    for field in answer.section.fields:
        if field.name == b"retry-after":
            return retry_after(field.value, wall_now)
    return None
