"""A service as requests meet it: targets that answer alike, and which of them is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from random import random as chance
from typing import Generic

from gatewayd.core.balance import Policy, Random, RoundRobin, Standing, StickyTargets, candidates
from gatewayd.core.breaker import Breaker, State
from gatewayd.core.budget import Budget
from gatewayd.core.reasons import NO_TARGET, Refused
from gatewayd.core.streak import Health
from gatewayd.upstream.bulkhead import Bulkhead
from gatewayd.upstream.pool import C
from gatewayd.upstream.target import Target

NEVER = float("inf")
_FEW = 8  # targets that the policy is asked for, where each declines


class Service(Generic[C]):
    """Targets that answer alike.

    `candidates` are the targets that may be picked; they are worked out when something changes, not for each request.
    The targets of the next group take what these do not: one that is on trial or new takes little, and a second attempt
    goes to another target. Where no target can answer, all of the first group are tried all the same, unless `refuses`
    is set. `breaker` judges the service as a whole and `bulkhead` bounds it, if they are there; `budget` is what its
    retries share, and `active` how many requests are at it.
    """

    __slots__ = (
        "_cautious",
        "_failover_below",
        "_leaving",
        "_next",
        "_policy",
        "_random",
        "_recheck",
        "_refuses",
        "active",
        "breaker",
        "budget",
        "bulkhead",
        "candidates",
        "learn",
        "name",
        "sticky",
        "targets",
    )

    def __init__(
        self,
        name: str,
        targets: Sequence[Target[C]] = (),
        *,
        policy: Policy[Target[C]] | None = None,
        breaker: Breaker | None = None,
        bulkhead: Bulkhead | None = None,
        budget: Budget | None = None,
        sticky: StickyTargets[Target[C]] | None = None,
        failover_below: float = 0.0,
        refuses: bool = False,
        random: Callable[[], float] = chance,
    ) -> None:
        self.name = name
        self.breaker = breaker
        self.bulkhead = bulkhead
        self.budget = Budget() if budget is None else budget
        self.sticky = sticky
        self.active = 0
        self._policy = policy = RoundRobin(random) if policy is None else policy
        self._next: Random[Target[C]] = Random(random)  # what picks in the next group
        self.learn = policy.done if policy.learns else None
        self._failover_below = failover_below
        self._refuses = refuses
        self._random = random
        self._leaving: list[Target[C]] = []
        self._cautious = True
        self._recheck = NEVER
        self.candidates: tuple[Target[C], ...] = ()
        self.targets: tuple[Target[C], ...] = ()
        self.replace(targets, 0.0)

    # Who is asked.

    def pick(self, key: bytes | None, now: float, tried: Sequence[Target[C]] = ()) -> Target[C]:
        """The target to ask; one that was not `tried` yet, if there is one. Raises `Refused` where there is none.

        `key` tells whose request it is, for policies that keep requests together.
        """
        if now >= self._recheck:
            self.refresh(now)
        if self._cautious or tried:
            return self._pick_with_care(key, now, tried)
        return self._policy.pick(key, now)

    def _pick_with_care(self, key: bytes | None, now: float, tried: Sequence[Target[C]]) -> Target[C]:
        """As `pick`, where there may be no target, or some that take only a part of what falls to them."""
        if not self.candidates:
            raise Refused(NO_TARGET)
        passed = set(tried)
        target = self._policy.other(passed, key, now) if tried else self._policy.pick(key, now)
        if target is None:
            return self._next.other(passed, key, now) or self._policy.pick(key, now)
        while not target.takes(now, self._random()):
            passed.add(target)
            few = len(passed) < _FEW
            another = self._policy.other(passed, key, now) if few else self._willing(passed, now)
            if another is None:
                return self._next.other(passed, key, now) or target  # where nobody else is left, it has to
            if not few:
                return another
            target = another
        return target

    def _willing(self, passed: Set[Target[C]], now: float) -> Target[C] | None:
        """Any candidate that takes the request and is not among `passed`.

        The policy is asked for a few only: it looks at all of them each time, and there may be thousands.
        """
        chosen = self.candidates
        start = int(self._random() * len(chosen))
        for target in (*chosen[start:], *chosen[:start]):
            if target not in passed and target.takes(now, self._random()):
                return target
        return None

    def stays_with(self, ident: bytes, now: float) -> Target[C] | None:
        """The target that a client's cookie names, if it may be picked, and is not busy proving that it may."""
        if now >= self._recheck:
            self.refresh(now)
        target = None if self.sticky is None else self.sticky.find(ident)
        if target is None or target not in self.candidates:
            return None
        ejection = target.ejection
        proving = ejection is not None and ejection.state is State.HALF_OPEN and not ejection.admits(now)
        return None if proving else target

    def has_other(self, target: Target[C]) -> bool:
        """Whether another target than this one may be picked."""
        return len(self.candidates) > 1 or (bool(self.candidates) and self.candidates[0] is not target)

    # What changes.

    def refresh(self, now: float) -> None:
        """Work out anew who may be picked, since something about the targets changed or may have."""

        def standing(target: Target[C]) -> Standing:
            return _standing(target, now)

        group = candidates(self.targets, standing, self._failover_below)
        chosen = () if group is None or (group.panic and self._refuses) else group.candidates
        if chosen != self.candidates:
            self.candidates = chosen
            if chosen:
                self._policy.rebuild(chosen)
        others = [target for target in self.targets if group is not None and target.priority != group.priority]
        behind = candidates(others, standing)
        self._next.rebuild(() if behind is None or behind.panic else behind.candidates)
        self._cautious = not chosen or any(target.cautious(now) for target in chosen)
        self._recheck = min((target.changes_at(now) for target in self.targets), default=NEVER)

    def replace(self, targets: Sequence[Target[C]], now: float) -> None:
        """These are the targets from now on. Those that are no longer among them finish what they have begun."""
        self._left()
        staying = set(targets)
        for target in self.targets:
            if target not in staying:
                target.pool.retire()
                self._leaving.append(target)
        self.targets = tuple(targets)
        self.candidates = ()  # weights may have changed
        if self.sticky is not None:
            self.sticky.rebuild(self.targets)
        self.refresh(now)

    def may_eject(self, target: Target[C], now: float) -> bool:
        """Whether another target is left that can answer: the last one is never ejected.

        One that is on trial does not count, as it may be out again in a moment. In a later group it does: there it gets
        nothing that could prove it, unless this target goes.
        """
        return any(
            _standing(other, now) is Standing.USABLE and (not other.on_trial or other.priority > target.priority)
            for other in self.targets
            if other is not target
        )

    # What operators see.

    @property
    def known_healthy(self) -> bool:
        """Whether a target is known to be well."""
        return any(target.health is Health.HEALTHY for target in self.targets)

    def counts(self) -> tuple[int, int, int]:
        """Connections in use and idle, and requests waiting, over all targets."""
        active = idle = waiting = 0
        for target in (*self.targets, *self._left()):
            counts = target.pool.counts()
            active += counts[0]
            idle += counts[1]
            waiting += counts[2]
        return active, idle, waiting

    def standings(self, now: float) -> tuple[int, int, int]:
        """How many targets are healthy (or nothing else is known), unhealthy or ejected, and draining."""
        usable = sum(_standing(target, now) is Standing.USABLE for target in self.targets)
        return usable, len(self.targets) - usable, len(self._left())

    def _left(self) -> list[Target[C]]:
        """The targets on their way out that have not finished yet; the others are forgotten."""
        self._leaving = [target for target in self._leaving if target.active or any(target.pool.counts())]
        return self._leaving

    def close(self) -> None:
        """Close every pool."""
        for target in (*self.targets, *self._leaving):
            target.pool.close()


def _standing(target: Target[C], now: float) -> Standing:
    """How a target stands."""
    if target.ejected_until(now):
        return Standing.EJECTED
    return Standing.UNHEALTHY if target.health is Health.UNHEALTHY else Standing.USABLE
