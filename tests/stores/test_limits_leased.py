"""Permits leased in blocks: how far a limit can be exceeded, and that nobody is left waiting."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock

from gatewayd.core.quota import Quota
from gatewayd.core.ratelimits import OnFailure
from gatewayd.stores import Unavailable
from tests.stores.limits import Gateway, HeldStore, a_rule, now


@settings(deadline=None, max_examples=60)
@given(
    limit=st.integers(5, 100),
    burst=st.integers(1, 60),
    lease=st.sampled_from([0.1, 0.25, 1.0]),
    arrivals=st.lists(st.tuples(st.floats(0.0, 0.4), st.integers(0, 2), st.integers(1, 12)), max_size=120),
)
def test_three_processes_stay_within_the_bound(
    limit: int, burst: int, lease: float, arrivals: list[tuple[float, int, int]]
) -> None:
    """Between any two moments at most `burst + rate * T` and a block for each process pass."""
    clock = Clock()
    store = HeldStore(clock)
    gateways = [Gateway(store, clock) for _ in range(3)]
    rule = a_rule(limit=limit, period=1.0, burst=burst, mode="leased", lease=lease)
    block = max(1, -(-int(burst * lease * 1000) // 1000))
    passed: list[float] = []
    for gap, which, many in arrivals:
        clock.advance(gap)
        passed += [clock.seconds() for _ in range(many) if gateways[which].passes(rule)]
    for first, begin in enumerate(passed):
        for last in range(first, len(passed)):
            assert last - first + 1 <= burst + (passed[last] - begin) * limit + 3 * block + 1e-6


def test_a_saturating_client_gets_its_rate() -> None:
    """But for a block of which it waits to be whole."""
    store = HeldStore(clock := Clock())
    gateway, rule = Gateway(store, clock), a_rule(limit=100, period=1.0, mode="leased")
    passed = 0
    for _ in range(2000):
        clock.advance(0.005)
        passed += gateway.passes(rule)
    assert 100 + 10.0 * 100 - 10 - 1 <= passed <= 100 + 10.0 * 100
    assert store.asked < passed / 3


def test_few_requests_ask_the_store() -> None:
    """One in ten, with a tenth of the burst at a time; what remains is told as far as it is known."""
    store = HeldStore(clock := Clock())
    gateway, rule = Gateway(store, clock), a_rule(limit=100, mode="leased")
    told = [now(gateway.check(gateway.ask(rule))).verdict.remaining for _ in range(100)]
    assert told == list(range(99, -1, -1))
    assert store.asked == 10
    judged = now(gateway.check(gateway.ask(rule)))
    assert (judged.refused, round(judged.verdict.retry_after, 6)) == ("limited", 6.0)
    assert now(gateway.check(gateway.ask(rule))).refused == "limited"
    assert store.asked == 11
    clock.advance(6.0)
    assert sum(gateway.passes(rule) for _ in range(20)) == 10


def test_all_who_wait_are_answered() -> None:
    """Whoever comes while the store is asked waits for the same block, and for the next one where that is too small."""
    store = HeldStore(clock := Clock())
    gateway, rule = Gateway(store, clock), a_rule(limit=20, mode="leased", lease=0.5)
    store.holding = True
    waiting = [gateway.check(gateway.ask(rule)) for _ in range(25)]
    waiting[0].addErrback(lambda failure: None)
    waiting[0].cancel()  # the client that caused the question goes away
    assert len(store.held) == 1
    for _ in range(3):
        store.release()
    assert [now(one).refused for one in waiting[1:]] == [""] * 20 + ["limited"] * 4
    assert store.asked == 3


def test_all_who_wait_for_a_store_that_does_not_answer() -> None:
    """Are judged here, as their policy has it."""
    store = HeldStore(clock := Clock())
    gateway, rule = Gateway(store, clock), a_rule(limit=2, mode="leased")
    store.holding = True
    waiting = [gateway.check(gateway.ask(rule)) for _ in range(3)]
    store.failing = True
    (answer, _), store.held = store.held[0], []
    answer.errback(Unavailable("timeout", "no answer"))
    assert [now(one).refused for one in waiting] == ["", "", "limited"]


def test_blocks_and_quotas_are_leased_too() -> None:
    """A violation is one for all gateways that have no permits left; a quota is not exceeded at all."""
    store = HeldStore(clock := Clock())
    one, two = Gateway(store, clock), Gateway(store, clock)
    rule = a_rule(limit=10, block=300.0, mode="leased")
    assert sum(one.passes(rule) for _ in range(11)) == 10
    clock.advance(200.0)
    assert not two.passes(rule)
    clock.advance(100.0)
    assert two.passes(rule)
    rule = a_rule("q", limit=10, quota=Quota(15, "day"), mode="leased", lease=0.3)
    passed = 0
    for _ in range(100):
        clock.advance(1.0)
        passed += one.passes(rule) + two.passes(rule)
    assert 15 - 2 * 3 <= passed <= 15


def test_what_another_limit_refused_is_given_back() -> None:
    """To the lease it came from."""
    store = HeldStore(clock := Clock())
    gateway, rule, other = Gateway(store, clock), a_rule(limit=20, mode="leased"), a_rule("other", limit=1)
    asks = gateway.ask(rule), gateway.ask(other)
    assert [now(gateway.check(*asks)).refused for _ in range(5)] == ["", *["limited"] * 4]
    assert sum(gateway.passes(rule) for _ in range(30)) == 19


def test_leases_are_forgotten() -> None:
    """Once they are over, and where an operator lets a key begin anew."""
    gateway = Gateway(HeldStore(clock := Clock()), clock)
    rule = a_rule(limit=20, mode="leased")
    gateway.limiter.start()
    assert gateway.passes(rule)
    assert gateway.limiter.room.count == 1
    clock.pump([0.1] * 1300)
    assert gateway.limiter.room.count == 0
    gateway.limiter.stop()


@pytest.mark.parametrize(("on_failure", "told"), [("local", "limited"), ("allow", ""), ("deny", "unavailable")])
def test_a_key_that_was_refused(on_failure: OnFailure, told: str) -> None:
    """While the store is away it stays refused, unless its policy knows nothing but one answer then."""
    store = HeldStore(clock := Clock())
    gateway, rule = Gateway(store, clock), a_rule(limit=10, mode="leased", on_failure=on_failure)
    assert sum(gateway.passes(rule) for _ in range(11)) == 10
    store.up = False
    assert now(gateway.check(gateway.ask(rule))).refused == told


def test_permits_at_hand_need_no_store() -> None:
    """Whatever the policy says for the time after them."""
    store = HeldStore(clock := Clock())
    gateway, rule = Gateway(store, clock), a_rule(limit=10, mode="leased", lease=0.3, on_failure="deny")
    assert gateway.passes(rule)
    store.up = False
    assert [now(gateway.check(gateway.ask(rule))).refused for _ in range(3)] == ["", "", "unavailable"]
