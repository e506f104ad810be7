"""How many retries a service gets at a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.budget import Budget


def taken(budget: Budget, active: int) -> int:
    """How many more places there are."""
    count = 0
    while budget.take(active):
        count += 1
    return count


@pytest.mark.parametrize(
    ("share", "least", "active", "places"),
    [
        (0.2, 3, 0, 3),
        (0.2, 3, 15, 3),
        (0.2, 3, 19, 3),
        (0.2, 3, 20, 4),
        (0.2, 3, 24, 4),
        (0.2, 3, 25, 5),
        (0.2, 3, 1000, 200),
        (0.2, 0, 4, 0),
        (0.2, 0, 5, 1),
        (0.0, 0, 1000, 0),
        (0.0, 2, 1000, 2),
        (1.0, 0, 7, 7),
    ],
)
def test_places(share: float, least: int, active: int, places: int) -> None:
    """A share of what is active, rounded down, and never less than the least."""
    assert taken(Budget(share, least), active) == places


def test_places_come_back() -> None:
    """Whose request is over makes room; where less is active, room comes only when enough of them are over."""
    budget = Budget(0.2, 1)
    assert taken(budget, 25) == 5
    assert not budget.take(10)
    for _ in range(3):
        budget.give_back()
        assert not budget.take(10)
    budget.give_back()
    assert budget.take(10)
    assert not budget.take(10)


@given(
    share=st.floats(0, 1),
    least=st.integers(0, 10),
    steps=st.lists(st.tuples(st.booleans(), st.integers(0, 200)), max_size=200),
)
def test_never_exceeded(share: float, least: int, steps: list[tuple[bool, int]]) -> None:
    """At the moment a place is taken no more are than the share or the least; and none is refused below the least."""
    budget = Budget(share, least)
    out = 0
    for takes, active in steps:
        if takes:
            if budget.take(active):
                out += 1
                assert out <= max(least, share * active)
            else:
                assert out >= least
        elif out:
            budget.give_back()
            out -= 1
        assert budget.taken == out
