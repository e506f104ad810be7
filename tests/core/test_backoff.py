"""Waits that grow: bounds, jitter, and failures without end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.backoff import Backoff, full_jitter

FRACTION = st.floats(0.0, 1.0, exclude_max=True)


def test_it_doubles_up_to_the_cap() -> None:
    """Without jitter the time is the same whatever was drawn."""
    backoff = Backoff(30.0, 2.0, 300.0, 0.0)
    assert [backoff.delay(failures, 0.9) for failures in range(6)] == [30.0, 60.0, 120.0, 240.0, 300.0, 300.0]


@pytest.mark.parametrize(("random", "expected"), [(0.0, 90.0), (0.5, 100.0), (0.75, 105.0), (1.0, 110.0)])
def test_jitter_is_a_share_of_the_time(random: float, expected: float) -> None:
    """Less or more by at most that share, and nothing at the middle."""
    assert Backoff(100.0, 2.0, 1000.0, 0.1).delay(0, random) == pytest.approx(expected)


@pytest.mark.parametrize("factor", [1.0, 1.5, 2.0, 10.0])
def test_failures_without_end(factor: float) -> None:
    """No number of failures is too large to work with."""
    assert Backoff(1.0, factor, 60.0, 0.0).delay(10**9, 0.5) == (1.0 if factor == 1.0 else 60.0)
    assert full_jitter(1.0, 60.0, 10**9, 0.5) == 30.0


@given(
    base=st.floats(0.001, 100.0),
    factor=st.floats(1.0, 10.0),
    extra=st.floats(0.0, 1000.0),
    jitter=st.floats(0.0, 1.0),
    failures=st.integers(0, 10_000),
    random=FRACTION,
)
def test_bounds(base: float, factor: float, extra: float, jitter: float, failures: int, random: float) -> None:
    """Never less than the base less the jitter, never more than the cap with the jitter, and never less than before."""
    cap = base + extra
    backoff = Backoff(base, factor, cap, jitter)
    delay = backoff.delay(failures, random)
    assert base * (1.0 - jitter) * 0.999999 <= delay <= cap * (1.0 + jitter) * 1.000001
    assert backoff.delay(failures + 1, random) >= delay


@given(base=st.floats(0.001, 10.0), cap=st.floats(0.001, 100.0), attempt=st.integers(0, 5000), random=FRACTION)
def test_full_jitter(base: float, cap: float, attempt: int, random: float) -> None:
    """Anything from nothing to the doubled base, at most the cap."""
    assert 0.0 <= full_jitter(base, cap, attempt, random) <= min(cap, base * 2.0 ** min(attempt, 1000))


@pytest.mark.parametrize(
    "numbers", [(0.0, 2.0, 10.0, 0.1), (20.0, 2.0, 10.0, 0.1), (1.0, 0.5, 10.0, 0.1), (1.0, 2.0, 10.0, 1.5)]
)
def test_numbers_that_make_no_sense(numbers: tuple[float, float, float, float]) -> None:
    """No time at all, a cap below the base, times that shrink, and a jitter below zero seconds."""
    with pytest.raises(AssertionError):
        Backoff(*numbers)
