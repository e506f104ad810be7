"""Who asks for what, and how long the gateway itself takes."""

from __future__ import annotations

from typing import Final

from gatewayd.monitoring.dashboard.panel import AMBER, GREEN, RED, Panel, Query, column, merged

_RATE = "sum by (route, method) (rate(http_requests_total{P}[$__range]))"

PANELS: Final = (
    Panel(
        17,
        "Top 10 endpoints",
        "table",
        (
            Query(f"topk(10, {_RATE})", "rate", instant=True, form="table"),
            Query(
                "histogram_quantile(0.95,"
                " sum by (route, method, le) (rate(http_request_duration_seconds_bucket{P}[$__range])))"
                f" and on (route, method) topk(10, {_RATE})",
                "p95",
                instant=True,
                form="table",
            ),
            Query(
                'sum by (route, method) (rate(http_requests_total{P,status_code=~"5.."}[$__range]))'
                f" / {_RATE} and on (route, method) topk(10, {_RATE})",
                "errors",
                instant=True,
                form="table",
            ),
        ),
        "reqps",
        "The busiest routes of the time shown, with their 95th percentile and share of 5xx.",
        width=14,
        height=10,
        overrides=(column("p95", "s"), column("errors", "percentunit")),
        transformations=merged(
            {"Value #A": "requests", "Value #B": "p95", "Value #C": "errors"},
            ("method", "route", "Value #A", "Value #B", "Value #C"),
            "requests",
        ),
    ),
    Panel(
        22,
        "Top tenants",
        "table",
        (
            Query(
                "topk(10, sum by (tenant_id) (rate(tenant_requests_total{P}[$__range])))",
                "rate",
                instant=True,
                form="table",
            ),
        ),
        "reqps",
        "The busiest tenants of the time shown, by verified credential. `_other` is all tenants that are not counted by"
        " name.",
        width=10,
        height=10,
        transformations=merged({"Value": "requests"}, ("tenant_id", "Value"), "requests"),
    ),
    Panel(
        20,
        "Latency heatmap",
        "heatmap",
        (
            Query(
                "sum by (le) (increase(http_request_duration_seconds_bucket{P}[I]))",
                "{{le}}",
                exemplar=True,
                form="heatmap",
            ),
        ),
        "s",
        "How many requests took how long. Two bands say that there are two kinds of requests, such as hits and misses.",
    ),
    Panel(
        21,
        "Gateway overhead p99",
        "timeseries",
        (
            Query("histogram_quantile(0.99, sum by (le) (rate(gatewayd_overhead_seconds_bucket{P}[I])))", "p99"),
            Query("histogram_quantile(0.5, sum by (le) (rate(gatewayd_overhead_seconds_bucket{P}[I])))", "p50"),
        ),
        "s",
        "Time of a request that was not spent waiting for its service. When this rises, the gateway is the bottleneck.",
        steps=((0.005, AMBER), (0.02, RED)),
        drawn="dashed",
    ),
    Panel(
        13,
        "Cache hit ratio",
        "gauge",
        (
            Query(
                "sum(rate(cache_hits_total{P}[I]))"
                " / (sum(rate(cache_hits_total{P}[I])) + sum(rate(cache_misses_total{P}[I])))",
                "hits",
            ),
        ),
        "percentunit",
        "Share of look-ups in all caches (answers, tokens, keys, names) that needed to ask nobody.",
        base=RED,
        steps=((0.5, AMBER), (0.8, GREEN)),
        defaults={"min": 0, "max": 1},
    ),
)
