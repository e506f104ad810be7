"""What every store does: the same tests for the one in memory, and for one in a real Redis, however that is reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred, gatherResults

from gatewayd.stores import Change, Reply, Script, Store, Unavailable
from tests.stores.observers import ends, until
from tests.stores.places import Place


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """An empty store."""
    with place.stores() as (store,):
        yield store


def append(value: bytes | None, args: tuple[bytes, ...], now: float) -> tuple[Reply, Change | None]:
    """The twin of APPEND."""
    text = (value or b"") + b"".join(args)
    return [len(text), text, None, [now >= 0 and 1]], (text, 60.0)


APPEND = Script(
    "append",
    """
    local text = (redis.call('GET', KEYS[1]) or '') .. table.concat(ARGV)
    redis.call('SET', KEYS[1], text, 'PX', 60000)
    return {#text, text, false, {1}}
    """,
    append,
)


def limit(value: bytes | None, args: tuple[bytes, ...], now: float) -> tuple[Reply, Change | None]:
    """The twin of LIMIT."""
    used = int(value or b"0")
    return (0, None) if used >= int(args[0]) else (1, (b"%d" % (used + 1), None))


LIMIT = Script(
    "limit",
    """
    if tonumber(redis.call('GET', KEYS[1]) or '0') >= tonumber(ARGV[1]) then return 0 end
    redis.call('INCR', KEYS[1])
    return 1
    """,
    limit,
)


def fail(value: bytes | None, args: tuple[bytes, ...], now: float) -> tuple[Reply, Change | None]:
    """The twin of BROKEN."""
    raise ZeroDivisionError("nothing can be divided by 0")


BROKEN = Script("broken", "return redis.call('NONSENSE')", fail)


def forget(value: bytes | None, args: tuple[bytes, ...], now: float) -> tuple[Reply, Change | None]:
    """The twin of FORGET."""
    return value, (None, None)


FORGET = Script("forget", "local it = redis.call('GET', KEYS[1]); redis.call('DEL', KEYS[1]); return it", forget)


@pytest_twisted.ensureDeferred
async def test_values(store: Store) -> None:
    """A key has the value it was given last, whatever its bytes are, until it is deleted."""
    assert await store.get(b"k") is None
    assert await store.delete(b"k") is False
    for value in (b"", b"007", b"\0\r\n\xff", b"x" * 200_000):
        assert await store.set(b"k", value) is True
        assert await store.get(b"k") == value
    assert await store.get(b"K") is None
    assert await store.delete(b"k") is True
    assert await store.get(b"k") is None


@pytest_twisted.ensureDeferred
async def test_strange_keys(store: Store) -> None:
    """Keys are bytes as well; one that looks like part of another is not that one."""
    keys = [b"", b"a", b"a}", b"{a}", b"}{", b"\0\r\n", b"a b"]
    for key in keys:
        await store.set(key, b"<" + key + b">")
    assert [await store.get(key) for key in keys] == [b"<" + key + b">" for key in keys]


@pytest_twisted.ensureDeferred
async def test_only_new(store: Store) -> None:
    """Of many who set a key that must be new one succeeds, and its value stays."""
    results = await gatherResults([store.set(b"lock", b"%d" % i, 60.0, only_new=True) for i in range(10)])
    assert sorted(results) == [False] * 9 + [True]
    assert await store.get(b"lock") == b"%d" % results.index(True)
    await store.delete(b"lock")
    assert await store.set(b"lock", b"again", only_new=True) is True


@pytest_twisted.ensureDeferred
async def test_expiry(store: Store) -> None:
    """What had a time to live is gone; what was set anew without one stays."""
    calls: list[Deferred[Any]] = [
        store.set(b"short", b"v", 0.02),
        store.set(b"kept", b"v", 0.02),
        store.set(b"long", b"v", 60.0),
        store.count(b"counter", 5, 0.02),
        store.add(b"set", b"member", 1.0, 0.02),
    ]
    await gatherResults(calls)
    await store.set(b"kept", b"w")
    while await store.get(b"short") or await store.get(b"counter") or await store.above(b"set", 0.0, 9):
        pass
    assert await store.get(b"kept") == b"w"
    assert await store.get(b"long") == b"v"
    assert await store.set(b"short", b"again", only_new=True) is True


@pytest_twisted.ensureDeferred
async def test_counters(store: Store) -> None:
    """Counters lose nothing, may go down, and are values as well; their time to live is that of the first count."""
    totals = await gatherResults([store.count(b"c", 2, 60.0) for _ in range(50)])
    assert sorted(totals) == list(range(2, 101, 2))
    assert await store.count(b"c", -101, 60.0) == -1
    assert await store.get(b"c") == b"-1"
    await store.set(b"c", b"41", 60.0)
    assert await store.count(b"c", 1, 0.001) == 42
    assert await store.count(b"c", 1 << 40, 60.0) == 42 + (1 << 40)


@pytest_twisted.ensureDeferred
async def test_ordered_sets(store: Store) -> None:
    """Members come in the order of their scores, from a score on, in pages; a higher score replaces a lower one."""
    assert await store.above(b"s", 0.0, 10) == []
    assert await store.drop(b"s", 10.0) == 0
    scores = {b"late": 1764000000.123456, b"b": 2.0, b"a": 2.0, b"first": 0.1, b"\xff\r\n": 3.5}
    await gatherResults([store.add(b"s", member, score, 60.0) for member, score in scores.items()])
    ranked = [(b"first", 0.1), (b"a", 2.0), (b"b", 2.0), (b"\xff\r\n", 3.5), (b"late", 1764000000.123456)]
    assert await store.above(b"s", -1e300, 10) == ranked
    assert await store.above(b"s", 0.1, 10) == ranked[1:]
    assert await store.above(b"s", 0.0, 2, 1) == ranked[1:3]
    assert await store.above(b"s", 2e9, 10) == []
    await store.add(b"s", b"a", 1.0, 60.0)
    await store.add(b"s", b"b", 9.0, 60.0)
    assert await store.above(b"s", 1.0, 10) == [(b"a", 2.0), (b"\xff\r\n", 3.5), (b"b", 9.0), ranked[-1]]
    assert await store.drop(b"s", 3.5) == 3
    assert await store.above(b"s", 0.0, 10) == [(b"b", 9.0), ranked[-1]]
    assert await store.drop(b"s", 2e9) == 2
    assert await store.delete(b"s") is False


@pytest_twisted.ensureDeferred
async def test_a_set_lives_as_long_as_it_must(store: Store) -> None:
    """A shorter time to live does not shorten that of the set; a longer one lengthens it."""
    await store.add(b"long", b"a", 1.0, 60.0)
    await store.add(b"long", b"b", 1.0, 0.001)
    await store.add(b"longer", b"a", 1.0, 0.05)
    await store.add(b"longer", b"b", 1.0, 60.0)
    await store.set(b"clock", b"v", 0.06)
    while await store.get(b"clock") is not None:
        pass
    assert len(await store.above(b"long", 0.0, 10)) == 2
    assert len(await store.above(b"longer", 0.0, 10)) == 2


@pytest_twisted.ensureDeferred
async def test_scripts(store: Store) -> None:
    """A script does its work in one step, and answers numbers, bytes, nothing and lists of these."""
    assert await store.run(APPEND, b"k", b"a", 7) == [2, b"a7", None, [1]]
    assert await store.run(APPEND, b"k", b"\xff") == [3, b"a7\xff", None, [1]]
    assert await store.run(APPEND, b"other") == [0, b"", None, [1]]
    assert await store.get(b"k") == b"a7\xff"
    assert await store.run(FORGET, b"k") == b"a7\xff"
    assert await store.run(FORGET, b"k") is None


@pytest_twisted.ensureDeferred
async def test_scripts_are_exact(store: Store) -> None:
    """Of 100 at once exactly as many pass as may."""
    allowed = await gatherResults([store.run(LIMIT, b"limit", 10) for _ in range(100)])
    assert allowed.count(1) == 10
    assert await store.get(b"limit") == b"10"


@pytest_twisted.ensureDeferred
async def test_what_cannot_be_done(store: Store) -> None:
    """A key of another kind, a value that is no number, a script that fails: each fails for itself, nobody else."""
    await store.set(b"text", b"text")
    await store.add(b"set", b"member", 1.0, 60.0)
    calls: list[Deferred[Any]] = [
        store.get(b"set"),
        store.count(b"text", 1, 60.0),
        store.count(b"set", 1, 60.0),
        store.add(b"text", b"member", 1.0, 60.0),
        store.above(b"text", 0.0, 10),
        store.drop(b"text", 1.0),
        store.run(APPEND, b"set"),
        store.run(BROKEN, b"k"),
    ]
    assert await ends(calls) == ["other"] * 7 + ["script"]
    assert await store.get(b"text") == b"text"
    assert await store.above(b"set", 0.0, 10) == [(b"member", 1.0)]
    assert store.up


@pytest_twisted.ensureDeferred
async def test_a_call_may_be_cancelled(store: Store) -> None:
    """Whoever does not want an answer any more disturbs nobody."""
    calls: list[Deferred[Any]] = [store.count(b"c", 1, 60.0) for _ in range(3)]
    calls[1].addErrback(lambda failure: "cancelled" if not failure.check(Unavailable) else "failed")
    calls[1].cancel()
    assert await calls[2] == 3
    assert await store.get(b"c") == b"3"


@pytest_twisted.ensureDeferred
async def test_it_is_up(store: Store) -> None:
    """A store that answers says that it does."""
    await until(lambda: store.up, "the store is up")
