"""What a target says of itself: whether it is ejected, on trial or new, and to whom it owes a report."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.breaker import Event, State
from gatewayd.core.outcomes import Outcome
from gatewayd.core.streak import Health
from tests.upstream.services import OUT, Failing, Place

NEVER = float("inf")
START = 100.0


def ejected() -> Failing:
    """A target that failed twice at `START`, and for which another one stands in."""
    target = Failing("a")
    Place(target, Failing("b"))
    target.fails(START)
    return target


def test_to_begin_with() -> None:
    """Nothing is known of its health, it takes every request, and nothing about it changes by itself."""
    target = Failing("a")
    assert target.health is Health.UNKNOWN
    assert (target.ejected_until(START), target.changes_at(START)) == (0.0, NEVER)
    assert not target.cautious(START)
    assert target.takes(START, 0.999)
    assert target.permit(START) is None


def test_of_the_class_itself() -> None:
    """What logs and debuggers show."""
    target = Failing("a", weight=3)
    target.active = 2
    assert super(Failing, target).__repr__() == "<Target http://a active=2 unknown>"


def test_ejected() -> None:
    """From the failure until the time is over; not a moment longer."""
    target = ejected()
    for now in (START, START + OUT - 1e-6):
        assert target.ejected_until(now) == target.changes_at(now) == START + OUT
        assert target.on_trial
        assert not target.takes(now, 0.0)
    assert target.ejected_until(START + OUT) == 0.0
    assert target.changes_at(START + OUT) == NEVER
    assert target.cautious(START + OUT)
    assert target.takes(START + OUT, 0.999)


def test_ejected_for_good() -> None:
    """Where somebody wishes it, no time ends it."""
    target = ejected()
    assert target.ejection is not None
    target.ejection.force(Event.FORCE_OPEN, START)
    assert target.ejected_until(START + 1e9) == target.changes_at(START) == NEVER


def test_on_trial() -> None:
    """One request decides; until then no other is taken, nor owed a report."""
    target = ejected()
    now = START + OUT
    permit = target.permit(now)
    assert permit is not None
    assert permit.probe
    assert target.on_trial
    assert not target.takes(now, 0.0)
    assert target.permit(now) is None
    permit.report(Outcome.SUCCESS, now)
    assert not target.on_trial
    assert not target.cautious(now)
    assert target.permit(now) is not None


def test_a_trial_that_ends_without_a_verdict() -> None:
    """The client went away: the next request is the one that decides."""
    target = ejected()
    permit = target.permit(START + OUT)
    assert permit is not None
    permit.report(Outcome.ABANDONED, START + OUT)
    assert target.on_trial
    assert target.takes(START + OUT, 0.0)


def test_a_trial_that_fails() -> None:
    """It is ejected for twice as long."""
    target = ejected()
    target.answers(START + OUT, Outcome.FAILURE)
    assert target.ejected_until(START + OUT) == START + 3 * OUT


def test_asked_while_it_is_ejected() -> None:
    """For want of another: whatever becomes of it counts neither for nor against the target."""
    target = ejected()
    assert target.ejection is not None
    assert target.permit(START + 1) is None
    assert target.ejection.state is State.OPEN


@pytest.mark.parametrize(
    ("now", "share"), [(START - 1, 0.1), (START, 0.1), (START + 10, 0.55), (START + 20 - 1e-9, 1.0)]
)
def test_new(now: float, share: float) -> None:
    """Its share grows evenly from a tenth to all."""
    target = Failing("a", slow_since=START, slow_until=START + 20)
    assert target.cautious(now)
    assert target.changes_at(now) == START + 20
    assert target.takes(now, share - 1e-6)
    assert not target.takes(now, share + 1e-6)


def test_new_no_longer() -> None:
    """At the end of the time it is like any other."""
    target = Failing("a", slow_since=START, slow_until=START + 20)
    assert not target.cautious(START + 20)
    assert target.takes(START + 20, 0.999)
    assert target.changes_at(START + 20) == NEVER


def test_new_and_ejected() -> None:
    """Whichever changes first."""
    target = ejected()
    target.slow_until = START + OUT - 1
    assert target.changes_at(START) == START + OUT - 1
    target.slow_until = START + OUT + 1
    assert target.changes_at(START) == START + OUT
    assert not target.takes(START, 0.0)


@given(st.floats(0.0, 1e4), st.floats(0.0, 1e3), st.floats(0.0, 1e4))
def test_between_changes_nothing_changes(slow: float, early: float, later: float) -> None:
    """Until `changes_at` a target stands as it stood: nobody need look at it before."""
    target = ejected()
    target.slow_since, target.slow_until = START, START + slow
    now = START + early
    then = min(now + later, target.changes_at(now) - 1e-6)
    if then > now:
        assert bool(target.ejected_until(then)) is bool(target.ejected_until(now))
        assert target.cautious(then) is target.cautious(now)
