"""How long a circuit breaker is open, and how it comes back."""

from __future__ import annotations

import pytest

from gatewayd.core.backoff import Backoff
from gatewayd.core.breaker import Event, State
from gatewayd.core.outcomes import Outcome
from tests.core.breakers import FIRST, World

SUCCESS, FAILURE, TIMEOUT = Outcome.SUCCESS, Outcome.FAILURE, Outcome.TIMEOUT
ANSWERED, ABANDONED = Outcome.ANSWERED, Outcome.ABANDONED


def test_retry_after_is_exact() -> None:
    """On either side of the boundary: a millisecond before it, and at it."""
    world = World()
    world.open()
    assert world.breaker.opened_until == world.breaker.ready_at == 1030.0
    assert world.rejected() == FIRST
    world.now = 1029.999
    assert not world.breaker.admits(world.now)
    assert world.rejected() == pytest.approx(0.001)
    assert (world.state, world.breaker.rejects) == (State.OPEN, 2)
    world.now = 1030.0
    assert world.breaker.admits(world.now)
    assert world.rejected() is None
    assert (world.state, world.breaker.rejects, world.breaker.ready_at) == (State.HALF_OPEN, 2, 0.0)


def test_it_stays_open_for_longer_each_time() -> None:
    """Doubled up to the cap by probes that fail and by ramps that do; forgotten after a ramp that went well."""
    world = World(probes=1)
    world.luck = 0.0  # every call passes in the ramp
    world.open()
    for expected in (60.0, 120.0, 240.0, 300.0, 300.0):
        world.now = world.breaker.opened_until
        world.call(FAILURE)
        assert (world.state, world.told[-1].open_for) == (State.OPEN, expected)
    world.now = world.breaker.opened_until
    world.call(SUCCESS)
    world.call(*[FAILURE] * 10)
    assert world.told[-1].open_for == 300.0
    world.now = world.breaker.opened_until
    world.call(SUCCESS)
    world.now += 10.0
    world.call(*[FAILURE] * 10)
    assert [transition.after for transition in world.told[-2:]] == [State.CLOSED, State.OPEN]
    assert world.told[-1].open_for == FIRST


@pytest.mark.parametrize(("luck", "expected"), [(0.0, 27.0), (0.5, 30.0), (0.99, 32.94)])
def test_jitter(luck: float, expected: float) -> None:
    """The time varies by the share that was set, and what is told is the time that holds."""
    world = World(open=Backoff(30.0, 2.0, 300.0, 0.1))
    world.luck = luck
    world.open()
    assert world.told[0].open_for == pytest.approx(expected)
    assert world.rejected() == pytest.approx(expected)


def test_so_many_probes_and_no_more() -> None:
    """Those under way and those that passed together; one that tells nothing gives its place back."""
    world = World(probes=3)
    world.half_open()
    first, second, third = world.permit(), world.permit(), world.permit()
    assert [permit.probe for permit in (first, second, third)] == [True] * 3
    assert world.rejected() == 0.0
    assert not world.breaker.admits(world.now)
    first.report(SUCCESS, world.now)
    assert world.rejected() == 0.0
    second.report(ABANDONED, world.now)
    assert world.breaker.admits(world.now)
    fourth = world.permit()
    assert world.rejected() == 0.0
    third.report(ANSWERED, world.now)
    assert world.state is State.HALF_OPEN
    fourth.report(SUCCESS, world.now)
    assert world.state is State.RAMPING
    assert world.told[-1].cause == "3 of 3 probes passed"


@pytest.mark.parametrize(
    ("outcome", "seconds", "cause"),
    [
        (FAILURE, 0.1, "a probe failed"),
        (TIMEOUT, 0.1, "a probe timed out"),
        (SUCCESS, 2.5, "a probe took 2.5 s (limit 2 s)"),
    ],
)
def test_one_bad_probe_is_enough(outcome: Outcome, seconds: float, cause: str) -> None:
    """However many passed before; the window told is that of the probes."""
    world = World(probes=3, slow_rate=0.9, slow_after=2.0)
    world.half_open()
    world.call(SUCCESS, SUCCESS)
    world.call(outcome, seconds=seconds)
    told = world.told[-1]
    assert (told.before, told.after, told.cause, told.total) == (State.HALF_OPEN, State.OPEN, cause, 3)
    assert (told.failures, told.slow) == ((0, 1) if outcome is SUCCESS else (1, 0))


def test_without_a_ramp() -> None:
    """What is proven is closed at once."""
    world = World(ramp=0.0)
    world.half_open()
    world.call(SUCCESS, SUCCESS, SUCCESS)
    assert (world.state, world.told[-1].event) == (State.CLOSED, Event.RAMPED)


@pytest.mark.parametrize(
    ("passed", "share"), [(0.0, 0.1), (1.0, 0.19), (5.0, 0.55), (9.0, 0.91), (9.999, 0.99991), (10.0, 1.0)]
)
def test_the_ramp(passed: float, share: float) -> None:
    """The share of calls that pass grows from a tenth to all; others are told when the ramp ends."""
    world = World()
    world.ramp()
    world.now += passed
    world.luck = share - 1e-6
    world.call(ABANDONED)
    world.luck = min(share + 1e-6, 0.99999999)
    assert world.rejected() == (None if passed == 10.0 else pytest.approx(10.0 - passed))
    assert world.breaker.admits(world.now)
    assert world.state is (State.CLOSED if passed == 10.0 else State.RAMPING)


def test_the_ramp_is_judged_by_a_fresh_window() -> None:
    """What came before it does not count; what came in it still counts afterwards."""
    world = World(minimum=4, calls=10)
    world.ramp()
    world.luck = 0.0
    assert world.breaker.window.total == 0
    world.call(FAILURE, FAILURE, FAILURE)
    world.now += 10.0
    world.call(FAILURE)
    assert [transition.after for transition in world.told[-2:]] == [State.CLOSED, State.OPEN]
    assert world.told[-1].total == 4


def test_times_in_a_row_are_remembered_for_a_while() -> None:
    """What opens again soon after it was closed stays open longer; after `memory` seconds it begins anew."""
    world = World(consecutive=1, probes=1, ramp=0.0, memory=100.0)
    for expected in (30.0, 60.0, 120.0):
        world.half_open()
        assert world.told[-2].open_for == expected
        world.call(Outcome.SUCCESS)
        assert world.state is State.CLOSED
        world.now += 99.9
    world.now += 0.1
    world.half_open()
    assert world.told[-2].open_for == 30.0
    world.breaker.force(Event.RESET, world.now)
    world.open()
    assert world.told[-1].open_for == 30.0
