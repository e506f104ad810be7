"""Accumulators: kept first, sorted later."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.telemetry.tally import Events, HistogramTally


@given(st.lists(st.one_of(st.none(), st.floats(0, 5))))
def test_folding_may_come_at_any_time(values: list[float | None]) -> None:
    """Whenever what was kept is sorted (None), every value is counted once, in the bucket that it fits in."""
    tally = HistogramTally((1.0, 2.0))
    for value in values:
        if value is None:
            tally.fold()
        else:
            tally.observe(value)
    seen = [value for value in values if value is not None]
    assert tally.counts == [
        sum(value <= 1 for value in seen), sum(1 < value <= 2 for value in seen), sum(value > 2 for value in seen)
    ]  # fmt: skip
    assert tally.sum == pytest.approx(sum(seen))


def test_events_are_known_from_the_start() -> None:
    """They count from zero, and an unknown one is the caller's mistake."""
    events = Events(("a", "b"))
    events.count("a")
    events.count("a", 3)
    assert events == {"a": 4, "b": 0}
    with pytest.raises(KeyError):
        events.count("gremlins")
