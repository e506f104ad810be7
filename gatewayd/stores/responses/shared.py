"""Kept answers in a store that gateways share: asked for what is not in memory, and told what comes.

Nobody waits for it longer than the store lets them, and what fails is as if it were not there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from gatewayd.core.caching import Entry, Key
from gatewayd.core.caching.encoding import (
    VERSION,
    Found,
    Junk,
    decode,
    digest_of,
    encode,
    encode_names,
    variant_of,
)
from gatewayd.core.caching.vary import selecting
from gatewayd.core.messages import Field
from gatewayd.log import Log, events
from gatewayd.stores.interface import Store, Unavailable
from gatewayd.stores.responses.purgelog import PurgeLog

LONGEST = 86400.0  # seconds that a value stays at most: purges are remembered for that long
MOST_ON_THEIR_WAY = 8 << 20  # bytes that were written and have no answer yet
_PREFIX = b"cache:%d:" % VERSION

_log = Log("gatewayd.stores.cache")


class Counters(Protocol):
    """Counts failures; `kind` is "response", and `operation` "get", "set" or "delete"."""

    def cache_error(self, kind: str, operation: str) -> None:
        """The store failed."""


class SharedResponses:
    """Keeps answers of up to `most` bytes in `store`, until `stop`. `wall` is the time in seconds since 1970.

    `log` tells what was purged, `noted` are names of fields that this gateway reads in answers.
    """

    __slots__ = ("_call", "_clock", "_counters", "_log", "_most", "_noted", "_on_their_way", "_store", "_waiting",
                 "_wall")  # fmt: skip

    def __init__(
        self,
        store: Store,
        log: PurgeLog,
        most: int,
        noted: frozenset[bytes],
        counters: Counters,
        clock: IReactorTime,
        wall: Callable[[], float],
    ) -> None:
        self._store = store
        self._log = log
        self._most = most
        self._noted = noted
        self._counters = counters
        self._clock = clock
        self._wall = wall
        self._waiting: list[tuple[Key, Entry, int]] = []  # to be written
        self._on_their_way = 0
        self._call: IDelayedCall | None = None

    def stop(self) -> None:
        """Write no more."""
        if self._call is not None:
            self._call.cancel()
            self._call = None
        self._waiting.clear()

    def mark(self) -> int:
        """What `put` wants to know: to be noted before an answer is asked for."""
        return self._log.mark()

    async def get(self, key: Key, fields: Sequence[Field]) -> Entry | None:
        """The answer for a request with these fields; None where there is none, or it cannot be had."""
        if not self._log.current:
            self._counters.cache_error("response", "get")
            return None
        digest = digest_of(key)
        names: tuple[bytes, ...] = ()
        found = await self._find(digest)
        if found is not None and not isinstance(found[0], Entry):
            names = found
            found = await self._find(variant_of(digest, names, selecting(fields, names)))
        if found is None or not isinstance(found[0], Entry):
            return None
        entry, mark = found
        if entry.names != names or entry.values != selecting(fields, names):
            return None  # nobody writes it there
        return None if self._log.forget(key.url, entry.tags, mark) else entry

    async def _find(self, digest: bytes) -> Found | None:
        """What the store has under a digest."""
        name = _name(digest)
        try:
            value = await self._store.get(name)
            return None if value is None else decode(value, digest, self._noted)
        except Unavailable:
            self._counters.cache_error("response", "get")
        except Junk as junk:
            self._counters.cache_error("response", "get")
            _log(events.CACHE_UNREADABLE, why=str(junk))
            self._delete(name)
        return None

    def put(self, key: Key, entry: Entry, mark: int) -> None:
        """Have a complete entry written soon: not before what is going on now is done."""
        if len(entry.body) > self._most or entry.proven or not mark:
            return
        if self._on_their_way + entry.size > MOST_ON_THEIR_WAY:
            self._counters.cache_error("response", "set")
            return
        self._on_their_way += entry.size
        self._waiting.append((key, entry, mark))
        if self._call is None:
            self._call = self._clock.callLater(0, self._write)

    def _write(self) -> None:
        """Write what waits for it."""
        self._call = None
        waiting, self._waiting = self._waiting, []
        now = self._wall()
        for key, entry, mark in waiting:
            life = min(max(entry.fresh_until, entry.usable_until, entry.error_until) - now, LONGEST)
            if life <= 0 or self._log.forget(key.url, entry.tags, mark):
                self._on_their_way -= entry.size
                continue
            digest = digest_of(key)
            if entry.names:
                self._set(_name(digest), encode_names(entry.names, digest), life, 0)
                digest = variant_of(digest, entry.names, entry.values)
            self._set(_name(digest), encode(entry, mark, digest), life, entry.size)

    def _set(self, name: bytes, value: bytes, life: float, size: int) -> None:
        """Write a value that counts as `size` bytes on their way."""

        def done(result: object) -> None:
            self._on_their_way -= size
            self._failed(result, "set")

        self._store.set(name, value, life).addBoth(done)

    def drop(self, key: Key, entry: Entry) -> None:
        """Forget an entry, or what is in its place by now."""
        digest = digest_of(key)
        if entry.names:
            digest = variant_of(digest, entry.names, entry.values)
        self._delete(_name(digest))

    def _delete(self, name: bytes) -> None:
        self._store.delete(name).addBoth(self._failed, "delete")

    def _failed(self, result: object, operation: str) -> None:
        """Count what went wrong, if it did."""
        if isinstance(result, Failure):
            result.trap(Unavailable)
            self._counters.cache_error("response", operation)


def _name(digest: bytes) -> bytes:
    """The key of a value."""
    return _PREFIX + digest.hex().encode()
