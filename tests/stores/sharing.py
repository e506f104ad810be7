"""Caches as gateways have them, in memory or over a real Redis, and what is put into them."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest_twisted
from twisted.internet import reactor
from twisted.internet.task import deferLater

from gatewayd.config.models.address import Address
from gatewayd.core.caching import Entry, Key, Policy, Scope, Store, on_response, partition_of, select
from gatewayd.core.tokens.identity import Identity
from gatewayd.pipeline.kept import Keeping, Kept
from gatewayd.stores.redis import RedisStore, Settings
from gatewayd.stores.responses.memory import MemoryResponses
from gatewayd.stores.responses.purgelog import PurgeLog
from gatewayd.stores.responses.shared import LONGEST, SharedResponses
from gatewayd.stores.responses.tiers import Responses
from tests.core.caching.world import PUBLIC, answer, asked
from tests.harness.redis import RedisServer
from tests.stores.observers import PATIENCE, Counts, until

MOST = 100_000
KEPT = "Cache-Control: max-age=60"


class Counters:
    """Counts failures of the cache."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def cache_hit(self, kind: str) -> None:
        """Nobody asks."""

    def cache_miss(self, kind: str) -> None:
        """Nobody asks."""

    def cache_error(self, kind: str, operation: str) -> None:
        """Something failed."""
        assert kind == "response"
        self.errors.append(operation)


class Gateway:
    """A cache as a gateway has it, over Redis if there is a store."""

    def __init__(self, store: RedisStore | None) -> None:
        clock: Any = reactor
        self.store = store
        self.counters = Counters()
        memory = MemoryResponses(clock, time.time, 8 << 20)
        self.log = shared = None
        if store is not None:
            self.log = PurgeLog(store, clock, LONGEST, memory.purge, memory.clear, lambda: None)
            shared = SharedResponses(store, self.log, MOST, frozenset(), self.counters, clock, time.time)
        self.responses = Responses(memory, shared, self.log)
        self.kept = Kept(Keeping(self.responses, time.time, self.counters), PUBLIC, 1 << 20, b"test")

    async def start(self) -> None:
        """Begin, and be ready."""
        self.responses.start()
        log = self.log
        if log is not None:
            await until(lambda: log.current, "the list of purges is read")

    def keep(self, key: Key, entry: Entry, marks: tuple[int, int] | None = None, instead: Entry | None = None) -> bool:
        """Keep an answer."""
        return self.kept.put(key, entry, self.kept.marks() if marks is None else marks, instead)

    async def find(self, key: Key, *lines: str) -> Entry | None:
        """What a request with these lines finds."""
        fields = asked(*lines).fields
        found = select(self.kept.memory.get(key), fields)
        if found is None and self.kept.shared is not None:
            found = await self.kept.fetch(key, fields, None)
        return found


class Pair:
    """Who keeps and who looks: the same gateway, or two that share a Redis."""

    def __init__(self, writer: Gateway, reader: Gateway, server: RedisServer | None) -> None:
        self.writer = writer
        self.reader = reader
        self.server = server

    async def finds(self, key: Key, *lines: str, forgetful: bool = True) -> Entry:
        """What is found, at once or soon; not out of the memory of who looks, if there is something behind it."""
        async for _ in self._looks():
            if self.server is not None and forgetful:
                self.reader.kept.memory.clear()
            if (found := await self.reader.find(key, *lines)) is not None:
                return found
        raise AssertionError(f"nothing is found for {key}")

    async def loses(self, key: Key, *lines: str) -> None:
        """Nothing is found any more, at once or soon, and then never again."""
        async for _ in self._looks():
            if await self.reader.find(key, *lines) is None:
                break
        if self.server is not None:
            self.reader.kept.memory.clear()
        assert await self.reader.find(key, *lines) is None

    async def _looks(self) -> AsyncIterator[None]:
        """Once, or again and again until it takes too long, where somebody else has to hear of it first."""
        clock: Any = reactor
        end = clock.seconds() + PATIENCE
        yield
        while self.server is not None and clock.seconds() < end:
            await deferLater(clock, 0.005)
            yield


def connected(server: RedisServer | None) -> Gateway:
    """A gateway that is connected."""
    if server is None:
        return Gateway(None)
    settings = Settings(address=Address("unix", path=server.path), connections=2, timeout=5.0)
    store = RedisStore(settings, reactor, random.random, Counts(), lambda up, why: None)
    pytest_twisted.blockon(store.start())
    return Gateway(store)


def key(url: str = "http://a/", scope: Scope = Scope.PUBLIC, tenant: str = "") -> Key:
    """A key."""
    partition = partition_of(scope, "r", Identity(subject="ann", tenant=tenant or None))
    assert partition is not None
    return Key(partition, url.encode())


def entry(*lines: str, body: bytes = b"body", request: tuple[str, ...] = (), policy: Policy = PUBLIC) -> Entry:
    """An answer that came now."""
    made = on_response(asked(*request, policy=policy), answer(*lines, dated=False), time.time(), time.time(), policy)
    assert isinstance(made, Store)
    made.entry.complete(body)
    return made.entry
