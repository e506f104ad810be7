"""One place where a service answers, and how it has been doing."""

from __future__ import annotations

from typing import Any, Generic

from gatewayd.core.balance import admits, share
from gatewayd.core.breaker import Breaker, Permit, Rejected, State
from gatewayd.core.streak import Health
from gatewayd.upstream.health import Where
from gatewayd.upstream.pool import C, Pool

NEVER = float("inf")


class Target(Generic[C]):
    """One place where a service answers.

    `authority` is the Host it is called by if the service wants its own; `weight` its share among its like; of all
    `priority` groups the lowest that can answer is asked. `active` counts the requests it is answering. `ejection` is
    its own circuit breaker: while that is open, nobody picks the target. `latency` and `stamp` belong to the policy
    that balances. From `slow_since` to `slow_until` a new target's share grows to the full one. `tls` is how it is met,
    where that is by TLS.
    """

    __slots__ = (
        "active",
        "address",
        "authority",
        "ejection",
        "health",
        "latency",
        "name",
        "pool",
        "priority",
        "slow_since",
        "slow_until",
        "stamp",
        "tls",
        "url",
        "weight",
    )

    def __init__(
        self,
        url: str,
        authority: bytes,
        pool: Pool[C],
        *,
        address: Where,
        weight: int = 1,
        priority: int = 0,
        slow_since: float = 0.0,
        slow_until: float = 0.0,
        tls: Any = None,
    ) -> None:
        self.url = self.name = url
        self.authority = authority
        self.address = address
        self.pool = pool
        self.weight = weight
        self.priority = priority
        self.tls = tls
        self.slow_since = slow_since
        self.slow_until = slow_until
        self.active = 0
        self.latency = 0.0
        self.stamp = 0.0
        self.health = Health.UNKNOWN
        self.ejection: Breaker | None = None

    def __repr__(self) -> str:
        """Where, and how busy."""
        return f"<Target {self.url} active={self.active} {self.health.name.lower()}>"

    def ejected_until(self, now: float) -> float:
        """When an ejected target may be tried again; 0.0 if it is not ejected at `now`."""
        ejection = self.ejection
        if ejection is None:
            return 0.0
        if ejection.state is State.FORCED_OPEN:
            return NEVER
        return ejection.opened_until if ejection.state is State.OPEN and now < ejection.opened_until else 0.0

    def changes_at(self, now: float) -> float:
        """When its standing changes by the mere passing of time; `NEVER` if it does not."""
        until = self.ejected_until(now) or NEVER
        return min(until, self.slow_until) if now < self.slow_until else until

    @property
    def on_trial(self) -> bool:
        """Whether it was ejected, and no request has shown yet that it is back."""
        return self.ejection is not None and self.ejection.state is not State.CLOSED

    def cautious(self, now: float) -> bool:
        """Whether the target takes only some of the requests it is picked for: it is new, or was ejected of late."""
        return now < self.slow_until or self.on_trial

    def takes(self, now: float, random: float) -> bool:
        """Whether a cautious target takes this request."""
        if now < self.slow_until and not admits(share(self.slow_since, self.slow_until, now), random):
            return False
        return self.ejection is None or self.ejection.admits(now)

    def permit(self, now: float) -> Permit | None:
        """What the outcome of an attempt is reported to; None if nobody is to be told.

        A target that is asked although it is ejected, for want of another, has nothing to prove.
        """
        if self.ejection is None:
            return None
        try:
            return self.ejection.permit(now)
        except Rejected:
            return None
