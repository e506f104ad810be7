"""Services as they are configured: which target is asked, how many requests it gets, and how it is connected to."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from gatewayd.app.services import Asked, Place
from gatewayd.config.models.address import Address
from gatewayd.core.balance import HashRing, LeastRequests, PeakEwma, Policy, Random, RoundRobin
from gatewayd.core.membership import Found
from gatewayd.core.reasons import BULKHEAD_FULL, BULKHEAD_TIMEOUT, NO_TARGET, POOL_EXHAUSTED, Refused
from gatewayd.core.streak import Health
from gatewayd.pipeline.task import Task
from tests.app.world import TWO, World


def service(folder: Path, *lines: str, targets: str = TWO) -> Asked:
    """The one service."""
    return World(folder, *lines, targets=targets).service


async def connect(target: Place) -> None:
    """A request that wants a connection to `target`."""
    await target.pool.acquire()


# Balancing.


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("round_robin", RoundRobin),
        ("random", Random),
        ("least_requests", LeastRequests),
        ("ewma", PeakEwma),
        ("hash, key: client", HashRing),
    ],
)
def test_policies(tmp_path: Path, name: str, kind: type[Policy[Place]]) -> None:
    """Each by its name; only one of them learns."""
    made = service(tmp_path, f"balance: {{policy: {name}}}")
    assert type(made._policy) is kind
    assert (made.learn is not None) is (kind is PeakEwma)


@pytest.mark.parametrize(("load", "expected"), [("1", 2), ("off", 1)])
def test_bounded_load(tmp_path: Path, load: str, expected: int) -> None:
    """A key passes on to the next target when its own has more than its share, unless that is off."""
    made = service(tmp_path, f"balance: {{policy: hash, key: client, bounded_load: {load}}}")
    asked = set()
    for _ in range(10):
        target = made.pick(b"key", 0.0)
        target.active += 1
        asked.add(target)
    assert len(asked) == expected


def test_weights_and_priorities(tmp_path: Path) -> None:
    """They are the targets' own."""
    targets = (
        "targets: [{url: 'http://a', weight: 3}, {url: 'http://b:81'}, {url: 'unix:/c', priority: 1, weight: 1000}]"
    )
    made = service(tmp_path, targets=targets)
    assert [(target.url, target.weight, target.priority) for target in made.targets] == [
        ("http://a", 3, 0),
        ("http://b:81", 1, 0),
        ("unix:/c", 1000, 1),
    ]
    assert [target.authority for target in made.targets] == [b"a", b"b:81", b"localhost"]
    assert Counter(made.pick(None, 0.0).url for _ in range(8)) == {"http://a": 6, "http://b:81": 2}


def test_failover_and_panic(tmp_path: Path) -> None:
    """When a group is left, and what happens when nobody can answer."""
    targets = "targets: ['http://a', 'http://b', {url: 'http://c', priority: 1}]"
    made = service(tmp_path, "balance: {failover_below: 60%, panic: refuse}", targets=targets)
    a, b, c = made.targets
    a.health = Health.UNHEALTHY
    made.refresh(0.0)
    assert made.pick(None, 0.0) is c
    b.health = c.health = Health.UNHEALTHY
    made.refresh(0.0)
    with pytest.raises(Refused) as caught:
        made.pick(None, 0.0)
    assert caught.value.reason is NO_TARGET


def test_cookies(tmp_path: Path) -> None:
    """As configured, and of no use for another service or another gateway."""
    line = "balance: {sticky: {cookie: seat, ttl: 5m, secure: false}}"
    lines = set()
    for gateway in ("one", "two"):
        made = World(tmp_path, line, more=f"gateway: {{name: {gateway}}}").services["main"]
        assert made.sticky is not None
        lines |= {made.sticky.line(target) for target in made.targets}
    assert len(lines) == 4
    for cookie in lines:
        assert cookie.startswith(b"Set-Cookie: seat=")
        assert cookie.endswith(b"; Path=/; Max-Age=300; HttpOnly; SameSite=Lax\r\n")
    assert service(tmp_path).sticky is None


def test_slow_start(tmp_path: Path) -> None:
    """Of targets that join others; those that are there from the start, or are the first to be found, just begin."""
    made = World(tmp_path, "balance: {slow_start: 30s}")
    main, config = made.service, made.settings
    assert not any(target.cautious(0.0) for target in main.targets)
    made.reactor.advance(5.0)
    joining = made.builder.found(main, config, Found("10.0.0.9", 81))
    assert (joining.slow_since, joining.slow_until) == (5.0, 35.0)
    main.replace([], 5.0)
    assert not made.builder.found(main, config, Found("10.0.0.9", 81)).cautious(5.0)


def test_no_slow_start(tmp_path: Path) -> None:
    """Nothing is configured: whoever joins is like the others."""
    made = World(tmp_path)
    joining = made.builder.found(made.service, made.settings, Found("10.0.0.9", 81))
    assert not joining.cautious(0.0)


# Bounds.


def test_no_bulkhead(tmp_path: Path) -> None:
    """Without a limit there is none."""
    assert service(tmp_path).bulkhead is None


def test_a_bulkhead(tmp_path: Path) -> None:
    """So many at a time, so many that wait, so long."""
    made = World(tmp_path, "concurrency: {most: 2, queue: 1, wait: 3s}")
    bulkhead = made.service.bulkhead
    assert bulkhead is not None
    assert bulkhead.enter(1e9) is bulkhead.enter(1e9) is None
    place = bulkhead.enter(1e9)
    assert place is not None
    with pytest.raises(Refused) as caught:
        bulkhead.enter(1e9)
    assert caught.value.reason is BULKHEAD_FULL
    assert place.deadline == 3.0
    place.expired(3.0)
    assert isinstance(place.error, Refused)
    assert place.error.reason is BULKHEAD_TIMEOUT
    bulkhead.give_up(place)


@pytest.mark.parametrize(("order", "last"), [("fifo", False), ("lifo_under_pressure", True)])
def test_the_order_of_a_bulkhead(tmp_path: Path, order: str, last: bool) -> None:
    """Whether the newest is next while the queue is full."""
    bulkhead = service(tmp_path, f"concurrency: {{most: 1, queue: 2, order: {order}}}").bulkhead
    assert bulkhead is not None
    bulkhead.enter(1e9)
    places = [bulkhead.enter(1e9) for _ in range(2)]
    bulkhead.leave(None)
    assert [place is not None and place.done for place in places] == [not last, last]


def test_an_adaptive_limit(tmp_path: Path) -> None:
    """It begins with the least, and learns."""
    bulkhead = service(tmp_path, "concurrency: {adaptive: {least: 4, most: 50}}").bulkhead
    assert bulkhead is not None
    assert bulkhead.limit == 4
    assert bulkhead._gradient is not None
    assert bulkhead._gradient._most == 50


def test_the_budget_of_retries(tmp_path: Path) -> None:
    """The share of what is in flight, and the least."""
    budget = service(tmp_path, "retries: {budget: 50%, budget_least: 1}").budget
    assert [budget.take(6) for _ in range(4)] == [True, True, True, False]
    none = service(tmp_path, "retries: {budget: 0%, budget_least: 0}").budget
    assert not none.take(1000)


# Connections.


def test_how_a_target_is_dialled(tmp_path: Path) -> None:
    """At its address, within the service's time for that, and counted once it stands."""
    made = World(tmp_path, "timeouts: {connect: 7s}", targets="targets: ['http://10.0.0.1:81']")
    main = made.service
    (target,) = main.targets
    Task(connect(target)).step()
    (dial,) = made.dials
    assert (dial.where, dial.timeout) == (Address("tcp", "10.0.0.1", 81), 7.0)
    assert main.counts() == made.metrics.service("main").pool() == (1, 0, 0)
    made.reactor.advance(0.5)
    dial.accept()
    assert made.metric("downstream_connect_duration_seconds_sum") == 0.5
    target.pool.close()


def test_the_pool_of_a_target(tmp_path: Path) -> None:
    """Each has its own, within the service's limits."""
    made = World(tmp_path, "pool: {connections: 1, waiters: 0}")
    for target in made.service.targets:
        Task(connect(target)).step()
        with pytest.raises(Refused) as caught:
            connect(target).send(None)
        assert caught.value.reason is POOL_EXHAUSTED
    assert [dial.where.host for dial in made.dials] == ["10.0.0.1", "10.0.0.2"]


@pytest.mark.parametrize(
    ("found", "url", "authority", "address"),
    [
        (Found("10.0.0.9", 80), "http://10.0.0.9:80", b"10.0.0.9", Address("tcp", "10.0.0.9", 80)),
        (Found("10.0.0.9", 8080), "http://10.0.0.9:8080", b"10.0.0.9:8080", Address("tcp", "10.0.0.9", 8080)),
        (Found("fd00::9", 80), "http://[fd00::9]:80", b"[fd00::9]", Address("tcp", "fd00::9", 80)),
        (Found("fd00::80", 81), "http://[fd00::80]:81", b"[fd00::80]:81", Address("tcp", "fd00::80", 81)),
        (Found(path="/run/a"), "unix:/run/a", b"localhost", Address("unix", path="/run/a")),
    ],
)
def test_targets_that_were_found(tmp_path: Path, found: Found, url: str, authority: bytes, address: Address) -> None:
    """By address or path; the Host is the address, without the port that goes without saying."""
    made = World(tmp_path)
    target = made.builder.found(made.service, made.settings, found)
    assert (target.url, target.authority, target.address) == (url, authority, address)
