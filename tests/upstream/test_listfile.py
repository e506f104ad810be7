"""A watched list: told when it changes, kept while it is broken, and logged once for each content."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock
from twisted.internet.threads import deferToThread

from gatewayd.config.problems import Problem
from gatewayd.core.apikeys import ApiKey
from gatewayd.upstream.filewatch import LARGEST
from gatewayd.upstream.listfile import ListFile, Loaded
from gatewayd.upstream.listings import read_api_keys
from tests.upstream.logs import logged
from tests.upstream.servers import reactor
from tests.upstream.test_listings import HASH, ID, KEY

Keys = tuple[ApiKey, ...]


def entry(tenant: str) -> str:
    """A line of the file."""
    return f"- {{id: {ID}, hash: '{HASH}', tenant: {tenant}}}\n"


def parsed(name: str, content: bytes, doubts: list[Problem]) -> Keys:
    """The keys of a file, where there are two limits, one of which has numbers."""
    return read_api_keys(name, content, {"bronze": True, "few": False}, doubts)


class World:
    """A file of API keys that is looked at every two seconds."""

    def __init__(self, path: Path, parse: Callable[[str, bytes, list[Problem]], Keys] | None = None) -> None:
        self.clock = Clock()
        self.path = path
        self.listed: list[list[str | None]] = []
        self.reads = 0
        self.file: ListFile[Keys] = ListFile(
            str(path), "API keys", 2.0, self.clock, parse or parsed, self._listed, self._read
        )

    def _listed(self, keys: Keys) -> None:
        self.listed.append([key.tenant for key in keys])

    def _read(self, function: Callable[[str], Loaded[Keys]], path: str, /) -> Deferred[Loaded[Keys]]:
        self.reads += 1
        return maybeDeferred(function, path)

    def write(self, text: str) -> None:
        """Replace the file, as a good writer does, and let the interval pass."""
        beside = self.path.with_suffix(".new")
        beside.write_text(text)
        beside.rename(self.path)
        self.clock.advance(2.0)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """One whose file has a key."""
    (tmp_path / "keys.yaml").write_text(entry("acme"))
    return World(tmp_path / "keys.yaml")


def test_changes(world: World) -> None:
    """The list is told when the content is another one."""
    assert world.file.start().called
    world.write(entry("acme"))
    world.write(entry("beta"))
    world.clock.advance(2.0)
    world.write("[]")
    assert world.listed == [["acme"], ["beta"], []]
    assert world.reads == 4
    assert world.file.listed == ()
    world.file.stop()
    assert world.clock.getDelayedCalls() == []


def test_broken(world: World) -> None:
    """The last good list stays while the file is broken or away; the log says so once for each content."""
    with logged() as log:
        world.file.start()
        assert log.told() == [f"info: API keys in {world.path}: 1"]
        for _ in range(3):
            world.write(f"- id: {ID}\n  hash: {KEY}\n  tenant: ' '\n")
        world.write(entry("acme") + entry("acme"))
        world.path.unlink()
        world.clock.pump([2.0, 2.0])
        told = log.told()
        assert told == [
            f"warn: the API keys in {world.path} are not taken: {why}; the last one stays"
            for why in (
                "line 2: this is not the hash of an API key (write the 64 hexadecimal digits that the key was made "
                "with), and 1 more",
                f"line 2: '{ID}' is listed twice (list each key once)",
                "it cannot be read: no such file or directory",
            )
        ]
        assert KEY not in "".join(told)
        assert world.file.failure == "it cannot be read: no such file or directory"
        world.write(entry("acme"))
        assert log.told() == [f"info: the API keys in {world.path} are taken again"]
    assert world.listed == [["acme"]]
    assert world.file.failure == ""


def test_limits_that_do_nothing(world: World) -> None:
    """Keys that name them are taken, and the log says which limit it is, once for each content, and not without end."""

    def named(*names: str) -> str:
        limits = ", ".join(f"{name}: 1/1m" for name in names)
        return f"- id: {ID}\n  hash: '{HASH}'\n  limits: {{{limits}}}\n"

    with logged() as log:
        world.file.start()
        log.told()
        for _ in range(2):
            world.write(named("bronze", "bronz", "few"))
        begin = f"API keys in {world.path}"
        assert log.told() == [
            f"info: {begin}: 1",
            f"warn: {begin}: line 3: there is no limit 'bronz' (did you mean 'bronze'?)",
            f"warn: {begin}: line 3: the limit 'few' has no 'limit' (add one to it, or remove this)",
        ]
        world.write(named(*(f"x{index}" for index in range(14))))
        told = log.told()
        assert told[1].endswith("there is no limit 'x0' (known limits: bronze, few)")
        assert (len(told), told[-1]) == (12, f"warn: {begin}: and 4 more of this kind")
        world.write(named("bronze"))
        assert log.told() == [f"info: {begin}: 1"]


def test_none_from_the_start(world: World) -> None:
    """A gateway that starts with a broken file has no list, which is something else than an empty one."""
    world.path.write_text("")
    with logged() as log:
        world.file.start()
        assert log.told() == [
            f"warn: the API keys in {world.path} are not taken: it is empty (write [] if there are none); "
            "there are none to go on with"
        ]
    assert world.file.listed is None
    world.write("[]")
    assert world.file.listed == ()


def test_too_large(world: World) -> None:
    """What is too large is not parsed."""
    os.truncate(world.path, LARGEST + 1)
    world.file.start()
    assert world.file.failure == "it is larger than 4 MiB"


def test_our_own_mistake(tmp_path: Path) -> None:
    """Whatever goes wrong with one content, the next one is read."""
    fails = [True]

    def parse(name: str, content: bytes, doubts: list[Problem]) -> Keys:
        if fails:
            raise ZeroDivisionError
        return ()

    (tmp_path / "keys.yaml").write_text("x")
    world = World(tmp_path / "keys.yaml", parse)
    with logged() as log:
        assert world.file.start().called
        assert log.told()[0] == f"error: reading {world.path} failed"
    fails.clear()
    world.clock.advance(2.0)
    assert world.listed == [[]]


@pytest_twisted.ensureDeferred
async def test_in_a_thread(tmp_path: Path) -> None:
    """On the reactor, with its threads."""
    path = tmp_path / "keys.yaml"
    path.write_text(entry("acme"))
    found: list[Keys] = []
    file = ListFile(str(path), "API keys", 60.0, reactor, parsed, found.append, deferToThread)
    await file.start()
    assert len(found) == 1
    file.stop()
