"""Where a store may keep what it is given: in memory, or in a real Redis that is reached in one of several ways."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred

from gatewayd.config.models.address import Address
from gatewayd.stores import MemoryStore, Store
from gatewayd.stores.redis import RedisStore, SentinelSettings, Settings, TlsSettings
from tests.harness.redis import RedisServer
from tests.stores.certificates import Authority
from tests.stores.observers import Counts

NAMES = ("memory", "redis", "user", "tls", "sentinel")
# What a user of the gateway needs, and no more.
RIGHTS = ("+@read", "+@write", "+@connection", "+eval", "+evalsha", "+time", "-@dangerous")


def connected(**options: Any) -> RedisStore:
    """What one gateway has of a Redis."""
    clock: Any = reactor
    settings = Settings(**{"connections": 2, "timeout": 5.0, **options})
    store = RedisStore(settings, clock, random.random, Counts(), lambda up, why: None)
    pytest_twisted.blockon(store.start())
    return store


@dataclass
class Place:
    """One of `NAMES`: `server` is the Redis, None in memory, `options` how it is reached."""

    name: str
    server: RedisServer | None = None
    options: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def stores(self, number: int = 1) -> Iterator[list[Store]]:
        """What so many gateways have of it, empty."""
        if self.server is None:
            clock: Any = reactor
            memory = MemoryStore(clock)
            memory.start()
            yield [memory] * number
            memory.stop()
            return
        self.server.ask("flushall")
        stores = [connected(**self.options) for _ in range(number)]
        yield list(stores)
        for store in stores:
            pytest_twisted.blockon(Deferred.fromCoroutine(store.stop()))


@contextmanager
def opened(name: str, folder: Path) -> Iterator[Place]:
    """The place of that name, with whatever it needs in `folder`."""
    if name == "memory":
        yield Place(name)
        return
    if name == "tls":
        authority = Authority(folder)
        cert, key = authority.certificate("redis.example.org")
        ca = str(authority.file)
        options = ("--tls-port", "PORT", "--port", "0", "--tls-cert-file", cert, "--tls-key-file", key,
                   "--tls-ca-cert-file", ca, "--tls-auth-clients", "no")  # fmt: skip
        with RedisServer(folder / "redis", *options) as server:
            tls = TlsSettings(ca, "redis.example.org")
            yield Place(name, server, {"address": Address("tcp", "127.0.0.1", server.port), "tls": tls})
        return
    with RedisServer(folder / "redis") as server:
        address = Address("tcp", "127.0.0.1", server.port)
        if name == "redis":
            yield Place(name, server, {"address": Address("unix", path=server.path)})
        elif name == "user":
            server.ask("acl", "setuser", "gateway", "on", ">secret", "~gw:*", *RIGHTS)
            yield Place(name, server, {"address": address, "username": "gateway", "password": "secret", "database": 3})
        else:
            conf = f"sentinel monitor main 127.0.0.1 {server.port} 1"
            with RedisServer(folder / "sentinel", conf, mode="sentinel") as watcher:
                watchers = (Address("tcp", "127.0.0.1", watcher.port),)
                yield Place(name, server, {"sentinel": SentinelSettings("main", watchers)})
