"""Limits kept here and in a store: who passes, what is given back, and what becomes of all that without the store."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from gatewayd.core.quota import Quota
from gatewayd.core.ratelimits import Mode, OnFailure
from gatewayd.stores.limits.limiter import FEW_SHARDS, MOST_BOOKS
from tests.stores.limits import Gateway, HeldStore, a_rule, now


@pytest.fixture(params=[False, True], name="gateway")
def _gateway(request: pytest.FixtureRequest) -> Gateway:
    """A gateway without a store, or with one."""
    clock = Clock()
    return Gateway(HeldStore(clock) if request.param else None, clock)


def test_nothing_is_asked(gateway: Gateway) -> None:
    """A request without a limit passes."""
    assert now(gateway.check()) == ("", None, None)


def test_exactly_as_many(gateway: Gateway) -> None:
    """Of 100 requests at a limit of 10 exactly 10 pass."""
    rule = a_rule(limit=10)
    assert sum(gateway.passes(rule) for _ in range(100)) == 10
    assert (gateway.counts.allowed, gateway.counts.denied) == (10, 90)
    assert gateway.passes(rule, b"other")


def test_all_or_nothing(gateway: Gateway) -> None:
    """What one limit gave is taken back where another refuses, whichever comes first."""
    wide, narrow = a_rule("wide", limit=4), a_rule("narrow", limit=1, quota=Quota(9, "day"))
    for _ in range(5):
        for asks in ((wide, narrow), (narrow, wide)):
            now(gateway.check(*(gateway.ask(rule) for rule in asks)))
    assert sum(gateway.passes(wide) for _ in range(9)) == 3


def test_the_tightest_is_told(gateway: Gateway) -> None:
    """Of those that let a request through; of those that do not, the one that takes longest where both are known."""
    wide, narrow = a_rule("wide", limit=9), a_rule("narrow", limit=2)
    judged = now(gateway.check(gateway.ask(wide), gateway.ask(narrow)))
    assert (judged.book.rule, judged.verdict.remaining) == (narrow, 1)
    judged = now(gateway.check(gateway.ask(a_rule("few", limit=1)), gateway.ask(narrow)))
    assert judged.book.rule.policy.name == "few"


def test_what_is_not_enforced_refuses_nobody(gateway: Gateway) -> None:
    """It is counted, and keeps the others from nothing."""
    shadow, rule = a_rule("shadow", limit=1, enforce=False), a_rule("real", limit=2)
    told = [now(gateway.check(gateway.ask(shadow), gateway.ask(rule))).refused for _ in range(3)]
    assert told == ["", "", "limited"]
    assert (gateway.counts.shadow, gateway.counts.allowed, gateway.counts.denied) == (2, 3, 1)


def test_looks_and_resets(gateway: Gateway) -> None:
    """An operator sees how a key stands without changing it, and may let it begin anew."""
    rule, limiter = a_rule(limit=3, block=60.0), gateway.limiter
    assert gateway.passes(rule)
    ((found, verdict),) = now(gateway.look())
    assert (found, verdict.allowed, verdict.remaining) == (rule, True, 2)
    assert sum(gateway.passes(rule) for _ in range(5)) == 2
    assert now(gateway.look())[0][1].retry_after == 60.0
    assert now(gateway.reset()) is True
    assert now(gateway.reset()) is False
    assert gateway.passes(rule)
    assert now(gateway.look(policy="q")) == []
    assert limiter.book(rule) is limiter.book(a_rule(limit=3, block=60.0))


def test_rules_that_callers_bring_are_bounded() -> None:
    """Beyond a thousand there is no book for another; those of the configuration always have one."""
    gateway = Gateway()
    books = [gateway.limiter.book(a_rule(limit=index), ample=False) for index in range(1, MOST_BOOKS + 2)]
    assert books[-1] is None
    assert books[0] is not None
    assert len(books[0].table.shards) == FEW_SHARDS
    assert gateway.limiter.book(a_rule("other")) is not None


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("mode", ["exact", "leased"])
@pytest.mark.parametrize(
    ("on_failure", "told", "opened", "closed"),
    [("local", ["", "", "limited"], 0, 0), ("allow", [""] * 3, 3, 0), ("deny", ["unavailable"] * 3, 0, 3)],
)
def test_without_the_store(
    mode: Mode, up: bool, on_failure: OnFailure, told: list[str], opened: int, closed: int
) -> None:
    """Whether it says that it is away or does not answer: each policy as it was told."""
    store = HeldStore(clock := Clock())
    store.up, store.failing = up, True
    gateway, rule = Gateway(store, clock), a_rule(limit=2, mode=mode, on_failure=on_failure)
    assert [now(gateway.check(gateway.ask(rule))).refused for _ in range(3)] == told
    assert (gateway.counts.fail_open, gateway.counts.fail_closed) == (opened, closed)
    assert (store.asked > 0) is up


def test_the_store_learns_what_it_missed() -> None:
    """What passed while it was away counts with the next request of the key, of the rate and of the quota."""
    store = HeldStore(clock := Clock())
    gateway, rule = Gateway(store, clock), a_rule(limit=10, quota=Quota(9, "day"))
    assert all(gateway.passes(rule) for _ in range(3))
    store.up = False
    assert all(gateway.passes(rule) for _ in range(4))
    store.up = True
    other = Gateway(store, clock)
    assert gateway.passes(rule)
    assert sum(other.passes(rule) for _ in range(9)) == 1
    assert gateway.limiter.room.count == 0
    clock.advance(86400.0)
    assert sum(other.passes(rule) for _ in range(20)) == 9


def test_the_store_learns_it_once() -> None:
    """However many requests of the key come at one moment, and also where the first of them is given up."""
    store = HeldStore(clock := Clock())
    gateway, rule = Gateway(store, clock), a_rule(limit=10, quota=Quota(10, "day"))
    store.up = False
    assert all(gateway.passes(rule) for _ in range(4))
    store.up = store.holding = True
    waiting = [gateway.check(gateway.ask(rule)) for _ in range(3)]
    waiting[0].addErrback(lambda failure: None)
    waiting[0].cancel()
    store.release()
    assert [now(one).refused for one in waiting[1:]] == ["", ""]
    store.holding = False
    assert sum(gateway.passes(rule) for _ in range(9)) == 10 - 4 - 3


def test_the_store_does_not_answer_when_it_is_told() -> None:
    """What it could not be told is kept, with what passes meanwhile, and told again."""
    store = HeldStore(clock := Clock())
    gateway, rule = Gateway(store, clock), a_rule(limit=10, quota=Quota(10, "day"))
    store.up = False
    assert all(gateway.passes(rule) for _ in range(4))
    store.up = store.failing = True
    assert all(gateway.passes(rule) for _ in range(2))
    store.failing = False
    assert sum(gateway.passes(rule) for _ in range(9)) == 10 - 4 - 2
    assert sum(Gateway(store, clock).passes(rule) for _ in range(9)) == 0


def test_a_store_that_hangs_does_nothing_afterwards() -> None:
    """What it was asked for meanwhile was decided here, and told; it counts once."""
    store = HeldStore(clock := Clock())
    store.patience = 0.05
    gateway, rule = Gateway(store, clock), a_rule(limit=10, block=60.0)
    assert gateway.passes(rule)
    store.holding = True
    waiting = [gateway.check(gateway.ask(rule)) for _ in range(6)]
    clock.advance(0.06)
    store.expire()
    assert [now(one).refused for one in waiting] == [""] * 6
    store.holding = False
    store.release()
    assert sum(gateway.passes(rule) for _ in range(9)) == 10 - 1 - 6


def test_a_store_whose_clock_is_another() -> None:
    """As after another server took over: one request is decided here, from then on its clock is known."""
    store = HeldStore(clock := Clock())
    store.patience = 0.05
    gateway, rule = Gateway(store, clock), a_rule(limit=5)
    assert gateway.passes(rule)
    ahead = HeldStore(later := Clock())
    later.advance(1000.0)
    store.run = ahead.run  # type: ignore[method-assign]
    assert [gateway.passes(rule) for _ in range(6)] == [True] * 5 + [False]
    assert gateway.limiter.room.count == 0


def test_a_block_is_known() -> None:
    """The store is asked about a key that it has blocked once a second at most, and not at all while it is away."""
    store = HeldStore(clock := Clock())
    gateway, other, rule = Gateway(store, clock), Gateway(store, clock), a_rule(limit=1, block=300.0)
    assert [gateway.passes(rule) for _ in range(2)] == [True, False]
    assert store.asked == 2
    clock.advance(0.5)
    judged = now(gateway.check(gateway.ask(rule)))
    assert (judged.refused, judged.verdict.retry_after, store.asked) == ("limited", 299.5, 2)
    clock.advance(0.5)
    assert not gateway.passes(rule)
    assert store.asked == 3
    store.up = False
    clock.advance(1.0)
    assert not gateway.passes(rule)
    store.up = True
    assert other.passes(rule, b"another")
    assert now(other.reset()) is True
    assert gateway.passes(rule)
    assert gateway.limiter.room.count == 0
    assert not gateway.passes(rule)
    assert now(gateway.reset()) is True
    assert gateway.passes(rule)


def test_a_block_that_is_not_for_this_policy() -> None:
    """Where everything passes without the store, so does what it had blocked."""
    store = HeldStore(clock := Clock())
    gateway, rule = Gateway(store, clock), a_rule(limit=1, block=300.0, on_failure="allow")
    assert [gateway.passes(rule) for _ in range(2)] == [True, False]
    store.up = False
    assert gateway.passes(rule)


def test_a_block_that_began_here() -> None:
    """While the store was away: afterwards it holds everywhere, for as long as it was to."""
    store = HeldStore(clock := Clock())
    gateway, other, rule = Gateway(store, clock), Gateway(store, clock), a_rule(limit=1, block=300.0)
    store.up = False
    assert [gateway.passes(rule) for _ in range(2)] == [True, False]
    clock.advance(100.0)
    store.up = True
    assert not gateway.passes(rule)
    judged = now(other.check(other.ask(rule)))
    assert (judged.refused, judged.verdict.retry_after) == ("limited", 200.0)
    clock.advance(200.0)
    assert other.passes(rule)
    gateway.limiter.start()
    clock.pump([0.1] * 700)
    gateway.limiter.stop()
    assert gateway.limiter.room.count == 0


def test_nobody_waits_for_what_is_given_back() -> None:
    """Nor does it matter if the store is gone by then."""
    store = HeldStore(clock := Clock())
    gateway = Gateway(store, clock)
    wide, narrow = a_rule("wide"), a_rule("narrow", limit=1)
    asks = gateway.ask(wide), gateway.ask(narrow)
    assert now(gateway.check(*asks)).refused == ""
    store.holding = True
    waiting = gateway.check(*asks)
    store.failing = True
    store.release()
    assert now(waiting).refused == "limited"


def test_a_client_that_goes_away() -> None:
    """While the store is asked: nothing is left, and what it answers later is nobody's."""
    store = HeldStore(clock := Clock())
    gateway = Gateway(store, clock)
    store.holding = True
    waiting = gateway.check(gateway.ask(a_rule("wide")), gateway.ask(a_rule("narrow")))
    waiting.addErrback(lambda failure: None)
    waiting.cancel()
    store.release()


def test_keys_that_are_over_are_forgotten() -> None:
    """Within a minute, with their blocks and quotas; those that count stay."""
    gateway = Gateway()
    gateway.limiter.start()
    plain, blocked = a_rule(limit=60), a_rule("b", limit=1, block=100.0, quota=Quota(5, "day"))
    for index in range(300):
        gateway.passes(plain, b"%d" % index)
    for _ in range(2):
        gateway.passes(blocked)
    gateway.clock.pump([0.1] * 700)
    assert gateway.limiter.room.count == 1
    assert not gateway.passes(blocked)
    gateway.clock.advance(86400.0)
    gateway.clock.pump([0.1] * 700)
    assert gateway.limiter.room.count == 0
    gateway.limiter.stop()
    gateway.limiter.stop()
    assert gateway.clock.getDelayedCalls() == []


def test_keys_are_bounded() -> None:
    """Those that came early make room, of the same rule as long as it has others."""
    gateway = Gateway(most=50)
    quiet, flooded = a_rule("quiet"), a_rule("flooded")
    assert gateway.passes(quiet, b"kept", 5)
    for index in range(500):
        assert gateway.passes(flooded, b"%d" % index, 5)
    assert gateway.limiter.room.count == 50
    assert not gateway.passes(quiet, b"kept")
    assert not gateway.passes(flooded, b"499")
    assert repr(gateway.limiter.book(flooded)) == "<LocalBook flooded:5/60: 49 keys>"
