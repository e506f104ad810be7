"""Limits in memory and in a real Redis: the same answers, and exact ones however many ask at once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults

from gatewayd.config.models.address import Address
from gatewayd.core.gcra import Rate
from gatewayd.core.quota import Quota, Window
from gatewayd.core.ratelimits import NO_DEBT, Debt, Policy, Rule
from gatewayd.filters.limits import Judgement
from gatewayd.stores import MemoryStore, Store
from gatewayd.stores.limits import Limiter
from gatewayd.stores.limits.script import answer_of, begun, make_twin, step
from gatewayd.stores.redis import RedisStore, Settings
from tests.harness.redis import RedisServer
from tests.stores import limits, observers

HOUR = 3600.0
RULES = [
    Rule(Policy("rate"), Rate(7, HOUR, 10)),
    Rule(Policy("block"), Rate(5, HOUR, 5), block=HOUR),
    Rule(Policy("quota"), None, Quota(12, "day")),
    Rule(Policy("all"), Rate(9, HOUR, 9), Quota(15, "month"), HOUR),
]


@pytest.fixture(scope="module", name="server")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One Redis for all tests of this module."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


def connected(server: RedisServer) -> RedisStore:
    """What one gateway has of Redis."""
    clock: Any = reactor
    settings = Settings(address=Address("unix", path=server.path), connections=2, timeout=5.0)
    store = RedisStore(settings, clock, random.random, observers.Counts(), lambda up, why: None)
    pytest_twisted.blockon(store.start())
    return store


@pytest.fixture(name="redis")
def _redis(server: RedisServer) -> Iterator[RedisStore]:
    """An empty Redis."""
    server.ask("flushall")
    store = connected(server)
    yield store
    pytest_twisted.blockon(Deferred.fromCoroutine(store.stop()))


@pytest.fixture(name="stores", params=["memory", "redis"])
def _stores(request: pytest.FixtureRequest) -> Iterator[tuple[Store, Store]]:
    """What two gateways have of an empty store that they share."""
    if request.param == "memory":
        clock: Any = reactor
        memory = MemoryStore(clock)
        yield memory, memory
        return
    server = request.getfixturevalue("server")
    server.ask("flushall")
    stores = connected(server), connected(server)
    yield stores
    for store in stores:
        pytest_twisted.blockon(Deferred.fromCoroutine(store.stop()))


def a_limiter(store: Store) -> Limiter:
    """What one gateway keeps limits with."""
    clock: Any = reactor
    return Limiter(store, limits.Counts(), clock, clock.seconds, lambda: 1.79e9)


@pytest.mark.parametrize("mode", ["exact", "leased"])
@pytest_twisted.ensureDeferred
async def test_exactly_ten(stores: tuple[Store, Store], mode: Any) -> None:
    """Of 100 requests at once, to two gateways, exactly 10 pass; where blocks are leased one of a permit is one."""
    rule = limits.a_rule(limit=10, period=HOUR, mode=mode, lease=0.05)
    limiters = [a_limiter(store) for store in stores]

    async def asked(limiter: Limiter) -> Judgement:
        book = limiter.book(rule)
        assert book is not None
        judgement = limiter.check([(book, b"k", 1)])
        return judgement if isinstance(judgement, Judgement) else await judgement

    waiting = [Deferred.fromCoroutine(asked(limiters[index % 2])) for index in range(100)]
    judged = await gatherResults(waiting)
    assert sum(not judgement.refused for judgement in judged) == 10


@pytest_twisted.ensureDeferred
async def test_looks_and_resets(stores: tuple[Store, Store]) -> None:
    """An operator sees what another gateway has given, and takes it back."""
    one, other = (a_limiter(store) for store in stores)
    rule = limits.a_rule(limit=10, period=HOUR)
    book = one.book(rule)
    assert book is not None
    assert other.book(rule) is not None
    judgement = one.check([(book, b"k", 4)])
    assert not isinstance(judgement, Judgement)
    await judgement
    ((_, verdict),) = await other.look("p", b"k")
    assert verdict.remaining == 6
    assert await other.reset("p", b"k") is True
    assert await other.reset("p", b"k") is False
    ((_, verdict),) = await one.look("p", b"k")
    assert verdict.remaining == 10


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.policy.name)
@pytest_twisted.ensureDeferred
async def test_the_script_and_its_twin(redis: RedisStore, rule: Rule) -> None:
    """Whatever is asked, both answer the same; the clocks differ, so it is what an hour hardly changes."""
    clock: Any = reactor
    draw = random.Random(rule.policy.name)
    memory = MemoryStore(clock)
    script, first = make_twin(rule), begun(rule)
    for trial in range(40):
        key = b"%b:%d" % (rule.policy.name.encode(), trial)
        number = 20261125
        for _ in range(12):
            number += draw.random() < 0.1
            window = Window(number, 0.0, 86400.0)
            least = draw.choice([-1, 0, 1, 1, 1, 2])
            most = least if least < 1 else least + draw.choice([0, 0, 3])
            debt = draw.choice([NO_DEBT, NO_DEBT, NO_DEBT, Debt(1.5, 2), Debt(0.0, 0, 60.0 if rule.block else 0.0)])
            args = (*first, *step(window, 40000.0, least, most, debt))
            _, here = answer_of(await memory.run(script, key, *args))
            _, there = answer_of(await redis.run(script, key, *args))
            assert here is not None
            assert there is not None
            assert (here.granted, here.used) == (there.granted, there.used)
            assert here.ahead == pytest.approx(there.ahead, abs=0.02)
            assert here.blocked == pytest.approx(there.blocked, abs=5.0)


@pytest_twisted.ensureDeferred
async def test_nothing_stays_for_ever(server: RedisServer, redis: RedisStore) -> None:
    """A key is forgotten once it is as if it had never asked."""
    lives = []
    for rule, window in (
        (RULES[0], Window(0, 0.0, 0.0)),
        (RULES[1], Window(0, 0.0, 0.0)),
        (RULES[2], Window(5, 0, 900)),
    ):
        key = rule.policy.name.encode()
        await redis.run(make_twin(rule), key, *begun(rule), *step(window, 0.0, 1, 1))
        if rule.block:
            await redis.run(make_twin(rule), key, *begun(rule), *step(window, 0.0, 9, 9))
        lives.append(int(server.ask("pttl", f"gw:{{{rule.policy.name}}}")))
    assert [round(life / 10_000) for life in lives] == [52, 360, 96]


@pytest_twisted.ensureDeferred
async def test_a_redis_that_comes_and_goes(server: RedisServer, redis: RedisStore) -> None:
    """While it is away nobody is refused for that, nor waits; afterwards it knows what passed meanwhile."""
    limiter, rule = a_limiter(redis), limits.a_rule(limit=10, period=HOUR)
    book = limiter.book(rule)
    assert book is not None

    async def passes(cost: int) -> bool:
        judgement = limiter.check([(book, b"k", cost)])
        return not (judgement if isinstance(judgement, Judgement) else await judgement).refused

    assert await passes(3)
    server.kill()
    await observers.until(lambda: not redis.up, "Redis goes")
    judgement = limiter.check([(book, b"k", 4)])
    assert isinstance(judgement, Judgement)
    assert not judgement.refused
    server.start()
    await observers.until(lambda: redis.up, "Redis comes")
    assert await passes(1)
    ((_, verdict),) = await limiter.look("p", b"k")
    assert verdict.remaining == 5  # it began anew, and was told of 4
