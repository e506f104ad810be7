"""The table of states: bounded, and looked at a little at a time."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.stores.limits.table import Room, Table

KEYS = st.integers(0, 30).map(lambda number: b"%d" % number)
STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "put", "put", "pop", "sweep"]), st.integers(0, 1), KEYS, st.integers(0, 9)),
    max_size=150,
)


@settings(deadline=None, max_examples=200)
@given(steps=STEPS, most=st.integers(1, 12))
def test_the_bound(steps: list[tuple[str, int, bytes, int]], most: int) -> None:
    """Two tables that share a room never have more, but for one key each; what was put last is there."""
    room = Room(most)
    tables: list[Table[int]] = [Table(room, 4), Table(room, 1)]
    for step, which, key, state in steps:
        table = tables[which]
        if step == "put":
            table.put(key, state)
            assert table.get(key) == state
        elif step == "pop":
            before = table.get(key)
            assert table.pop(key) == before
            assert table.get(key) is None
        else:
            for index in range(len(table.shards)):
                assert not any(table.sweep(index, lambda kept: kept < state))  # noqa: B023 - it is called at once
            assert all(kept >= state for shard in table.shards for kept in shard.values())
        assert [table.count for table in tables] == [sum(map(len, table.shards)) for table in tables]
        assert room.count == sum(table.count for table in tables) <= most + 1
