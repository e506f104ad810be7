"""Streaks: results of checks, and what they make of a target."""

from __future__ import annotations

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.streak import Health, Streak

UNKNOWN, HEALTHY, UNHEALTHY = Health.UNKNOWN, Health.HEALTHY, Health.UNHEALTHY


def after(results: str, streak: Streak | None = None) -> Streak:
    """A streak that saw `results`: "+" good, "-" bad."""
    streak = streak or Streak(rise=2, fall=3)
    for result in results:
        streak.observe(result == "+")
    return streak


@pytest.mark.parametrize(
    ("before", "result", "health", "changed"),
    [
        ("", "+", HEALTHY, True),
        ("", "-", UNKNOWN, False),
        ("-", "-", UNKNOWN, False),
        ("--", "-", UNHEALTHY, True),
        ("--", "+", HEALTHY, True),
        ("+", "+", HEALTHY, False),
        ("+", "-", HEALTHY, False),
        ("+-", "-", HEALTHY, False),
        ("+--", "-", UNHEALTHY, True),
        ("+--", "+", HEALTHY, False),
        ("+--+", "-", HEALTHY, False),
        ("+--+--", "-", UNHEALTHY, True),
        ("---", "-", UNHEALTHY, False),
        ("---", "+", UNHEALTHY, False),
        ("---+", "+", HEALTHY, True),
        ("---+", "-", UNHEALTHY, False),
        ("---+-", "+", UNHEALTHY, False),
        ("---+-+", "+", HEALTHY, True),
        ("---++", "-", HEALTHY, False),
        ("---++--", "-", UNHEALTHY, True),
    ],
)
def test_transitions(before: str, result: str, health: Health, changed: bool) -> None:
    """Two good ones in a row bring a target back, three bad ones put it out, and the very first good one is enough."""
    streak = after(before)
    assert streak.observe(result == "+") is changed
    assert streak.health is health


def test_defaults() -> None:
    """Two to rise, three to fall."""
    assert after("---+", Streak()).health is UNHEALTHY
    assert after("---++", Streak()).health is HEALTHY


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 4), st.integers(1, 4))
def test_is_what_the_runs_say(results: list[bool], rise: int, fall: int) -> None:
    """Whatever the results: health is decided by the last run that was long enough, told by a recount."""
    streak = Streak(rise, fall)
    changes = [streak.observe(ok) for ok in results]
    expected = UNKNOWN
    for ok, run in groupby(results):
        length = len(list(run))
        if ok and (length >= rise or expected is UNKNOWN):
            expected = HEALTHY
        elif not ok and length >= fall:
            expected = UNHEALTHY
    assert streak.health is expected
    assert sum(changes) <= len(results)
    assert (streak.health is UNKNOWN) == (not any(changes))
