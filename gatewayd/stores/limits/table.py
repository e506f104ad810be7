"""A table of states by key that is bounded together with others, and in which nothing takes long.

One dictionary of a million keys takes tens of milliseconds when it grows, and to be searched for what is over. So the
keys are spread over many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from gatewayd.stores.sweep import PIECE

T = TypeVar("T")


class Room:
    """How many keys all tables have, and may have: `most`, and one for each table that has no other."""

    __slots__ = ("count", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self.count = 0


class Table(Generic[T]):
    """States by key; where there is no room for another, one that came early makes it."""

    __slots__ = ("_hand", "_room", "count", "mask", "shards")

    def __init__(self, room: Room, shards: int) -> None:
        """`shards` is a power of two."""
        self.shards: list[dict[bytes, T]] = [{} for _ in range(shards)]
        self.mask = shards - 1
        self._room = room
        self._hand = 0
        self.count = 0

    def get(self, key: bytes) -> T | None:
        """The state of `key`."""
        return self.shards[hash(key) & self.mask].get(key)

    def put(self, key: bytes, state: T) -> None:
        """Keep the state of `key`."""
        shard = self.shards[hash(key) & self.mask]
        before = len(shard)
        shard[key] = state
        if len(shard) != before:
            self.count += 1
            room = self._room
            room.count += 1
            if room.count > room.most and self.count > 1:
                self._make_room(shard, key)

    def pop(self, key: bytes) -> T | None:
        """Take the state of `key` out."""
        state = self.shards[hash(key) & self.mask].pop(key, None)
        if state is not None:
            self.count -= 1
            self._room.count -= 1
        return state

    def sweep(self, index: int, over: Callable[[T], bool]) -> Iterator[None]:
        """Forget the states in one shard that are `over`; see `Sweep`."""
        shard = self.shards[index]
        before = len(shard)
        gone = [key for key, state in shard.items() if over(state)]
        some = bool(gone)
        while gone:
            key = gone.pop()  # the last reference to a key goes with it, here and not with the whole list
            state = shard.get(key)
            if state is not None and over(state):  # it may have asked again meanwhile
                del shard[key]
                self.count -= 1
                self._room.count -= 1
            if not len(gone) % PIECE:
                yield
        if some and 2 * len(shard) <= before:  # a dictionary that was much larger keeps its size
            self.shards[index] = dict(shard)

    def _make_room(self, shard: dict[bytes, T], kept: bytes) -> None:
        """Let the first key go of this shard or, where that is `kept`, of the next one that has another."""
        oldest = next(iter(shard))
        while oldest == kept:
            self._hand = (self._hand + 1) & self.mask
            shard = self.shards[self._hand]
            keys = iter(shard)
            oldest = next(keys, kept)
            if oldest == kept:
                oldest = next(keys, kept)
        del shard[oldest]
        self.count -= 1
        self._room.count -= 1
