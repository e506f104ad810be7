"""The 40 alerts in 8 groups, one file each. What a person does about one is in docs/runbooks."""

from __future__ import annotations

from collections.abc import Iterator

from gatewayd.monitoring.alerts import (
    cache,
    critical,
    downstream,
    objectives,
    operations,
    performance,
    security,
    warning,
)
from gatewayd.monitoring.rules import Alert, Group
from gatewayd.monitoring.settings import Settings

__all__ = ["alerts", "groups"]


def groups(settings: Settings) -> tuple[Group, ...]:
    """Every group in the order of the manual; a group is a file of its own."""
    return (
        Group("gatewayd-critical", critical.ALERTS),
        Group("gatewayd-warning", warning.ALERTS),
        Group("gatewayd-security", security.ALERTS),
        Group("gatewayd-performance", performance.ALERTS),
        Group("gatewayd-downstream", downstream.ALERTS),
        Group("gatewayd-cache", cache.ALERTS),
        Group("gatewayd-operations", operations.ALERTS),
        Group("gatewayd-slo", objectives.alerts(settings)),
    )


def alerts(settings: Settings) -> Iterator[Alert]:
    """Every alert, group by group."""
    for group in groups(settings):
        yield from (rule for rule in group.rules if isinstance(rule, Alert))
