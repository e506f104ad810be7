"""A circuit breaker around anything that answers with a Deferred, and the log line of a change of state."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Generic, ParamSpec, TypeVar, cast

from twisted.internet.defer import Deferred, TimeoutError, fail, maybeDeferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from gatewayd.core.breaker import Breaker, Permit, Rejected, State, Transition
from gatewayd.core.outcomes import Outcome
from gatewayd.log import Log, events

P = ParamSpec("P")
T = TypeVar("T")

_log = Log(__name__)


def _nothing(error: BaseException) -> bool:
    """Every exception is a failure."""
    return False


class CircuitBreaker:
    """Calls functions while `breaker` permits it, and tells it how that went.

    A call that takes longer than `timeout` seconds (None: no limit) is cancelled, and counts as timed out. Exceptions
    are failures unless `ignore` says that one tells nothing about what was called.
    """

    __slots__ = ("_clock", "_ignore", "_timeout", "breaker")

    def __init__(
        self,
        breaker: Breaker,
        clock: IReactorTime,
        timeout: float | None = 10.0,
        ignore: Callable[[BaseException], bool] = _nothing,
    ) -> None:
        self.breaker = breaker
        self._clock = clock
        self._timeout = timeout
        self._ignore = ignore

    def call(
        self,
        function: Callable[P, Deferred[T] | Coroutine[Deferred[Any], Any, T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Deferred[T]:
        """What `function` answers, or its exception.

        Fails at once with `Rejected` where the breaker does not permit the call, and with Twisted's `TimeoutError` when
        the time is over. Cancelling it cancels the call, and tells the breaker nothing.
        """
        try:
            permit = self.breaker.permit(self._clock.seconds())
        except Rejected as rejected:
            return fail(rejected)
        call: _Call[T] = _Call(permit, self._clock, self._ignore)
        # Twisted has one signature for functions that answer Deferreds, and one for coroutine functions.
        begin = cast("Callable[P, Deferred[T]]", function)
        call.begin(maybeDeferred(begin, *args, **kwargs), self._timeout)
        return call.result


class _Call(Generic[T]):
    """One call under way: it answers, fails, runs out of time or is cancelled, whichever comes first.

    What the caller gets is a Deferred of its own, so that a call which is slow to take its cancellation, or does not
    take it at all, keeps nobody waiting.
    """

    __slots__ = ("_clock", "_ignore", "_permit", "_timer", "_under_way", "result")

    def __init__(self, permit: Permit, clock: IReactorTime, ignore: Callable[[BaseException], bool]) -> None:
        self._permit = permit
        self._clock = clock
        self._ignore = ignore
        self._timer: IDelayedCall | None = None
        self._under_way: Deferred[T] | None = None
        self.result: Deferred[T] = Deferred(self._cancelled)

    def begin(self, under_way: Deferred[T], timeout: float | None) -> None:
        """Wait for `under_way`, but not longer than `timeout`."""
        self._under_way = under_way
        under_way.addCallbacks(self._succeeded, self._failed)
        if timeout is not None and not self._permit.reported:
            self._timer = self._clock.callLater(timeout, self._timed_out, timeout)

    def _succeeded(self, value: T) -> None:
        """There is an answer; one that comes too late is dropped."""
        if not self._permit.reported:
            self._end(Outcome.SUCCESS)
            self.result.callback(value)

    def _failed(self, failure: Failure) -> None:
        """There is an exception; one that comes too late, as cancelled calls raise, is dropped."""
        if not self._permit.reported:
            assert failure.value is not None
            self._end(Outcome.ABANDONED if self._ignore(failure.value) else Outcome.FAILURE)
            self.result.errback(failure)

    def _timed_out(self, timeout: float) -> None:
        """The time is over."""
        self._timer = None
        self._end(Outcome.TIMEOUT)
        self.result.errback(TimeoutError(timeout, "the call"))
        self._give_up()

    def _cancelled(self, result: Deferred[T]) -> None:
        """The caller does not want the answer any more; Twisted fails `result`."""
        if not self._permit.reported:
            self._end(Outcome.ABANDONED)
            self._give_up()

    def _end(self, outcome: Outcome) -> None:
        """Report, once and before anybody else hears of it."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        self._permit.report(outcome, self._clock.seconds())

    def _give_up(self) -> None:
        """Cancel what is under way."""
        assert self._under_way is not None
        try:
            self._under_way.cancel()
        except Exception:
            # Whoever waits for the result is told all the same.
            _log.failure(events.BREAKER_CALL_STUCK)


def log_transition(name: str) -> Callable[[Transition], None]:
    """What to tell the changes of the breaker called `name`: each becomes one line of the log."""

    def log(transition: Transition) -> None:
        opened = transition.after in (State.OPEN, State.FORCED_OPEN)
        _log(
            events.BREAKER_OPENED if opened else events.BREAKER_CHANGED,
            breaker=name,
            before=str(transition.before),
            after=str(transition.after),
            duration=f" for {transition.open_for:.1f} s" if transition.open_for else "",
            cause=transition.cause,
            total=transition.total,
            failures=transition.failures,
            slow=transition.slow,
            open_for=transition.open_for,
            last_failure=transition.last_failure,
            how=f"; last failure: {transition.last_failure}" if transition.last_failure else "",
        )

    return log
