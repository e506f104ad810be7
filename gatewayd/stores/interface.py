"""What can be asked of a store, and how it says no."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from twisted.internet.defer import Deferred

Kind: TypeAlias = Literal["timeout", "connection", "auth", "script", "other"]
"""Kinds of failures, as `redis_errors_total` has them."""

KINDS: tuple[Kind, ...] = ("timeout", "connection", "auth", "script", "other")

Argument: TypeAlias = bytes | int
"""An argument of a script; Redis gets a number as its decimal digits."""

Reply: TypeAlias = "int | bytes | list[Reply] | None"
"""What a script answers."""

Change: TypeAlias = tuple[bytes | None, float | None]
"""What a key is from now on: its value (None: it is no more), and for how many seconds (None: for ever)."""

Twin: TypeAlias = Callable[[bytes | None, tuple[bytes, ...], float], tuple[Reply, Change | None]]
"""A script in Python: from the key's value, the arguments and the time to the reply, and to what changes if any does.

The time is in seconds, of a clock that only moves forward: good for differences.
"""


class Unavailable(Exception):
    """The store did not do what it was asked for, or did and could not say so in time."""

    def __init__(self, kind: Kind, why: str) -> None:
        super().__init__(why)
        self.kind = kind


@dataclass(frozen=True, slots=True, eq=False)
class Script:
    """Something that is done to one key in one step.

    `lua` runs in Redis, with the key as `KEYS[1]` and the arguments as `ARGV`; it may touch no other key, so that a
    cluster can run it. `twin` does the same in this process.
    """

    name: str
    lua: str
    twin: Twin


class Store(Protocol):
    """Values, counters and ordered sets, each under a key of its own; times to live are in seconds and above 0.

    Everything fails with `Unavailable`, also for a key that holds something else than the operation is for. Calls that
    are under way at the same time come in no particular order: what builds on a call waits for it.
    """

    @property
    def up(self) -> bool:
        """Whether a call is likely to be answered."""

    @property
    def patience(self) -> float:
        """Seconds after which a call has failed at the latest; 0 where it always is answered at once."""

    def get(self, key: bytes) -> Deferred[bytes | None]:
        """The value of `key`, or None."""

    def set(self, key: bytes, value: bytes, ttl: float | None = None, *, only_new: bool = False) -> Deferred[bool]:
        """Give `key` this value for `ttl` seconds, or for ever.

        With `only_new` a key that has one already keeps it, and the answer is False.
        """

    def delete(self, key: bytes) -> Deferred[bool]:
        """Forget `key`, whatever it holds; False if there was nothing."""

    def count(self, key: bytes, by: int, ttl: float) -> Deferred[int]:
        """Add `by` to a counter; what it is now. It begins at 0, and is forgotten `ttl` seconds after it began."""

    def add(self, key: bytes, member: bytes, score: float, ttl: float) -> Deferred[None]:
        """Put `member` into an ordered set; if it is in there already, the higher score counts.

        The set stays for at least `ttl` more seconds.
        """

    def above(self, key: bytes, score: float, most: int, skip: int = 0) -> Deferred[list[tuple[bytes, float]]]:
        """The members of an ordered set that have more than `score`, lowest first, and equal ones by their bytes.

        Without the first `skip` of them, and `most` at the most.
        """

    def drop(self, key: bytes, score: float) -> Deferred[int]:
        """Remove the members of an ordered set that have at most `score`; how many there were."""

    def run(self, script: Script, key: bytes, *args: Argument) -> Deferred[Reply]:
        """What `script` answers for `key`."""
