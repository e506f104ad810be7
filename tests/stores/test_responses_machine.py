"""Answers kept in memory against a plain list of what was put: nothing purged or foreign is ever found."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from twisted.internet.task import Clock

from gatewayd.core.caching import Entry
from gatewayd.core.caching.purges import purge_of_prefix, purge_of_tag, purge_of_url
from gatewayd.stores.responses.memory import MemoryResponses
from tests.stores.test_responses import WALL, entry, key

URLS = st.sampled_from(["/", "/a", "/a/b", "/b"])
ROUTES = st.sampled_from(["one", "other"])
TAGS = st.lists(st.sampled_from(["red", "blue"]), unique=True)


class Cache(RuleBasedStateMachine):
    """Puts, look-ups, purges and sweeps in any order, with answers that are on their way for some time."""

    @initialize(most=st.sampled_from([40_000, 200_000]))
    def begin(self, most: int) -> None:
        """An empty cache, with room for few or for many."""
        self.most = most
        self.clock = Clock()
        self.cache = MemoryResponses(self.clock, lambda: WALL, most)
        self.asked: list[tuple[int, int]] = []
        self.valid: dict[tuple[str, str], list[Entry]] = {}
        self.purges: list[tuple[str, str]] = []

    @rule()
    def ask(self) -> None:
        """A service is asked."""
        self.asked.append((self.cache.mark(), len(self.purges)))

    @rule(url=URLS, route=ROUTES, tags=TAGS, variant=st.sampled_from(["", "1", "2"]), which=st.integers(0, 3))
    def answer(self, url: str, route: str, tags: list[str], variant: str, which: int) -> None:
        """One of the last answers comes, and is kept unless it was purged on its way."""
        mark, since = self.asked[-1 - which] if which < len(self.asked) else (self.cache.mark(), len(self.purges))
        made = entry(100, *tags, variant=variant)
        kept = self.cache.put(key(url, route), made, mark)
        purged = any(_hits(purge, url, tags) for purge in self.purges[since:])
        assert not (kept and purged)
        if kept:
            others = self.valid.get((url, route), [])
            self.valid[url, route] = [made] + [one for one in others if one.values != made.values]

    @rule(what=st.sampled_from([("url", "/a"), ("prefix", "/a"), ("prefix", "/"), ("tag", "red"), ("tag", "blue")]))
    def purge(self, what: tuple[str, str]) -> None:
        """Something is purged, in every partition."""
        kind, name = what
        word = {"url": purge_of_url, "prefix": purge_of_prefix, "tag": purge_of_tag}[kind]
        self.cache.purge(word(name.encode()))
        self.purges.append(what)
        for (url, route), entries in self.valid.items():
            self.valid[url, route] = [
                one for one in entries if not _hits(what, url, [tag.decode() for tag in one.tags])
            ]

    @rule(seconds=st.sampled_from([0.0, 31.0]))
    def sweep(self, seconds: float) -> None:
        """Time passes, and some keys are looked at."""
        self.clock.advance(seconds)
        self.cache.sweep(WALL)

    @rule(url=URLS, route=ROUTES)
    def look(self, url: str, route: str) -> None:
        """What is found was put under that very key, and not purged since."""
        found = self.cache.get(key(url, route))
        assert set(found) <= set(self.valid.get((url, route), []))

    @invariant()
    def bounded(self) -> None:
        """It never takes more than it may."""
        assert 0 <= self.cache.size <= self.most


def _hits(purge: tuple[str, str], url: str, tags: list[str]) -> bool:
    """Whether a purge is about an answer."""
    kind, name = purge
    return {"url": url == name, "prefix": url.startswith(name), "tag": name in tags}[kind]


TestCache = Cache.TestCase
TestCache.settings = settings(deadline=None, max_examples=60, stateful_step_count=40)
