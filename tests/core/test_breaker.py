"""The circuit breaker: reports that come twice or late or are taken back, what somebody wishes, and what is told."""

from __future__ import annotations

from typing import Any

import pytest

from gatewayd.core.breaker import Breaker, Event, Rejected, Settings, State
from gatewayd.core.outcomes import Outcome
from tests.core.breakers import FIRST, World

SUCCESS, FAILURE, TIMEOUT, ABANDONED = Outcome.SUCCESS, Outcome.FAILURE, Outcome.TIMEOUT, Outcome.ABANDONED


def test_a_permit_reports_once() -> None:
    """The second time is a mistake of the caller's, and is not counted."""
    world = World()
    permit = world.permit()
    assert not permit.reported
    permit.report(SUCCESS, world.now)
    assert permit.reported
    with pytest.raises(RuntimeError):
        permit.report(FAILURE, world.now)
    assert (world.breaker.successes, world.breaker.failures) == (1, 0)


def test_late_reports() -> None:
    """They count in the totals and change neither window nor state: not of open, half-open, ramp or closed again."""
    world = World(probes=1, consecutive=1)
    late = [world.permit() for _ in range(6)]
    world.call(FAILURE)
    late.pop().report(FAILURE, world.now)
    assert world.state is State.OPEN
    assert world.breaker.opened_until == 1030.0
    world.now += FIRST
    probe = world.permit()
    late.pop().report(FAILURE, world.now)
    late.pop().report(SUCCESS, world.now)
    late.pop().report(ABANDONED, world.now)
    assert (world.state, world.breaker.window.total, world.rejected()) == (State.HALF_OPEN, 0, 0.0)
    probe.report(SUCCESS, world.now)
    late.pop().report(FAILURE, world.now)
    assert world.state is State.RAMPING
    world.now += 10.0
    world.call(SUCCESS)
    late.pop().report(TIMEOUT, world.now)
    assert (world.state, world.breaker.window.failures) == (State.CLOSED, 0)
    # The call that opened it, four late failures; the probe, a late success, the call that closed it.
    assert (world.breaker.successes, world.breaker.failures, world.breaker.timeouts) == (3, 5, 1)


def test_an_answer_that_broke_off() -> None:
    """Is one more failure, and may open."""
    world = World(consecutive=1, failure_rate=None)
    permit = world.permit()
    permit.report(SUCCESS, world.now)
    permit.retract(world.now)
    assert (world.state, world.breaker.successes, world.breaker.failures) == (State.OPEN, 1, 1)


@pytest.mark.parametrize("outcome", [FAILURE, TIMEOUT, ABANDONED])
def test_what_was_no_success_cannot_get_worse(outcome: Outcome) -> None:
    """An error whose body broke off failed once; of what tells nothing, nothing more is known."""
    world = World()
    permit = world.permit()
    permit.report(outcome, world.now)
    before = world.breaker.failures, world.breaker.window.total
    permit.retract(world.now)
    assert (world.breaker.failures, world.breaker.window.total) == before


def test_taking_back_more_than_there_is() -> None:
    """Before the report, and the second time."""
    world = World()
    permit = world.permit()
    with pytest.raises(RuntimeError):
        permit.retract(world.now)
    permit.report(SUCCESS, world.now)
    permit.retract(world.now)
    with pytest.raises(RuntimeError):
        permit.retract(world.now)


def test_a_probe_that_broke_off() -> None:
    """Opens again while others are awaited; where it was the last, the state has changed, and it comes too late."""
    world = World(probes=2)
    world.half_open()
    probe = world.permit()
    probe.report(SUCCESS, world.now)
    probe.retract(world.now)
    assert (world.state, world.told[-1].open_for) == (State.OPEN, 60.0)
    world.now += 60.0
    first, last = world.permit(), world.permit()
    first.report(SUCCESS, world.now)
    last.report(SUCCESS, world.now)
    last.retract(world.now)
    assert (world.state, world.breaker.window.total) == (State.RAMPING, 0)


def test_forced_open() -> None:
    """Nothing passes, however long it takes; the first time it opens for is told, for want of a better one."""
    world = World()
    assert world.breaker.force(Event.FORCE_OPEN, world.now)
    world.now += 1e6
    assert world.rejected() == FIRST
    assert not world.breaker.admits(world.now)
    assert world.breaker.ready_at == float("inf")


def test_forced_closed() -> None:
    """Everything passes, and nothing opens."""
    world = World(consecutive=1)
    world.call(FAILURE)
    world.breaker.force(Event.FORCE_CLOSE, world.now)
    world.call(*[FAILURE] * 100)
    assert (world.state, world.breaker.window.total, world.breaker.failures) == (State.FORCED_CLOSED, 0, 101)


def test_metrics_only() -> None:
    """Everything passes and is counted, in the window as well."""
    world = World(consecutive=1)
    world.breaker.force(Event.OBSERVE, world.now)
    world.call(*[FAILURE] * 100)
    assert (world.state, world.breaker.window.failures) == (State.METRICS_ONLY, 100)


@pytest.mark.parametrize("event", [Event.FORCE_OPEN, Event.FORCE_CLOSE, Event.OBSERVE])
def test_reset(event: Event) -> None:
    """Begins anew: nothing in the window, and the open time is the first again."""
    world = World()
    world.half_open()
    world.call(FAILURE)
    world.breaker.force(event, world.now)
    world.breaker.force(Event.RESET, world.now, "reset by ada")
    assert (world.state, world.breaker.window.total, world.told[-1].cause) == (State.CLOSED, 0, "reset by ada")
    world.call(*[FAILURE] * 10)
    assert world.told[-1].open_for == FIRST


def test_wishes_that_change_nothing() -> None:
    """Are told to whoever has them; what is no wish is a mistake."""
    world = World()
    assert not world.breaker.force(Event.RESET, world.now)
    world.breaker.force(Event.OBSERVE, world.now)
    assert not world.breaker.force(Event.OBSERVE, world.now)
    assert len(world.told) == world.breaker.generation == 1
    with pytest.raises(ValueError, match="trip cannot be wished for"):
        world.breaker.force(Event.TRIP, world.now)


def test_the_whole_way() -> None:
    """What is told on the way, and counted."""
    world = World()
    world.ramp()
    world.now += 10.0
    world.call(SUCCESS)
    assert [(told.before, told.event, told.after) for told in world.told] == [
        (State.CLOSED, Event.TRIP, State.OPEN),
        (State.OPEN, Event.COOLED, State.HALF_OPEN),
        (State.HALF_OPEN, Event.PROVEN, State.RAMPING),
        (State.RAMPING, Event.RAMPED, State.CLOSED),
    ]
    assert [told.at for told in world.told] == [1000.0, 1030.0, 1030.0, 1040.0]
    assert world.breaker.transitions == {(told.before, told.after): 1 for told in world.told}
    assert world.breaker.generation == 4
    assert repr(world.breaker) == "<Breaker closed: of 1 calls 0 failed, 0 were slow>"


def test_told_once_it_is_done() -> None:
    """Whoever is told may ask and force the breaker."""
    seen: list[State] = []

    def told(_: object) -> None:
        seen.append(breaker.state)
        if breaker.state is State.OPEN:
            breaker.force(Event.FORCE_CLOSE, 0.0)

    breaker = Breaker(Settings(consecutive=1), lambda: 0.5, told)
    breaker.permit(0.0).report(FAILURE, 0.0)
    assert seen == [State.OPEN, State.FORCED_CLOSED]


def test_a_rejection_in_words() -> None:
    """For whoever logs it."""
    assert str(Rejected(1.0, State.HALF_OPEN)) == "the breaker is half_open"


@pytest.mark.parametrize(
    "numbers",
    [
        {"calls": None},
        {"seconds": 10.0},
        {"minimum": 0},
        {"slow_rate": 0.5},
        {"consecutive": 0},
        {"probes": 0},
        {"ramp": -1.0},
    ],
)
def test_numbers_that_make_no_sense(numbers: dict[str, Any]) -> None:
    """No window or two, no calls, and slowness without a limit."""
    with pytest.raises(AssertionError):
        Settings(**numbers)
