"""The table behind the store in memory: what is in it, what has to go, and when it is forgotten."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.stores.entries import OVERHEAD, Entries, Ordered, TooLarge

KEYS = st.sampled_from([b"a", b"b", b"c", b"d", b"e", b"f"])
TIMES = st.integers(1, 5).map(float)
STEPS = st.one_of(
    st.tuples(st.just("put"), KEYS, st.binary(max_size=30), st.one_of(TIMES, st.just(inf))),
    st.tuples(st.just("take"), KEYS),
    st.tuples(st.just("wait"), TIMES),
    st.tuples(st.just("sweep")),
)


@given(st.lists(STEPS, max_size=40), st.integers(1, 6))
@settings(deadline=None, max_examples=150)
def test_like_a_dictionary(steps: list[tuple[object, ...]], most: int) -> None:
    """A small table holds what was written last, of what has not expired, and nothing else."""
    entries, now = Entries(most, 1 << 20), 0.0
    model: dict[bytes, tuple[bytes, float]] = {}
    for step, *operands in steps:
        if step == "put":
            key, value, ttl = operands
            assert isinstance(key, bytes)
            assert isinstance(value, bytes)
            assert isinstance(ttl, float)
            entries.put(key, value, now + ttl)
            model.pop(key, None)
            model[key] = (value, now + ttl)
            if len(model) > most:
                del model[next(iter(model))]
        elif step == "take":
            (key,) = operands
            assert isinstance(key, bytes)
            expected = model.pop(key, (None, inf))
            assert entries.take(key, now) == (expected[0] if expected[1] > now else None)
        elif step == "wait":
            (seconds,) = operands
            assert isinstance(seconds, float)
            now += seconds
        else:
            assert not any(entries.sweep(now))
            model = {key: entry for key, entry in model.items() if entry[1] > now}
            assert len(entries) == len(model)
        for key, (_, end) in model.items():
            if end > now:
                assert entries.end(key) == end
        assert len(entries) <= most
        assert entries.size == sum(len(key) + len(value) + OVERHEAD for key, (value, _) in model.items())
    for key in (b"a", b"b", b"c", b"d", b"e", b"f"):
        value, end = model.get(key, (None, inf))
        assert entries.get(key, now) == (value if end > now else None)


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=2), st.integers(0, 300)), max_size=120))
@settings(deadline=None, max_examples=60)
def test_bounds(pairs: list[tuple[bytes, int]]) -> None:
    """However much comes, it never takes more than it may, and the last one that came is there."""
    entries = Entries(100_000, 8 * 600)
    for key, length in pairs:
        entries.put(key, b"v" * length, inf)
        assert entries.get(key, 0.0) == b"v" * length
        assert 0 < entries.size <= 8 * 600
    assert sum(entries.get(key, 0.0) is not None for key in {key for key, _ in pairs}) == len(entries)


def test_many_shards() -> None:
    """A large table spreads its keys, is swept a shard at a time, and lets go of old ones when it is full."""
    entries = Entries(20_000, 1 << 30)
    assert entries.shards == 32
    for number in range(20_000):
        entries.put(b"%d" % number, b"v", 10.0 if number % 2 else inf)
    assert (len(entries), entries.evicted) == (20_000, 0)
    assert not any(entries.sweep(10.0))
    assert 19_000 < len(entries) < 20_000
    for _ in range(31):
        assert not any(entries.sweep(10.0))
    assert len(entries) == 10_000
    for number in range(20_000, 31_000):
        entries.put(b"%d" % number, b"v", inf)
    assert (len(entries), entries.evicted) == (20_000, 1000)
    assert sum(entries.get(b"%d" % number, 0.0) is not None for number in range(20_000, 31_000)) > 10_900


def test_room_from_elsewhere() -> None:
    """Where the shard of a key has nothing else to let go of, another one has."""
    entries = Entries(2048 * 4, 8 * 1000)
    for number in range(100):
        entries.put(b"%d" % number, b"v" * 600, inf)
        assert entries.get(b"%d" % number, 0.0) is not None
    assert len(entries) == 8000 // (600 + OVERHEAD + 2)


def test_too_large() -> None:
    """What would displace an eighth of the table is refused, and nothing is changed."""
    entries = Entries(100, 8 * 1000)
    largest = 1000 - OVERHEAD - 1
    entries.put(b"k", b"v" * largest, inf)
    with pytest.raises(TooLarge, match="bytes is too large"):
        entries.put(b"k", b"v" * (largest + 1), inf)
    assert entries.get(b"k", 0.0) == b"v" * largest


@given(st.lists(st.tuples(st.binary(max_size=2), st.integers(-5, 5).map(float)), max_size=40), st.integers(-5, 5))
@settings(deadline=None, max_examples=100)
def test_ordered(pairs: list[tuple[bytes, float]], score: int) -> None:
    """A set is what sorting would make of it."""
    ordered, model = Ordered(), dict[bytes, float]()
    for member, its in pairs:
        ordered.add(member, its)
        model[member] = max(its, model.get(member, -inf))
    ranked = sorted(model.items(), key=lambda pair: (pair[1], pair[0]))
    above = [pair for pair in ranked if pair[1] > score]
    assert ordered.above(score, 100, 0) == above
    assert ordered.above(score, 2, 1) == above[1:3]
    assert ordered.drop(score) == len(ranked) - len(above)
    assert ordered.above(-inf, 100, 0) == above
    assert ordered.drop(inf) == len(above)
    assert (len(ordered), ordered.size) == (0, 0)
