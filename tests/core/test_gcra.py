"""Rates: what is let through, over any sequence of arrivals."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.gcra import Rate, Verdict, decide

RATES = st.builds(
    Rate,
    st.integers(1, 10_000),
    st.floats(0.1, 86400.0),
    st.integers(1, 1000),
).filter(lambda rate: rate.rate <= 1e6)
GAPS = st.lists(st.one_of(st.just(0.0), st.floats(0.0, 10.0)), max_size=60)


def said(verdict: Verdict) -> tuple[bool, int, float, float]:
    """What a verdict says."""
    return verdict.allowed, verdict.remaining, round(verdict.retry_after, 6), round(verdict.reset_after, 6)


def test_what_is_said() -> None:
    """A burst passes at one moment; then one in each interval."""
    rate, tat, told = Rate(2, 1.0, 3), 0.0, []
    for now in (10.0, 10.0, 10.0, 10.0, 10.499, 10.5, 10.5, 12.0):
        verdict, tat = decide(rate, tat, now)
        told.append(said(verdict))
    assert told == [
        (True, 2, 0.0, 0.5),
        (True, 1, 0.0, 1.0),
        (True, 0, 0.0, 1.5),
        (False, 0, 0.5, 1.5),
        (False, 0, 0.001, 1.001),
        (True, 0, 0.0, 1.5),
        (False, 0, 0.5, 1.5),
        (True, 2, 0.0, 0.5),
    ]


def test_costs() -> None:
    """A request that costs more than there is takes nothing; a cheaper one may still pass."""
    rate = Rate(1, 1.0, 5)
    verdict, tat = decide(rate, 0.0, 100.0, 3)
    assert said(verdict) == (True, 2, 0.0, 3.0)
    verdict, tat = decide(rate, tat, 100.0, 3)
    assert said(verdict) == (False, 2, 1.0, 3.0)
    assert said(decide(rate, tat, 100.0, 2)[0]) == (True, 0, 0.0, 5.0)


@settings(deadline=None, max_examples=150)
@given(rate=RATES, start=st.floats(0.0, 2e9), gaps=GAPS)
def test_never_more_than_burst_and_rate(rate: Rate, start: float, gaps: list[float]) -> None:
    """Between any two arrivals at most `burst + rate * T` pass, for every T."""
    now, tat, passed = start, 0.0, []
    for gap in gaps:
        now += gap
        verdict, tat = decide(rate, tat, now)
        if verdict.allowed:
            passed.append(now)
    slack = 1e-5 + start * rate.rate * 1e-15  # the clock's own digits
    for first, begin in enumerate(passed):
        for last in range(first, len(passed)):
            assert last - first + 1 <= rate.burst + (passed[last] - begin) * rate.rate + slack


@settings(deadline=None, max_examples=100)
@given(limit=st.integers(1, 50), period=st.floats(0.5, 60.0), burst=st.integers(1, 20), start=st.floats(0.0, 1e6))
def test_a_saturating_client_gets_its_rate(limit: int, period: float, burst: int, start: float) -> None:
    """Who asks all the time gets at least `rate * T - 1`."""
    rate, tat, passed, steps = Rate(limit, period, burst), 0.0, 0, 400
    step = rate.interval / 10
    for index in range(steps):
        verdict, tat = decide(rate, tat, start + index * step)
        passed += verdict.allowed
    assert passed >= rate.rate * (steps - 1) * step - 1


@settings(deadline=None, max_examples=150)
@given(rate=RATES, start=st.floats(0.0, 2e9))
def test_as_many_as_the_burst_at_one_moment(rate: Rate, start: float) -> None:
    """Exactly: nothing is lost to rounding, nor won."""
    tat, passed = 0.0, 0
    for _ in range(rate.burst + 1):
        verdict, tat = decide(rate, tat, start)
        passed += verdict.allowed
    assert passed == rate.burst


@settings(deadline=None, max_examples=150)
@given(rate=RATES, start=st.floats(0.0, 1e6), gaps=GAPS)
def test_who_waits_as_told_passes(rate: Rate, start: float, gaps: list[float]) -> None:
    """After `retry_after` seconds a request passes, and shortly before it does not."""
    now, tat = start, 0.0
    for gap in gaps:
        now += gap
        verdict, tat = decide(rate, tat, now)
        if not verdict.allowed:
            assert decide(rate, tat, now + verdict.retry_after)[0].allowed
            early = verdict.retry_after - 0.01 * rate.interval
            assert early <= 0 or not decide(rate, tat, now + early)[0].allowed


def test_a_clock_that_was_set_back() -> None:
    """Locks nobody out for longer than a burst takes."""
    rate = Rate(1, 1.0, 5)
    _, tat = decide(rate, 0.0, 1e9)
    verdict, _ = decide(rate, tat, 100.0)
    assert said(verdict) == (False, 0, 1.0, 5.0)


@pytest.mark.parametrize(("limit", "period", "burst"), [(0, 1.0, 1), (1, 0.0, 1), (1, 1.0, 0)])
def test_what_admits_nobody_is_no_rate(limit: int, period: float, burst: int) -> None:
    """Nor is it a way to switch a limit off."""
    with pytest.raises(ValueError, match="above zero"):
        Rate(limit, period, burst)


def test_the_representation() -> None:
    """A verdict says what it says."""
    assert repr(Verdict(False, 0, 2.0, 3.0, True)) == "<Verdict: denied for 2 s, 0 of the quota remain, all in 3 s>"
    assert repr(Verdict(True, 4, 0.0, 3.0)) == "<Verdict: allowed, 4 remain, all in 3 s>"
