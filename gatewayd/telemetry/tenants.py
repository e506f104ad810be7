"""Requests by tenant: a series each for the tenants with the most requests, and one for all others.

A series counts exactly, from when its tenant was given it; what came before is in `_other`. So each request is in one
series, and none of them ever falls: one that its tenant has to hand on disappears.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from gatewayd.core.heavyhitters import SpaceSaving
from gatewayd.telemetry.collector import Row

OTHER = "_other"
REVIEW_EVERY = 240  # ticks, of which there are four a second: a minute
HALVE_EVERY = 60 * REVIEW_EVERY
_WATCHED = 4  # counters of the sketch for each series: who has 1/800 of what is in `_other` is known for certain
_HEAVIER = 1.25  # so much more has a tenant that takes another's place, or two alike would take turns


class TenantMetrics:
    """At most `most` tenants have a series: the first ones, until others have more requests.

    Whoever serves a tenant calls `seen(tenant)`, which only keeps the name. Once a minute those with the fewest
    requests hand their series on to others that certainly have a quarter more; what lies hours back counts for less.
    `capped(times)` is told how many requests went to `_other`, `left(tenant)` who has no series any more.
    """

    __slots__ = ("_capped", "_kept", "_left", "_most", "_others", "_own", "_sketch", "_ticks", "_weights", "seen")

    seen: Callable[[str], None]

    def __init__(self, most: int, capped: Callable[[int], None], left: Callable[[str], None]) -> None:
        self._most = most
        self._capped = capped
        self._left = left
        self._kept: list[str] = []
        self.seen = self._kept.append
        self._own: dict[str, int] = {}
        self._weights: dict[str, int] = {}  # of the same tenants: their requests, the older ones for less
        self._others = 0
        self._sketch = SpaceSaving(max(1, _WATCHED * most))
        self._ticks = 0

    def label(self, tenant: str) -> str:
        """The label of a tenant: its own if it has a series, or if there is one left for it, else `OTHER`."""
        return tenant if self._has_series(tenant) else OTHER

    def fold(self) -> None:
        """Count the names that were kept."""
        kept, own, others = self._kept, self._own, 0
        if not kept:
            return
        for tenant, times in Counter(kept).items():
            if self._has_series(tenant):
                own[tenant] += times
                self._weights[tenant] += times
            else:
                others += times
                if tenant != OTHER:
                    self._sketch.add(tenant, times)
        kept.clear()
        if others:
            self._others += others
            self._capped(others)

    def tick(self) -> None:
        """To be called four times a second."""
        self.fold()
        self._ticks += 1
        if self._ticks % REVIEW_EVERY == 0 and self._own:
            self._review()
        if self._ticks % HALVE_EVERY == 0:
            self._sketch.halve()
            self._weights = {tenant: weight // 2 for tenant, weight in self._weights.items()}

    def rows(self) -> Iterator[Row]:
        """tenant_id: requests."""
        self.fold()
        for tenant, count in list(self._own.items()):
            yield (tenant,), count
        if self._others:
            yield (OTHER,), self._others

    def _has_series(self, tenant: str) -> bool:
        """Whether a tenant has a series; it is given one if there is one left. One that is called `OTHER` has none."""
        if tenant in self._own:
            return True
        if len(self._own) >= self._most or tenant == OTHER:
            return False
        self._own[tenant] = self._weights[tenant] = 0
        return True

    def _review(self) -> None:
        """Give series to those who have the most requests."""
        weights, sketch = self._weights, self._sketch
        for certain, tenant in sketch.certain():
            lightest = min(weights, key=weights.__getitem__)
            if certain <= _HEAVIER * weights[lightest]:
                break
            sketch.take(tenant)
            if weight := weights.pop(lightest):
                sketch.add(lightest, weight)
            del self._own[lightest]
            self._left(lightest)
            self._own[tenant] = 0  # what it had is in `_other`, and a series is best born at 0
            weights[tenant] = certain
