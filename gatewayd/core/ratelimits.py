"""What is decided about requests that share a key: by rate, by quota, and blocked for a while after too many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from gatewayd.core.gcra import SLACK, Rate, Verdict, decide
from gatewayd.core.quota import Quota, Window

OnFailure = Literal["local", "allow", "deny"]
Mode = Literal["exact", "leased"]
Headers = Literal["standard", "legacy", "both", "none"]


@dataclass(frozen=True, slots=True)
class Policy:
    """How a limit of this name is kept, whatever its numbers are.

    Without `enforce` it is only counted what would have been refused. `on_failure` says what becomes of requests while
    the store that gateways share is away: judged by each gateway for itself, let through, or refused. In the mode
    `leased` a gateway takes `lease` (0 to 1) of the burst at a time, and gives it out by itself.
    """

    name: str
    enforce: bool = True
    on_failure: OnFailure = "local"
    mode: Mode = "exact"
    lease: float = 0.1
    headers: Headers = "standard"


@dataclass(frozen=True, slots=True)
class Rule:
    """The numbers of a policy for some of its callers; after too many requests a key is blocked for `block` seconds.

    A block begins when the rate is exceeded and lasts as long as it was to: requests meanwhile do not make it longer.
    """

    policy: Policy
    rate: Rate | None = None
    quota: Quota | None = None
    block: float = 0.0

    @property
    def plain(self) -> bool:
        """Whether it is a rate and nothing else: then its state is one number."""
        return self.rate is not None and self.quota is None and not self.block

    @property
    def id(self) -> str:
        """Distinct for rules whose states mean something else: `login:5/60`."""
        rate = "" if self.rate is None else f":{self.rate.limit}/{self.rate.period:g}"
        quota = "" if self.quota is None else f":{self.quota.span}"
        return f"{self.policy.name}{rate}{quota}"

    @property
    def most(self) -> int:
        """What a request may cost at most: one that costs more could never pass."""
        rate = self.rate.burst if self.rate is not None else None
        quota = self.quota.limit if self.quota is not None else None
        return min(most for most in (rate, quota, 1 << 53) if most is not None)


State: TypeAlias = tuple[float, float, int, int]
"""What is kept of a key: the arrival time (see `gatewayd.core.gcra`), until when it is blocked (seconds, of the clock
that `now` is read from), the number of the quota's window, and how much was used in that.
"""

NOTHING: State = (0.0, 0.0, 0, 0)


class Debt(NamedTuple):
    """What a key has taken elsewhere meanwhile: permits of its rate, those that are not over yet, and of its quota.

    There it is `blocked` for so many more seconds.
    """

    ahead: float = 0.0
    spent: int = 0
    blocked: float = 0.0


NO_DEBT = Debt()


class Outcome(NamedTuple):
    """What became of an attempt to take permits.

    `granted` were given. The key is now `ahead` permits of its rate, blocked for `blocked` more seconds, and has `used`
    permits of its quota.
    """

    granted: int
    ahead: float
    blocked: float
    used: int


def settle(rule: Rule, state: State, now: float, window: Window, wall: float, cost: int) -> tuple[Verdict, State]:
    """Whether a request that costs `cost` permits may pass at `now`; the state to keep from then on.

    The same as `advance` and `verdict_of` together, for states that are at hand. `window` is the quota's, `wall` the
    time in seconds since 1970; neither matters without one.
    """
    tat, until, number, used = state
    rate, quota, block = rule.rate, rule.quota, rule.block
    if block and until > now:
        blocked = min(until - now, block)
        return Verdict(False, 0, blocked, blocked), (tat, now + blocked, number, used)
    after, verdict = tat, None
    if rate is not None:
        verdict, after = decide(rate, tat, now, cost)
        if block and not verdict.allowed:
            return Verdict(False, 0, block, block), (after, now + block, number, used)
    if quota is not None:
        if number != window.number:
            number, used = window.number, 0
        left, reset = quota.limit - used, window.ends - wall
        if left < cost:
            return Verdict(False, max(0, left), reset, reset, True), (tat, 0.0, number, used)
        if verdict is None or verdict.allowed:
            used += cost
            left -= cost
            if verdict is None or left < verdict.remaining:
                verdict = Verdict(True, left, 0.0, reset, True)
    assert verdict is not None  # a rule has a rate, or a quota, or both
    return verdict, (after, 0.0, number, used)


def advance(
    rule: Rule, state: State, now: float, number: int, least: int, most: int, debt: Debt = NO_DEBT
) -> tuple[Outcome, State]:
    """Take `most` permits, or as many as there are but at least `least`, or else none; the state to keep from then on.

    With both at 0 nothing changes, and with both below it permits are given back. `number` is that of the quota's
    window. The `debt` comes to what is kept, whether permits are given or not.
    """
    rate, quota, block = rule.rate, rule.quota, rule.block
    tat, until, seen, used = state
    used = (used if seen == number else 0) + debt.spent
    if debt.blocked:
        until = max(until, now + debt.blocked)
    ahead = 0.0
    if rate is not None:
        at = now * rate.rate
        tat = min(max(tat, at) + debt.ahead, at + rate.burst)
        ahead = tat - at
    if block and until > now:
        blocked = min(until - now, block)
        return Outcome(0, ahead, blocked, used), (tat, now + blocked, number, used)
    granted = most
    if rate is not None and most > 0:
        granted = min(granted, int(rate.burst - ahead + SLACK))
    if granted < least and block:
        return Outcome(0, ahead, block, used), (tat, now + block, number, used)
    if quota is not None and most > 0:
        granted = min(granted, quota.limit - used)
    if granted < least:
        return Outcome(0, ahead, 0.0, used), (tat, 0.0, number, used)
    used = max(0, used + granted)
    return Outcome(granted, max(0.0, ahead + granted), 0.0, used), (tat + granted, 0.0, number, used)


def verdict_of(rule: Rule, outcome: Outcome, cost: int, window: Window, wall: float) -> Verdict:
    """What an attempt to take at least `cost` permits means for its request.

    `window` is the quota's, `wall` the time in seconds since 1970; neither matters without one.
    """
    rate, quota = rule.rate, rule.quota
    allowed = outcome.granted >= cost
    if outcome.blocked:
        return Verdict(False, 0, outcome.blocked, outcome.blocked)
    of_rate = of_quota = None
    if rate is not None:
        remaining = max(0, int(rate.burst - outcome.ahead + SLACK))
        wait = 0.0 if allowed else max(0.0, (outcome.ahead + cost - rate.burst) * rate.interval)
        of_rate = Verdict(allowed, remaining, wait, outcome.ahead * rate.interval)
    if quota is not None:
        left, reset = max(0, quota.limit - outcome.used), max(0.0, window.ends - wall)
        of_quota = Verdict(allowed, left, 0.0 if allowed else reset, reset, by_quota=True)
        exhausted = not allowed and left < cost
        if of_rate is None or exhausted or (allowed and left < of_rate.remaining):
            return of_quota
    assert of_rate is not None  # a rule has a rate, or a quota, or both
    return of_rate
