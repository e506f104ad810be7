"""The windows of quotas."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.quota import Calendar, Span, window_at

DAY = 86400.0


def at(text: str) -> float:
    """Seconds since 1970."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("span", "moment", "number", "begins", "ends"),
    [
        ("day", "2026-11-25T23:59:59", 20261125, "2026-11-25", "2026-11-26"),
        ("day", "2026-11-26T00:00:00", 20261126, "2026-11-26", "2026-11-27"),
        ("month", "2026-12-31T23:59:59", 202612, "2026-12-01", "2027-01-01"),
        ("month", "2024-02-29T12:00:00", 202402, "2024-02-01", "2024-03-01"),
    ],
)
def test_windows(span: Span, moment: str, number: int, begins: str, ends: str) -> None:
    """They begin at midnight, or on the first."""
    assert window_at(span, at(moment)) == (number, at(begins), at(ends))


def test_lengths() -> None:
    """Months are of different lengths."""
    assert [window_at("month", at(f"2026-{month:02}-05")).seconds // 86400 for month in (1, 2, 4)] == [31, 28, 30]


@settings(deadline=None, max_examples=100)
@given(span=st.sampled_from(["day", "month"]), walls=st.lists(st.floats(0.0, 4e9), max_size=8))
def test_the_calendar(span: Span, walls: list[float]) -> None:
    """Always the window that the time is in, also when the clock is set back."""
    calendar = Calendar(span)
    for wall in walls:
        window = calendar.at(wall)
        assert window == window_at(span, wall)
        assert window.begins <= wall < window.ends
