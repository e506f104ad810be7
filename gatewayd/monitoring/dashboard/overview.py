"""What clients get: rate, errors, duration, and what is left of the error budget."""

from __future__ import annotations

from gatewayd.monitoring.dashboard.panel import AMBER, GREEN, RED, Panel, Query
from gatewayd.monitoring.settings import Settings, percent
from gatewayd.monitoring.slo import ERRORS


def _duration(quantile: str) -> str:
    return f"histogram_quantile({quantile}, sum by (le) (rate(http_request_duration_seconds_bucket{{P}}[I])))"


def _failed(classes: str, window: str, how: str = "rate") -> str:
    total = f"sum({how}(http_requests_total{{P}}[{window}]))"
    failed = f'(sum({how}(http_requests_total{{P,status_code=~"{classes}"}}[{window}])) or vector(0))'
    return f"{failed} / {total}"


def panels(settings: Settings) -> tuple[Panel, ...]:
    """Panels 1 to 3, 18 and 19."""
    budget = settings.availability_budget
    return (
        Panel(
            1,
            "Request rate",
            "timeseries",
            (Query("sum by (method, route) (rate(http_requests_total{P}[I]))", "{{method}} {{route}}"),),
            "reqps",
            "Finished requests per second by method and route. `_unmatched` are requests that no route takes.",
        ),
        Panel(
            2,
            "Response time p50/p95/p99",
            "timeseries",
            (
                Query(_duration("0.5"), "p50", exemplar=True),
                Query(_duration("0.95"), "p95", exemplar=True),
                Query(_duration("0.99"), "p99", exemplar=True),
            ),
            "s",
            "Time from a request's first byte in to its response's last byte out. Dots are traces: click one.",
            steps=((1, AMBER), (2, RED)),
            drawn="dashed",
        ),
        Panel(
            3,
            "Error ratio 4xx/5xx",
            "timeseries",
            (Query(_failed("5..", "I"), "5xx"), Query(_failed("4..", "I"), "4xx")),
            "percentunit",
            "Share of requests answered with 5xx and with 4xx. 499 is a client that went away.",
            steps=((0.01, AMBER), (0.05, RED)),
            drawn="dashed",
            defaults={"min": 0},
        ),
        Panel(
            18,
            "SLO: budget left (30d)",
            "gauge",
            (Query(f"clamp_min(1 - {_failed('5..', '30d', 'increase')} / {budget}, -1)", "budget left", instant=True),),
            "percentunit",
            f"What is left of the errors that {percent(settings.availability)} allow within 30 days. Prometheus has to"
            " keep 30 days of data; with less, this is about the days it has.",
            base=RED,
            steps=((0, AMBER), (0.25, GREEN)),
            defaults={"min": -1, "max": 1},
        ),
        Panel(
            19,
            "SLO: burn rate 1h/6h",
            "timeseries",
            (
                Query(f'{ERRORS}1h{{job=~"$job"}} / {budget}', "{{job}} 1h"),
                Query(f'{ERRORS}6h{{job=~"$job"}} / {budget}', "{{job}} 6h"),
            ),
            "none",
            "How many times faster than allowed the error budget is spent. 1 uses it up in exactly 30 days; above"
            " 14.4 in the last hour, or 6 in the last six, somebody is paged.",
            width=16,
            steps=((6, AMBER), (14.4, RED)),
            drawn="dashed",
            defaults={"min": 0},
        ),
    )
