"""What every cache does: the same tests for one in memory, one over a real Redis, and two over the same Redis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from gatewayd.core.caching import Scope
from gatewayd.core.caching.encoding import digest_of
from gatewayd.stores.responses.shared import LONGEST
from tests.core.caching.world import PUBLIC
from tests.harness.redis import RedisServer
from tests.stores.sharing import KEPT, MOST, Pair, connected, entry, key


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One Redis for all tests of this module."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(params=["memory", "redis", "two"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """An empty cache, or two."""
    server: RedisServer | None = None
    if request.param != "memory":
        server = request.getfixturevalue("server")
        server.ask("flushall")
    gateways = [connected(server) for _ in range(2 if request.param == "two" else 1)]
    for gateway in gateways:
        pytest_twisted.blockon(Deferred.fromCoroutine(gateway.start()))
    yield Pair(gateways[0], gateways[-1], server)
    for gateway in gateways:
        gateway.responses.stop()
        if gateway.store is not None:
            pytest_twisted.blockon(Deferred.fromCoroutine(gateway.store.stop()))


@pytest_twisted.ensureDeferred
async def test_kept(pair: Pair) -> None:
    """An answer is found as it was kept, by its key and by no other."""
    made = entry(KEPT, 'ETag: "a"', "X-A: 1", body=b"\0\r\n" * 1000)
    assert await pair.reader.find(key()) is None
    assert pair.writer.keep(key(), made)
    found = await pair.finds(key())
    assert found.body == made.body
    assert found.head.section.lines == made.head.section.lines
    assert (found.etag, found.born, found.fresh_until) == (made.etag, made.born, made.fresh_until)
    assert await pair.reader.find(key("http://b/")) is None
    assert not pair.reader.counters.errors


@pytest_twisted.ensureDeferred
async def test_promoted(pair: Pair) -> None:
    """What was found elsewhere is in memory from then on."""
    pair.writer.keep(key(), entry(KEPT))
    found = await pair.finds(key())
    assert pair.reader.kept.memory.get(key()) == (found,)


@pytest_twisted.ensureDeferred
async def test_replaced(pair: Pair) -> None:
    """A newer answer takes the place of the older one."""
    first = entry(KEPT, body=b"first")
    pair.writer.keep(key(), first)
    await pair.finds(key())
    pair.writer.keep(key(), entry("Cache-Control: max-age=90", body=b"second"), instead=first)
    while (await pair.finds(key())).body != b"second":
        assert pair.server is not None
        await deferLater(reactor, 0.005)


@pytest_twisted.ensureDeferred
async def test_variants(pair: Pair) -> None:
    """Each request finds the variant that is for it, and no other's."""
    for language in ("de", "en"):
        pair.writer.keep(
            key(),
            entry(KEPT, "Vary: Accept-Language", body=language.encode(), request=(f"Accept-Language: {language}",)),
        )
    for language in ("de", "EN"):
        assert (await pair.finds(key(), f"Accept-Language: {language}")).body == language.lower().encode()
    assert await pair.reader.find(key(), "Accept-Language: fr") is None
    assert await pair.reader.find(key()) is None


@pytest_twisted.ensureDeferred
async def test_tenants(pair: Pair) -> None:
    """What is a tenant's is found by the same tenant, and by nobody else."""
    mine, yours = (key(scope=Scope.TENANT, tenant=name) for name in ("acme", "globex"))
    pair.writer.keep(mine, entry(KEPT, body=b"mine", policy=replace(PUBLIC, scope=Scope.TENANT)))
    await pair.finds(mine)
    assert await pair.reader.find(yours) is None
    assert await pair.reader.find(key()) is None
    if pair.server is not None:
        names = pair.server.ask("--raw", "keys", "*")
        assert "acme" not in names
        assert "http" not in names


@pytest.mark.parametrize("kind", ["url", "prefix", "tag"])
@pytest_twisted.ensureDeferred
async def test_purged(pair: Pair, kind: str) -> None:
    """What is purged is found by nobody within a second; all else is, and what is kept afterwards."""
    pair.writer.keep(key("http://a/1"), entry(KEPT, "Cache-Tag: red"))
    pair.writer.keep(key("http://b/"), entry(KEPT, "Cache-Tag: blue"))
    await pair.finds(key("http://a/1"))
    await pair.finds(key("http://b/"))
    await pair.finds(key("http://a/1"), forgetful=False)
    responses = pair.writer.responses
    purges = {"url": responses.purge_url, "prefix": responses.purge_prefix, "tag": responses.purge_tag}
    assert await purges[kind]({"url": b"http://A:80/1", "prefix": b"http://A/", "tag": b"red"}[kind])
    assert await pair.writer.find(key("http://a/1")) is None
    await pair.loses(key("http://a/1"))
    await pair.finds(key("http://b/"))
    pair.writer.keep(key("http://a/1"), entry(KEPT, "Cache-Tag: red", body=b"new"))
    assert (await pair.finds(key("http://a/1"))).body == b"new"


@pytest_twisted.ensureDeferred
async def test_purged_on_its_way(pair: Pair) -> None:
    """What was asked for before a purge may be what the purge was about: nobody finds it."""
    marks = pair.writer.kept.marks()
    told = await pair.writer.responses.purge_url(b"http://a/")
    assert told
    assert not pair.writer.keep(key(), entry(KEPT), marks)
    if pair.writer.kept.shared is not None:
        pair.writer.kept.shared.put(key(), entry(KEPT), marks[1])
    pair.writer.keep(key("http://b/"), entry(KEPT))
    await pair.finds(key("http://b/"))
    assert await pair.reader.find(key()) is None


@pytest_twisted.ensureDeferred
async def test_purged_elsewhere_on_its_way(pair: Pair) -> None:
    """The same where somebody else purges, and whoever fetches has not heard of it."""
    marks = pair.writer.kept.marks()
    assert await pair.reader.responses.purge_url(b"http://a/")
    pair.writer.keep(key(), entry(KEPT), marks)
    pair.writer.keep(key("http://b/"), entry(KEPT))
    await pair.finds(key("http://b/"))
    assert await pair.reader.find(key()) is None


@pytest_twisted.ensureDeferred
async def test_dropped(pair: Pair) -> None:
    """An entry that is of no more use is forgotten, in all tiers."""
    made = entry(KEPT)
    pair.writer.keep(key(), made)
    await pair.finds(key())
    pair.writer.kept.drop(key(), made)
    pair.reader.kept.memory.clear()
    await pair.loses(key())


@pytest_twisted.ensureDeferred
async def test_not_elsewhere(pair: Pair) -> None:
    """What is too large for Redis, or has to be validated before each use, is in memory only."""
    large = entry(KEPT, body=b"x" * (MOST + 1))
    proven = entry("Cache-Control: no-cache", 'ETag: "a"')
    pair.writer.keep(key("http://a/large"), large)
    pair.writer.keep(key("http://a/proven"), proven)
    assert await pair.writer.find(key("http://a/large")) is large
    assert await pair.writer.find(key("http://a/proven")) is proven
    pair.writer.keep(key("http://b/"), entry(KEPT))
    await pair.finds(key("http://b/"))
    if pair.reader is not pair.writer:
        assert await pair.reader.find(key("http://a/large")) is None
        assert await pair.reader.find(key("http://a/proven")) is None


@pytest.mark.parametrize("value", [b"", b"junk", b"\x01\x00" + b"x" * 200])
@pytest_twisted.ensureDeferred
async def test_junk(pair: Pair, value: bytes) -> None:
    """What is no answer is found by nobody, counted, and gone; then there can be one again."""
    if pair.reader.store is None:
        return
    name = b"cache:1:" + digest_of(key()).hex().encode()
    await pair.reader.store.set(name, value)
    assert await pair.reader.find(key()) is None
    assert pair.reader.counters.errors == ["get"]
    assert await pair.reader.store.get(name) is None
    pair.writer.keep(key(), entry(KEPT))
    await pair.finds(key())


@pytest_twisted.ensureDeferred
async def test_lives_as_long_as_it_is_of_use(pair: Pair) -> None:
    """In Redis an answer is there while it is fresh or may be used stale, and a day at the most."""
    lives = {"max-age=60": 60, "max-age=60, stale-if-error=30": 90, "max-age=99999999": LONGEST}
    for number, said in enumerate(lives):
        pair.writer.keep(key(f"http://a/{number}"), entry(f"Cache-Control: {said}"))
        await pair.finds(key(f"http://a/{number}"))
    if pair.server is not None:
        for number, life in enumerate(lives.values()):
            name = "gw:{cache:1:" + digest_of(key(f"http://a/{number}")).hex() + "}"
            assert life - 10 < int(pair.server.ask("--raw", "ttl", name)) <= life
