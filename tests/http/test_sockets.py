"""Listening sockets: bound before anything else, served by the reactor, gone when they are stopped."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.task import deferLater

from gatewayd.http.sockets import Served, bind, name_of

from .script import GET, ScriptedExchange, World


class Where(NamedTuple):
    """An address to listen on."""

    kind: str = "tcp"
    host: str = "127.0.0.1"
    port: int = 0
    path: str = ""


def local(path: Path) -> Where:
    """A unix socket."""
    return Where("unix", path=str(path))


async def until(condition: Callable[[], bool]) -> None:
    """Let the reactor turn until `condition` holds."""
    for _ in range(2000):
        if condition():
            return
        await deferLater(reactor, 0.002)
    raise AssertionError("it never came to pass")


def connected(where: Where, listening: socket.socket) -> socket.socket:
    """A client of a listening socket."""
    client = socket.socket(listening.family)
    client.connect(where.path if where.kind == "unix" else listening.getsockname())
    client.setblocking(False)
    return client


def test_bind_tcp() -> None:
    """A bound socket listens on the address it was given, and says which it got."""
    for host, name in (("127.0.0.1", "127.0.0.1:{}"), ("::1", "[::1]:{}")):
        with bind(Where(host=host), 5) as listening:
            assert name_of(listening) == name.format(listening.getsockname()[1])
            assert not listening.getblocking()
            connected(Where(host=host), listening).close()


def test_taken_port() -> None:
    """A port that is taken is an error at once, and leaves no socket behind."""
    with bind(Where(), 5) as listening:
        with pytest.raises(OSError, match="in use") as caught:
            bind(Where(port=listening.getsockname()[1]), 5)
        assert caught.value.errno == errno.EADDRINUSE


def test_ipv6_is_ipv6_only() -> None:
    """A listener on all of IPv6 leaves the same port of IPv4 to another."""
    with bind(Where(host="::1"), 5) as listening:
        assert listening.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1


def test_bind_unix(tmp_path: Path) -> None:
    """A unix socket is named by its path."""
    with bind(local(tmp_path / "s"), 5) as listening:
        assert name_of(listening) == f"unix:{tmp_path}/s"
        assert not listening.getblocking()


def test_stale_socket_file(tmp_path: Path) -> None:
    """A socket file whose process was killed is replaced."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "s"))
    assert (tmp_path / "s").exists()
    with bind(local(tmp_path / "s"), 5) as listening:
        connected(local(tmp_path / "s"), listening).close()


@pytest.mark.parametrize("full", [False, True])
def test_living_socket_file(full: bool, tmp_path: Path) -> None:
    """One that somebody listens on is not, not even where that one is too busy to answer."""
    with socket.socket(socket.AF_UNIX) as living:
        living.bind(str(tmp_path / "s"))
        living.listen(0)
        waiting = []
        while full:
            client = socket.socket(socket.AF_UNIX)
            client.setblocking(False)
            waiting.append(client)
            if client.connect_ex(str(tmp_path / "s")) == errno.EAGAIN:
                break
        with pytest.raises(OSError, match="in use"):
            bind(local(tmp_path / "s"), 5)
        for client in waiting:
            client.close()


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    """A file that is no socket is not replaced."""
    (tmp_path / "s").write_text("precious")
    with pytest.raises(OSError, match="in use"):
        bind(local(tmp_path / "s"), 5)
    assert (tmp_path / "s").read_text() == "precious"


def test_no_such_folder(tmp_path: Path) -> None:
    """A path that cannot be is an error."""
    with pytest.raises(FileNotFoundError):
        bind(local(tmp_path / "nowhere" / "s"), 5)


@pytest.mark.parametrize("kind", ["tcp", "six", "unix"])
@pytest_twisted.ensureDeferred
async def test_served(kind: str, tmp_path: Path) -> None:
    """Clients are served until the stop; then nobody gets in, those that are there go on, and the path is gone."""
    where = local(tmp_path / "s") if kind == "unix" else Where(host="::1" if kind == "six" else "127.0.0.1")
    world = World()

    def greet(exchange: ScriptedExchange) -> None:
        exchange.answer(b"hello")

    world.application.script = greet
    listening = bind(where, 5)
    address = listening.getsockname()
    served = Served(reactor, listening, world.listener, 5)
    await served.start()
    client = connected(where, listening)
    received = b""

    def answered() -> bool:
        nonlocal received
        try:
            received += client.recv(1000)
        except BlockingIOError:
            return False
        return received.endswith(b"hello")

    with client:
        client.sendall(GET)
        await until(answered)
        (peer,) = [channel.peer for channel in world.listener.channels]
        assert peer.address == {"tcp": "127.0.0.1", "six": "::1", "unix": ""}[kind]
        await served.stop()
        assert not os.path.exists(where.path)
        with socket.socket(socket.AF_UNIX if kind == "unix" else listening.family) as late:
            assert late.connect_ex(address) in (errno.ECONNREFUSED, errno.ENOENT)
        received = b""
        client.sendall(GET)
        await until(answered)
    await until(lambda: world.census.total == 0)


@pytest_twisted.ensureDeferred
async def test_client_leaves() -> None:
    """The end of a client, orderly or not, is noticed on real sockets too."""
    world = World()
    listening = bind(Where(), 5)
    served = Served(reactor, listening, world.listener, 5)
    await served.start()
    with connected(Where(), listening) as client:
        client.sendall(GET)
        await until(lambda: bool(world.exchanges))
    await until(lambda: world.census.total == 0)
    assert world.last.cancelled is not None
    assert world.last.cancelled.slug == "client-closed"
    await served.stop()
