"""What gateways tell each other to forget: heard by all of them, whatever becomes of the store between them."""

from __future__ import annotations

import json

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from gatewayd.core.caching.purges import EVERYTHING, purge_of_prefix, purge_of_tag, purge_of_url
from gatewayd.stores.responses import purgelog
from gatewayd.stores.responses.purgelog import AGAIN, DEAF, EVERY, GATHER, LIST, PurgeLog
from tests.stores.held import HeldStore
from tests.stores.observers import logged

A, B, C = (purge_of_url(url) for url in (b"http://a/", b"http://b/", b"http://c/"))


class Gateway:
    """One end: what it is told to forget, how often it lost track, and what it could not tell."""

    def __init__(self, clock: Clock, store: HeldStore, keep: float = 86400.0) -> None:
        self.heard: list[bytes] = []
        self.lost = self.untold = 0
        self.log = PurgeLog(store, clock, keep, self.heard.append, self._lose, self._fail)
        self.log.start()

    def _lose(self) -> None:
        self.lost += 1

    def _fail(self) -> None:
        self.untold += 1

    def forgets(self, url: bytes, mark: int, *tags: bytes) -> bool:
        """Whether what the store has for this URL is not to be used."""
        return self.log.forget(url, tags, mark)


class World:
    """A store, and the gateways that share it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000.0)
        self.store = HeldStore(self.clock)
        self.gateways: list[Gateway] = []

    def gateway(self, keep: float = 86400.0) -> Gateway:
        """One more, which has heard all there is."""
        made = Gateway(self.clock, self.store, keep)
        self.gateways.append(made)
        self.clock.advance(0)
        return made

    def pass_time(self, seconds: float = EVERY + 2 * GATHER) -> None:
        """Time passes: by default as much as a word takes from one to another."""
        self.clock.pump([0.01] * round(seconds / 0.01))

    def stop(self) -> None:
        """Nothing is left."""
        for one in self.gateways:
            one.log.stop()
        assert not self.clock.getDelayedCalls()


@pytest.fixture
def world() -> World:
    """An empty store."""
    return World()


def test_heard(world: World) -> None:
    """A word reaches everybody else within a second, and not whoever said it."""
    here, there = world.gateway(), world.gateway()
    assert here.log.current
    before = there.log.mark()
    here.log.add(A)
    assert here.forgets(b"http://a/", here.log.mark())  # at once
    world.pass_time()
    assert there.heard == [A]
    assert here.heard == []
    for one in (here, there):
        assert one.forgets(b"http://a/", before)
        assert not one.forgets(b"http://a/", one.log.mark())
        assert not one.forgets(b"http://b/", before)
    world.pass_time()
    assert there.heard == [A]
    world.stop()


def test_kinds(world: World) -> None:
    """Tags and prefixes are heard as well as URLs."""
    here, there = world.gateway(), world.gateway()
    before = there.log.mark()
    here.log.add(purge_of_tag(b"red"))
    here.log.add(purge_of_prefix(b"http://b/"))
    world.pass_time()
    assert there.forgets(b"http://a/", before, b"blue", b"red")
    assert not there.forgets(b"http://a/", before, b"blue")
    assert there.forgets(b"http://b/x", before)
    world.stop()


def test_later_gateway(world: World) -> None:
    """One that comes later hears all that was said before: what is in the store may be older than that."""
    here = world.gateway()
    before = here.log.mark()
    here.log.add(A)
    world.pass_time()
    there = world.gateway()
    assert there.log.current
    assert there.heard == [A]
    assert there.forgets(b"http://a/", before)
    world.stop()


def test_both_at_once(world: World) -> None:
    """Where two say the same, each hears of the other's, since something may have been kept in between."""
    here, there = world.gateway(), world.gateway()
    here.log.add(A)
    there.log.add(A)
    world.pass_time()
    assert (here.heard, there.heard) == ([A], [A])
    world.stop()


def test_said_again_on_the_way(world: World) -> None:
    """What is said again while it is on its way is told again: the first may have been too early."""
    here, there = world.gateway(), world.gateway()
    world.store.holding = True
    here.log.add(A)
    world.clock.advance(GATHER)
    here.log.add(A)
    world.store.release()
    middle = here.log.mark()
    assert here.forgets(b"http://a/", middle)
    world.pass_time()
    assert there.forgets(b"http://a/", middle)
    assert not here.forgets(b"http://a/", here.log.mark())
    world.stop()


def test_told(world: World) -> None:
    """Whoever wants to know is told when a word is in the store, or that it is not for now."""
    here = world.gateway()
    here.log.add(A)
    told = here.log.told(A)
    assert not told.called
    world.clock.advance(GATHER)
    assert _result(told) is True
    world.store.failing = True
    here.log.add(A)
    told = here.log.told(A)
    world.pass_time()
    assert _result(told) is False
    world.store.up = False
    here.log.add(B)
    assert _result(here.log.told(B)) is False
    assert here.untold >= 2
    world.store.up, world.store.failing = True, False
    here.log.add(C)
    told = here.log.told(C)
    here.log.stop()
    assert _result(told) is False


@pytest.mark.parametrize("how", ["failing", "losing", "down"])
def test_away(world: World, how: str) -> None:
    """What is said while the store is away is in force here at once, and everywhere once it is back."""
    here, there = world.gateway(), world.gateway()
    before = here.log.mark()
    _away(world.store, how, True)
    here.log.add(A)
    assert here.forgets(b"http://a/", before)
    world.pass_time(DEAF + 1)
    assert there.heard == []
    assert not here.log.current
    assert not there.log.current
    assert here.untold
    _away(world.store, how, False)
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
    assert A.hex() not in _words(world)  # older than what is kept can be
    there.log.start()
    world.pass_time()
    assert there.lost == 1
    assert there.log.current
    world.stop()


def test_pages(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long list is heard page by page; until it is, nothing of the store is trusted."""
    monkeypatch.setattr(purgelog, "_PAGE", 3)
    here = world.gateway()
    before = here.log.mark()
    words = [purge_of_url(b"%d" % number) for number in range(8)]
    for word in words:
        here.log.add(word)
    world.pass_time()
    world.store.holding = True
    there = world.gateway()
    world.store.held.pop(0)()
    assert len(there.heard) == 2
    assert not there.log.current
    world.store.release()
    world.clock.advance(0)
    assert there.log.current
    assert there.heard == words
    assert all(there.forgets(b"%d" % number, before) for number in range(8))
    assert there.log.mark() == here.log.mark()
    world.stop()


def test_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list has so many words and no more; what was kept before one that is gone is not used."""
    monkeypatch.setattr(purgelog, "MOST", 4)
    here = world.gateway()
    before = here.log.mark()
    for number in range(9):
        here.log.add(purge_of_url(b"%d" % number))
        world.pass_time()
    assert len(_words(world)) == 5
    assert here.forgets(b"http://any/", before)
    assert not here.forgets(b"http://any/", here.log.mark())
    assert not here.lost
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


def test_unknown_words(world: World) -> None:
    """A word that this gateway does not know may be about anything."""
    here = world.gateway()
    before = here.log.mark()
    world.store.set(LIST, json.dumps([*_listed(world), (b"z?".hex(), before + 1)]).encode())
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
    world.store.run = lambda *_: _succeed(reply)  # type: ignore[assignment, method-assign]
    with logged() as lines:
        world.pass_time(DEAF + 1)
    assert not here.log.current
    assert "the list of purges in Redis cannot be read" in lines[0]
    del world.store.run
    world.pass_time()
    assert here.log.current
    world.stop()


def _result(told: Deferred[bool]) -> bool:
    """What it has fired with."""
    results: list[bool] = []
    told.addCallback(results.append)
    return results[0]


def _succeed(result: object) -> Deferred[object]:
    fired: Deferred[object] = Deferred()
    fired.callback(result)
    return fired


def _away(store: HeldStore, how: str, yes: bool) -> None:
    """The store goes, or comes back."""
    if how == "down":
        store.up = not yes
    else:
        setattr(store, how, yes)


def _words(world: World) -> list[str]:
    """What is in the list, the marker included."""
    return [word for word, _ in _listed(world)]


def _listed(world: World) -> list[tuple[str, int]]:
    """The list, as the store in memory keeps it."""
    value = world.store.entries.get(LIST, world.clock.seconds())
    assert isinstance(value, bytes)
    listed: list[tuple[str, int]] = json.loads(value)
    return listed
