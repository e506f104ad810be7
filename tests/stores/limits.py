"""Limits for tests: a counting ledger, a store that can be away, and what was decided."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock

from gatewayd.core.gcra import Rate, Verdict
from gatewayd.core.quota import Quota
from gatewayd.core.ratelimits import Headers, Mode, OnFailure, Policy, Rule
from gatewayd.filters.limits import Ask, Judgement
from gatewayd.stores import Argument, MemoryStore, Reply, Script, Unavailable
from gatewayd.stores.limits import Limiter

START = 784111777.0


class Counts:
    """Counts decisions."""

    def __init__(self) -> None:
        self.allowed = self.denied = self.shadow = self.fail_open = self.fail_closed = 0
        self.exceedings: list[tuple[str, str]] = []

    def exceeded(self, endpoint: str, tenant: str) -> None:
        """A request was refused."""
        self.exceedings.append((endpoint, tenant))


class HeldStore(MemoryStore):
    """A store in memory whose scripts answer when they are let: `held` has what waits.

    While it is `failing` it does not answer, although it seems to be `up`.
    """

    up = True
    failing = False
    holding = False

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.asked = 0
        self.held: list[tuple[Deferred[Reply], tuple[Script, bytes, tuple[Argument, ...]]]] = []

    def run(self, script: Script, key: bytes, *args: Argument) -> Deferred[Reply]:
        """See `Store`."""
        self.asked += 1
        if self.failing:
            return fail(Unavailable("timeout", "no answer"))
        if not self.holding:
            return super().run(script, key, *args)
        answer: Deferred[Reply] = Deferred()
        self.held.append((answer, (script, key, args)))
        return answer

    def release(self) -> None:
        """Everything that waits is answered, in order."""
        held, self.held = self.held, []
        for answer, (script, key, args) in held:
            super().run(script, key, *args).chainDeferred(answer)

    def expire(self) -> None:
        """Everything that waits fails; the store will do it all the same."""
        for answer, _ in self.held:
            answer.errback(Unavailable("timeout", "no answer"))
        self.held = [(Deferred(), call) for _, call in self.held]


def a_rule(
    name: str = "p",
    limit: int | None = 5,
    period: float = 60.0,
    burst: int | None = None,
    quota: Quota | None = None,
    block: float = 0.0,
    *,
    enforce: bool = True,
    on_failure: OnFailure = "local",
    mode: Mode = "exact",
    lease: float = 0.1,
    headers: Headers = "standard",
) -> Rule:
    """A rule."""
    policy = Policy(name, enforce, on_failure, mode, lease, headers)
    rate = None if limit is None else Rate(limit, period, limit if burst is None else burst)
    return Rule(policy, rate, quota, block)


class Gateway:
    """One process that keeps limits; several of them may share a clock and a store."""

    def __init__(self, store: Any = None, clock: Clock | None = None, most: int = 1000) -> None:
        self.clock = Clock() if clock is None else clock
        self.counts = Counts()
        seconds = self.clock.seconds
        self.limiter = Limiter(store, self.counts, self.clock, seconds, lambda: START + seconds(), most)

    def ask(self, rule: Rule, key: bytes = b"k", cost: int = 1) -> Ask:
        """What is asked of a rule."""
        book = self.limiter.book(rule)
        assert book is not None
        return book, key, cost

    def check(self, *asks: Ask) -> Deferred[Judgement]:
        """What becomes of a request."""
        judgement = self.limiter.check(asks)

        async def judged() -> Judgement:
            return judgement if isinstance(judgement, Judgement) else await judgement

        return Deferred.fromCoroutine(judged())

    def look(self, key: bytes = b"k", policy: str = "p") -> Deferred[list[tuple[Rule, Verdict]]]:
        """How a key stands."""
        return Deferred.fromCoroutine(self.limiter.look(policy, key))

    def reset(self, key: bytes = b"k", policy: str = "p") -> Deferred[bool]:
        """Let a key begin anew."""
        return Deferred.fromCoroutine(self.limiter.reset(policy, key))

    def passes(self, rule: Rule, key: bytes = b"k", cost: int = 1) -> bool:
        """Whether a request passes, which is known at once."""
        return not now(self.check(self.ask(rule, key, cost))).refused


def now(deferred: Deferred[Any]) -> Any:
    """The result that is there already."""
    results: list[Any] = []
    deferred.addBoth(results.append)
    assert results, "it waits"
    if isinstance(results[0], Verdict | Judgement | list | bool | type(None)):
        return results[0]
    results[0].raiseException()
    raise AssertionError
