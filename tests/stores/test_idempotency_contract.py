"""Keys in memory and in a real Redis: the same answers, and one request only however many ask at once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults, succeed

from gatewayd.config.models.address import Address
from gatewayd.core.idempotency import Event, Found, place
from gatewayd.stores import MemoryStore
from gatewayd.stores.idempotency import Claim, Keys
from gatewayd.stores.idempotency.scripts import CLAIM, SETTLE, claiming, found_of, settling
from gatewayd.stores.redis import RedisStore
from tests.harness.redis import RedisServer
from tests.stores import observers
from tests.stores.places import connected

SAME, DIFFERENT = b"s" * 32, bytes(range(32))
ANSWER = b"HTTP/1.1 201 Created\r\nX: \xff\r\n\r\n\0\r\n" + b"x" * 200_000


@pytest.fixture(scope="module", name="server")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One Redis for all tests of this module."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(name="redis")
def _redis(server: RedisServer) -> Iterator[RedisStore]:
    """An empty Redis."""
    server.ask("flushall")
    store = connected(address=Address("unix", path=server.path))
    yield store
    pytest_twisted.blockon(Deferred.fromCoroutine(store.stop()))


@pytest.fixture(name="gateways", params=["alone", "memory", "redis"])
def _gateways(request: pytest.FixtureRequest) -> Iterator[tuple[Keys, Keys]]:
    """The keys of one gateway under two names, or of two that share an empty store."""
    clock: Any = reactor
    if request.param == "alone":
        keys = Keys(None, clock, clock.seconds, 1 << 24)
        yield keys, keys
    elif request.param == "memory":
        store = MemoryStore(clock)
        yield Keys(store, clock, clock.seconds, 1 << 24), Keys(store, clock, clock.seconds, 1 << 24)
    else:
        server = request.getfixturevalue("server")
        server.ask("flushall")
        address = Address("unix", path=server.path)
        stores = connected(address=address), connected(address=address)
        yield tuple(Keys(store, clock, clock.seconds, 1 << 24) for store in stores)  # type: ignore[misc]
        for shared in stores:
            pytest_twisted.blockon(Deferred.fromCoroutine(shared.stop()))


async def asked(keys: Keys, claim: Claim) -> Found:
    """What a request finds."""
    found = keys.claim(claim)
    return found if isinstance(found, Found) else await found


async def settled(keys: Keys, claim: Claim, event: Event, seconds: float, data: bytes = b"") -> None:
    """What came of it is told."""
    await (keys.settle(claim, event, seconds, data) or succeed(None))


def a_claim(fingerprint: bytes = SAME, lease: float = 60.0) -> Claim:
    """A request with one key."""
    return Claim(place(b"route", b"tenant", b"who", b"key"), fingerprint, lease, "deny")


@pytest_twisted.ensureDeferred
async def test_one_of_many(gateways: tuple[Keys, Keys]) -> None:
    """Of 100 requests at once, to two gateways, exactly one is to go; afterwards all find its answer."""
    claims = [a_claim() for _ in range(100)]
    waiting = [Deferred.fromCoroutine(asked(gateways[index % 2], claim)) for index, claim in enumerate(claims)]
    found = await gatherResults(waiting)
    kinds = [one.kind for one in found]
    assert sorted(kinds) == ["busy"] * 99 + ["go"]
    assert all(0.0 < one.left < 60.001 for one in found if one.kind == "busy")
    first = kinds.index("go")
    await settled(gateways[first % 2], claims[first], Event.ANSWER, 60.0, ANSWER)
    for keys in gateways:
        assert await asked(keys, a_claim()) == Found("answer", 0.0, ANSWER)
        assert (await asked(keys, a_claim(DIFFERENT))).kind == "other"


@pytest.mark.parametrize(
    ("event", "found"), [(Event.FORGO, "unkept"), (Event.LOSE, "lost"), (Event.RELEASE, "go"), (Event.RENEW, "busy")]
)
@pytest_twisted.ensureDeferred
async def test_settled(gateways: tuple[Keys, Keys], event: Event, found: str) -> None:
    """What one tells of its request the other one finds; what somebody else tells is ignored."""
    one, other = gateways
    mine, another = a_claim(), a_claim()
    assert (await asked(one, mine)).kind == "go"
    assert (await asked(other, another)).kind == "busy"
    await settled(other, another, Event.ANSWER, 60.0, b"forged")
    await settled(one, mine, event, 60.0)
    last = a_claim()
    assert (await asked(other, last)).kind == found
    last.forget()


@pytest_twisted.ensureDeferred
async def test_a_lease_ends(gateways: tuple[Keys, Keys]) -> None:
    """A gateway that tells nothing, as dead ones do, keeps the key until its lease is over."""
    one, other = gateways
    mine = a_claim(lease=0.05)
    assert (await asked(one, mine)).kind == "go"
    mine.forget()
    another = a_claim()
    while (kind := (await asked(other, another)).kind) == "busy":
        pass
    assert kind == "go"
    await settled(other, another, Event.RELEASE, 1.0)


@pytest_twisted.ensureDeferred
async def test_the_scripts_and_their_twins(redis: RedisStore) -> None:
    """Whatever is asked, in whatever order, Redis and this process answer the same."""
    clock: Any = reactor
    draw = random.Random(1)
    memory = MemoryStore(clock)
    holders = [bytes([number]) * 16 for number in (0, 13, 255)]
    events = [event for event in Event if event not in (Event.CLAIM, Event.EXPIRE)]
    for trial in range(60):
        key = b"trial:%d" % trial
        for _ in range(10):
            holder, fingerprint = draw.choice(holders), draw.choice([SAME, SAME, DIFFERENT])
            if draw.random() < 0.5:
                args = claiming(holder, fingerprint, 1000.0)
                here, there = (
                    found_of(await memory.run(CLAIM, key, *args)),
                    found_of(await redis.run(CLAIM, key, *args)),
                )
                assert (here.kind, here.data) == (there.kind, there.data)
                assert here.left == pytest.approx(there.left, abs=5.0)
            else:
                args = settling(draw.choice(events), holder, fingerprint, 2000.0, draw.choice([b"", b"\0\r\n\xff"]))
                assert await memory.run(SETTLE, key, *args) == await redis.run(SETTLE, key, *args)


@pytest_twisted.ensureDeferred
async def test_what_redis_keeps(server: RedisServer, redis: RedisStore) -> None:
    """One key for each, which says nothing of the client's, for no longer than the claim or the answer lasts."""
    clock: Any = reactor
    keys = Keys(redis, clock, clock.seconds, 1 << 20)
    claim = Claim(place(b"route", b"tenant", b"who", b"telling"), SAME, 60.0, "deny")
    assert (await asked(keys, claim)).kind == "go"
    (name,) = server.ask("keys", "*").split()
    assert name == f"gw:{{idempotency:{claim.key.decode()}}}"
    assert "telling" not in name
    assert 55_000 < int(server.ask("pttl", name)) <= 60_000
    await settled(keys, claim, Event.ANSWER, 3600.0, b"answer")
    assert 3_590_000 < int(server.ask("pttl", name)) <= 3_600_000


@pytest_twisted.ensureDeferred
async def test_a_redis_that_comes_and_goes(server: RedisServer, redis: RedisStore) -> None:
    """While it is away a gateway remembers for itself, and goes on with that afterwards."""
    clock: Any = reactor
    keys = Keys(redis, clock, clock.seconds, 1 << 20)
    server.kill()
    await observers.until(lambda: not redis.up, "Redis goes")
    claim = Claim(b"k", SAME, 60.0, "local")
    assert (await asked(keys, claim)).kind == "go"
    await settled(keys, claim, Event.ANSWER, 60.0, b"answer")
    server.start()
    await observers.until(lambda: redis.up, "Redis comes")
    assert (await asked(keys, Claim(b"k", SAME, 60.0, "local"))).data == b"answer"
    fresh = Claim(b"l", SAME, 60.0, "local")
    assert (await asked(keys, fresh)).kind == "go"
    assert not fresh.here
    await settled(keys, fresh, Event.RELEASE, 1.0)
