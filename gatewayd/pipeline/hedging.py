"""Asking a second target where the first is unusually slow, and taking whichever answers first.

As in Dean and Barroso, "The Tail at Scale" (CACM 56(2), 2013): the second request is sent only after the time in which
most are answered, so that it costs a few percent more requests. An answer that counts as a failure is taken only if no
other comes: a target that fails is often the quickest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatewayd.core.messages import ResponseHead
from gatewayd.core.outcomes import Outcome
from gatewayd.core.reasons import CLIENT_CLOSED, Refused
from gatewayd.core.slot import Slot
from gatewayd.pipeline.attempt import Attempt
from gatewayd.pipeline.task import Task

if TYPE_CHECKING:
    from gatewayd.pipeline.exchange import Exchange
    from gatewayd.pipeline.forward import Forward


class _Entrant(Task):
    """An attempt that runs beside another one."""

    def __init__(self, attempt: Attempt, race: Race) -> None:
        super().__init__(self._run())
        self.attempt = attempt
        self.answer: ResponseHead | None = None
        self.error: BaseException | None = None
        self._race = race

    async def _run(self) -> None:
        self.answer = await self.attempt.answer()

    @property
    def won(self) -> bool:
        """Whether it has an answer that is no failure."""
        return self.answer is not None and self._race.counts(self.answer)

    @property
    def running(self) -> bool:
        """Whether it may still answer."""
        return self.answer is None and self.error is None

    def returned(self) -> None:
        """It has an answer."""
        self._race.stir()

    def raised(self, error: BaseException) -> None:
        """It has none."""
        self.error = error
        self._race.stir()

    def leave(self) -> None:
        """Stop, and leave nothing behind."""
        if self.running:
            self.attempt.overtaken()
            self.throw(Refused(CLIENT_CLOSED))
        self.attempt.close()


class Race:
    """One request at one target and, after a while, at a second one too."""

    __slots__ = ("_entrants", "_exchange", "_forward", "_limit", "_stirred")

    def __init__(self, forward: Forward, exchange: Exchange, limit: float) -> None:
        self._forward = forward
        self._exchange = exchange
        self._limit = limit
        self._entrants: list[_Entrant] = []
        self._stirred: Slot[None] = Slot()

    def counts(self, answer: ResponseHead) -> bool:
        """Whether an answer ends the race."""
        return self._forward.way.rules.of_status(answer.status) is not Outcome.FAILURE

    def stir(self) -> None:
        """Something happened: an attempt is over, or it is time for a second one."""
        self._stirred.resolve(None)

    async def run(self, attempt: Attempt, delay: float) -> tuple[Attempt, ResponseHead]:
        """The better answer of `attempt` and, after `delay` seconds, of another one elsewhere; the loser is closed.

        If both fail, what `attempt` failed with is raised, and `attempt` is still to be closed by the caller.
        """
        budget, exchange = self._forward.service.budget, self._exchange
        cookie = exchange.cookie
        timer = exchange.application.clock.callLater(delay, self.stir)
        hedging = False
        try:
            first = self._enter(attempt)
            await self._next()
            if first.running:
                hedging = self._forward.service.has_other(attempt.target) and budget.take(self._forward.service.active)
                if hedging:
                    self._forward.counters.retry("hedge")
                    self._enter(self._forward.attempt(exchange, self._limit, (attempt.target,)))
            while self._any_running() and not any(entrant.won for entrant in self._entrants):
                await self._next()
            answered = [entrant for entrant in self._entrants if entrant.answer is not None]
            winner = next((entrant for entrant in answered if entrant.won), answered[0] if answered else first)
            for entrant in self._entrants:
                if entrant is not winner:
                    entrant.leave()
            self._entrants.clear()
            if winner.answer is None:
                assert winner.error is not None
                raise winner.error
            exchange.target = winner.attempt.target
            if winner is first:
                exchange.cookie = cookie  # not the one for a target that lost
            return winner.attempt, winner.answer
        finally:
            if timer.active():
                timer.cancel()
            if hedging:
                budget.give_back()
            for entrant in self._entrants:  # whoever waited for an answer has gone
                if entrant.attempt is attempt:
                    if entrant.running:
                        entrant.throw(Refused(CLIENT_CLOSED))
                else:
                    entrant.leave()

    def _enter(self, attempt: Attempt) -> _Entrant:
        """Let an attempt run."""
        entrant = _Entrant(attempt, self)
        self._entrants.append(entrant)
        entrant.step()
        return entrant

    def _any_running(self) -> bool:
        return any(entrant.running for entrant in self._entrants)

    async def _next(self) -> None:
        """Wait until something happens, or return at once where it already has."""
        stirred = self._stirred
        await stirred
        self._stirred = Slot()
