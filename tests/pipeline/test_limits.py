"""Limits on the way of requests: who is refused and when, what answers say, and what is counted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress
from twisted.internet.task import Clock

from gatewayd.core.apikeys import hash_key, make_key
from gatewayd.stores import MemoryStore
from tests.pipeline.world import SERVICE, World, get, ok
from tests.stores.limits import HeldStore

PEPPER = "pepper-0123456789"
KEYS = {owner: make_key(owner.encode().ljust(28, b".")) for owner in ("ann", "bob", "cat")}
IDS = {owner: key.split("_")[1] for owner, key in KEYS.items()}
CALLERS = f"""
authentication:
  api_keys:
    pepper: {PEPPER}
    keys:
      - {{id: {IDS["ann"]}, hash: {hash_key(KEYS["ann"].encode(), PEPPER.encode())}, tenant: acme, user: ann}}
      - {{id: {IDS["bob"]}, hash: {hash_key(KEYS["bob"].encode(), PEPPER.encode())}, tenant: acme, user: bob,
          limits: {{mine: 1/1m}}}}
      - {{id: {IDS["cat"]}, hash: {hash_key(KEYS["cat"].encode(), PEPPER.encode())}, tenant: small, user: cat}}
"""


def a_world(folder: Path, limits: str, route: str, more: str = "", store: bool = False) -> World:
    """A gateway with limits; `route` are the keys of its one route."""
    text = f"{SERVICE}\n{more}\nrate_limits:\n  {limits}\nroutes:\n  - {{path: '/**', service: main, {route}}}\n"
    world = World(folder, text)
    if store:
        world = World(folder, text, clock=world.clock, store=MemoryStore(world.clock))
    return world


def a_peer(host: str) -> IAddress:
    """The address of a client."""
    return (IPv6Address if ":" in host else IPv4Address)("TCP", host, 5000)


def asked(world: World, *lines: bytes, client: str = "192.0.2.1", path: bytes = b"/") -> bytes:
    """The head of the answer to a request of a client of its own; the service answers at once."""
    wire = world.client(a_peer(client), a_peer("127.0.0.1"))
    dialled = len(world.dials)
    wire.send(get(path, *lines, b"Connection: close\r\n"))
    if len(world.dials) > dialled or not wire.written:
        world.service.send(ok())
    return wire.take().partition(b"\r\n\r\n")[0]


def keyed(owner: str) -> bytes:
    """A field with somebody's API key."""
    return b"X-API-Key: %b\r\n" % KEYS[owner].encode()


def status(head: bytes) -> int:
    """The status of an answer."""
    return int(head.split(b" ")[1])


def field(head: bytes, name: bytes) -> bytes | None:
    """The value of a field."""
    found = re.search(rb"\r\n" + name + rb": ([^\r]*)", head)
    return found[1] if found else None


def decisions(world: World) -> dict[str, float]:
    """What was decided, and how often; without what was not."""
    names = ("allow", "deny", "shadow", "fail_open", "fail_closed")
    counts = {name: world.metric("rate_limit_decisions_total", decision=name) for name in names}
    return {name: count for name, count in counts.items() if count}


@pytest.mark.parametrize("store", [False, True])
def test_a_limit(tmp_path: Path, store: bool) -> None:
    """So many pass, told how many remain; then 429 with the time to wait, after which one more passes."""
    world = a_world(tmp_path, "all: {limit: 3/1m}", "rate_limits: [all]", store=store)
    told = [asked(world) for _ in range(4)]
    assert [status(head) for head in told] == [200, 200, 200, 429]
    assert [field(head, b"RateLimit") for head in told] == [
        b'"all";r=2;t=20',
        b'"all";r=1;t=40',
        b'"all";r=0;t=60',
        b'"all";r=0;t=60',
    ]
    assert {field(head, b"RateLimit-Policy") for head in told} == {b'"all";q=3;w=60'}
    assert [field(head, b"Retry-After") for head in told] == [None, None, None, b"20"]
    assert field(told[3], b"X-Gateway-Reason") == b"rate-limited"
    assert status(asked(world, client="192.0.2.2")) == 200
    world.clock.advance(19.9)
    assert status(asked(world)) == 429
    world.clock.advance(0.1)
    assert [status(asked(world)) for _ in range(2)] == [200, 429]
    assert decisions(world) == {"allow": 5, "deny": 3}
    assert world.metric("rate_limit_exceeded_total", endpoint="/**", tenant_id="_none") == 3
    world.settled()


def test_ipv6_counts_by_network(tmp_path: Path) -> None:
    """Addresses of one /64 are one client; an IPv4 address is the same however it is written."""
    world = a_world(tmp_path, "all: {limit: 1/1m}", "rate_limits: [all]")
    assert status(asked(world, client="2001:db8::1")) == 200
    assert status(asked(world, client="2001:db8::ffff:2")) == 429
    assert status(asked(world, client="2001:db8:0:1::1")) == 200
    assert status(asked(world, client="192.0.2.9")) == 200
    assert status(asked(world, client="::ffff:192.0.2.9")) == 429


def test_a_block(tmp_path: Path) -> None:
    """Who exceeds the limit is refused for the whole time, even where the rate would let it through again."""
    world = a_world(tmp_path, "buy: {limit: 5/1m, block: 5m}", "rate_limits: [buy]")
    assert [status(asked(world)) for _ in range(6)] == [200] * 5 + [429]
    world.clock.advance(299.0)
    assert field(asked(world), b"Retry-After") == b"1"
    world.clock.advance(1.0)
    assert status(asked(world)) == 200


def test_several_limits(tmp_path: Path) -> None:
    """The tightest is told; what one took before another refused is given back, so that refusals take nothing."""
    limits = "wide: {limit: 4/1m}\n  narrow: {limit: 2/1m, key: [header:X-Seat]}"
    world = a_world(tmp_path, limits, "rate_limits: [wide, narrow]")
    seat = b"X-Seat: 1\r\n"
    assert field(asked(world, seat), b"RateLimit") == b'"narrow";r=1;t=30'
    assert [status(asked(world, seat)) for _ in range(3)] == [200, 429, 429]
    assert [status(asked(world, b"X-Seat: 2\r\n")) for _ in range(2)] == [200, 200]
    assert field(asked(world, b"X-Seat: 3\r\n"), b"RateLimit-Policy") == b'"wide";q=4;w=60'


def test_a_limit_that_is_not_told(tmp_path: Path) -> None:
    """Does not keep another one from being told, although it is tighter."""
    limits = "wide: {limit: 4/1m}\n  narrow: {limit: 2/1m, headers: none}\n  late: {limit: 3/1m, key: [user]}"
    limits += "\n  mine: {limit: 9/1m}"
    world = a_world(tmp_path, limits, "rate_limits: [wide, narrow, late]", CALLERS)
    told = [field(asked(world, keyed("ann")), b"RateLimit") for _ in range(3)]
    assert told == [b'"late";r=2;t=20', b'"late";r=1;t=40', None]  # narrow refuses the third


def test_costs_and_shadows(tmp_path: Path) -> None:
    """A request may cost more; a limit that is not enforced refuses nobody, and is counted."""
    world = a_world(tmp_path, "all: {limit: 5/1m}", "rate_limits: [{name: all, cost: 2}]")
    assert [status(asked(world)) for _ in range(3)] == [200, 200, 429]
    world = a_world(tmp_path, "all: {limit: 1/1m, enforce: false}", "rate_limits: [all]")
    assert [status(asked(world)) for _ in range(3)] == [200, 200, 200]
    assert decisions(world) == {"allow": 1, "shadow": 2}


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ("legacy", (None, b"2", b"1", b"30")),
        ("both", (b'"all";r=1;t=30', b"2", b"1", b"30")),
        ("none", (None, None, None, None)),
    ],
)
def test_headers(tmp_path: Path, headers: str, told: tuple[bytes | None, ...]) -> None:
    """The older fields instead, both, or none."""
    world = a_world(tmp_path, f"all: {{limit: 2/1m, headers: {headers}}}", "rate_limits: [all]")
    head = asked(world)
    older = [field(head, b"X-RateLimit-" + name) for name in (b"Limit", b"Remaining", b"Reset")]
    assert (field(head, b"RateLimit"), *older) == told


def test_quotas(tmp_path: Path) -> None:
    """A day's worth, until midnight in UTC; the clock stands at 08:49:37."""
    world = a_world(tmp_path, "day: {quota: {limit: 2, window: day}}", "rate_limits: [day]")
    head = asked(world)
    assert field(head, b"RateLimit-Policy") == b'"day-quota";q=2;w=86400'
    assert field(head, b"RateLimit") == b'"day-quota";r=1;t=54623'
    assert [status(asked(world)) for _ in range(2)] == [200, 429]
    world.clock.advance(54622.0)
    assert field(asked(world), b"Retry-After") == b"1"
    world.clock.advance(1.0)
    assert status(asked(world)) == 200


def test_at_a_time(tmp_path: Path) -> None:
    """So many may be answered at a time, however they end."""
    world = a_world(tmp_path, "few: {concurrent: 2}", "rate_limits: [few]")
    wires = [world.client(a_peer("192.0.2.1"), a_peer("127.0.0.1")) for _ in range(3)]
    for wire in wires:
        wire.send(get())
    assert status(wires[2].take()) == 429
    assert status(asked(world, client="192.0.2.2")) == 200
    wires[0].hang_up()
    assert status(asked(world)) == 200
    assert decisions(world) == {"allow": 4, "deny": 1}


def test_at_a_time_in_the_shadow(tmp_path: Path) -> None:
    """Those beyond it pass, and are not counted as being answered."""
    world = a_world(tmp_path, "few: {concurrent: 1, enforce: false}", "rate_limits: [few]")
    wires = [world.client(a_peer("192.0.2.1"), a_peer("127.0.0.1")) for _ in range(2)]
    for wire in wires:
        wire.send(get())
        wire.hang_up()
    for _ in range(2):
        wires[0] = world.client(a_peer("192.0.2.1"), a_peer("127.0.0.1"))
        wires[0].send(get())
    assert decisions(world) == {"allow": 3, "shadow": 1}


def test_no_store_and_no_word(tmp_path: Path) -> None:
    """Where a policy wants it so, nobody passes while the store is away."""
    text = f"{SERVICE}\nrate_limits: {{all: {{limit: 5/1m, on_store_failure: deny}}}}\n"
    text += "routes: [{path: '/**', service: main, rate_limits: [all]}]\n"
    store = HeldStore(clock := Clock())
    world = World(tmp_path, text, clock=clock, store=store)
    assert status(asked(world)) == 200
    store.up = False
    head = asked(world)
    assert (status(head), field(head, b"X-Gateway-Reason")) == (503, b"rate-limit-unavailable")
    store.up, store.holding = True, True
    wire = world.client(a_peer("192.0.2.1"), a_peer("127.0.0.1"))
    wire.send(get())
    assert wire.take() == b""
    store.release()
    world.service.send(ok())
    assert field(wire.take(), b"RateLimit") == b'"all";r=3;t=24'
    assert decisions(world) == {"allow": 2, "fail_closed": 1}


def test_listeners(tmp_path: Path) -> None:
    """A listener's limits hold on every route; one that the route names itself is taken once, at the route's cost."""
    more = "listeners: [{address: '127.0.0.1:0', rate_limits: [all]}]"
    world = a_world(tmp_path, "all: {limit: 4/1m}", "rate_limits: [{name: all, cost: 2}]", more)
    assert [status(asked(world)) for _ in range(3)] == [200, 200, 429]
    world = a_world(tmp_path, "all: {limit: 4/1m}", "name: bare", more)
    assert [status(asked(world)) for _ in range(5)] == [200, 200, 200, 200, 429]


def test_listeners_that_differ(tmp_path: Path) -> None:
    """Requests have the limits of the one that they came in by."""
    both = "listeners: [{{name: {}, address: '127.0.0.1:0', rate_limits: [all]}}, {{name: {}, address: 'unix:/x'}}]"
    for name, other, told in (("http", "local", [200, 429]), ("local", "http", [200, 200])):
        world = a_world(tmp_path, "all: {limit: 1/1m}", "name: bare", both.format(name, other))
        assert [status(asked(world)) for _ in range(2)] == told


def test_callers_bring_limits_along(tmp_path: Path) -> None:
    """A tenant's own number counts beside the limit by address that was judged before anybody knew the tenant."""
    tenants = CALLERS + "tenants: {table: {acme: {limits: {all: 2/1m}}, small: {}}}"
    limits = "all: {limit: 5/1m}\n  mine: {limit: 9/1m}"
    world = a_world(tmp_path, limits, "rate_limits: [all]", tenants)
    assert [status(asked(world, keyed("ann"))) for _ in range(3)] == [200, 200, 429]
    assert [status(asked(world, keyed("cat"))) for _ in range(3)] == [200, 200, 429]


def test_before_and_after_authentication(tmp_path: Path) -> None:
    """By address the bad credentials count too; by tenant only callers that are known."""
    limits = "guess: {limit: 3/1m}\n  mine: {limit: 2/1m, key: [tenant]}"
    world = a_world(tmp_path, limits, "rate_limits: [guess, mine]", CALLERS)
    assert [status(asked(world)) for _ in range(4)] == [401, 401, 401, 429]
    assert [status(asked(world, keyed("ann"), client=f"192.0.2.{n}")) for n in range(10, 13)] == [200, 200, 429]
    assert status(asked(world, keyed("cat"), client="192.0.2.13")) == 200
    assert world.metric("rate_limit_exceeded_total", endpoint="/**", tenant_id="acme") == 1


def test_who_is_calling(tmp_path: Path) -> None:
    """By user, by key; the key's own number goes before the tenant's plan, and plans bring limits along."""
    plans = CALLERS + "tenants: {table: {acme: {plan: gold}, small: {}}, plans: {gold: {rate_limits: [mine]}}}"
    mine = "mine: {limit: 3/1m, key: [user, route], limit_from: plan, plans: {gold: 2/1m}}"
    world = a_world(tmp_path, mine, "auth: required", plans)
    assert [status(asked(world, keyed("ann"))) for _ in range(3)] == [200, 200, 429]
    assert [status(asked(world, keyed("bob"))) for _ in range(2)] == [200, 429]
    assert [status(asked(world, keyed("cat"))) for _ in range(4)] == [200] * 4
    world = a_world(tmp_path, "mine: {limit: 1/1m, key: [api_key]}", "rate_limits: [mine]", CALLERS)
    assert [status(asked(world, keyed(owner))) for owner in ("ann", "ann", "cat")] == [200, 429, 200]


def test_a_part_that_is_missing(tmp_path: Path) -> None:
    """Is replaced by the client's address: leaving a field out is no way around a limit, nor a way into others'."""
    world = a_world(tmp_path, "all: {limit: 1/1m, key: [header:X-Seat]}", "rate_limits: [all]")
    assert [status(asked(world)) for _ in range(2)] == [200, 429]
    assert status(asked(world, client="192.0.2.2")) == 200
    assert status(asked(world, b"X-Seat: 192.0.2.1\r\n")) == 200
