"""Calls to Redis: those of one turn of the reactor are a batch, which is written at once and has one time limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

from gatewayd.core.breaker import Permit
from gatewayd.core.outcomes import Outcome
from gatewayd.stores.interface import Argument, Script, Unavailable
from gatewayd.stores.redis.faults import Fault, leads_astray, no_answer, refused
from gatewayd.stores.redis.wire import Answer, Refusal, encode

if TYPE_CHECKING:
    from gatewayd.stores.redis.connection import Connection
    from gatewayd.stores.redis.desk import Desk

Again = tuple[Script, bytes, tuple[Argument, ...]]
"""A script, its key in Redis, and the arguments: what is sent once more where Redis does not have the script."""


class Batch:
    """Calls that share a permit and, until `deadline`, the hope for an answer.

    `left` is how many have none yet, `outcome` what the breaker is to be told of them.
    """

    __slots__ = ("calls", "deadline", "desk", "left", "opened", "outcome", "parts", "permit")

    def __init__(self, desk: Desk, permit: Permit, opened: float, deadline: float) -> None:
        self.desk = desk
        self.permit = permit
        self.opened = opened
        self.deadline = deadline
        self.outcome = Outcome.SUCCESS
        self.calls: list[Call] = []
        self.parts: list[bytes] = []
        self.left = 0

    def expire(self, now: float) -> None:
        """The time is over."""
        self.outcome = Outcome.TIMEOUT
        self.fail(no_answer(self.deadline - self.opened), now)

    def fail(self, fault: Fault, now: float) -> None:
        """Whatever has no answer gets none."""
        for call in self.calls:
            if call.answer is not None:
                call.fail(fault, now)


class Call:
    """One command under way, until `answer` is None.

    `observe` is told how long it took, `convert` makes of the answer what the caller wants. `scripted` is for a script
    that is not our own.
    """

    __slots__ = ("again", "answer", "batch", "convert", "observe", "scripted")

    def __init__(
        self,
        batch: Batch,
        observe: Callable[[float], object],
        convert: Callable[[Any], Any] | None,
        again: Again | None,
        scripted: bool,
    ) -> None:
        self.batch = batch
        self.observe = observe
        self.convert = convert
        self.again = again
        self.scripted = scripted
        self.answer: Deferred[Any] | None = Deferred()

    def answered(self, answer: Answer, now: float, connection: Connection) -> None:
        """Redis has answered, perhaps too late."""
        batch = self.batch
        batch.desk.waiting -= 1
        if self.answer is None:
            return
        if type(answer) is Refusal:
            self._refused(answer, now, connection)
            return
        result = answer
        if self.convert is not None:
            try:
                result = self.convert(answer)
            except (TypeError, ValueError):
                self.fail(Fault("other", "it answers something else than it was asked for"), now)
                return
        self._end(now).callback(result)

    def _refused(self, refusal: Refusal, now: float, connection: Connection) -> None:
        """Redis has answered with an error."""
        if self.again is not None and refusal.code == "NOSCRIPT":
            script, key, args = self.again
            self.again = None
            self.batch.desk.waiting += 1
            connection.send(((self, now),), encode(b"EVAL", script.lua.encode(), 1, key, *args))
            return
        fault = refused(refusal, self.scripted)
        if leads_astray(refusal):
            self.batch.outcome = Outcome.FAILURE
            self.batch.desk.astray(fault)
        self.fail(fault, now)

    def lost(self, fault: Fault, now: float) -> None:
        """The connection was lost."""
        self.batch.desk.waiting -= 1
        if self.answer is not None:
            self.batch.outcome = Outcome.FAILURE
            self.fail(fault, now)

    def fail(self, fault: Fault, now: float) -> None:
        """There is no answer."""
        self.batch.desk.failed(fault)
        answer = self._end(now)
        answer.errback(Unavailable(fault.kind, fault.why))

    def _end(self, now: float) -> Deferred[Any]:
        """Nothing more is to come of this call; whoever waits for it."""
        answer, self.answer = self.answer, None
        assert answer is not None
        batch = self.batch
        self.observe(now - batch.opened)
        batch.left -= 1
        if not batch.left:
            batch.desk.done(batch, now)
        return answer
