"""What one rule has on each of its keys in a store that gateways share: every request is decided there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import Struct

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from gatewayd.core.gcra import Verdict
from gatewayd.core.ratelimits import Debt, Outcome, Rule, verdict_of
from gatewayd.stores.interface import Reply, Store, Unavailable
from gatewayd.stores.limits.local import LocalBook
from gatewayd.stores.limits.script import StoreClock, begun, make_twin, step
from gatewayd.stores.limits.table import Room, Table

PASSED = Verdict(True, 0, 0.0, 0.0)  # the store is away, and the policy lets everything through then
FAILED = Verdict(False, 0, 1.0, 1.0)  # the store is away, and the policy lets nothing through then

PREFIX = b"limit:"
CERTAIN = 1.0  # seconds for which a block is believed unasked: an operator may have lifted it

_BLOCK = Struct("<dd")
"""Until when a key is blocked, and until when that is certain. As bytes, which Python's garbage collector need not see.
"""


class ExactBook(LocalBook):
    """Keeps `rule` in `store` and, while that is away, as its policy says. `clock` is the store's.

    What was let through here meanwhile is told to the store with the next request of each key, so that limits are whole
    again without anybody counting everything anew. A key that the store has blocked is refused here.
    """

    __slots__ = ("_begun", "_blocks", "_clock", "_prefix", "_script", "_store")

    def __init__(
        self,
        rule: Rule,
        room: Room,
        shards: int,
        wall_clock: Callable[[], float],
        store: Store,
        clock: StoreClock,
    ) -> None:
        super().__init__(rule, room, shards, wall_clock)
        self._store = store
        self._clock = clock
        self._prefix = PREFIX + rule.id.encode() + b":"
        self._begun = begun(rule)
        self._script = make_twin(rule)
        self._blocks: Table[bytes] = Table(room, shards if rule.block else 1)

    def charge(self, key: bytes, cost: int, now: float) -> Verdict | Deferred[Verdict]:  # type: ignore[override]
        """As `LocalBook`; a Deferred, which never fails, where the store was asked."""
        if not self._store.up:
            return self.without(key, cost, now)
        if self._blocks.count:
            verdict = self._blocked(key, now, lately=True)
            if verdict is not None:
                return verdict
        return self._ask(key, cost, cost, now).addCallbacks(
            self._answered, self._unanswered, callbackArgs=(key, cost, now), errbackArgs=(key, cost, now)
        )

    def refund(self, key: bytes, cost: int, now: float) -> None:
        """As `LocalBook`. Nobody waits for the store: where it does not do it, the key has taken a little too much."""
        if self.table.count and self.table.get(key) is not None:
            super().refund(key, cost, now)
        elif self._store.up:
            window, wall = self.moment()
            args = step(window, wall, -cost, -cost, self._clock.latest(now))
            self._store.run(self._script, self._prefix + key, self._begun, *args).addErrback(_not_given_back)

    def without(self, key: bytes, cost: int, now: float) -> Verdict:
        """What becomes of a request while the store is away."""
        on_failure = self.rule.policy.on_failure
        if on_failure == "local":
            blocked = self._blocked(key, now) if self._blocks.count else None
            return super().charge(key, cost, now) if blocked is None else blocked
        return PASSED if on_failure == "allow" else FAILED

    def look_elsewhere(self, key: bytes, now: float) -> Deferred[Verdict]:
        """As `look`, in the store. Fails with `Unavailable`."""
        return self._take(key, 0, 0, now).addCallback(self._verdict, 0)

    def forget(self, key: bytes) -> bool:
        """As `LocalBook`."""
        return (self._blocks.pop(key) is not None) | super().forget(key)

    def forget_elsewhere(self, key: bytes) -> Deferred[bool]:
        """As `forget`, in the store too. Fails with `Unavailable`."""
        self.forget(key)
        return self._store.delete(self._prefix + key)

    def _take(self, key: bytes, least: int, most: int, now: float) -> Deferred[Outcome]:
        """What becomes of an attempt to take permits there. Fails with `Unavailable`, `TypeError` or `ValueError`."""
        return self._ask(key, least, most, now).addCallback(self._clock.read, now)

    def _ask(self, key: bytes, least: int, most: int, now: float) -> Deferred[Reply]:
        """Ask the store, and tell it what `key` has taken here."""
        window, wall = self.moment()
        debt = self.hand_over(key, now) if self.table.count else None
        args = step(window, wall, least, most, self._clock.latest(now), debt)
        asked = self._store.run(self._script, self._prefix + key, self._begun, *args)
        if debt is None:
            return asked
        # Whoever asks may go away. What becomes of the debt must be known all the same.
        answer: Deferred[Reply] = Deferred()
        asked.addBoth(self._told, key, debt, now).chainDeferred(answer)
        return answer

    def _told(self, reply: Reply | Failure, key: bytes, debt: Debt, now: float) -> Reply | Failure:
        """The store knows now what was let through here; or not, because it failed or was too late."""
        if not isinstance(reply, bytes) or b" " not in reply:
            self.take_back(key, debt, now)
        return reply

    def _answered(self, reply: Reply, key: bytes, cost: int, now: float) -> Verdict:
        """The store has decided, unless it was too late."""
        try:
            outcome = self._clock.read(reply, now)
        except (Unavailable, TypeError, ValueError):
            return self.without(key, cost, now)
        if outcome.blocked:
            self._blocks.put(key, _BLOCK.pack(now + outcome.blocked, now + CERTAIN))
        elif self._blocks.count:
            self._blocks.pop(key)
        return self._verdict(outcome, cost)

    def _verdict(self, outcome: Outcome, cost: int) -> Verdict:
        """What the store's decision means."""
        return verdict_of(self.rule, outcome, cost, *self.moment())

    def _unanswered(self, failure: Failure, key: bytes, cost: int, now: float) -> Verdict:
        """The store has not; or nobody waits any more."""
        if failure.check(CancelledError) is not None:
            return FAILED
        failure.trap(Unavailable)
        return self.without(key, cost, now)

    def _blocked(self, key: bytes, now: float, *, lately: bool = False) -> Verdict | None:
        """The refusal of a key that the store has blocked, as far as is known; `lately` if that must be certain."""
        kept = self._blocks.get(key)
        if kept is None:
            return None
        until, certain = _BLOCK.unpack(kept)
        if now >= until or (lately and now >= certain):
            return None
        return Verdict(False, 0, until - now, until - now)

    def sweep(self, index: int, now: float) -> Iterator[None]:
        """As `LocalBook`."""
        yield from super().sweep(index, now)
        if self._blocks.count:
            yield from self._blocks.sweep(index, lambda kept: bool(_BLOCK.unpack(kept)[0] <= now))


def _not_given_back(failure: Failure) -> None:
    failure.trap(Unavailable)
