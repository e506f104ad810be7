"""What one rule has on each of its keys in a store that gateways share: every request is decided there."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from gatewayd.core.gcra import Verdict
from gatewayd.core.ratelimits import Outcome, Rule, verdict_of
from gatewayd.stores.interface import Reply, Store, Unavailable
from gatewayd.stores.limits.local import LocalBook
from gatewayd.stores.limits.script import begun, make_twin, outcome_of, step
from gatewayd.stores.limits.table import Room

PASSED = Verdict(True, 0, 0.0, 0.0)  # the store is away, and the policy lets everything through then
FAILED = Verdict(False, 0, 1.0, 1.0)  # the store is away, and the policy lets nothing through then

PREFIX = b"limit:"


class ExactBook(LocalBook):
    """Keeps `rule` in `store` and, while that is away, as its policy says.

    What was let through here meanwhile is told to the store with the next request of each key, so that limits are whole
    again without anybody counting everything anew.
    """

    __slots__ = ("_begun", "_prefix", "_script", "_store")

    def __init__(self, rule: Rule, room: Room, shards: int, wall_clock: Callable[[], float], store: Store) -> None:
        super().__init__(rule, room, shards, wall_clock)
        self._store = store
        self._prefix = PREFIX + rule.id.encode() + b":"
        self._begun = begun(rule)
        self._script = make_twin(rule)

    def charge(self, key: bytes, cost: int, now: float) -> Verdict | Deferred[Verdict]:  # type: ignore[override]
        """As `LocalBook`; a Deferred, which never fails, where the store was asked."""
        if not self._store.up:
            return self.without(key, cost, now)
        return self._take(key, cost, cost, now).addCallbacks(
            self._answered, self._unanswered, callbackArgs=(cost,), errbackArgs=(key, cost, now)
        )

    def refund(self, key: bytes, cost: int, now: float) -> None:
        """As `LocalBook`. Nobody waits for the store: where it does not do it, the key has taken a little too much."""
        if self.table.count and self.table.get(key) is not None:
            super().refund(key, cost, now)
        elif self._store.up:
            window, wall = self.moment()
            args = step(window, wall, -cost, -cost)
            self._store.run(self._script, self._prefix + key, *self._begun, *args).addErrback(_not_given_back)

    def without(self, key: bytes, cost: int, now: float) -> Verdict:
        """What becomes of a request while the store is away."""
        on_failure = self.rule.policy.on_failure
        if on_failure == "local":
            return super().charge(key, cost, now)
        return PASSED if on_failure == "allow" else FAILED

    def look_elsewhere(self, key: bytes, now: float) -> Deferred[Verdict]:
        """As `look`, in the store. Fails with `Unavailable`."""
        return self._take(key, 0, 0, now).addCallback(self._answered, 0)

    def forget_elsewhere(self, key: bytes) -> Deferred[bool]:
        """As `forget`, in the store too. Fails with `Unavailable`."""
        self.forget(key)
        return self._store.delete(self._prefix + key)

    def _take(self, key: bytes, least: int, most: int, now: float) -> Deferred[Outcome]:
        """Ask the store, and tell it what `key` has taken here."""
        window, wall = self.moment()
        if self.table.count and self.table.get(key) is not None:
            args = step(window, wall, least, most, *self.debt(key, now))
            asked = self._store.run(self._script, self._prefix + key, *self._begun, *args)
            return asked.addCallback(self._told, key)
        asked = self._store.run(self._script, self._prefix + key, *self._begun, *step(window, wall, least, most))
        return asked.addCallback(outcome_of)

    def _told(self, reply: Reply, key: bytes) -> Outcome:
        """The store knows now what was let through here."""
        self.table.pop(key)
        return outcome_of(reply)

    def _answered(self, outcome: Outcome, cost: int) -> Verdict:
        """The store has decided."""
        return verdict_of(self.rule, outcome, cost, *self.moment())

    def _unanswered(self, failure: Failure, key: bytes, cost: int, now: float) -> Verdict:
        """The store has not; or nobody waits any more."""
        if failure.check(CancelledError) is not None:
            return FAILED
        failure.trap(Unavailable, TypeError, ValueError)
        return self.without(key, cost, now)


def _not_given_back(failure: Failure) -> None:
    failure.trap(Unavailable)
