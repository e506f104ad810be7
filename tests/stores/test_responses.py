"""Answers kept in memory: bounds, who makes room, and what is forgotten when."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from gatewayd.core.caching import Entry, Key, Scope, partition_of
from gatewayd.core.caching.purges import purge_of_prefix, purge_of_tag, purge_of_url
from gatewayd.core.messages import HeaderSection, ResponseHead
from gatewayd.stores.responses.bans import Bans
from gatewayd.stores.responses.memory import MOST_VARIANTS, ROUND, MemoryResponses

WALL = 1_700_000_000.0
KIB = 1024


def key(url: str, route: str = "r") -> Key:
    """A public key."""
    partition = partition_of(Scope.PUBLIC, route, None)
    assert partition is not None
    return Key(partition, url.encode())


def entry(size: int = 10 * KIB, *tags: str, variant: str = "", until: float = WALL + 60, etag: str = "") -> Entry:
    """A complete entry that takes about `size` bytes, for requests that say `variant`."""
    made = Entry(
        ResponseHead(1, 200, b"HTTP/1.1 200 OK\r\n", HeaderSection()),
        born=WALL,
        fresh_until=until,
        usable_until=until,
        error_until=until,
        proven=False,
        strict=False,
        names=(b"v",) if variant else (),
        values=(variant.encode(),) if variant else (),
        tags=tuple(tag.encode() for tag in tags),
        etag=etag.encode(),
        last_modified=b"",
        modified=WALL,
    )
    made.complete(b"x" * size)
    return made


def make(most: int = 1 << 20) -> MemoryResponses:
    """An empty cache of a mebibyte."""
    return MemoryResponses(Clock(), lambda: WALL, most)


def test_kept() -> None:
    """What is put is found under its key, by whoever makes the same key, and under no other."""
    cache = make()
    one = entry()
    assert cache.get(key("/a")) == ()
    assert cache.put(key("/a"), one, cache.mark())
    assert cache.get(key("/a")) == (one,)
    assert cache.get(key("/a")) == (one,)
    assert cache.get(key("/b")) == ()
    assert cache.get(key("/a", "other")) == ()
    assert len(cache) == 1
    assert repr(cache) == "<MemoryResponses: 1 keys, 11 KiB>"


def test_variants() -> None:
    """Several answers stand under a key, the newest first; each takes the place of the one for the same requests."""
    cache = make()
    first, second, third = entry(variant="1"), entry(variant="2"), entry(variant="1")
    for one in (first, second, third):
        cache.put(key("/a"), one, cache.mark())
    assert cache.get(key("/a")) == (third, second)
    validated = entry(variant="3")
    cache.put(key("/a"), validated, cache.mark(), instead=second)
    assert cache.get(key("/a")) == (validated, third)


def test_most_variants() -> None:
    """There are only so many: the oldest goes."""
    cache = make()
    for number in range(MOST_VARIANTS + 2):
        cache.put(key("/a"), entry(1, variant=str(number)), cache.mark())
    kept = cache.get(key("/a"))
    assert [one.values for one in kept] == [(b"%d" % number,) for number in range(MOST_VARIANTS + 1, 1, -1)]
    assert cache.size == sum(one.size for one in kept) + 2 * len(key("/a").text)


def test_dropped() -> None:
    """One entry can be forgotten, and the key with the last one; what is gone already is no error."""
    cache = make()
    first, second = entry(variant="1"), entry(variant="2")
    cache.drop(key("/a"), first)
    cache.put(key("/a"), first, cache.mark())
    cache.put(key("/a"), second, cache.mark())
    cache.drop(key("/a"), first)
    cache.drop(key("/a"), first)
    assert cache.get(key("/a")) == (second,)
    cache.drop(key("/a"), second)
    assert (len(cache), cache.size) == (0, 0)


def test_too_large() -> None:
    """An answer that would push out much else is not kept."""
    cache = make()
    assert not cache.put(key("/a"), entry(cache.largest), cache.mark())
    assert cache.put(key("/a"), entry(cache.largest - 4 * KIB), cache.mark())


def test_room() -> None:
    """What was never asked for goes first, the oldest before the others."""
    cache = make(200 * KIB)
    for number in range(30):
        cache.put(key(f"/{number}"), entry(), cache.mark())
        cache.get(key("/0"))
    assert cache.size <= 200 * KIB
    assert cache.evicted == 30 - len(cache)
    assert cache.get(key("/0"))
    assert not cache.get(key("/1"))
    assert cache.get(key("/29"))


def test_scan() -> None:
    """Somebody who asks for everything once pushes out nothing that is asked for again."""
    cache = make(200 * KIB)
    for _ in range(2):
        for number in range(8):
            cache.put(key(f"/hot/{number}"), entry(), cache.mark())
            assert cache.get(key(f"/hot/{number}"))
    for number in range(1000):
        cache.put(key(f"/{number}"), entry(), cache.mark())
    assert all(cache.get(key(f"/hot/{number}")) for number in range(8))


def test_proven_is_bounded() -> None:
    """What was asked for longest ago is on trial again when too much is proven, and then may go."""
    cache = make(200 * KIB)
    for number in range(60):
        cache.put(key(f"/{number}"), entry(), cache.mark())
        cache.get(key(f"/{number}"))
    assert cache.size <= 200 * KIB
    assert not cache.get(key("/0"))
    assert cache.get(key("/59"))


def test_grown_while_proven() -> None:
    """What grows while it is proven does not push out what is new; one key takes a quarter at the most."""
    cache = make(200 * KIB)
    for number in range(12):
        cache.put(key(f"/{number}"), entry(), cache.mark())
        cache.get(key(f"/{number}"))
    for variant in range(9):
        cache.put(key("/11"), entry(variant=str(variant)), cache.mark())
    assert [one.values for one in cache.get(key("/11"))] == [(b"8",), (b"7",), (b"6",), (b"5",)]
    cache.put(key("/new"), entry(), cache.mark())
    assert cache.get(key("/new"))
    assert cache.size <= 200 * KIB


@pytest.mark.parametrize(
    ("purge", "gone"),
    [
        (lambda cache: cache.purge(purge_of_url(b"/a")), {"/a"}),
        (lambda cache: cache.purge(purge_of_url(b"/none")), set()),
        (lambda cache: cache.purge(purge_of_prefix(b"/a")), {"/a", "/a/b"}),
        (lambda cache: cache.purge(purge_of_prefix(b"")), {"/a", "/a/b", "/c"}),
        (lambda cache: cache.purge(purge_of_tag(b"red")), {"/a/b", "/c"}),
        (lambda cache: cache.purge(purge_of_tag(b"re")), set()),
        (lambda cache: cache.clear(), {"/a", "/a/b", "/c"}),
    ],
)
def test_purged(purge: object, gone: set[str]) -> None:
    """What is purged is not found any more, whoever it was for; everything else is, and what comes afterwards."""
    assert callable(purge)
    cache = make()
    everything = {"/a": entry(), "/a/b": entry(10, "blue", "red"), "/c": entry(10, "red")}
    for route in ("one", "other"):
        for url, one in everything.items():
            cache.put(key(url, route), one, cache.mark())
    purge(cache)
    for route in ("one", "other"):
        assert {url for url in everything if not cache.get(key(url, route))} == gone
    for url, one in everything.items():
        assert cache.put(key(url), one, cache.mark())
        assert cache.get(key(url)) == (one,)


def test_purged_variants() -> None:
    """A tag is of one answer, not of all at a URL."""
    cache = make()
    red, blue = entry(10, "red", variant="1"), entry(10, "blue", variant="2")
    cache.put(key("/a"), red, cache.mark())
    cache.put(key("/a"), blue, cache.mark())
    cache.purge(purge_of_tag(b"red"))
    assert cache.get(key("/a")) == (blue,)
    cache.purge(purge_of_url(b"/a"))
    fresh = entry(variant="3")
    cache.put(key("/a"), fresh, cache.mark())
    assert cache.get(key("/a")) == (fresh,)


def test_purged_on_its_way() -> None:
    """An answer that was asked for before a purge, and comes after it, may be what the purge was about."""
    cache = make()
    mark = cache.mark()
    cache.purge(purge_of_tag(b"red"))
    cache.purge(purge_of_prefix(b"/a/"))
    cache.purge(purge_of_url(b"/b"))
    assert not cache.put(key("/c"), entry(10, "red"), mark)
    assert not cache.put(key("/a/b"), entry(), mark)
    assert not cache.put(key("/b"), entry(), mark)
    assert cache.put(key("/c"), entry(10, "blue"), mark)
    cache.clear()
    assert not cache.put(key("/d"), entry(), mark)


def test_swept() -> None:
    """In time, what was purged and what is of no use takes no room, without being asked for."""
    clock = Clock()
    cache = MemoryResponses(clock, lambda: WALL + 100 + clock.seconds(), 64 << 20)
    cache.start()
    for number in range(700):
        cache.put(key(f"/old/{number}"), entry(1), cache.mark())
        cache.put(key(f"/kept/{number}"), entry(1, etag='"a"'), cache.mark())
        cache.put(key(f"/red/{number}"), entry(1, "red", etag='"a"'), cache.mark())
    cache.get(key("/old/1"))
    cache.purge(purge_of_tag(b"red"))
    assert len(cache) == 2100
    clock.pump([0.1] * 20)
    assert len(cache) == 700
    assert all(cache.get(key(f"/kept/{number}")) for number in range(700))
    cache.stop()
    cache.stop()
    assert not clock.getDelayedCalls()


def test_purges_are_forgotten() -> None:
    """Purges are not known for ever; what was on its way for that long is not kept, as nobody can say."""
    clock = Clock()
    cache = MemoryResponses(clock, lambda: WALL, 1 << 20)
    cache.start()
    mark = cache.mark()
    cache.purge(purge_of_url(b"/a"))
    clock.pump([0.1] * int(10 * (ROUND - 1)))
    assert cache.put(key("/b"), entry(), mark)
    late = cache.mark()
    clock.pump([0.1] * int(10 * (ROUND + 2)))
    assert not cache.put(key("/b"), entry(), mark)
    assert cache.put(key("/b"), entry(), late)
    cache.stop()


def test_bans() -> None:
    """A ban is for what is older than it, and known until it is retired."""
    bans = Bans()
    assert not bans.forget(b"/a", (), 0)
    bans.add(purge_of_url(b"/a"))
    bans.add(purge_of_tag(b"red"))
    bans.add(purge_of_prefix(b"/c"))
    bans.add(purge_of_url(b"/a"))
    assert (bans.last, len(bans)) == (4, 3)
    assert bans.forget(b"/a", (), 3)
    assert not bans.forget(b"/a", (), 4)
    assert not bans.forget(b"/b", (b"blue",), 1)
    assert bans.forget(b"/b", (b"blue", b"red"), 1)
    assert not bans.forget(b"/b", (b"red",), 2)
    assert bans.forget(b"/cd", (), 2)
    assert not bans.forget(b"/cd", (), 3)
    bans.retire(3)
    assert (bans.forgotten, len(bans)) == (3, 1)
    assert bans.forget(b"/z", (), 2)
    assert not bans.forget(b"/z", (), 3)
    assert bans.forget(b"/a", (), 3)
