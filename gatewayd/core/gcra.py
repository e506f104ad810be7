"""Rates, kept by the generic cell rate algorithm in its form of virtual scheduling (ITU-T I.371 annex A).

Of each key one number is kept: the theoretical arrival time of its next request, had they all come evenly spaced. Time
is counted in permits here, seconds times the rate: then a request adds its cost, a whole number, and nothing is lost to
rounding however many of them come at one moment.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SLACK = 1e-6  # of a permit that is forgiven: what rounding may take from somebody who waited just long enough


@dataclass(frozen=True, slots=True)
class Rate:
    """`limit` permits in each `period` seconds, of which `burst` may be taken at one moment after a pause.

    `rate` is in permits a second, `interval` in seconds.
    """

    limit: int
    period: float
    burst: int
    rate: float = field(init=False)
    interval: float = field(init=False)

    def __post_init__(self) -> None:
        """Refuse what admits nobody."""
        if self.limit < 1 or self.period <= 0 or self.burst < 1:
            raise ValueError("a rate needs a limit, a period and a burst above zero")
        object.__setattr__(self, "rate", self.limit / self.period)
        object.__setattr__(self, "interval", self.period / self.limit)


class Verdict:
    """Whether a request may pass; how many more could at once, and in how many seconds all of them could again.

    `retry_after` is in how many seconds a request that may not could pass, 0 for one that may. `by_quota` tells that
    `remaining` and the times are those of a quota and not those of a rate.
    """

    __slots__ = ("allowed", "by_quota", "remaining", "reset_after", "retry_after")

    def __init__(
        self, allowed: bool, remaining: int, retry_after: float, reset_after: float, by_quota: bool = False
    ) -> None:
        self.allowed = allowed
        self.remaining = remaining
        self.retry_after = retry_after
        self.reset_after = reset_after
        self.by_quota = by_quota

    def __repr__(self) -> str:
        """What it says."""
        says = "allowed" if self.allowed else f"denied for {self.retry_after:g} s"
        of = " of the quota" if self.by_quota else ""
        return f"<Verdict: {says}, {self.remaining}{of} remain, all in {self.reset_after:g} s>"


def decide(rate: Rate, tat: float, now: float, cost: int = 1) -> tuple[Verdict, float]:
    """Whether a request that costs `cost` permits may pass at `now` (seconds); the arrival time to keep from then on.

    `tat` is what was kept of the key, 0 if nothing was. Over any T seconds at most `burst + rate * T` permits are
    given. A request that is denied takes none. A `tat` that no request can have left, such as one of a clock that was
    set back since, counts as the latest that one can.
    """
    at = now * rate.rate
    burst = rate.burst
    if tat < at:
        tat = at
    elif tat > at + burst:
        tat = at + burst
    ahead = tat - at + cost
    if ahead <= burst + SLACK:
        return Verdict(True, int(burst - ahead + SLACK), 0.0, ahead * rate.interval), tat + cost
    ahead -= cost
    return (
        Verdict(False, int(burst - ahead + SLACK), (ahead + cost - burst) * rate.interval, ahead * rate.interval),
        tat,
    )
