"""Runs the one coroutine of a request.

Does what `Deferred.fromCoroutine` does, for awaits on `Slot` (cheap) and on `Deferred` alike, without a Deferred per
request and without copying a context: what a request carries travels in its Exchange.
"""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from typing import Any, TypeAlias

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gatewayd.core.slot import Slot

Awaited: TypeAlias = Slot[Any] | Deferred[Any]


class _Answered(Coroutine[Any, Any, None]):
    """A coroutine that has nothing left to do."""

    def send(self, value: object) -> Any:
        """The end."""
        raise StopIteration

    def throw(self, *error: Any) -> Any:
        """There is nothing to break off."""
        raise StopIteration

    def close(self) -> None:
        """It is at its end."""

    def __await__(self) -> Generator[Any, Any, None]:
        """Nothing is to be waited for."""
        yield from ()


ANSWERED = _Answered()
"""What a function that answers requests returns where it has done so at once: costs no coroutine."""


class Task:
    """A coroutine, run by `step`.

    Its end, and an error that escapes it, can be met by a subclass in `returned` and `raised`; else such an error is
    raised from whatever woke the coroutine.
    """

    _waiting: Awaited | None = None
    _error: BaseException | None = None
    _running = False
    _done = False

    def __init__(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self._coroutine = coroutine

    def step(self) -> None:
        """Run until the coroutine waits again or returns."""
        self._running = True
        try:
            waiting = self._coroutine.send(None)
            while (interruption := self._error) is not None:
                self._error = None
                waiting = self._interrupt(waiting, interruption)
        except StopIteration:
            self._running, self._done = False, True
            self.returned()
            return
        except BaseException as escaped:
            self._running, self._done = False, True
            self.raised(escaped)
            return
        self._running = False
        self._waiting = waiting
        if isinstance(waiting, Slot):
            waiting.waiting = self
        else:
            waiting.addBoth(self._fired, waiting)

    def returned(self) -> None:
        """The coroutine has returned."""

    def raised(self, error: BaseException) -> None:
        """An error has escaped the coroutine."""
        raise error

    def throw(self, error: BaseException) -> None:
        """Raise `error` where the coroutine waits; does nothing once it has returned.

        From within the coroutine's own step (a connection may be lost while it is written to) the error is raised at
        the coroutine's next wait.
        """
        if self._done:
            return
        if self._running:
            self._error = error
            return
        self._running = True
        try:
            waiting = self._interrupt(self._waiting, error)
            while (another := self._error) is not None:
                self._error = None
                waiting = self._interrupt(waiting, another)
        except StopIteration:
            self._running, self._done = False, True
            self.returned()
            return
        except BaseException as escaped:
            self._running, self._done = False, True
            self.raised(escaped)
            return
        self._running = False
        self._wait(waiting)

    def _interrupt(self, given_up: Awaited | None, error: BaseException) -> Awaited:
        """Raise `error` in the coroutine, which no longer waits for `given_up`; returns what it waits for next."""
        self._waiting = None
        if isinstance(given_up, Slot):
            given_up.waiting = None
        elif given_up is not None:
            given_up.addErrback(lambda _: None)  # its cancellation is no news
            given_up.cancel()
        awaited: Awaited = self._coroutine.throw(error)
        return awaited

    def _wait(self, waiting: Awaited) -> None:
        """Be woken when `waiting` has a result."""
        self._waiting = waiting
        if isinstance(waiting, Slot):
            waiting.waiting = self
        else:
            waiting.addBoth(self._fired, waiting)

    def _fired(self, result: object, waiting: Deferred[Any]) -> None:
        """A Deferred has its result, which the coroutine gets; unless it stopped waiting for this one."""
        if self._waiting is waiting:
            self._waiting = None
            if isinstance(result, Failure):
                assert result.value is not None
                self.throw(result.value)  # a Deferred that still runs its callbacks does not give its failure away
            else:
                self.step()
