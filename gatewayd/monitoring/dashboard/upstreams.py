"""The services behind the gateway, and what it does about those that are ill."""

from __future__ import annotations

from typing import Final

from gatewayd.monitoring.dashboard.panel import AMBER, GREEN, RED, Json, Panel, Query


def _states(*states: tuple[str, str, str]) -> Json:
    """A mapping of values to a text and a colour."""
    options = {
        value: {"color": colour, "index": place, "text": text} for place, (value, text, colour) in enumerate(states)
    }
    return {"mappings": [{"type": "value", "options": options}]}


PANELS: Final = (
    Panel(
        4,
        "Circuit breaker state",
        "state-timeline",
        (Query("max by (service) (circuit_breaker_state{P})", "{{service}}"),),
        "none",
        "The state of each service's breaker over time, the worst of all gateways. Open: requests are refused at once."
        " Half-open: a few are let through as probes.",
        width=12,
        height=11,
        steps=((1, RED), (2, AMBER)),
        defaults=_states(("0", "CLOSED", GREEN), ("1", "OPEN", RED), ("2", "HALF-OPEN", AMBER)),
    ),
    Panel(
        16,
        "Health checks",
        "state-timeline",
        (Query("min by (check_type) (health_check_status{P})", "{{check_type}}"),),
        "none",
        "What active checks say of services and of Redis: unhealthy where one gateway says so.",
        width=12,
        height=11,
        base=RED,
        steps=((1, GREEN),),
        defaults=_states(("0", "Unhealthy", RED), ("1", "Healthy", GREEN)),
    ),
    Panel(
        9,
        "Downstream p95 latency",
        "timeseries",
        (
            Query(
                "histogram_quantile(0.95,"
                " sum by (le, service) (rate(downstream_request_duration_seconds_bucket{P}[I])))",
                "{{service}}",
                exemplar=True,
            ),
        ),
        "s",
        "The 95th percentile of attempts at each service, until the answer's last byte.",
        steps=((1, AMBER), (5, RED)),
        drawn="dashed",
    ),
    Panel(
        8,
        "Breaker failures by service",
        "timeseries",
        (Query("sum by (service) (rate(circuit_breaker_failures_total{P}[I]))", "{{service}}"),),
        "ops",
        "Requests per second that failed after all their retries, as the breaker counts them.",
        steps=((10, RED),),
        drawn="dashed",
    ),
    Panel(
        24,
        "Downstream pool",
        "timeseries",
        (Query("sum by (service, state) (downstream_connections{P})", "{{service}} {{state}}"),),
        "short",
        "Connections to each service that are used and idle, and requests that wait for one. Waiting ones say that a"
        " pool is too small or its service too slow.",
    ),
)
