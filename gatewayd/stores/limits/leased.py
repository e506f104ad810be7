"""What one rule has on each of its keys, taken from a shared store in blocks: for keys that many requests have.

A gateway takes a block of permits at a time and gives them out by itself. So the limit is exceeded by a block for each
gateway at most: over any T seconds, N gateways let `burst + rate * T + N * block` through and no more. Where requests
cost more than 1 a gateway may have a cost beyond its block at hand. On the other side up to a block for each gateway
may be left over, where it is not asked for, and a key that has used everything up gets its permits block by block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil
from struct import Struct

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gatewayd.core.gcra import Verdict
from gatewayd.core.ratelimits import Outcome, Rule, verdict_of
from gatewayd.stores.interface import Store, Unavailable
from gatewayd.stores.limits.exact import ExactBook
from gatewayd.stores.limits.script import StoreClock
from gatewayd.stores.limits.table import Room, Table

_LEASE = Struct("<qddqd")
"""What is at hand of a key, in permits, and until when (seconds); until when the store would give none; what was left
in the store, and when it would all be there again. As bytes, which Python's garbage collector need not look at.
"""

_pack, _unpack = _LEASE.pack, _LEASE.unpack
_NO_LEASE = _pack(0, 0.0, 0.0, 0, 0.0)


class LeasedBook(ExactBook):
    """Keeps `rule` in `store`, a block of permits at a time."""

    __slots__ = ("_asked", "_block", "_leases", "_life", "_now")

    def __init__(
        self,
        rule: Rule,
        room: Room,
        shards: int,
        wall_clock: Callable[[], float],
        store: Store,
        clock: StoreClock,
        now: Callable[[], float],
    ) -> None:
        super().__init__(rule, room, shards, wall_clock, store, clock)
        rate = rule.rate
        assert rate is not None
        self._now = now
        self._block = max(1, ceil(rate.burst * rule.policy.lease))
        self._life = rate.burst * rate.interval  # until then the key has all its permits again, whoever has a lease
        self._leases: Table[bytes] = Table(room, shards)
        self._asked: dict[bytes, list[tuple[Deferred[Verdict], int]]] = {}  # who waits for the store, by key

    def charge(self, key: bytes, cost: int, now: float) -> Verdict | Deferred[Verdict]:  # type: ignore[override]
        """As `ExactBook`; at once as long as there are permits at hand, or the store has said that it has none."""
        lease = self._leases.get(key)
        if lease is not None:
            left, ends, refused, beyond, whole = _unpack(lease)
            if left >= cost and now < ends:
                left -= cost
                self._leases.put(key, _pack(left, ends, refused, beyond, whole))
                return Verdict(True, left + beyond, 0.0, max(0.0, whole - now))
            if now < refused and (self._store.up or self.rule.policy.on_failure == "local"):
                return Verdict(False, left if now < ends else 0, refused - now, max(refused, whole) - now)
        verdict: Deferred[Verdict] = Deferred()
        waiting = self._asked.get(key)
        if waiting is not None:
            waiting.append((verdict, cost))
        elif self._store.up:
            self._asked[key] = [(verdict, cost)]
            self._take(key, cost, max(cost, self._block), now).addCallbacks(
                self._got, self._got_nothing, callbackArgs=(key, cost), errbackArgs=(key,)
            )
        else:
            return self.without(key, cost, now)
        return verdict

    def refund(self, key: bytes, cost: int, now: float) -> None:
        """As `LocalBook`."""
        lease = self._leases.get(key)
        if lease is not None:
            left, ends, *others = _unpack(lease)
            if now < ends:
                self._leases.put(key, _pack(left + cost, ends, *others))
                return
        super().refund(key, cost, now)

    def forget(self, key: bytes) -> bool:
        """As `LocalBook`."""
        return (self._leases.pop(key) is not None) | super().forget(key)

    def sweep(self, index: int, now: float) -> Iterator[None]:
        """As `LocalBook`."""
        yield from super().sweep(index, now)

        def over(lease: bytes) -> bool:
            _, ends, refused, _, _ = _unpack(lease)
            over: bool = ends <= now and refused <= now
            return over

        yield from self._leases.sweep(index, over)

    def _got(self, outcome: Outcome, key: bytes, cost: int) -> None:
        """The store has given permits, or none."""
        now, rate = self._now(), self.rule.rate
        assert rate is not None
        left, ends, *_ = _unpack(self._leases.get(key) or _NO_LEASE)
        window, wall = self.moment()
        told = verdict_of(self.rule, outcome, cost, window, wall)
        refused = 0.0
        if told.allowed:
            left = (left if now < ends else 0) + outcome.granted
            ends = now + self._life
        else:
            # Not before a block is there: else every single permit would be asked for.
            wait = told.retry_after
            if not outcome.blocked and not told.by_quota:
                wait = max(wait, (outcome.ahead + self._block - rate.burst) * rate.interval)
            refused = now + wait
        self._leases.put(key, _pack(left, ends, refused, told.remaining, now + told.reset_after))
        for verdict, its in self._asked.pop(key):
            if verdict.called:
                continue  # whoever waited is gone
            result = self.charge(key, its, now)
            if isinstance(result, Deferred):
                result.chainDeferred(verdict)
            else:
                verdict.callback(result)

    def _got_nothing(self, failure: Failure, key: bytes) -> None:
        """The store has not answered."""
        failure.trap(Unavailable, TypeError, ValueError)
        now = self._now()
        for verdict, cost in self._asked.pop(key):
            if not verdict.called:
                verdict.callback(self.without(key, cost, now))
