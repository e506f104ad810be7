"""A one-shot result that a coroutine can wait for: a Deferred's job at a tenth of its cost.

The path of a request suspends twice (for the answer's head and for its end). With `twisted.internet.defer.Deferred`
and `fromCoroutine` those two waits cost 9 us of CPU, with a `Slot` under `gatewayd.pipeline.task.Task` less than 1 us
(docs/performance.md has the measurement). Everywhere else Deferreds are used as usual; a Task awaits both.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")


class Waiting(Protocol):
    """Whoever drives a coroutine that waits for a slot."""

    def step(self) -> None:
        """There is a result: go on."""


class Slot(Generic[T]):
    """Resolved or failed once, awaited at most once; what comes after the first result is ignored.

    `waiting` is set by whoever drives the coroutine that waits, and told as soon as there is a result.
    """

    done = False
    value: T | None = None
    error: BaseException | None = None
    waiting: Waiting | None = None

    def resolve(self, value: T) -> None:
        """Hand `value` to the waiter, now or when it comes to wait."""
        if not self.done:
            self.done = True
            self.value = value
            waiting = self.waiting
            if waiting is not None:
                self.waiting = None
                waiting.step()

    def fail(self, error: BaseException) -> None:
        """Raise `error` in the waiter, now or when it comes to wait."""
        if not self.done:
            self.done = True
            self.error = error
            waiting = self.waiting
            if waiting is not None:
                self.waiting = None
                waiting.step()

    def __await__(self) -> Generator[Any, Any, T]:
        """Suspend until there is a result, and return or raise it."""
        if not self.done:
            yield self
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]  # T may itself be None
