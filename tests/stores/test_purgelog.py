"""What gateways tell each other to forget is heard by all of them."""

from __future__ import annotations

import pytest

from gatewayd.core.caching.purges import purge_of_prefix, purge_of_tag, purge_of_url
from gatewayd.stores.responses import purgelog
from gatewayd.stores.responses.purgelog import GATHER
from tests.stores.purging import A, B, C, World, result_of, words_in


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
    assert result_of(told) is True
    world.store.failing = True
    here.log.add(A)
    told = here.log.told(A)
    world.pass_time()
    assert result_of(told) is False
    world.store.up = False
    here.log.add(B)
    assert result_of(here.log.told(B)) is False
    assert here.untold
    world.store.up, world.store.failing = True, False
    here.log.add(C)
    told = here.log.told(C)
    here.log.stop()
    assert result_of(told) is False


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
    assert len(words_in(world)) == 5
    assert here.forgets(b"http://any/", before)
    assert not here.forgets(b"http://any/", here.log.mark())
    assert not here.lost
    world.stop()
