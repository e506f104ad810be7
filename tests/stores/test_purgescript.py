"""The list of purges, in a real Redis and in memory: numbers grow, nothing is told twice, and the oldest go."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred

from gatewayd.config.models.address import Address
from gatewayd.core.caching.purges import purge_of_url
from gatewayd.stores import MemoryStore, Store
from gatewayd.stores.redis import RedisStore, Settings
from gatewayd.stores.responses.purgescript import SCRIPT, Heard, arguments, heard
from tests.harness.redis import RedisServer
from tests.stores.observers import Counts

WORDS = [purge_of_url(b"%d" % number) for number in range(9)]
LONG = 86400.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One Redis for all tests of this module."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty store."""
    clock: Any = reactor
    if request.param == "memory":
        yield MemoryStore(clock)
        return
    server = request.getfixturevalue("server")
    server.ask("flushall")
    settings = Settings(address=Address("unix", path=server.path), connections=1, timeout=5.0)
    shared = RedisStore(settings, clock, random.random, Counts(), lambda up, why: None)
    pytest_twisted.blockon(shared.start())
    yield shared
    pytest_twisted.blockon(Deferred.fromCoroutine(shared.stop()))


async def ask(
    store: Store, since: int, *words: bytes, page: int = 100, keep: float = LONG, most: int = 100, made: bytes = b"!m"
) -> Heard:
    """What the list says, and these words put into it."""
    return heard(await store.run(SCRIPT, b"list", *arguments(since, made, page, keep, most, words)), page)


@pytest_twisted.ensureDeferred
async def test_begins(store: Store) -> None:
    """A list begins with a marker and nothing else; whoever comes next finds that marker."""
    first = await ask(store, 0)
    assert (first.marker, first.news, first.whole) == (b"!m", (), True)
    assert 0 < first.floor == first.last < first.own
    again = await ask(store, first.last, made=b"!other")
    assert (again.marker, again.floor, again.last) == (b"!m", first.floor, first.last)


@pytest_twisted.ensureDeferred
async def test_words(store: Store) -> None:
    """Words get numbers in their order; who asks is told what came since, and not what it puts in itself."""
    begun = await ask(store, 0)
    said = await ask(store, begun.last, *WORDS[:3])
    assert said.news == ()
    told = await ask(store, begun.last)
    assert told.news == tuple(zip(WORDS[:3], range(said.own, said.own + 3), strict=True))
    assert told.last == said.own + 2
    other = await ask(store, begun.last, WORDS[0], WORDS[3])
    assert [word for word, _ in other.news] == WORDS[:3]
    assert other.own > told.last
    assert [word for word, _ in (await ask(store, told.last)).news] == [WORDS[0], WORDS[3]]
    assert [word for word, _ in (await ask(store, 0)).news] == [WORDS[1], WORDS[2], WORDS[0], WORDS[3]]


@pytest_twisted.ensureDeferred
async def test_pages(store: Store) -> None:
    """A part of what there is, the oldest first, and whether that is all."""
    begun = await ask(store, 0)
    await ask(store, 0, *WORDS[:5])
    first = await ask(store, begun.last, page=3)
    assert ([word for word, _ in first.news], first.whole) == (WORDS[:3], False)
    rest = await ask(store, first.news[-1][1], page=3)
    assert ([word for word, _ in rest.news], rest.whole) == (WORDS[3:5], True)


@pytest_twisted.ensureDeferred
async def test_bounded(store: Store) -> None:
    """Where there are too many the oldest go, and the floor is the highest number of those."""
    await ask(store, 0, *WORDS[:5])
    numbers = [number for _, number in (await ask(store, 0)).news]
    await ask(store, 0, WORDS[5], most=4)
    left = await ask(store, 0)
    assert [word for word, _ in left.news] == WORDS[2:6]
    assert left.floor == numbers[1]
    assert left.marker == b"!m"


@pytest_twisted.ensureDeferred
async def test_old(store: Store) -> None:
    """What is older than anything kept goes when the next word comes."""
    await ask(store, 0, *WORDS[:5])
    last = (await ask(store, 0)).last
    said = await ask(store, last)
    while said.own <= last + 5:  # until the clock has moved on from numbers that were given ahead of it
        said = await ask(store, last)
    await ask(store, last, WORDS[5], keep=0.0)
    left = await ask(store, 0)
    assert WORDS[0] not in [word for word, _ in left.news]
    assert left.floor >= last
    assert left.last > last
