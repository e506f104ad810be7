"""A real Redis that is killed, hangs, changes its password or is failed over: calls fail in time, and it comes back."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import gatherResults

from gatewayd.config.models.address import Address
from gatewayd.stores.redis import RedisStore, SentinelSettings, Settings, TlsSettings
from tests.harness.redis import RedisServer
from tests.stores.certificates import Authority
from tests.stores.observers import Counts, ends, kind_of, logged, until
from tests.stores.test_contract import LIMIT


class World:
    """A store, and what it told."""

    def __init__(self, address: Address, **options: Any) -> None:
        self.counts = Counts()
        self.changes: list[tuple[bool, str]] = []
        clock: Any = reactor
        settings = Settings(**{"address": address, "connections": 2, "connect_timeout": 0.5, **options})
        self.store = RedisStore(
            settings, clock, random.random, self.counts, lambda *change: self.changes.append(change)
        )
        self.place = str(address)

    def _changed(self, up: bool, why: str) -> None:
        self.changes.append((up, why))

    async def works(self) -> None:
        """Wait until the store is up, and see that all its connections are."""
        await until(lambda: self.store.up, "Redis comes back")
        await until(lambda: self.store.connected == self.store.wanted, "all connections come back")
        assert await self.store.set(b"k", b"v", 60.0) is True
        assert await self.store.get(b"k") == b"v"

    async def ending(self) -> set[str]:
        """How a hundred calls at once end."""
        return set(await ends(self.store.get(b"k") for _ in range(100)))


@asynccontextmanager
async def world(address: Address, **options: Any) -> AsyncIterator[World]:
    """A store that is started, and stopped at the end."""
    made = World(address, **options)
    await made.store.start()
    try:
        yield made
    finally:
        await made.store.stop()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis."""
    with RedisServer(tmp_path / "redis") as server:
        yield server


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What the stores log."""
    with logged() as lines:
        yield lines


def tcp(server: RedisServer) -> Address:
    """Where a server listens."""
    return Address("tcp", "127.0.0.1", server.port)


@pytest_twisted.ensureDeferred
async def test_killed_and_restarted(server: RedisServer, lines: list[str]) -> None:
    """Calls fail at once while it is away, and work again afterwards, scripts too; the log has a line for each."""
    async with world(tcp(server)) as it:
        await it.works()
        assert await it.store.run(LIMIT, b"limit", 1) == 1
        server.kill()
        await until(lambda: not it.store.up, "it is noticed")
        assert await it.ending() == {"connection"}
        server.start()
        await it.works()
        assert [await it.store.run(LIMIT, b"limit", 1) for _ in range(2)] == [1, 0]
        assert [up for up, _ in it.changes] == [True, False, True]
    assert [line for line in lines if "is up" not in line] == [
        f"Redis at {it.place} is away: the connection was closed"
    ]
    assert lines.count(f"Redis at {it.place} is up") == 2
    assert len(lines) == 3
    assert set(it.counts.errors) == {"connection"}


@pytest_twisted.ensureDeferred
async def test_not_there_at_first(server: RedisServer, lines: list[str]) -> None:
    """The start does not wait for a Redis that is not there; it is used as soon as it is."""
    server.kill()
    async with world(tcp(server)) as it:
        assert it.changes == [(False, "connection refused")]
        assert await it.ending() == {"connection"}
        server.start()
        await it.works()
    assert lines == [f"Redis at {it.place} is away: connection refused", f"Redis at {it.place} is up"]


@pytest_twisted.ensureDeferred
async def test_hanging(server: RedisServer, lines: list[str]) -> None:
    """Calls fail within their bound, soon at once; connections that stay silent are given up; it comes back."""
    async with world(tcp(server), timeout=0.05) as it:
        await it.works()
        server.suspend()
        assert await it.ending() == {"timeout"}
        while it.store.up:
            assert await it.ending() == {"timeout"}
        refused = it.store.get(b"k")
        assert refused.called
        assert await kind_of(refused) == "timeout"
        await until(lambda: it.store.connected == 0, "silent connections are given up")
        assert await it.ending() == {"timeout"}
        server.resume()
        await it.works()
        assert [up for up, _ in it.changes] == [True, False, True]
    assert lines[1:] == [f"Redis at {it.place} is away: no answer in 0.05 s", f"Redis at {it.place} is up"]


@pytest_twisted.ensureDeferred
async def test_hanging_for_a_moment(server: RedisServer) -> None:
    """Answers that come after their calls gave up are nobody's, and the connections go on."""
    async with world(tcp(server), connect_timeout=60.0) as it:
        await it.works()
        server.suspend()
        while it.store.up:
            assert await it.ending() == {"timeout"}
        server.resume()
        await it.works()
        assert it.store.waiting == 0
        await it.store.set(b"k", b"new")
        assert await it.store.get(b"k") == b"new"
        assert it.counts.errors.count("connection") == 0


@pytest_twisted.ensureDeferred
async def test_too_many_wait(server: RedisServer) -> None:
    """No more calls than allowed wait for a Redis that hangs; the others fail at once."""
    async with world(tcp(server), waiters=50, connect_timeout=60.0) as it:
        await it.works()
        server.suspend()
        calls = [it.store.get(b"k") for _ in range(60)]
        assert [call.called for call in calls] == [False] * 50 + [True] * 10
        assert await ends(calls) == ["timeout"] * 50 + ["other"] * 10
        server.resume()
        await until(lambda: it.store.waiting == 0, "the answers come")
        await it.works()


@pytest_twisted.ensureDeferred
async def test_the_password_changes(server: RedisServer, lines: list[str]) -> None:
    """Connections that are open go on; new ones are refused until the password is right again, without a restart."""
    server.ask("config", "set", "requirepass", "right")
    async with world(tcp(server), password="right") as it:
        await it.works()
        server.ask("config", "set", "requirepass", "wrong", password="right")
        server.ask("client", "kill", "type", "normal", password="wrong")
        await until(lambda: len(lines) == 3, "the password is refused")
        assert await it.ending() == {"auth"}
        server.ask("config", "set", "requirepass", "right", password="wrong")
        await it.works()
        assert "right" not in repr(it.store)
    assert lines[1] == f"Redis at {it.place} is away: the connection was closed"
    assert lines[2].startswith(f"Redis at {it.place} is still away: it answers WRONGPASS")
    assert lines[3:] == [f"Redis at {it.place} is up"]


@pytest_twisted.ensureDeferred
async def test_a_password_is_missing(server: RedisServer, lines: list[str]) -> None:
    """Neither none nor one too many is a connection."""
    async with world(tcp(server), password="needless") as it:
        await it.ending()
        assert not it.store.up
    server.ask("config", "set", "requirepass", "needed")
    async with world(tcp(server)) as other:
        assert other.changes[0][1].startswith("it answers NOAUTH")
        server.ask("config", "set", "requirepass", "", password="needed")
        await other.works()
    assert "is away: it answers ERR AUTH" in lines[0]


@pytest_twisted.ensureDeferred
async def test_users_and_databases(server: RedisServer, lines: list[str]) -> None:
    """A user with a password of its own, who may not do everything, in another database."""
    server.ask("acl", "setuser", "gateway", "on", ">secret", "+@all", "-del", "~gw:*")
    options = {"username": "gateway", "password": "secret", "database": 3}
    async with world(tcp(server), **options) as it:
        await it.works()
        assert await kind_of(it.store.delete(b"k")) == "auth"
        assert await kind_of(it.store.delete(b"k")) == "auth"
        assert it.store.up
        assert server.ask("-n", "3", "keys", "*") == "gw:{k}"
    assert len([line for line in lines if "NOPERM" in line]) == 1
    async with world(tcp(server), database=16) as nowhere:
        assert nowhere.changes == [(False, "it answers ERR DB index is out of range")]


@pytest_twisted.ensureDeferred
async def test_loading_and_replicas(server: RedisServer, tmp_path: Path) -> None:
    """A server that became a replica is left, and used again when it may be written to."""
    with RedisServer(tmp_path / "other") as master:
        async with world(tcp(server)) as it:
            await it.works()
            server.ask("replicaof", "127.0.0.1", str(master.port))
            while await ends([it.store.set(b"k", b"v")]) != ["connection"]:
                pass
            server.ask("replicaof", "no", "one")
            await it.works()


@pytest_twisted.ensureDeferred
async def test_scripts_are_forgotten(server: RedisServer) -> None:
    """What Redis does not know of a script any more it is told again, without anybody noticing."""
    async with world(tcp(server)) as it:
        for _ in range(3):
            calls = [it.store.run(LIMIT, b"limit", 1000) for _ in range(20)]
            assert await gatherResults(calls) == [1] * 20
            server.ask("script", "flush")
        assert it.counts.errors == []
        assert server.ask("get", "gw:{limit}") == "60"


@pytest_twisted.ensureDeferred
async def test_failed_over(tmp_path: Path) -> None:
    """When the master dies or hangs, the one that Sentinel makes master is used."""
    with RedisServer(tmp_path / "a") as first, RedisServer(tmp_path / "b") as second:
        second.ask("replicaof", "127.0.0.1", str(first.port))
        conf = (
            f"sentinel monitor main 127.0.0.1 {first.port} 1",
            "sentinel down-after-milliseconds main 300",
            "sentinel failover-timeout main 2000",
        )
        with RedisServer(tmp_path / "sentinel", *conf, mode="sentinel") as sentinel:
            places = (Address("tcp", "127.0.0.1", 1), Address("tcp", "127.0.0.1", sentinel.port))
            async with world(Address("unix", path="/unused"), sentinel=SentinelSettings("main", places)) as it:
                await it.works()
                assert first.ask("get", "gw:{k}") == "v"
                await until(lambda: "slaves=1" in sentinel.ask("info", "sentinel"), "the replica is found")
                first.suspend()
                while it.store.up:
                    assert await it.ending() == {"timeout"}
                await it.works()
                assert second.ask("role").startswith("master")
            async with world(Address("unix", path="/unused"), sentinel=SentinelSettings("other", places)) as lost:
                assert not lost.store.up
                assert 'it knows no "other"' in lost.changes[0][1]


@pytest_twisted.ensureDeferred
async def test_tls(tmp_path: Path) -> None:
    """Certificates are verified: the authority, and the name."""
    authority = Authority(tmp_path)
    cert, key = authority.certificate("redis.example.org")
    ca = str(authority.file)
    options = ("--tls-port", "PORT", "--port", "0", "--tls-cert-file", cert, "--tls-key-file", key,
               "--tls-ca-cert-file", ca, "--tls-auth-clients", "no")  # fmt: skip
    with RedisServer(tmp_path / "redis", *options) as server:
        async with world(tcp(server), tls=TlsSettings(ca, "redis.example.org")) as it:
            await it.works()
        async with world(tcp(server), tls=TlsSettings(ca)) as misnamed:
            assert misnamed.changes == [(False, "its certificate is for another name")]
        async with world(tcp(server), tls=TlsSettings("", "redis.example.org")) as unknown:
            assert unknown.changes == [(False, "TLS failed: certificate verify failed")]
        (tmp_path / "other").mkdir()
        other = TlsSettings(str(Authority(tmp_path / "other").file), "redis.example.org")
        async with world(tcp(server), tls=other) as wrong:
            assert not wrong.store.up
            assert wrong.changes[0][1].startswith("TLS failed: ")
            assert await wrong.ending() == {"connection"}
        async with world(tcp(server)) as plain:
            assert [up for up, _ in plain.changes] == [False]


@pytest_twisted.ensureDeferred
async def test_unusable_certificates(tmp_path: Path) -> None:
    """What is no certificate is refused before anything is started."""
    empty, broken = tmp_path / "empty.pem", tmp_path / "broken.pem"
    empty.write_text("")
    broken.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    for file, why in ((empty, "has no certificate"), (broken, "cannot be read")):
        with pytest.raises(ValueError, match=why):
            World(Address("tcp", "127.0.0.1", 1), tls=TlsSettings(str(file)))
