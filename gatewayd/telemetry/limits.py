"""The series about limits of requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gatewayd.telemetry.collector import Row
from gatewayd.telemetry.tenants import OTHER

NONE = "_none"
MOST_PAIRS = 1000  # of routes and tenants
_METRIC = "rate_limit_exceeded_total"


class LimitMetrics:
    """Rows about limits. Whoever decides adds to the attributes.

    `label` makes the label of a tenant, and `capped` is told where there are too many pairs of a route and a tenant.
    """

    __slots__ = ("_capped", "_exceeded", "_label", "allowed", "denied", "fail_closed", "fail_open", "shadow")

    def __init__(self, label: Callable[[str, str], str], capped: Callable[[str], None]) -> None:
        self._label = label
        self._capped = capped
        self.allowed = 0
        self.denied = 0
        self.shadow = 0
        self.fail_open = 0
        self.fail_closed = 0
        self._exceeded: dict[tuple[str, str], int] = {}

    def exceeded(self, endpoint: str, tenant: str) -> None:
        """Count a refused request on the route `endpoint`; `tenant` is "" where none is known."""
        pair = endpoint, self._label(tenant, _METRIC) if tenant else NONE
        if pair not in self._exceeded and len(self._exceeded) >= MOST_PAIRS and tenant:
            self._capped(_METRIC)
            pair = endpoint, OTHER
        self._exceeded[pair] = self._exceeded.get(pair, 0) + 1

    def forget(self, tenant: str) -> None:
        """A tenant has no series any more."""
        self._exceeded = {pair: count for pair, count in self._exceeded.items() if pair[1] != tenant}

    # What a scrape reads, in the catalogue's label order.

    def decisions(self) -> Iterator[Row]:
        """decision: decisions."""
        yield ("allow",), self.allowed
        yield ("deny",), self.denied
        yield ("shadow",), self.shadow
        yield ("fail_open",), self.fail_open
        yield ("fail_closed",), self.fail_closed

    def exceedings(self) -> Iterator[Row]:
        """endpoint, tenant_id: refused requests."""
        yield from list(self._exceeded.items())
