"""The arithmetic of error budgets: how fast one may burn before somebody is woken (docs/slo.md).

After the SRE workbook, chapter 5: an alert has a long window, which says that a share of the budget is gone, and a
short one, a twelfth as long, which says that it is still being spent and lets the alert end soon after its cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

PERIOD: Final = "30d"
_MINUTES: Final = {"m": 1, "h": 60, "d": 24 * 60}
WINDOWS: Final = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
ERRORS: Final = "job:http_requests_errors:ratio_rate"
SLOW: Final = "job:http_requests_slow:ratio_rate"


@dataclass(frozen=True, slots=True)
class Burn:
    """A pair of windows in which the budget may burn at most so many times as fast as it would last `PERIOD`."""

    rate: Decimal
    long: str
    short: str

    @property
    def spent(self) -> Decimal:
        """The share of the whole budget that is gone when the long window is full: 14.4 over 1h are 0.02."""
        return self.rate * minutes(self.long) / minutes(PERIOD)

    def expression(self, metric: str, budget: str) -> str:
        """PromQL that holds while both windows burn faster."""
        limit = f"{self.rate.normalize():f} * {budget}"
        return f"({metric}{self.long} > {limit} and {metric}{self.short} > {limit})"


PAGING: Final = (Burn(Decimal("14.4"), "1h", "5m"), Burn(Decimal(6), "6h", "30m"))
TICKETS: Final = (Burn(Decimal(3), "1d", "2h"), Burn(Decimal(1), "3d", "6h"))


def minutes(window: str) -> int:
    """The length of a window such as 30m, 6h or 3d, in minutes."""
    return int(window[:-1]) * _MINUTES[window[-1]]


def burning(pairs: tuple[Burn, ...], metric: str, budget: str) -> str:
    """PromQL that holds while one of the pairs of windows burns too fast."""
    return " or ".join(pair.expression(metric, budget) for pair in pairs)
