"""The store of one process: bounded, and always there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime

from gatewayd.stores.entries import Entries, Ordered, TooLarge
from gatewayd.stores.interface import Argument, Reply, Script, Unavailable
from gatewayd.stores.sweep import BEAT, Sweep

T = TypeVar("T")

ROUND = 60.0  # seconds in which everything is looked at once for having expired, or in little more
_NEVER = float("inf")


class MemoryStore:
    """Keeps up to `most` keys, and what takes `most_bytes` with them: those written longest ago make room.

    What has expired is not seen any more, and from `start` to `stop` its room becomes free within a minute. See `Store`
    for what can be asked.
    """

    up = True
    patience = 0.0

    def __init__(self, clock: IReactorTime, most: int = 1_000_000, most_bytes: int = 256 << 20) -> None:
        self._clock = clock
        self._sweep = Sweep(clock, clock.seconds, self._some)
        self.entries = Entries(most, most_bytes)

    def __repr__(self) -> str:
        """How full it is."""
        return f"<MemoryStore: {len(self.entries)} keys, {self.entries.size >> 10} KiB>"

    def start(self) -> None:
        """Begin to sweep."""
        self._sweep.start()

    def stop(self) -> None:
        """Sweep no more."""
        self._sweep.stop()

    def _some(self) -> Iterator[None]:
        now, entries = self._clock.seconds(), self.entries
        for _ in range(-(-entries.shards // int(ROUND / BEAT))):
            yield from entries.sweep(now)

    def get(self, key: bytes) -> Deferred[bytes | None]:
        """See `Store`."""
        return _done(self._value, key)

    def set(self, key: bytes, value: bytes, ttl: float | None = None, *, only_new: bool = False) -> Deferred[bool]:
        """See `Store`."""
        return _done(self._set, key, value, ttl, only_new)

    def delete(self, key: bytes) -> Deferred[bool]:
        """See `Store`."""
        return succeed(self.entries.take(key, self._clock.seconds()) is not None)

    def count(self, key: bytes, by: int, ttl: float) -> Deferred[int]:
        """See `Store`."""
        return _done(self._count, key, by, ttl)

    def add(self, key: bytes, member: bytes, score: float, ttl: float) -> Deferred[None]:
        """See `Store`."""
        return _done(self._add, key, member, score, ttl)

    def above(self, key: bytes, score: float, most: int, skip: int = 0) -> Deferred[list[tuple[bytes, float]]]:
        """See `Store`."""
        return _done(self._above, key, score, most, skip)

    def drop(self, key: bytes, score: float) -> Deferred[int]:
        """See `Store`."""
        return _done(self._drop, key, score)

    def run(self, script: Script, key: bytes, *args: Argument) -> Deferred[Reply]:
        """See `Store`. An exception of the script's twin is a failure of the kind `script`."""
        return _done(self._run, script, key, args)

    def _value(self, key: bytes) -> bytes | None:
        value = self.entries.get(key, self._clock.seconds())
        if isinstance(value, Ordered):
            raise _other_kind()
        return value

    def _set(self, key: bytes, value: bytes, ttl: float | None, only_new: bool) -> bool:
        now = self._clock.seconds()
        if only_new and self.entries.get(key, now) is not None:
            return False
        self.entries.put(key, value, _NEVER if ttl is None else now + ttl)
        return True

    def _count(self, key: bytes, by: int, ttl: float) -> int:
        value = self._value(key)
        if value is None:
            self.entries.put(key, b"%d" % by, self._clock.seconds() + ttl)
            return by
        try:
            total = int(value) + by
        except ValueError:
            raise _other_kind() from None
        self.entries.put(key, b"%d" % total, self.entries.end(key))
        return total

    def _ordered(self, key: bytes) -> Ordered | None:
        value = self.entries.get(key, self._clock.seconds())
        if isinstance(value, bytes):
            raise _other_kind()
        return value

    def _add(self, key: bytes, member: bytes, score: float, ttl: float) -> None:
        ordered, now, entries = self._ordered(key), self._clock.seconds(), self.entries
        end = now + ttl
        if ordered is None:
            ordered = Ordered()
        else:
            end = max(end, entries.end(key))
        if ordered.size + len(member) > entries.largest:
            raise TooLarge(f"a set of {len(ordered)} members is too large to grow")
        entries.take(key, now)
        ordered.add(member, score)
        entries.put(key, ordered, end)

    def _above(self, key: bytes, score: float, most: int, skip: int) -> list[tuple[bytes, float]]:
        ordered = self._ordered(key)
        return [] if ordered is None else ordered.above(score, most, skip)

    def _drop(self, key: bytes, score: float) -> int:
        ordered, entries = self._ordered(key), self.entries
        if ordered is None:
            return 0
        end = entries.end(key)
        entries.take(key, self._clock.seconds())
        dropped = ordered.drop(score)
        if ordered:
            entries.put(key, ordered, end)
        return dropped

    def _run(self, script: Script, key: bytes, args: tuple[Argument, ...]) -> Reply:
        texts = tuple(arg if isinstance(arg, bytes) else b"%d" % arg for arg in args)
        value, now = self._value(key), self._clock.seconds()
        try:
            reply, change = script.twin(value, texts, now)
        except Exception as error:
            raise Unavailable("script", f"the script {script.name} failed: {error!r}") from error
        if change is not None:
            after, ttl = change
            if after is None:
                self.entries.take(key, now)
            else:
                self.entries.put(key, after, _NEVER if ttl is None else now + ttl)
        return reply


def _done(work: Callable[..., T], *args: object) -> Deferred[T]:
    """What `work` makes of its arguments, as somebody who waits for Redis would get it."""
    try:
        return succeed(work(*args))
    except Unavailable as unavailable:
        return fail(unavailable)
    except TooLarge as error:
        return fail(Unavailable("other", str(error)))


def _other_kind() -> Unavailable:
    return Unavailable("other", "the key holds a value of another kind")
