"""What is counted of limits."""

from __future__ import annotations

from gatewayd.telemetry.limits import MOST_PAIRS
from gatewayd.telemetry.metrics import Metrics


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """One series."""
    return metrics.registry.get_sample_value(name, labels)


def test_decisions() -> None:
    """Every decision is there from the start."""
    metrics = Metrics()
    counts = metrics.rate_limits
    decisions = ("allow", "deny", "shadow", "fail_open", "fail_closed")
    assert [value(metrics, "rate_limit_decisions_total", decision=name) for name in decisions] == [0.0] * 5
    counts.allowed, counts.denied, counts.shadow, counts.fail_open, counts.fail_closed = 1, 2, 3, 4, 5
    assert [value(metrics, "rate_limit_decisions_total", decision=name) for name in decisions] == [1, 2, 3, 4, 5]


def test_refused_requests() -> None:
    """By route and tenant, of which there are not more than others have."""
    metrics = Metrics()
    for number in range(205):
        metrics.rate_limits.exceeded("/a", f"t{number}")
    metrics.rate_limits.exceeded("/a", "")
    metrics.rate_limits.exceeded("/a", "t0")
    assert value(metrics, "rate_limit_exceeded_total", endpoint="/a", tenant_id="t0") == 2
    assert value(metrics, "rate_limit_exceeded_total", endpoint="/a", tenant_id="_none") == 1
    assert value(metrics, "rate_limit_exceeded_total", endpoint="/a", tenant_id="_other") == 5
    assert value(metrics, "metrics_series_capped_total", metric="rate_limit_exceeded_total") == 5


def test_pairs_of_routes_and_tenants_are_bounded() -> None:
    """However many routes and tenants there are; a route keeps its own count of what has no label of its own."""
    metrics = Metrics()
    for route in range(12):
        for tenant in range(100):
            metrics.rate_limits.exceeded(f"/{route}", f"t{tenant}")
        metrics.rate_limits.exceeded(f"/{route}", "")
    rows = list(metrics.rate_limits.exceedings())
    assert len(rows) <= MOST_PAIRS + 2 * 12
    assert sum(count for _, count in rows if isinstance(count, int)) == 12 * 101
    assert value(metrics, "rate_limit_exceeded_total", endpoint="/11", tenant_id="_other") == 100
