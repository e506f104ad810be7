"""How the answers of a route are kept, and where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gatewayd.core.caching import Entry, Key, Policy
from gatewayd.core.messages import Field
from gatewayd.stores.responses.tiers import Responses


class CacheCounters(Protocol):
    """Counts what the cache could answer, and what it could not; `kind` is "response"."""

    def cache_hit(self, kind: str) -> None:
        """A kept answer was sent."""

    def cache_miss(self, kind: str) -> None:
        """The service was asked."""

    def cache_error(self, kind: str, operation: str) -> None:
        """The store failed."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where the answers of all routes are kept; `wall` is the time in seconds since 1970."""

    responses: Responses
    wall: Callable[[], float]
    counters: CacheCounters


Marks = tuple[int, int]
"""Up to where purges were known when an answer was asked for: in memory, and in the store that gateways share."""


class Kept:
    """How the answers of a route are kept: of a body of `most` bytes at the most, as `name` in Cache-Status.

    With `shared`, in the store of all gateways as well, if there is one.
    """

    __slots__ = ("counters", "memory", "most", "name", "policy", "responses", "shared", "wall")

    def __init__(self, keeping: Keeping, policy: Policy, most: int, name: bytes, *, shared: bool = True) -> None:
        self.responses = responses = keeping.responses
        self.memory = responses.memory
        self.shared = responses.shared if shared else None
        self.wall = keeping.wall
        self.counters = keeping.counters
        self.policy = policy
        self.most = most
        self.name = name

    def marks(self) -> Marks:
        """What `put` wants to know: to be noted before a service is asked."""
        return self.memory.mark(), 0 if self.shared is None else self.shared.mark()

    def put(self, key: Key, entry: Entry, marks: Marks, instead: Entry | None = None) -> bool:
        """Keep a complete entry; whether it is kept in memory. Where it was purged on its way it is not kept at all."""
        memory, shared = marks
        stays = self.memory.put(key, entry, memory, instead=instead)
        if stays and self.shared is not None:
            self.shared.put(key, entry, shared)
        return stays

    def drop(self, key: Key, entry: Entry) -> None:
        """Forget one entry."""
        self.memory.drop(key, entry)
        if self.shared is not None:
            self.shared.drop(key, entry)

    async def fetch(self, key: Key, fields: list[Field], than: Entry | None) -> Entry | None:
        """What another gateway has kept for a request with these fields, and is fresher `than` what there is.

        It is in memory from then on.
        """
        assert self.shared is not None
        mark = self.memory.mark()
        entry = await self.shared.get(key, fields)
        if entry is None or (than is not None and entry.fresh_until <= than.fresh_until):
            return None
        self.memory.put(key, entry, mark, instead=than)
        return entry
