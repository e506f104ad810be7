"""What opens a circuit breaker, and what does not count."""

from __future__ import annotations

import pytest

from gatewayd.core.breaker import State
from gatewayd.core.outcomes import Outcome
from tests.core.breakers import FIRST, World

SUCCESS, FAILURE, TIMEOUT = Outcome.SUCCESS, Outcome.FAILURE, Outcome.TIMEOUT
ANSWERED, ABANDONED = Outcome.ANSWERED, Outcome.ABANDONED


def test_the_minimum() -> None:
    """Nine failures of nine are too few to judge by; the tenth opens."""
    world = World()
    world.call(*[FAILURE] * 9)
    assert world.state is State.CLOSED
    world.call(FAILURE)
    assert world.state is State.OPEN
    assert world.told[0].cause == "10 of 10 calls failed (100 %, limit 50 %)"


@pytest.mark.parametrize(("failures", "state"), [(4, State.CLOSED), (5, State.OPEN)])
def test_the_failure_rate(failures: int, state: State) -> None:
    """The limit itself opens; that the call which makes up the minimum is a success does not matter."""
    world = World()
    world.call(*[FAILURE] * failures, *[SUCCESS] * (10 - failures))
    assert world.state is state


@pytest.mark.parametrize("percent", range(1, 101))
def test_a_rate_means_what_it_says(percent: int) -> None:
    """So many of a hundred open, one less does not, whatever floats make of the share."""
    world = World(calls=100, minimum=100, failure_rate=percent / 100)
    world.call(*[SUCCESS] * (100 - percent), *[FAILURE] * (percent - 1))
    assert world.state is State.CLOSED
    world.call(FAILURE)
    assert world.state is State.OPEN


def test_old_calls_count_no_more() -> None:
    """In a window of calls by their number, in one of time by their age."""
    world = World(calls=10)
    world.call(*[FAILURE] * 4, *[SUCCESS] * 10, *[FAILURE] * 4)
    assert world.state is State.CLOSED
    world = World(calls=None, seconds=10.0)
    world.call(*[FAILURE] * 9)
    world.now += 10.0
    world.call(*[FAILURE] * 9)
    assert world.state is State.CLOSED


@pytest.mark.parametrize(("seconds", "slow"), [(2.0, 0), (2.001, 8)])
def test_slow_calls(seconds: float, slow: int) -> None:
    """Slow is what takes longer than the limit, and enough of it opens."""
    world = World(slow_rate=0.8, slow_after=2.0)
    world.call(SUCCESS, SUCCESS)
    world.call(*[SUCCESS] * 8, seconds=seconds)
    if not slow:
        assert world.state is State.CLOSED
        return
    assert world.told[0].cause == "8 of 10 calls took longer than 2 s (80 %, limit 80 %)"
    assert (world.told[0].failures, world.told[0].slow) == (0, 8)


def test_the_time_of_a_call() -> None:
    """Unless it is told, it is the time since the permit."""
    world = World(slow_rate=0.5, slow_after=2.0, minimum=1)
    permit = world.permit()
    world.now += 2.5
    permit.report(SUCCESS, world.now, 0.5)
    assert world.breaker.window.slow == 0
    permit = world.permit()
    world.now += 2.5
    permit.report(SUCCESS, world.now)
    assert world.state is State.OPEN


def test_slow_calls_without_a_limit_are_counted() -> None:
    """For those who look; they open nothing, and a slow probe passes."""
    world = World(slow_after=2.0, probes=1)
    world.call(*[SUCCESS] * 20, seconds=3.0)
    assert (world.state, world.breaker.window.slow) == (State.CLOSED, 20)
    world.call(*[FAILURE] * 20)
    world.now += FIRST
    world.call(SUCCESS, seconds=3.0)
    assert world.state is State.RAMPING


def test_failures_in_a_row() -> None:
    """They need no minimum; a success ends the row, what tells nothing does not."""
    world = World(consecutive=3, failure_rate=None)
    world.call(FAILURE, FAILURE, SUCCESS, FAILURE, TIMEOUT, ANSWERED, ABANDONED)
    assert world.state is State.CLOSED
    world.call(FAILURE)
    assert world.state is State.OPEN
    assert world.told[0].cause == "3 calls in a row failed (limit 3)"


def test_what_tells_nothing() -> None:
    """Clients' errors and clients that leave are in no window and in no total."""
    world = World()
    world.call(*[ANSWERED] * 50, *[ABANDONED] * 50)
    breaker = world.breaker
    assert (breaker.window.total, breaker.successes, breaker.failures, breaker.timeouts) == (0, 0, 0, 0)


def test_totals() -> None:
    """A timeout is a failure as well."""
    world = World()
    world.call(SUCCESS, FAILURE, TIMEOUT, SUCCESS, SUCCESS)
    assert (world.breaker.successes, world.breaker.failures, world.breaker.timeouts) == (3, 2, 1)


def test_the_last_one_is_spared() -> None:
    """Where it may not open it stays closed, and opens with the next failure after it may."""
    world = World(consecutive=5)
    world.may_trip = False
    world.call(*[FAILURE] * 30)
    assert (world.state, world.told) == (State.CLOSED, [])
    world.may_trip = True
    world.call(FAILURE)
    assert world.state is State.OPEN
    assert world.told[0].cause == "31 calls in a row failed (limit 5)"


def test_the_ramp_spares_the_last_one_too() -> None:
    """It is asked wherever calls pass freely; a half-open one is not back yet."""
    world = World(consecutive=1)
    world.ramp()
    world.may_trip = False
    world.luck = 0.0
    world.call(FAILURE)
    assert world.state is State.RAMPING
    world = World()
    world.half_open()
    world.may_trip = False
    world.call(FAILURE)
    assert world.state is State.OPEN
