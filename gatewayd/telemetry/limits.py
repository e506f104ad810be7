"""The series about limits of requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gatewayd.telemetry.tally import Row

NONE = "_none"


class LimitMetrics:
    """Rows about limits. Whoever decides adds to the attributes; `label` makes that of a tenant, capped."""

    __slots__ = ("_exceeded", "_label", "allowed", "denied", "fail_closed", "fail_open", "shadow")

    def __init__(self, label: Callable[[str, str], str]) -> None:
        self._label = label
        self.allowed = 0
        self.denied = 0
        self.shadow = 0
        self.fail_open = 0
        self.fail_closed = 0
        self._exceeded: dict[tuple[str, str], int] = {}

    def exceeded(self, endpoint: str, tenant: str) -> None:
        """Count a refused request on the route `endpoint`; `tenant` is "" where none is known."""
        pair = endpoint, self._label(tenant, "rate_limit_exceeded_total") if tenant else NONE
        self._exceeded[pair] = self._exceeded.get(pair, 0) + 1

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
