"""A table of values that expire, bounded in number and bytes, in which nothing takes long.

One dictionary of a million keys takes tens of milliseconds when it grows, and to be searched for what has expired. So
the keys are spread over many small ones. Beside these there is no object per key that Python's garbage collector would
have to look at: a full collection does not take longer for a full table.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from operator import itemgetter
from typing import TypeAlias

from gatewayd.stores.sweep import PIECE

OVERHEAD = 200  # bytes that a key and its value take beside their own length
_PER_SHARD = 1024  # keys of a shard of a full table
_MEMBER_OVERHEAD = 200
_NEVER = float("inf")
_score_of = itemgetter(0)


class TooLarge(ValueError):
    """A value for which too much else would have to go."""


class Ordered:
    """A set in which every member has a score."""

    __slots__ = ("_ranked", "_scores", "size")

    def __init__(self) -> None:
        self._scores: dict[bytes, float] = {}
        self._ranked: list[tuple[float, bytes]] = []
        self.size = 0  # bytes, about

    def __len__(self) -> int:
        return len(self._ranked)

    def add(self, member: bytes, score: float) -> None:
        """Put in a member; the higher score counts."""
        before = self._scores.get(member)
        if before is None:
            self.size += len(member) + _MEMBER_OVERHEAD
        elif before >= score:
            return
        else:
            del self._ranked[bisect_left(self._ranked, (before, member))]
        self._scores[member] = score
        insort(self._ranked, (score, member))

    def above(self, score: float, most: int, skip: int) -> list[tuple[bytes, float]]:
        """Members with more than `score`, lowest first."""
        begin = bisect_right(self._ranked, score, key=_score_of) + skip
        return [(member, its) for its, member in self._ranked[begin : begin + most]]

    def drop(self, score: float) -> int:
        """Remove members with at most `score`; how many there were."""
        dropped = self._ranked[: bisect_right(self._ranked, score, key=_score_of)]
        del self._ranked[: len(dropped)]
        for _, member in dropped:
            del self._scores[member]
            self.size -= len(member) + _MEMBER_OVERHEAD
        return len(dropped)


Value: TypeAlias = bytes | Ordered


class Entries:
    """Up to `most` keys, which take about `most_bytes` with their values; those written longest ago make room.

    Times are in seconds, of the clock that the callers' `now` is read from. `evicted` counts keys that made room.
    """

    __slots__ = ("_count", "_ends", "_hand", "_mask", "_most", "_most_bytes", "_sweeping", "_values", "evicted",
                 "largest", "size")  # fmt: skip

    def __init__(self, most: int, most_bytes: int) -> None:
        shards = 1 << (max(1, most // _PER_SHARD) - 1).bit_length()
        self._values: list[dict[bytes, Value]] = [{} for _ in range(shards)]
        self._ends: list[dict[bytes, float]] = [{} for _ in range(shards)]  # of the keys that expire
        self._mask = shards - 1
        self._most = most
        self._most_bytes = most_bytes
        self._count = 0
        self._hand = 0  # the shard that makes room next, if the one that needs it cannot
        self._sweeping = 0  # the shard to be swept next
        self.largest = most_bytes // 8  # bytes of a value: it displaces others, which takes its time
        self.size = 0
        self.evicted = 0

    def __len__(self) -> int:
        return self._count

    @property
    def shards(self) -> int:
        """How many calls of `sweep` see everything once."""
        return self._mask + 1

    def get(self, key: bytes, now: float) -> Value | None:
        """The value of `key`."""
        shard = hash(key) & self._mask
        value = self._values[shard].get(key)
        if value is not None and self._ends[shard].get(key, _NEVER) <= now:
            self._remove(shard, key)
            return None
        return value

    def end(self, key: bytes) -> float:
        """When `key` expires, infinity if it does not."""
        return self._ends[hash(key) & self._mask].get(key, _NEVER)

    def put(self, key: bytes, value: Value, end: float) -> None:
        """Give `key` a value until `end`, infinity for ever. Raises `TooLarge`.

        A set that was changed is to be taken out with `take` before, as its size is another one now.
        """
        if type(value) is bytes:
            weight = len(key) + len(value) + OVERHEAD
            if weight > self.largest:
                raise TooLarge(f"a value of {len(value)} bytes is too large to be kept")
        else:
            weight = _weight(key, value)
        shard = hash(key) & self._mask
        values = self._values[shard]
        before = values.pop(key, None)  # whatever was written last stands last
        if before is None:
            self._count += 1
        else:
            weight -= _weight(key, before)
        values[key] = value
        if end != _NEVER:
            self._ends[shard][key] = end
        elif before is not None:
            self._ends[shard].pop(key, None)
        self.size += weight
        while self._count > self._most or self.size > self._most_bytes:
            shard = self._make_room(shard, key)

    def take(self, key: bytes, now: float) -> Value | None:
        """Take `key` out; its value if there was one."""
        value = self.get(key, now)
        if value is not None:
            self._remove(hash(key) & self._mask, key)
        return value

    def sweep(self, now: float) -> Iterator[None]:
        """Forget what has expired in the next shard, some thousand keys at the most; see `Sweep`."""
        shard = self._sweeping
        self._sweeping = (shard + 1) & self._mask
        ends = self._ends[shard]
        gone = [key for key, end in ends.items() if end <= now]
        while gone:
            key = gone.pop()
            if ends.get(key, _NEVER) <= now:  # it may have been written meanwhile
                self._remove(shard, key)
            if not len(gone) % PIECE:
                yield

    def _remove(self, shard: int, key: bytes) -> None:
        self.size -= _weight(key, self._values[shard].pop(key))
        self._ends[shard].pop(key, None)
        self._count -= 1

    def _make_room(self, shard: int, kept: bytes) -> int:
        """Let the key go that was written longest ago in this shard or, where that is `kept`, in the next that has one.

        Answers with the shard that it was in.
        """
        oldest = next(iter(self._values[shard]), kept)
        while oldest == kept:
            self._hand = shard = (self._hand + 1) & self._mask
            oldest = next(iter(self._values[shard]), kept)
        self._remove(shard, oldest)
        self.evicted += 1
        return shard


def _weight(key: bytes, value: Value) -> int:
    """How many bytes a key and its value take, about."""
    return len(key) + (len(value) if type(value) is bytes else value.size) + OVERHEAD  # type: ignore[union-attr]
