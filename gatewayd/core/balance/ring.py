"""Consistent hashing: requests with one key go to one target, and few keys move when targets come and go."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Container, Sequence
from hashlib import blake2b
from math import inf
from struct import Struct

from gatewayd.core.balance.candidate import C
from gatewayd.core.balance.policies import Random

# Points of the heaviest target: with so many, the parts of equal targets differ by 9 % from the average, as a rule.
POINTS = 128
_EIGHT = Struct("<8Q")  # one digest makes eight points
_FAR = 8  # points for each target: on a walk of so many, all but 1 in 3000 equal targets are met


def points(name: str, number: int) -> list[int]:
    """The first `number` points that the target `name` has, the same in every process: 64-bit numbers."""
    found: list[int] = []
    for block in range(-(-number // 8)):
        found += _EIGHT.unpack(blake2b(b"%d %b" % (block, name.encode())).digest())
    return found[:number]


def place(key: bytes) -> int:
    """Where on the ring a key falls, the same in every process: a 64-bit number."""
    return int.from_bytes(blake2b(key, digest_size=8).digest(), "big")


class HashRing(Random[C]):
    """A key falls to the target whose point is the next after the key's hash, on a ring of all targets' points.

    When a target goes, only its keys move; when one comes, only those that fall to it (Karger et al., "Consistent
    hashing and random trees", 1997). A target has points in proportion to its weight, and one at least: where the
    heaviest weighs over a hundred times as much, the lightest get more than their share. The proportion is that to the
    heaviest there has been, rounded up to a power of two; more keys move only when one comes that exceeds this.

    With `bounded`, no target has more than `bounded` times its share of all requests that are being answered, or one
    more: keys of a target that has pass on to the next (Mirrokni, Thorup and Zadimoghaddam, "Consistent hashing with
    bounded loads", 2016). What is being answered is counted once in as many picks as there are targets; in between,
    it is taken to have grown with each pick. Requests without a key are divided at random.
    """

    __slots__ = ("_bounded", "_in_flight", "_owners", "_picks", "_ring", "_room", "_scale")

    def __init__(self, random: Callable[[], float], bounded: float | None = None) -> None:
        assert bounded is None or bounded >= 1.0
        super().__init__(random)
        self._bounded = bounded
        self._ring: list[int] = []
        self._owners: list[C] = []  # of each point, and once more that of the first, which comes after the last
        self._scale = 1  # the weight that has all points
        self._room = 0.0  # requests that a target may have, for each unit of its weight and each request in flight
        self._in_flight = 0
        self._picks = 0  # until it is counted again

    def rebuild(self, candidates: Sequence[C]) -> None:
        """Pick from these from now on."""
        super().rebuild(candidates)
        heaviest = max((candidate.weight for candidate in candidates), default=1)
        self._scale = scale = max(self._scale, 1 << (heaviest - 1).bit_length())
        owners = {
            point: candidate
            for candidate in candidates
            for point in points(candidate.name, max(1, POINTS * candidate.weight // scale))
        }
        self._ring = sorted(owners)
        self._owners = [owners[point] for point in self._ring]
        self._owners += self._owners[:1]
        self._room = (self._bounded or 0.0) / max(1, self._total)
        self._picks = 0

    def pick(self, key: bytes | None, now: float) -> C:
        """The target that `key` falls to, or one at random without a key."""
        if key is None:
            return super().pick(key, now)
        at = bisect_right(self._ring, place(key))
        owner = self._owners[at]
        if self._bounded is None:
            return owner
        room = self._fair()
        if owner.active < room * owner.weight:
            return owner
        return self._next(at, room, ()) or owner

    def other(self, tried: Container[C], key: bytes | None, now: float) -> C | None:
        """The first target after that of `key` that is not among `tried`, rather one with room than one without."""
        if key is None or not self._ring:
            return super().other(tried, key, now)
        at = bisect_right(self._ring, place(key))
        room = inf if self._bounded is None else self._fair()
        return self._next(at, room, tried) or super().other(tried, key, now)

    def _fair(self) -> float:
        """How many requests a target may have for each unit of its weight, one more included that comes now."""
        if self._picks:
            self._picks -= 1
            self._in_flight += 1
        else:
            self._picks = self._count - 1
            self._in_flight = sum([candidate.active for candidate in self._candidates]) + 1
        return self._room * self._in_flight

    def _next(self, at: int, room: float, tried: Container[C]) -> C | None:
        """The first target from point `at` on that has room and is not among `tried`; None if there is none.

        Where it is far, the search ends with the least busy one.
        """
        owners, size = self._owners, len(self._ring)
        for step in range(at, at + min(size, _FAR * self._count)):
            owner = owners[step % size]
            if owner.active < room * owner.weight and owner not in tried:
                return owner
        rest = [one for one in self._candidates if one.active < room * one.weight and one not in tried]
        return min(rest, key=lambda one: one.active / one.weight, default=None)
