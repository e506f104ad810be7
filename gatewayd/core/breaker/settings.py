"""The numbers a circuit breaker goes by."""

from __future__ import annotations

from dataclasses import dataclass

from gatewayd.core.backoff import Backoff
from gatewayd.core.window import CountWindow, TimeWindow, Window

_OPEN = Backoff(base=30.0, factor=2.0, cap=300.0, jitter=0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """When a breaker opens, for how long, and how it closes again; None switches a rule off.

    The window holds the last `calls` calls or those of the last `seconds`, one of the two. Once it holds `minimum`
    calls, the breaker opens where the share `failure_rate` of them failed, or the share `slow_rate` took longer than
    `slow_after` seconds; and at any time after `consecutive` failures in a row. It is `open` for a time that grows with
    each time in a row; then `probes` calls must pass, and for `ramp` seconds calls are let through in growing number
    (0.0: all of them at once). Times that are less than `memory` seconds of being closed apart are in a row as well.
    """

    calls: int | None = 100
    seconds: float | None = None
    minimum: int = 10
    failure_rate: float | None = 0.5
    slow_rate: float | None = None
    slow_after: float | None = None
    consecutive: int | None = None
    open: Backoff = _OPEN
    probes: int = 3
    ramp: float = 10.0
    memory: float = 0.0

    def __post_init__(self) -> None:
        assert (self.calls is None) is not (self.seconds is None)
        assert self.minimum >= 1
        assert self.slow_rate is None or self.slow_after is not None
        assert self.consecutive is None or self.consecutive >= 1
        assert self.probes >= 1
        assert self.ramp >= 0.0
        assert self.memory >= 0.0

    def window(self) -> Window:
        """An empty window."""
        if self.calls is not None:
            return CountWindow(self.calls)
        assert self.seconds is not None
        return TimeWindow(self.seconds)
