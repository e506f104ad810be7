"""A watched file: read when it changes, kept while it is missing or broken."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock
from twisted.internet.threads import deferToThread

from gatewayd.core.membership import Found
from gatewayd.upstream.discovery.file import FileDiscovery
from gatewayd.upstream.discovery.listing import parse
from gatewayd.upstream.filewatch import LARGEST

A, B = Found("10.0.0.1", 80), Found("10.0.0.2", 80)


class World:
    """A file that is looked at every two seconds; while `slow`, reads of it end when told to."""

    def __init__(self, path: Path) -> None:
        self.clock = Clock()
        self.path = path
        self.found: list[tuple[Found, ...]] = []
        self.failed: list[str] = []
        self.reads = 0
        self.slow: list[Deferred[None]] | None = None
        self.discovery = FileDiscovery(
            str(path), 2.0, self.clock, parse, self.found.append, self.failed.append, self._read
        )

    def _read(self, function: Callable[[str], bytes], path: str, /) -> Deferred[bytes]:
        self.reads += 1
        if self.slow is None:
            return maybeDeferred(function, path)
        self.slow.append(Deferred())
        return self.slow[-1].addCallback(lambda _: function(path))

    def write(self, text: str) -> None:
        """Replace the file, as a good writer does."""
        beside = self.path.with_suffix(".new")
        beside.write_text(text)
        beside.rename(self.path)

    def look(self) -> None:
        """Let the interval pass."""
        self.clock.advance(2.0)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """One whose file is not there yet."""
    return World(tmp_path / "targets.yaml")


def started(world: World, text: str = "[http://10.0.0.1]") -> World:
    """`world`, with `text` in its file from the start."""
    world.write(text)
    assert world.discovery.start().called
    return world


def test_found(world: World) -> None:
    """The first look comes at once, and the Deferred of the start tells that it is over."""
    started(world)
    assert world.found == [(A,)]
    assert world.discovery.targets == (A,)


def test_read_when_it_changes(world: World) -> None:
    """And only then, at the interval."""
    started(world)
    for _ in range(5):
        world.look()
    assert world.reads == 1
    world.write("[http://10.0.0.1, http://10.0.0.2]")
    world.clock.advance(2.0 - 1e-6)
    assert world.reads == 1
    world.clock.advance(1e-6)
    assert world.found == [(A,), (A, B)]


def test_another_time_or_place(world: World) -> None:
    """Of the same size, a file is another one by its modification time or its inode."""
    started(world)
    before = world.path.stat()
    world.path.write_text("[http://10.0.0.2]")
    os.utime(world.path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    world.look()
    world.write("[http://10.0.0.1]")
    os.utime(world.path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    world.look()
    assert world.found == [(A,), (B,), (A,)]


def test_same_targets(world: World) -> None:
    """A new file that says the same changes nothing."""
    started(world)
    world.write("targets: [http://10.0.0.1:80]")
    world.look()
    assert world.reads == 2
    assert world.found == [(A,)]


def test_broken(world: World) -> None:
    """The last good targets stay; nothing is read until the file is another one."""
    started(world)
    world.write("- http://10.0.0.1\n- ftp://b\n")
    for _ in range(3):
        world.look()
    why = "line 2: 'ftp://b' has an unknown scheme (write http://host:port, https://host:port or unix:/path)"
    assert (world.failed, world.discovery.failure) == ([why], why)
    assert world.discovery.targets == (A,)
    world.write("[http://10.0.0.2]")
    world.look()
    assert world.found == [(A,), (B,)]
    assert world.discovery.failure == ""


def test_missing(world: World) -> None:
    """At the start and later: looked for at each interval, and read when it is there, even if it is the same one."""
    assert world.discovery.start().called
    assert world.failed == ["it cannot be read: no such file or directory"]
    world.write("[http://10.0.0.1]")
    world.look()
    assert world.found == [(A,)]
    away = world.path.rename(world.path.with_suffix(".away"))
    world.look()
    world.look()
    assert len(world.failed) == 3
    assert world.discovery.targets == (A,)
    away.rename(world.path)
    world.look()
    assert world.discovery.failure == ""
    assert world.found == [(A,)]


def test_gone_between_look_and_read(world: World) -> None:
    """It counts as missing."""
    world.slow = []
    world.write("[http://10.0.0.1]")
    started = world.discovery.start()
    world.path.unlink()
    assert not started.called
    world.slow[0].callback(None)
    assert started.called
    assert world.failed == ["it cannot be read: no such file or directory"]


def test_never_read_twice_at_once(world: World) -> None:
    """The next look comes after the read; what was written meanwhile is seen then."""
    world.slow = []
    world.write("[http://10.0.0.1]")
    world.discovery.start()
    world.look()
    assert world.reads == 1
    world.slow[0].callback(None)
    world.write("[http://10.0.0.2]")
    world.look()
    world.slow[1].callback(None)
    assert world.found == [(A,), (B,)]


def test_stopped(world: World) -> None:
    """Between looks nothing is left; a read that is under way has no effect; whoever waits for the start is let go."""
    started(world)
    world.slow = []
    world.write("[http://10.0.0.2]")
    world.look()
    world.discovery.stop()
    world.slow[0].callback(None)
    assert world.found == [(A,)]
    assert world.clock.getDelayedCalls() == []
    first = world.discovery.start()
    world.discovery.stop()
    assert first.called
    world.slow[1].callback(None)
    world.discovery.stop()
    assert world.clock.getDelayedCalls() == []


@pytest.mark.parametrize("kind", ["folder", "pipe", "large"])
def test_no_list_for_sure(kind: str, world: World) -> None:
    """What is no file, or too large for one, is not read in full, or at all."""
    if kind == "folder":
        world.path.mkdir()
    elif kind == "pipe":
        os.mkfifo(world.path)
    else:
        with world.path.open("wb") as stream:
            stream.truncate(LARGEST + 1)
    world.discovery.start()
    assert world.failed == ["it is larger than 4 MiB" if kind == "large" else "it cannot be read: not a regular file"]
    assert world.reads == (kind == "large")


@pytest_twisted.ensureDeferred
async def test_in_a_thread(tmp_path: Path) -> None:
    """On the reactor, with its threads."""
    path = tmp_path / "targets.json"
    path.write_text('["http://10.0.0.1"]')
    found: list[tuple[Found, ...]] = []
    discovery = FileDiscovery(str(path), 60.0, reactor, parse, found.append, found.remove, deferToThread)  # type: ignore[arg-type]
    await discovery.start()
    assert found == [(A,)]
    discovery.stop()
