"""Gateways that tell each other what to forget, over a store that does as the test says."""

from __future__ import annotations

import json

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from gatewayd.core.caching.purges import purge_of_url
from gatewayd.stores.responses.purgelog import EVERY, GATHER, LIST, PurgeLog
from tests.stores.held import HeldStore

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


def result_of(told: Deferred[bool]) -> bool:
    """What it has fired with."""
    results: list[bool] = []
    told.addCallback(results.append)
    return results[0]


def go_away(store: HeldStore, how: str, yes: bool) -> None:
    """The store goes, or comes back."""
    if how == "down":
        store.up = not yes
    else:
        setattr(store, how, yes)


def words_in(world: World) -> list[str]:
    """What is in the list, the marker included."""
    return [word for word, _ in listed_in(world)]


def listed_in(world: World) -> list[tuple[str, int]]:
    """The list, as the store in memory keeps it."""
    value = world.store.entries.get(LIST, world.clock.seconds())
    assert isinstance(value, bytes)
    listed: list[tuple[str, int]] = json.loads(value)
    return listed
