"""Targets that are left alone for a while, and those that begin slowly: who is asked in their place."""

from __future__ import annotations

from collections import Counter

import pytest

from gatewayd.core.outcomes import Outcome
from tests.upstream.services import OUT, Failing, Place, three

# Ejection.


@pytest.mark.parametrize("others", [1, 2])
def test_a_failing_target_is_ejected(others: int) -> None:
    """One of two or of three: nothing goes there until its time is over, and then one request at a time."""
    a, *rest = three()[: others + 1]
    place = Place(a, *rest)
    a.fails(place.now)
    assert place.service.standings(place.now) == (others, 1, 0)
    place.now += OUT - 1e-6
    assert place.asked(50) == set(rest)
    place.now += 1e-6
    assert place.asked() == {a, *rest}
    permit = a.permit(place.now)
    assert permit is not None
    assert place.asked(50) == set(rest)
    permit.report(Outcome.SUCCESS, place.now)
    assert place.asked() == {a, *rest}


def test_ejection_grows() -> None:
    """Who fails on trial is ejected for twice as long, and so on; who passed begins anew."""
    a, b = Failing("a"), Failing("b")
    place = Place(a, b)
    a.fails(place.now)
    for times in (2, 4):
        place.now = a.ejected_until(place.now)
        a.answers(place.now, Outcome.FAILURE)
        assert a.ejected_until(place.now) - place.now == times * OUT
        assert place.asked() == {b}
    place.now = a.ejected_until(place.now)
    a.answers(place.now)
    a.fails(place.now)
    assert a.ejected_until(place.now) - place.now == OUT


def test_the_only_one_is_never_ejected() -> None:
    """However often it fails."""
    only = Failing("a")
    place = Place(only)
    for _ in range(10):
        only.fails(place.now)
    assert place.asked() == {only}
    assert not only.on_trial


def test_the_last_one_is_never_ejected() -> None:
    """Of two that fail the second stays; once the first is back, one more failure ejects the second."""
    a, b = Failing("a"), Failing("b")
    place = Place(a, b)
    a.fails(place.now)
    b.fails(place.now)
    assert place.asked() == {b}
    place.now += OUT
    a.answers(place.now)
    b.answers(place.now, Outcome.FAILURE)
    assert place.asked() == {a}


def test_an_unhealthy_one_is_no_other() -> None:
    """Where checks say that the other one is down, failures eject nobody."""
    a, b = Failing("a"), Failing("b")
    place = Place(a, b)
    place.ill(a)
    b.fails(place.now)
    assert place.asked() == {b}


def test_one_on_trial_is_no_other() -> None:
    """It may be ejected again in a moment, and then nobody would be left."""
    a, b = Failing("a"), Failing("b")
    place = Place(a, b, refuses=True)
    a.fails(place.now)
    place.now += OUT
    b.fails(place.now)
    assert not b.on_trial
    permit = a.permit(place.now)
    assert permit is not None
    b.fails(place.now)
    permit.report(Outcome.FAILURE, place.now)
    assert place.asked() == {b}


def test_one_that_nobody_asks_is_another() -> None:
    """A spare one that failed once must not keep all requests at a target that fails, for want of a trial."""
    first, spare = Failing("a"), Failing("b", priority=1)
    place = Place(first, spare)
    spare.fails(place.now)
    first.fails(place.now)
    assert place.asked() == {first}
    place.now += OUT
    first.fails(place.now)
    assert place.asked() == {spare}
    spare.answers(place.now)
    place.now += OUT
    assert first.permit(place.now) is not None
    spare.fails(place.now)
    assert not spare.on_trial


def test_a_trial_does_not_take_the_rest_along() -> None:
    """Where the one on trial is all of its group, one request goes there, and all others to the next group."""
    first, spare, other = Failing("a"), Failing("b", priority=1), Failing("c", priority=2)
    place = Place(first, spare, other)
    first.fails(place.now)
    assert place.asked() == {spare}
    place.now += OUT
    assert place.pick() is first
    permit = first.permit(place.now)
    assert place.asked() == {spare}
    assert permit is not None
    permit.report(Outcome.SUCCESS, place.now)
    assert place.asked() == {first}


def test_a_second_attempt_in_the_next_group() -> None:
    """Where all of a group were tried, rather one of the next than the same again."""
    first, spare = Failing("a"), Failing("b", priority=1)
    place = Place(first, spare)
    assert place.asked(12, first) == {spare}
    assert place.asked(12, first, spare) == {first}
    place.ill(spare)
    assert place.asked(12, first) == {first}


# Slow starts.


def test_slow_start() -> None:
    """A new target takes a part of what falls to it, and the others the rest."""
    old, new = Failing("a"), Failing("b", slow_since=100.0, slow_until=120.0)
    place = Place(old, new)
    place.now = 110.0  # a share of 0.55
    place.chance.number = 0.54
    assert Counter(place.pick() for _ in range(10)) == {old: 5, new: 5}
    place.chance.number = 0.56
    assert place.asked() == {old}
    place.now = 120.0
    assert Counter(place.pick() for _ in range(10)) == {old: 5, new: 5}


def test_all_are_new() -> None:
    """Somebody has to answer."""
    place = Place(*(Failing(name, slow_since=100.0, slow_until=120.0) for name in "ab"))
    place.chance.number = 0.9
    assert {str(target) for target in place.asked()} == {"a", "b"}


def test_a_new_one_by_itself() -> None:
    """The next group helps out while it warms up."""
    place = Place(Failing("a", slow_since=100.0, slow_until=120.0), Failing("b", priority=1))
    place.chance.rolled = [0.09, 0.11]
    assert [repr(place.pick()) for _ in range(2)] == ["a", "b"]
