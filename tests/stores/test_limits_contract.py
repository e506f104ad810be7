"""Limits in memory and in a real Redis: the same answers, and exact ones however many ask at once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults

from gatewayd.core.gcra import Rate
from gatewayd.core.quota import Quota, Window
from gatewayd.core.ratelimits import Debt, Policy, Rule
from gatewayd.filters.limits import Judgement
from gatewayd.stores import MemoryStore, Store
from gatewayd.stores.limits import Limiter
from gatewayd.stores.limits.script import StoreClock, begun, make_twin, step
from gatewayd.stores.redis import RedisStore
from tests.harness.redis import RedisServer
from tests.stores import limits, observers
from tests.stores.places import Place, opened

HOUR = 3600.0
RULES = [
    Rule(Policy("rate"), Rate(7, HOUR, 10)),
    Rule(Policy("block"), Rate(5, HOUR, 5), block=HOUR),
    Rule(Policy("quota"), None, Quota(12, "day")),
    Rule(Policy("all"), Rate(9, HOUR, 9), Quota(15, "month"), HOUR),
]


@pytest.fixture(name="stores")
def _stores(place: Place) -> Iterator[list[Store]]:
    """What two gateways have of an empty store that they share."""
    with place.stores(2) as stores:
        yield stores


@pytest.fixture(name="redis")
def _redis(tmp_path: Path) -> Iterator[tuple[RedisServer, RedisStore]]:
    """A Redis of the test's own."""
    with opened("redis", tmp_path) as place, place.stores() as (store,):
        assert place.server is not None
        assert isinstance(store, RedisStore)
        yield place.server, store


def a_limiter(store: Store) -> Limiter:
    """What one gateway keeps limits with."""
    clock: Any = reactor
    return Limiter(store, limits.Counts(), clock, clock.seconds, lambda: 1.79e9)


@pytest.mark.parametrize("mode", ["exact", "leased"])
@pytest_twisted.ensureDeferred
async def test_exactly_ten(stores: list[Store], mode: Any) -> None:
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
async def test_looks_and_resets(stores: list[Store]) -> None:
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
async def test_the_script_and_its_twin(stores: list[Store], rule: Rule) -> None:
    """Whatever is asked, both answer the same; the clocks differ, so it is what an hour hardly changes."""
    clock: Any = reactor
    draw = random.Random(rule.policy.name)
    memory = MemoryStore(clock)
    script, first, clock_of = make_twin(rule), begun(rule), StoreClock(0.0)
    for trial in range(40):
        key = b"%b:%d" % (rule.policy.name.encode(), trial)
        number = 20261125
        for _ in range(12):
            number += draw.random() < 0.1
            window = Window(number, 0.0, 86400.0)
            least = draw.choice([-1, 0, 1, 1, 1, 2])
            most = least if least < 1 else least + draw.choice([0, 0, 3])
            debt = draw.choice([None, None, None, Debt(1.5, 2), Debt(0.0, 0, 60.0 if rule.block else 0.0)])
            args = (first, *step(window, 40000.0, least, most, 0, debt))
            here = clock_of.read(await memory.run(script, key, *args), 0.0)
            there = clock_of.read(await stores[0].run(script, key, *args), 0.0)
            assert (here.granted, here.used) == (there.granted, there.used)
            assert here.ahead == pytest.approx(there.ahead, abs=0.02)
            assert here.blocked == pytest.approx(there.blocked, abs=5.0)


@pytest_twisted.ensureDeferred
async def test_nothing_stays_for_ever(redis: tuple[RedisServer, RedisStore]) -> None:
    """A key is forgotten once it is as if it had never asked."""
    server, store = redis
    lives = []
    for rule, window in (
        (RULES[0], Window(0, 0.0, 0.0)),
        (RULES[1], Window(0, 0.0, 0.0)),
        (RULES[2], Window(5, 0, 900)),
    ):
        key = rule.policy.name.encode()
        await store.run(make_twin(rule), key, begun(rule), *step(window, 0.0, 1, 1))
        if rule.block:
            await store.run(make_twin(rule), key, begun(rule), *step(window, 0.0, 9, 9))
        lives.append(int(server.ask("pttl", f"gw:{{{rule.policy.name}}}")))
    assert [round(life / 10_000) for life in lives] == [52, 360, 96]


@pytest_twisted.ensureDeferred
async def test_a_redis_that_comes_and_goes(redis: tuple[RedisServer, RedisStore]) -> None:
    """While it is away nobody is refused for that, nor waits; afterwards it knows what passed meanwhile."""
    server, store = redis
    limiter, rule = a_limiter(store), limits.a_rule(limit=10, period=HOUR)
    book = limiter.book(rule)
    assert book is not None

    async def passes(cost: int) -> bool:
        judgement = limiter.check([(book, b"k", cost)])
        return not (judgement if isinstance(judgement, Judgement) else await judgement).refused

    assert await passes(3)
    server.kill()
    await observers.until(lambda: not store.up, "Redis goes")
    judgement = limiter.check([(book, b"k", 4)])
    assert isinstance(judgement, Judgement)
    assert not judgement.refused
    server.start()
    await observers.until(lambda: store.up, "Redis comes")
    assert await passes(1)
    ((_, verdict),) = await limiter.look("p", b"k")
    assert verdict.remaining == 5  # it began anew, and was told of 4
