"""Redis dies, hangs, changes its password, loads, may not be written to, is full, or is failed over, under load.

Each time: no request fails for it unless its limit says so, each limit goes on as it was told to, the log has a line
for each change and no more, and when Redis is back it knows what passed meanwhile, without a restart of anything.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from tests.harness import GatewayProcess, silent_port
from tests.harness.redis import RedisServer
from tests.shared.world import (
    BURST,
    POLICIES,
    asked,
    busy,
    connected,
    errors,
    goes_on,
    health,
    knows,
    policies,
    takes_three,
    told,
    verdicts,
    wait_told,
    waited,
)


def test_killed_and_started_again(server: RedisServer) -> None:
    """It comes back empty; what passed while it was away it learns."""
    with GatewayProcess(policies(address=server.address)) as gateway:
        takes_three(gateway)
        with busy(gateway):
            server.kill()
            wait_told(gateway, "up", "away: the connection was closed")
            gateway.wait_metric("redis_pool_connections", 0, state="up")
            goes_on(gateway)
            server.start()
            wait_told(gateway, "up", "away", "up")
            knows(gateway, 0)
        assert len(told(gateway)) == 3
        assert errors(gateway) <= {"connection"}


def test_hangs(server: RedisServer) -> None:
    """A few requests wait for their time limit, then none does; what Redis was asked for meanwhile counts once."""
    with GatewayProcess(policies(address=server.address, timeout="200ms")) as gateway:
        takes_three(gateway)
        with busy(gateway):
            before = waited(gateway, 0.1)
            server.suspend()
            wait_told(gateway, "up", "away: no answer in 0.2 s")
            gateway.wait_metric("redis_pool_connections", 0, state="up")
            assert 1 <= waited(gateway, 0.1) - before <= 2 * 3  # of each client until the breaker opens
            goes_on(gateway)
            server.resume()
            wait_told(gateway, "up", "away", "up")
            knows(gateway, 3)
        assert len(told(gateway)) == 3
        assert "timeout" in errors(gateway)


@pytest.mark.parametrize("user", ["", "gateway"])
def test_the_password_is_changed(server: RedisServer, user: str) -> None:
    """Connections that are there go on; when they are lost, new ones need the right one. So it is once it is right."""

    def change(old: str, new: str) -> None:
        if user:
            server.ask("acl", "setuser", user, "on", "resetpass", f">{new}", "~gw:*", "+@all", "-@admin")
        else:
            server.ask("config", "set", "requirepass", new, password=old)

    change("", "first")
    own = {"username": user} if user else {}
    with GatewayProcess(policies(address=server.address, password="first", **own)) as gateway:
        takes_three(gateway)
        with busy(gateway):
            change("first", "second")
            assert told(gateway) == ["up"]
            admin = "" if user else "second"
            server.ask("client", "kill", "type", "normal", password=admin)
            wait_told(gateway, "up", "away: the connection was closed", "still away: it answers WRONGPASS")
            goes_on(gateway)
            change("second", "first")
            wait_told(gateway, "up", "away", "still", "up")
            knows(gateway, 3)
        assert len(told(gateway)) == 4
        assert "first" not in gateway.log
        assert "second" not in gateway.log


def test_it_becomes_a_replica(server: RedisServer) -> None:
    """One that may not be written to is left, and not taken back before it may."""
    with GatewayProcess(policies(address=server.address)) as gateway:
        takes_three(gateway)
        with busy(gateway):
            server.ask("replicaof", "127.0.0.1", "1")
            wait_told(gateway, "up", "away: it answers READONLY")
            gateway.wait_metric("redis_pool_connections", 0, state="up")
            goes_on(gateway)
            server.ask("replicaof", "no", "one")
            wait_told(gateway, "up", "away", "up")
            knows(gateway, 3)
        assert len(told(gateway)) == 3


def test_it_is_full(server: RedisServer) -> None:
    """It can still be read, so it is not away: each call is refused at once, and each limit does without it."""
    with GatewayProcess(policies(address=server.address)) as gateway:
        takes_three(gateway)
        with busy(gateway):
            server.ask("config", "set", "maxmemory", "1")
            wait_told(gateway, "up", "of no use to some: it answers OOM")
            goes_on(gateway, unasked=False)
            assert health(gateway) == 1
            server.ask("config", "set", "maxmemory", "0")
            knows(gateway, 3)
        assert len(told(gateway)) == 2
        assert errors(gateway) == {"other"}


def test_it_loads(server: RedisServer) -> None:
    """From the disk, after its start: it is not asked before it is done."""
    server.ask("eval", "for i = 1, 5000 do redis.call('SET', 'k' .. i, string.rep('x', 100)) end", "0")
    server.ask("save")
    server.kill()
    server.options += ["--key-load-delay", "2000", "--loading-process-events-interval-bytes", "1024"]
    server.start(b"Loading RDB")
    with GatewayProcess(policies(address=server.address)) as gateway:
        with busy(gateway):
            wait_told(gateway, "away: it answers LOADING")
            goes_on(gateway)
            server.ask("config", "set", "key-load-delay", "0")
            wait_told(gateway, "away", "up")
            knows(gateway, 0)
        assert len(told(gateway)) == 2


def test_failed_over(tmp_path: Path) -> None:
    """The master dies, Sentinel promotes its replica, and the gateway follows; nothing that was counted is lost."""
    with RedisServer(tmp_path / "a") as first, RedisServer(tmp_path / "b") as second:
        second.ask("replicaof", "127.0.0.1", str(first.port))
        conf = (
            f"sentinel monitor main 127.0.0.1 {first.port} 1",
            "sentinel down-after-milliseconds main 300",
            "sentinel failover-timeout main 2000",
        )
        with RedisServer(tmp_path / "sentinel", *conf, mode="sentinel") as sentinel:
            section = {"master": "main", "addresses": ["127.0.0.1:1", sentinel.address]}
            with GatewayProcess(policies(sentinel=section, connect_timeout="3s")) as gateway:
                takes_three(gateway)
                with busy(gateway):
                    while "slaves=1" not in sentinel.ask("info", "sentinel"):
                        pass
                    keys = [f"gw:{{limit:{name}:{BURST}/360000:ann}}" for name in POLICIES]
                    values = first.ask("mget", *keys)
                    assert len(values.split()) == 4 * len(keys)
                    while second.ask("mget", *keys) != values:
                        pass
                    first.kill()
                    wait_told(gateway, "up", "away: the connection was closed")
                    gateway.wait_metric("redis_pool_connections", 0, state="up")
                    goes_on(gateway)
                    wait_told(gateway, "up", "away", "up")
                    assert second.ask("role").startswith("master")
                    knows(gateway, 3)
                assert len(told(gateway)) == 3


@contextmanager
def accepting() -> Iterator[tuple[str, list[socket.socket]]]:
    """An address where connections are accepted and nothing is ever said, and those that were."""
    accepted: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                accepted.append(listener.accept()[0])
                if accepted[-1].recv(1) == b"!":
                    return

        thread = Thread(target=accept)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}", accepted
        finally:
            with socket.create_connection(listener.getsockname()) as last:
                last.send(b"!")
                thread.join()
            for sock in accepted:
                sock.close()


def test_a_black_hole() -> None:
    """Connections that are made and never answered, or never made: the gateway serves, and asks nobody."""
    hasty = {"connect_timeout": "200ms"}
    with (
        accepting() as (address, accepted),
        GatewayProcess(policies(address=address, **hasty)) as gateway,
        busy(gateway),
    ):
        wait_told(gateway, "away: no connection and answer in 0.2 s")
        goes_on(gateway)
        while len(accepted) < 3 * 4:
            assert verdicts(gateway, "/allow", 1) == [(200, None)]
        assert (len(told(gateway)), asked(gateway), connected(gateway)) == (1, 0, (0, 4))
    with silent_port() as address, GatewayProcess(policies(address=address, **hasty)) as gateway, busy(gateway):
        wait_told(gateway, "away: no connection")
        goes_on(gateway)
        assert (len(told(gateway)), asked(gateway)) == (1, 0)
