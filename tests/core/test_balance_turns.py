"""The order of turns: everybody's share, at any time."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.balance.turns import LONGEST, turns


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ((), ""),
        ((7,), "a"),
        ((3, 3, 3), "abc"),
        ((2, 1), "aab"),
        ((1, 2), "bab"),
        ((100, 50, 50), "abac"),
        ((5, 1, 1), "aaabaac"),
        ((3, 2), "abaab"),
    ],
)
def test_orders(weights: tuple[int, ...], expected: str) -> None:
    """The heavier more often, and spread."""
    assert "".join("abc"[index] for index in turns(weights)) == expected


@settings(max_examples=60)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=12))
def test_nobody_is_a_turn_ahead_or_behind(weights: list[int]) -> None:
    """After any number of turns; and in the end everybody had exactly its share."""
    total = sum(weights)
    order = turns(weights)
    had = Counter[int]()
    for number, index in enumerate(order, 1):
        had[index] += 1
        for other, weight in enumerate(weights):
            assert abs(had[other] - Fraction(number * weight, total)) < 1
    assert all(had[index] * total == len(order) * weight for index, weight in enumerate(weights))


@settings(max_examples=30)
@given(st.lists(st.integers(1, 65535), min_size=1, max_size=50))
def test_the_order_is_bounded(weights: list[int]) -> None:
    """However large the weights are, and everybody has a turn in it, and nearly its share."""
    order = turns(weights)
    assert len(order) <= LONGEST + len(weights)
    had = Counter(order)
    for index, weight in enumerate(weights):
        assert had[index] >= 1
        assert had[index] / len(order) == pytest.approx(weight / sum(weights), abs=0.02)


def test_more_targets_than_turns() -> None:
    """Each has one at least."""
    assert set(turns([*[1] * LONGEST, 1000])) == set(range(LONGEST + 1))
