"""Which requests are refused while the gateway itself is overloaded.

The sign of overload is the event loop's lag: how much later than planned it does what is due. While that grows, the
least important requests are refused first, as many of them as it takes (see Google's "Site Reliability Engineering",
chapter 21, on criticality), so that those that matter most hardly notice.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

# Seconds over which the lag is smoothed. A wave of requests is met within a second or two, and believed to be over
# a little later than it seems: requests that were refused come again.
_RISE = 0.75
_FALL = 3.0


class Priority(IntEnum):
    """How much a request matters; the lower ones are refused first."""

    LOW = 0
    NORMAL = 1
    HIGH = 2
    CRITICAL = 3


_SHARES = 3  # LOW, NORMAL and HIGH are refused one after the other, over a third of the pressure each
_NOBODY = (0.0, 0.0, 0.0, 0.0)
_EVERYBODY = (1.0, 1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The lag, in seconds, from which requests are refused, and that at which all are refused that may be.

    Critical ones may not be, up to twice `full`: then the gateway helps nobody any more.
    """

    start: float = 0.2
    full: float = 1.0

    def pressure(self, lag: float) -> float:
        """How far `lag` has come from `start` to `full`: 0.0 to 1.0."""
        return min(1.0, max(0.0, (lag - self.start) / (self.full - self.start)))


class Shedder:
    """Decides by what `observe` is told; before that nothing is refused.

    `pressure` is 0.0 to 1.0; `lag` what it is derived from, in seconds. `shedding` is for those who report: it begins
    with the first pressure, and ends once the lag has fallen to half of where it began, so that it does not flap.
    """

    __slots__ = ("_before", "_levels", "_observed", "_thresholds", "lag", "pressure", "shedding")

    def __init__(self, thresholds: Thresholds) -> None:
        assert 0.0 < thresholds.start < thresholds.full
        self._thresholds = thresholds
        self._levels: tuple[float, ...] = _NOBODY
        self._observed: float | None = None  # when
        self._before = 0.0  # the lag that was measured last
        self.lag = 0.0
        self.pressure = 0.0
        self.shedding = False

    def observe(self, lag: float, now: float) -> bool:
        """The event loop was `lag` seconds late; to be told several times a second. Whether `shedding` has changed.

        One long stall (a reload, a slow disk) says that requests have waited, not that more come than can be served.
        Therefore the lesser of the last two counts.
        """
        sustained = min(lag, self._before)
        self._before = lag
        passed = 0.0 if self._observed is None else max(0.0, now - self._observed)
        self._observed = now
        smoothed = self.lag
        smoothed += (sustained - smoothed) * passed / (passed + (_RISE if sustained > smoothed else _FALL))
        self.lag = smoothed
        thresholds = self._thresholds
        self.pressure = pressure = thresholds.pressure(smoothed)
        if smoothed >= 2 * thresholds.full:
            self._levels = _EVERYBODY
        elif pressure:
            self._levels = (
                *(min(1.0, max(0.0, pressure * _SHARES - refused_before)) for refused_before in range(_SHARES)),
                0.0,
            )
        else:
            self._levels = _NOBODY
        shedding = pressure > 0.0 or (self.shedding and smoothed > thresholds.start / 2)
        changed = shedding is not self.shedding
        self.shedding = shedding
        return changed

    def level(self, priority: Priority) -> float:
        """The share of requests of this priority that is refused: 0.0 to 1.0."""
        return self._levels[priority]

    def admits(self, priority: Priority, random: float) -> bool:
        """Whether a request is served; `random` is at least 0.0 and less than 1.0.

        Who decides for many requests may leave this out while there is no `pressure`.
        """
        return random >= self._levels[priority]
