"""Kept answers in a store that is away, slow, or full of nonsense: nothing waits for it, and everything is counted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from gatewayd.core.caching import Entry, Key
from gatewayd.core.caching.encoding import digest_of, encode, encode_names, variant_of
from gatewayd.core.caching.purges import purge_of_url
from gatewayd.stores.responses import shared as module
from gatewayd.stores.responses.purgelog import DEAF, LIST, PurgeLog
from gatewayd.stores.responses.shared import SharedResponses
from tests.core.caching.world import NOW, PUBLIC, asked, entry
from tests.stores.held import HeldStore
from tests.stores.test_responses import key

FRESH = "Cache-Control: max-age=60"


class World:
    """A store, and what is kept in it by one gateway."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000.0)
        self.store = HeldStore(self.clock)
        self.errors: list[str] = []
        self.log = PurgeLog(self.store, self.clock, 60.0, _ignore, lambda: None, lambda: None)
        self.log.start()
        self.shared = SharedResponses(
            self.store, self.log, 1000, frozenset(), self, self.clock, lambda: NOW + self.clock.seconds() - 1000.0
        )
        self.clock.advance(0)
        self.store.calls.clear()

    def cache_error(self, kind: str, operation: str) -> None:
        """Something failed."""
        assert kind == "response"
        self.errors.append(operation)

    def get(self, where: Key, *lines: str) -> Entry | None:
        """What is found at once."""
        found: list[Entry | None] = []
        Deferred.fromCoroutine(self.shared.get(where, asked(*lines).fields)).addCallback(found.append)
        return found[0]

    def put(self, where: Key, made: Entry) -> None:
        """Keep an answer, and let the next turn come."""
        self.shared.put(where, made, self.shared.mark())
        self.clock.advance(0)

    def place(self, where: bytes, value: bytes) -> None:
        """Somebody puts a value under a digest."""
        self.store.entries.put(b"cache:1:" + where.hex().encode(), value, float("inf"))


def _ignore(_: object) -> None:
    """Nobody is interested."""


@pytest.fixture
def world() -> World:
    """An empty store that answers."""
    return World()


def test_written_afterwards(world: World) -> None:
    """Keeping is done in a turn of its own, behind the answer that is being sent."""
    world.shared.put(key("/a"), entry(FRESH), world.shared.mark())
    assert world.store.calls == []
    world.clock.advance(0)
    assert world.store.calls == ["set"]
    found = world.get(key("/a"))
    assert found is not None
    assert found.body == b"0123456789"


def test_reads_fail(world: World) -> None:
    """Where nothing is answered nothing is found, and that is counted."""
    world.put(key("/a"), entry(FRESH))
    world.store.failing = True
    assert world.get(key("/a")) is None
    assert world.errors == ["get"]


def test_deaf(world: World) -> None:
    """Nothing is taken from the store while it is not known what was purged; it is not even asked."""
    world.put(key("/a"), entry(FRESH))
    world.store.failing = True
    world.clock.pump([0.1] * int(10 * DEAF + 10))
    world.store.calls.clear()
    world.store.failing = False
    assert world.get(key("/a")) is None
    assert world.errors == ["get"]
    assert world.store.calls == []
    world.clock.pump([0.1] * 10)
    assert world.get(key("/a")) is not None


def test_writes_fail(world: World) -> None:
    """What cannot be written or deleted is counted, and no more."""
    world.store.failing = True
    world.put(key("/a"), entry(FRESH))
    world.shared.drop(key("/a"), entry(FRESH))
    assert world.errors == ["set", "delete"]


def test_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the store does not answer, only so many bytes wait for it."""
    made = entry(FRESH)
    monkeypatch.setattr(module, "MOST_ON_THEIR_WAY", 2 * made.size)
    world.store.holding = True
    for _ in range(3):
        world.put(key("/a"), made)
    assert world.errors == ["set"]
    assert len(world.store.held) == 2
    world.store.release()
    world.put(key("/a"), made)
    assert world.errors == ["set"]


def test_of_no_use(world: World) -> None:
    """What is over by the time it would be written, or was purged meanwhile, is not written."""
    world.shared.put(key("/a"), entry(FRESH), world.shared.mark())
    world.log.add(purge_of_url(key("/a").url))
    world.clock.advance(0)
    world.clock.advance(59.9)
    world.shared.put(key("/b"), entry(FRESH), world.shared.mark())
    world.clock.advance(0.2)
    assert "set" not in world.store.calls
    world.put(key("/c"), replace_times(entry(FRESH)))
    assert world.store.calls.count("set") == 1


def replace_times(made: Entry) -> Entry:
    """An entry that stays fresh."""
    made.fresh_until += 3600
    return made


def test_never_heard(world: World) -> None:
    """Who does not know yet what was purged does not keep anything there."""
    log = PurgeLog(world.store, world.clock, 60.0, _ignore, lambda: None, lambda: None)
    shared = SharedResponses(world.store, log, 1000, frozenset(), world, world.clock, lambda: NOW)
    shared.put(key("/a"), entry(FRESH), shared.mark())
    world.clock.advance(0)
    assert world.store.calls == []


def test_stopped(world: World) -> None:
    """What was to be written at the end is not."""
    world.shared.put(key("/a"), entry(FRESH), world.shared.mark())
    world.shared.stop()
    world.shared.stop()
    world.log.stop()
    assert not world.clock.getDelayedCalls()


def test_misplaced(world: World) -> None:
    """Values that are well made and yet not what is looked for are no answer."""
    here, mark = digest_of(key("/a")), world.shared.mark()
    made = entry(FRESH, policy=replace(PUBLIC, vary=(b"a",)))
    world.place(here, encode(made, mark, here))  # an entry for some requests, where one for all would be
    assert world.get(key("/a")) is None
    other = variant_of(here, (b"b",), (None,))
    world.place(here, encode_names((b"b",), here))
    world.place(other, encode(made, mark, other))
    assert world.get(key("/a")) is None
    world.place(other, encode_names((b"b",), other))  # and again
    assert world.get(key("/a")) is None
    assert world.errors == []


def test_before_the_list(world: World) -> None:
    """What was kept before the list of purges was lost may have been purged: it is not used."""
    world.put(key("/a"), entry(FRESH))
    world.store.entries.take(LIST, world.clock.seconds())
    world.clock.pump([0.1] * 20)
    assert world.get(key("/a")) is None
    world.put(key("/a"), entry(FRESH))
    assert world.get(key("/a")) is not None
