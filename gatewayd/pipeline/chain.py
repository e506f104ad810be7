"""What a request has to pass before a route answers it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gatewayd.pipeline.exchange import Exchange
    from gatewayd.pipeline.route import Answer

Check = Callable[["Exchange"], "Awaitable[None] | None"]
"""Lets a request pass or raises `Refused`; what it answers, if anything, is to be awaited first."""


class Chain:
    """Answers with `answer` what passes every one of `checks`, in their order.

    Most checks are decided at once. Only where one has to wait for something is there a coroutine of its own.
    """

    __slots__ = ("_answer", "_checks")

    def __init__(self, checks: Sequence[Check], answer: Answer) -> None:
        self._checks = tuple(checks)
        self._answer = answer

    def __call__(self, exchange: Exchange) -> Coroutine[Any, Any, None]:
        """The answer, or what waits for it. Raises `Refused`."""
        for check in self._checks:
            waiting = check(exchange)
            if waiting is not None:
                return self._wait(exchange, check, waiting)
        return self._answer(exchange)

    async def _wait(self, exchange: Exchange, check: Check, waiting: Awaitable[None]) -> None:
        """Wait for a check, and go on with those behind it."""
        await waiting
        for other in self._checks[self._checks.index(check) + 1 :]:
            again = other(exchange)
            if again is not None:
                await again
        await self._answer(exchange)
