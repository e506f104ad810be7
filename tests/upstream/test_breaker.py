"""Calls through a breaker: answers, failures, time limits, cancellation; and the log of its changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred, TimeoutError, fail, succeed
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from zope.interface import implementer

from gatewayd.core.breaker import Breaker, Event, Rejected, Settings, State
from gatewayd.upstream.breaker import CircuitBreaker, log_transition


class World:
    """A breaker that opens at the second failure in a row, and calls whose ends are the test's."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        self.breaker = Breaker(Settings(consecutive=2, probes=1), lambda: 0.5)
        self.circuit = CircuitBreaker(self.breaker, self.clock, **options)
        self.cancelled: list[Deferred[str]] = []
        self.results: list[object] = []

    def begin(self) -> tuple[Deferred[str], Deferred[str]]:
        """A call that lasts; first what it was answered with, then what its caller got."""
        under_way: Deferred[str] = Deferred(self.cancelled.append)
        return under_way, self.call(under_way)

    def call(self, answer: Deferred[str]) -> Deferred[str]:
        """A call that gets `answer`; what the caller gets of it is kept in `results`, exceptions by their class."""
        result = self.circuit.call(lambda: answer)
        result.addCallbacks(self.results.append, lambda failure: self.results.append(failure.type))
        return result

    def totals(self) -> tuple[int, int, int]:
        """What the breaker counted: successes, failures, timeouts."""
        return self.breaker.successes, self.breaker.failures, self.breaker.timeouts


@implementer(ILogObserver)
class Keeper:
    """Keeps what is logged by gatewayd."""

    def __init__(self) -> None:
        self.events: list[LogEvent] = []

    def __call__(self, event: LogEvent) -> None:
        """Keep one event."""
        if event["log_namespace"].startswith("gatewayd."):
            self.events.append(event)


@pytest.fixture(name="logged")
def _logged() -> Iterator[list[LogEvent]]:
    """What is logged during the test."""
    keeper = Keeper()
    globalLogPublisher.addObserver(keeper)
    yield keeper.events
    globalLogPublisher.removeObserver(keeper)


def test_an_answer() -> None:
    """Reaches the caller, now or later, and no timer is left."""
    world = World()
    world.call(succeed("now"))
    under_way, _ = world.begin()
    assert world.results == ["now"]
    under_way.callback("later")
    assert world.results == ["now", "later"]
    assert (world.totals(), world.clock.getDelayedCalls()) == ((2, 0, 0), [])


def test_arguments_and_coroutines() -> None:
    """A function gets its arguments, and may be a coroutine function."""
    world = World()

    async def add(one: int, *, other: int) -> int:
        return one + other

    results: list[int] = []
    world.circuit.call(add, 1, other=2).addCallback(results.append)
    assert results == [3]


def test_failures_open() -> None:
    """Those that are raised and those that come later; then calls are not even begun."""
    world = World()

    def broken() -> Deferred[str]:
        raise ZeroDivisionError

    world.circuit.call(broken).addErrback(lambda failure: world.results.append(failure.type))
    under_way, _ = world.begin()
    under_way.errback(KeyError())
    assert (world.results, world.breaker.state) == ([ZeroDivisionError, KeyError], State.OPEN)
    begun: list[str] = []

    async def begin() -> None:
        begun.append("begun")

    rejected: list[object] = []
    world.circuit.call(begin).addErrback(lambda failure: rejected.append(failure.value))
    assert begun == []
    assert isinstance(rejected[0], Rejected)
    assert (rejected[0].retry_after, rejected[0].state) == (30.0, State.OPEN)


def test_the_whole_way_back() -> None:
    """After its time a probe passes, and calls pass again."""
    world = World()
    for _ in range(2):
        world.call(fail(ValueError()))
    world.clock.advance(29.9)
    world.call(succeed("too early"))
    world.clock.advance(0.1)
    world.call(succeed("probe"))
    world.clock.advance(10.0)
    world.call(succeed("closed"))
    assert world.results == [ValueError, ValueError, Rejected, "probe", "closed"]
    assert world.breaker.state is State.CLOSED


def test_the_time_is_over() -> None:
    """Not before its time; then the call is cancelled, which counts as a failure and a timeout."""
    world = World(timeout=10.0)
    under_way, _ = world.begin()
    world.clock.advance(9.999)
    assert (world.results, world.cancelled) == ([], [])
    world.clock.advance(0.001)
    assert (world.results, world.cancelled) == ([TimeoutError], [under_way])
    assert (world.totals(), world.clock.getDelayedCalls()) == ((0, 1, 1), [])


def test_no_time_limit() -> None:
    """A call may be allowed to take for ever."""
    world = World(timeout=None)
    world.begin()
    assert world.clock.getDelayedCalls() == []


@pytest.mark.parametrize("late", ["answer", KeyError()], ids=["answer", "failure"])
def test_a_call_that_takes_its_time_to_be_cancelled(late: str | KeyError) -> None:
    """As asyncio's futures do. Its caller is told in time all the same, and what comes late is dropped."""
    world = World()
    end: Deferred[str] = Deferred()
    under_way: Deferred[str] = Deferred(lambda deferred: deferred.callback("cancelled"))
    world.call(under_way.addCallback(lambda _: end))
    world.clock.advance(10.0)
    assert world.results == [TimeoutError]
    end.callback(late) if isinstance(late, str) else end.errback(late)
    assert (world.results, world.totals()) == ([TimeoutError], (0, 1, 1))


@pytest.mark.parametrize("by_caller", [False, True])
def test_a_call_that_breaks_when_cancelled(logged: list[LogEvent], by_caller: bool) -> None:
    """Its caller is told all the same; the log says what happened."""
    world = World()

    def broken(deferred: Deferred[str]) -> None:
        raise ZeroDivisionError

    result = world.call(Deferred(broken))
    if by_caller:
        result.cancel()
    else:
        world.clock.advance(10.0)
    assert world.results == [CancelledError if by_caller else TimeoutError]
    assert [event["log_failure"].type for event in logged] == [ZeroDivisionError]


def test_the_caller_goes_away() -> None:
    """The call is cancelled, nothing is counted, and a probe's place is free again."""
    world = World()
    for _ in range(2):
        world.call(fail(ValueError()))
    world.clock.advance(30.0)
    under_way, result = world.begin()
    assert not world.breaker.admits(world.clock.seconds())
    result.cancel()
    assert (world.cancelled, world.results[2:]) == ([under_way], [CancelledError])
    assert (world.totals(), world.clock.getDelayedCalls()) == ((0, 2, 0), [])
    assert world.breaker.state is State.HALF_OPEN
    assert world.breaker.admits(world.clock.seconds())


def test_cancelled_from_within_its_own_cancellation(logged: list[LogEvent]) -> None:
    """A caller that is told by what it cancels, and cancels again, does no harm."""
    world = World()
    results: list[Deferred[str]] = []
    under_way: Deferred[str] = Deferred(lambda _: results[0].cancel())
    results.append(world.call(under_way))
    results[0].cancel()
    assert (world.results, world.totals(), logged) == ([CancelledError], (0, 0, 0), [])


def test_cancelled_after_the_end() -> None:
    """There is nothing left to cancel."""
    world = World()
    world.call(succeed("answer")).cancel()
    assert (world.results, world.cancelled, world.totals()) == (["answer"], [], (1, 0, 0))


def test_exceptions_to_ignore() -> None:
    """They reach the caller, and the breaker learns nothing from them."""
    world = World(ignore=lambda error: isinstance(error, LookupError))
    for _ in range(5):
        world.call(fail(KeyError()))
    assert (world.results, world.totals()) == ([KeyError] * 5, (0, 0, 0))
    world.call(fail(ValueError()))
    assert world.totals() == (0, 1, 0)


def test_the_log(logged: list[LogEvent]) -> None:
    """One line for each change, with cause and window; opening is a warning."""
    breaker = Breaker(Settings(consecutive=2, probes=1), lambda: 0.5, log_transition("payment"))
    clock = Clock()
    circuit = CircuitBreaker(breaker, clock)
    circuit.call(lambda: succeed("answer"))
    for _ in range(2):
        circuit.call(lambda: fail(ValueError())).addErrback(lambda _: None)
    clock.advance(30.0)
    circuit.call(lambda: succeed("answer"))
    breaker.force(Event.FORCE_OPEN, clock.seconds(), "forced by ada")
    assert [(event["log_level"], formatEvent(event)) for event in logged] == [
        (
            LogLevel.warn,
            "breaker of payment: closed -> open for 30.0 s, 2 calls in a row failed (limit 2); "
            "of 3 calls in its window 2 failed, 0 were slow",
        ),
        (
            LogLevel.info,
            "breaker of payment: open -> half_open, its time is over; of 0 calls in its window 0 failed, 0 were slow",
        ),
        (
            LogLevel.info,
            "breaker of payment: half_open -> ramping, 1 of 1 probes passed; "
            "of 1 calls in its window 0 failed, 0 were slow",
        ),
        (
            LogLevel.warn,
            "breaker of payment: ramping -> forced_open, forced by ada; of 0 calls in its window 0 failed, 0 were slow",
        ),
    ]
