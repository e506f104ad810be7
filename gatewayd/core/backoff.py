"""How long to wait after failures: longer each time, up to a cap, and never all at the same moment."""

from __future__ import annotations

from dataclasses import dataclass


def _grown(base: float, factor: float, cap: float, times: int) -> float:
    """`base` multiplied by `factor` that many times, at most `cap`."""
    try:
        return min(cap, base * float(factor) ** times)
    except OverflowError:
        return cap


@dataclass(frozen=True, slots=True)
class Backoff:
    """`base` seconds at first, `factor` times as long each time, at most `cap`; varied by the share `jitter` of it."""

    base: float
    factor: float
    cap: float
    jitter: float

    def __post_init__(self) -> None:
        assert 0.0 < self.base <= self.cap
        assert self.factor >= 1.0
        assert 0.0 <= self.jitter <= 1.0

    def delay(self, failures: int, random: float) -> float:
        """Seconds to wait after so many `failures` before this one.

        `random` is from 0 to 1; at 0.5 the time is not varied. The cap bounds the time before it is varied, so that
        those who have all come to the cap still do not act as one.
        """
        seconds = _grown(self.base, self.factor, self.cap, failures)
        return seconds * (1.0 + self.jitter * (2.0 * random - 1.0))


def full_jitter(base: float, cap: float, attempt: int, random: float) -> float:
    """Seconds to wait before trying again: anything up to `base` doubled for each `attempt` made, at most `cap`.

    "Full jitter" as in Amazon's "Exponential Backoff and Jitter": of the ways to spread retries it is the one that
    makes the fewest calls for the work done.
    """
    return random * _grown(base, 2.0, cap, attempt)
