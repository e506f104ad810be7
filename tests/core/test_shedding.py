"""Which requests are refused under load: the least important first, as many as the lag calls for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.shedding import Priority, Shedder, Thresholds

THRESHOLDS = Thresholds(start=0.2, full=1.0)
LAGS = st.lists(st.floats(0.0, 10.0), max_size=40)


def levels(shedder: Shedder) -> list[float]:
    """The share that is refused of each priority, the lowest first."""
    return [shedder.level(priority) for priority in Priority]


def under(lag: float, seconds: float = 60.0, shedder: Shedder | None = None, since: float = 0.0) -> Shedder:
    """A shedder after so many seconds of the same lag, measured four times a second."""
    shedder = shedder or Shedder(THRESHOLDS)
    for tick in range(int(seconds * 4)):
        shedder.observe(lag, since + tick * 0.25)
    return shedder


def test_nothing_is_refused_at_first() -> None:
    """Before anything was observed, and while there is no lag."""
    assert levels(Shedder(THRESHOLDS)) == [0.0] * 4
    quiet = under(0.001)
    assert levels(quiet) == [0.0] * 4
    assert quiet.pressure == 0.0
    assert not quiet.shedding


@pytest.mark.parametrize(
    ("lag", "expected"),
    [
        (0.1999, [0, 0, 0, 0]),
        (0.2 + 0.8 / 6, [0.5, 0, 0, 0]),
        (0.2 + 0.8 / 2, [1, 0.5, 0, 0]),
        (0.2 + 0.8 * 5 / 6, [1, 1, 0.5, 0]),
        (1.0, [1, 1, 1, 0]),
        (1.99, [1, 1, 1, 0]),
        (2.001, [1, 1, 1, 1]),
    ],
)
def test_one_priority_after_the_other(lag: float, expected: list[float]) -> None:
    """Low, normal and high share the way from start to full; critical ones are refused over twice full only."""
    assert levels(under(lag)) == pytest.approx(expected, abs=1e-6)


def test_pressure() -> None:
    """It goes from 0 at the start to 1 at the full lag."""
    assert [round(THRESHOLDS.pressure(lag), 6) for lag in (0.0, 0.2, 0.6, 1.0, 9.0)] == [0.0, 0.0, 0.5, 1.0, 1.0]


def test_admitting() -> None:
    """A request is refused with the probability of its level; where that is 1 always, where it is 0 never."""
    half = under(0.2 + 0.8 / 2)
    level = half.level(Priority.NORMAL)
    assert not half.admits(Priority.NORMAL, level - 1e-9)
    assert half.admits(Priority.NORMAL, level)
    assert not half.admits(Priority.LOW, 0.999999)
    assert half.admits(Priority.HIGH, 0.0)
    assert half.admits(Priority.CRITICAL, 0.0)


def test_one_stall_is_no_overload() -> None:
    """However long it was; two of them in a row are."""
    stalled = under(0.0)
    stalled.observe(5.0, 65.0)
    assert stalled.pressure == 0.0
    stalled.observe(0.0, 65.25)
    assert stalled.pressure == 0.0
    stalled.observe(5.0, 70.25)
    stalled.observe(5.0, 75.25)
    assert stalled.pressure == 1.0


def test_it_rises_fast_and_falls_slowly() -> None:
    """Half a second of lag is met within a second; a second after it ended some requests are still refused."""
    shedder = under(1.0, seconds=1.5)
    assert shedder.level(Priority.LOW) == 1.0
    under(0.0, 1.0, shedder, 1.5)
    assert shedder.level(Priority.LOW) > 0.5
    under(0.0, 10.0, shedder, 2.5)
    assert levels(shedder) == [0.0] * 4


def test_shedding_is_reported_once() -> None:
    """`observe` tells of a beginning and an end; between the start and half of it things stay as they are."""
    shedder = under(0.3)
    assert shedder.shedding
    assert not shedder.observe(0.3, 60.0)
    under(0.15, 60.0, shedder, 60.0)
    assert shedder.pressure == 0.0
    assert shedder.shedding
    assert not under(0.15).shedding
    changes = [shedder.observe(0.0, 120 + tick * 0.25) for tick in range(80)]
    assert changes.count(True) == 1
    assert not shedder.shedding
    changes = [shedder.observe(0.3, 200 + tick * 0.25) for tick in range(80)]
    assert changes.count(True) == 1
    assert shedder.shedding


def test_time_that_stands_still() -> None:
    """Observations of the same moment, or out of order, move nothing."""
    shedder = under(0.0)
    for now in (59.75, 59.75, 10.0):
        shedder.observe(9.0, now)
    assert shedder.lag == 0.0


@given(lags=LAGS)
def test_the_lower_go_first(lags: list[float]) -> None:
    """At any time at least as many of a lower priority are refused, and nobody of the next before all of the last."""
    shedder = Shedder(THRESHOLDS)
    now = 0.0
    for lag in lags:
        now += 0.25 + lag
        shedder.observe(lag, now)
        found = levels(shedder)
        assert found == sorted(found, reverse=True)
        assert all(0.0 <= level <= 1.0 for level in found)
        assert len([level for level in found if 0.0 < level < 1.0]) <= 1
        assert (shedder.pressure > 0.0) is (found[0] > 0.0)
        assert shedder.shedding or not shedder.pressure


@given(pairs=st.lists(st.tuples(st.floats(0.0, 10.0), st.floats(0.0, 10.0)), max_size=40))
def test_more_lag_never_refuses_less(pairs: list[tuple[float, float]]) -> None:
    """Of two gateways, one of which lags at least as much at every moment, that one refuses at least as many."""
    less, more = Shedder(THRESHOLDS), Shedder(THRESHOLDS)
    for tick, (lag, further) in enumerate(pairs):
        less.observe(lag, tick * 0.25)
        more.observe(lag + further, tick * 0.25)
        assert all(few <= many + 1e-9 for few, many in zip(levels(less), levels(more), strict=True))


@given(peak=st.floats(0.3, 5.0), lag=st.floats(0.0, 0.25))
def test_on_the_way_down_more_is_refused_than_on_the_way_up(peak: float, lag: float) -> None:
    """After as long at the same lag: what was is not at once over."""
    rising = under(lag, 1.0)
    falling = under(lag, 1.0, under(peak, 30.0), 30.0)
    assert levels(falling) >= levels(rising)
    assert falling.lag > rising.lag


@given(lags=LAGS)
def test_it_recovers(lags: list[float]) -> None:
    """Whatever was, half a minute without lag later nothing is refused."""
    shedder = Shedder(THRESHOLDS)
    now = 0.0
    for lag in lags:
        now += 0.25 + lag
        shedder.observe(lag, now)
    under(0.0, 30.0, shedder, now)
    assert levels(shedder) == [0.0] * 4
    assert not shedder.shedding
