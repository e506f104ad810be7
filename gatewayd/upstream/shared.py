"""One result that several wait for."""

from __future__ import annotations

from typing import Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

T = TypeVar("T")


class Shared(Generic[T]):
    """Whoever gives up waiting leaves; the others, and what they wait for, go on."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: dict[Deferred[T], None] = {}

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def wait(self) -> Deferred[T]:
        """Fires with what `settle` is told."""
        waiting: Deferred[T] = Deferred(self._leave)
        self._waiting[waiting] = None
        return waiting

    def settle(self, result: T) -> None:
        """All who wait get `result`, in the order they came."""
        waiting, self._waiting = self._waiting, {}
        for one in waiting:
            if not one.called:  # one of those before it may have made it give up
                one.callback(result)

    def fail(self, failure: Failure) -> None:
        """There is no result: all who wait are told why."""
        waiting, self._waiting = self._waiting, {}
        for one in waiting:
            if not one.called:
                one.errback(failure)

    def _leave(self, waiting: Deferred[T]) -> None:
        self._waiting.pop(waiting, None)
