"""What gateways tell each other to forget, whatever becomes of the store between them."""

from __future__ import annotations

import json

import pytest
from twisted.internet.defer import succeed

from gatewayd.core.caching.purges import EVERYTHING, purge_of_url
from gatewayd.stores.responses import purgelog
from gatewayd.stores.responses.purgelog import AGAIN, DEAF, EVERY, GATHER, LIST
from tests.stores.observers import logged
from tests.stores.purging import A, B, C, World, go_away, listed_in, words_in


@pytest.fixture
def world() -> World:
    """An empty store."""
    return World()


@pytest.mark.parametrize("how", ["failing", "losing", "down"])
def testgo_away(world: World, how: str) -> None:
    """What is said while the store is away is in force here at once, and everywhere once it is back."""
    here, there = world.gateway(), world.gateway()
    before = here.log.mark()
    go_away(world.store, how, True)
    here.log.add(A)
    assert here.forgets(b"http://a/", before)
    world.pass_time(DEAF + 1)
    assert there.heard == []
    assert not here.log.current
    assert not there.log.current
    assert here.untold
    go_away(world.store, how, False)
    world.pass_time(2 * EVERY + 2 * GATHER)
    assert there.heard[0] == A
    assert there.log.current
    assert there.forgets(b"http://a/", before)
    assert not there.lost
    world.stop()


@pytest.mark.parametrize("seconds", [5.0, AGAIN + 5.0])
def test_lost(world: World, seconds: float) -> None:
    """A store that comes back empty is told again what was said shortly before. After long, nobody can say what was."""
    here, there = world.gateway(), world.gateway()
    world.pass_time()
    before = here.log.mark()
    here.log.add(A)
    world.clock.advance(GATHER)
    world.store.failing = True
    world.pass_time(seconds)
    assert there.heard == []
    world.store.entries.take(LIST, world.clock.seconds())
    world.store.failing = False
    world.pass_time(2 * EVERY + 1)
    assert there.heard[0] == A
    assert (here.lost, there.lost) == ((0, 0) if seconds < AGAIN else (1, 1))
    for one in (here, there):
        assert one.log.current
        assert one.forgets(b"http://b/", before)  # the list begins later
    world.stop()


def test_emptied_behind_our_back(world: World) -> None:
    """A list that is deleted, or loses its end when another server takes over, is noticed and read anew."""
    here, there = world.gateway(), world.gateway()
    world.pass_time()
    whole = world.store.entries.get(LIST, world.clock.seconds())
    assert isinstance(whole, bytes)
    here.log.add(A)
    world.pass_time()
    world.store.set(LIST, whole)
    world.pass_time(2 * EVERY + 1)
    assert there.heard == [A, A]
    assert here.heard in ([], [A])  # whoever comes first puts in what it said, and the other what it knows of its own
    world.store.delete(LIST)
    marks = [one.log.mark() for one in (here, there)]
    world.pass_time(2 * EVERY + 1)
    assert all(one.forgets(b"http://any/", mark) for one, mark in zip((here, there), marks, strict=True))
    assert (here.lost, there.lost) == (0, 0)
    world.stop()


def test_overtaken(world: World) -> None:
    """Who was away for so long that words went by is not to trust what it has."""
    here, there = world.gateway(keep=10.0), world.gateway(keep=10.0)
    world.pass_time()
    there.log.stop()
    for word in (A, B):
        here.log.add(word)
        world.pass_time(6.0)
    here.log.add(C)
    world.pass_time()
    assert A.hex() not in words_in(world)  # older than what is kept can be
    there.log.start()
    world.pass_time()
    assert there.lost == 1
    assert there.log.current
    world.stop()


def test_too_much_to_tell(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has more to tell than it can remember has everything forgotten; and what comes later is not."""
    monkeypatch.setattr(purgelog, "MOST_OWN", 3)
    here, there = world.gateway(), world.gateway()
    world.store.failing = True
    for number in range(5):
        here.log.add(purge_of_url(b"%d" % number))
    before = here.log.mark()
    assert here.forgets(b"http://any/", before)
    world.store.failing = False
    world.pass_time()
    assert there.heard[0] == EVERYTHING
    assert here.forgets(b"http://any/", before)
    assert not any(here.forgets(url, here.log.mark()) for url in (b"0", b"1", b"4", b"http://any/"))
    world.stop()


def test_unknownwords_in(world: World) -> None:
    """A word that this gateway does not know may be about anything."""
    here = world.gateway()
    before = here.log.mark()
    world.store.set(LIST, json.dumps([*listed_in(world), (b"z?".hex(), before + 1)]).encode())
    world.pass_time()
    assert here.heard == [EVERYTHING]
    assert here.forgets(b"http://any/", before)
    world.stop()


@pytest.mark.parametrize(
    "reply",
    [
        None,
        7,
        [b"!m", b"1", b"1"],
        [b"m", b"1", b"1", b"1", []],
        [b"!m", b"x", b"1", b"1", []],
        [b"!m", b"1", b"1", b"1", [A]],
        [b"!m", b"1", b"1", b"1", [7, b"1"]],
    ],
)
def test_garbled(world: World, reply: object) -> None:
    """Who answers something else is not believed, and asked again."""
    here = world.gateway()
    world.store.run = lambda *_: succeed(reply)  # type: ignore[method-assign]
    with logged() as lines:
        world.pass_time(DEAF + 1)
    assert not here.log.current
    assert "the list of purges in Redis cannot be read" in lines[0]
    del world.store.run
    world.pass_time()
    assert here.log.current
    world.stop()
