"""The space-saving sketch: what it promises about any sequence of names."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.heavyhitters import SpaceSaving

NAMES = st.lists(st.tuples(st.integers(0, 30).map(str), st.integers(1, 9)), max_size=200)


@given(st.integers(1, 12), NAMES)
def test_the_frequent_are_known_for_certain(most: int, names: list[tuple[str, int]]) -> None:
    """Who has more than one part in `most` is there, nobody is certain of more than he has, and no more are counted."""
    sketch, true = SpaceSaving(most), Counter[str]()
    for name, times in names:
        sketch.add(name, times)
        true[name] += times
    certain = {name: count for count, name in sketch.certain()}
    assert len(sketch) == len(certain) == min(most, len(true))
    assert all(0 <= count <= true[name] for name, count in certain.items())
    assert {name for name, count in true.items() if count * most > true.total()} <= certain.keys()


@given(st.integers(1, 12), NAMES)
def test_counts_add_up(most: int, names: list[tuple[str, int]]) -> None:
    """The counters share out exactly what occurred, whoever had them; and the heaviest come first."""
    sketch = SpaceSaving(most)
    for name, times in names:
        sketch.add(name, times)
    assert sum(sketch._counts.values()) == sum(times for _, times in names)
    counts = [count for count, _ in sketch.certain()]
    assert counts == sorted(counts, reverse=True)


def test_the_lowest_makes_room() -> None:
    """Its successor may have as many: they are not certain."""
    sketch = SpaceSaving(2)
    sketch.add("a", 5)
    sketch.add("b", 3)
    sketch.add("c", 1)
    assert sketch.certain() == [(5, "a"), (1, "c")]
    sketch.add("b", 2)
    assert sketch.certain() == [(5, "a"), (2, "b")]


@given(st.integers(1, 8), NAMES, NAMES)
def test_taken_names_leave_their_room(most: int, before: list[tuple[str, int]], after: list[tuple[str, int]]) -> None:
    """Whoever is taken out may come again, from zero, and the sketch goes on as it must."""
    sketch = SpaceSaving(most)
    for name, times in before:
        sketch.add(name, times)
    for _, name in sketch.certain()[::2]:
        sketch.take(name)
    assert len(sketch) <= most // 2
    true = Counter(sketch._counts)
    for name, times in after:
        sketch.add(name, times)
        true[name] += times
    assert len(sketch) == min(most, len(true))
    assert all(count <= true[name] for count, name in sketch.certain())


def test_what_was_counts_for_half() -> None:
    """After a halving, what is new weighs twice as much."""
    sketch = SpaceSaving(2)
    sketch.add("old", 10)
    sketch.halve()
    sketch.add("new", 6)
    assert sketch.certain() == [(6, "new"), (5, "old")]


def test_a_sketch_needs_a_counter() -> None:
    """None at all is a mistake."""
    with pytest.raises(ValueError, match="counter"):
        SpaceSaving(0)
