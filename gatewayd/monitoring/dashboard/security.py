"""Who may, who may not, and who tries."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import quote

from gatewayd.log.audit import CROSS_TENANT
from gatewayd.monitoring.dashboard.panel import AMBER, GREEN, RED, Json, Panel, Query


def logs(event: str = "") -> str:
    """A link to Grafana's Explore: the gateway's log, in Loki, of the time shown, or only the lines of `event`."""
    chosen = f' | event="{event}"' if event else ""
    query = {"refId": "A", "expr": f'{{job=~"$job"}}{chosen}', "datasource": {"type": "loki", "uid": "${logs}"}}
    pane = {
        "datasource": "${logs}",
        "queries": [query],
        "range": {"from": "${__from}", "to": "${__to}"},
    }
    panes = quote(json.dumps({"a": pane}, separators=(",", ":")), safe="${}_:,")
    return f"/explore?schemaVersion=1&panes={panes}"


def _link(title: str, url: str) -> Json:
    return {"targetBlank": True, "title": title, "url": url}


def panels(runbooks: str) -> tuple[Panel, ...]:
    """Panels 5, 10 to 12, 14 and 23; `runbooks` is the base URL of the runbook pages."""
    return (
        Panel(
            10,
            "Security violations",
            "stat",
            (
                Query(
                    "sum by (violation_type) (increase(security_violations_total{P}[$__range]))",
                    "{{violation_type}}",
                    instant=True,
                ),
            ),
            "short",
            "Requests that were blocked as attacks in the time shown, by kind.",
            steps=((1, AMBER), (10, RED)),
            defaults={"decimals": 0, "noValue": "0"},
            options={"graphMode": "none"},
            links=(_link("Runbook", f"{runbooks}/security-violation-detected.md"),),
        ),
        Panel(
            11,
            "Cross-tenant attempts",
            "stat",
            (Query("sum(increase(cross_tenant_attempts_total{P}[$__range]))", "attempts", instant=True),),
            "short",
            "Requests with a credential of one tenant that named another one, in the time shown. The log has who and"
            " whose.",
            steps=((1, RED),),
            defaults={"decimals": 0, "noValue": "0"},
            options={"graphMode": "none"},
            links=(
                _link("Lines of the log", logs(CROSS_TENANT.name)),
                _link("Runbook", f"{runbooks}/cross-tenant-access-attempt.md"),
            ),
        ),
        *_PLAIN,
    )


_PLAIN: Final = (
    Panel(
        5,
        "Authentication success",
        "gauge",
        (
            Query(
                'sum(rate(auth_attempts_total{P,status="success"}[I])) / sum(rate(auth_attempts_total{P}[I]))',
                "success",
            ),
        ),
        "percentunit",
        "Share of checked credentials that were good. Those that were missing or expired count against it.",
        base=RED,
        steps=((0.9, AMBER), (0.95, GREEN)),
        defaults={"min": 0, "max": 1},
    ),
    Panel(
        14,
        "JWT validation errors",
        "timeseries",
        (Query("sum by (error_type) (rate(jwt_validation_errors_total{P}[I]))", "{{error_type}}"),),
        "ops",
        "Tokens refused per second, by what was wrong with them.",
        steps=((5, RED),),
        drawn="dashed",
        stacked=True,
    ),
    Panel(
        12,
        "Rate limit exceeded",
        "timeseries",
        (Query("sum by (endpoint) (rate(rate_limit_exceeded_total{P}[I]))", "{{endpoint}}"),),
        "reqps",
        "Requests per second answered with 429, by route.",
        steps=((100, RED),),
        drawn="dashed",
    ),
    Panel(
        23,
        "Rate limiter decisions",
        "timeseries",
        (Query("sum by (decision) (rate(rate_limit_decisions_total{P}[I]))", "{{decision}}"),),
        "reqps",
        "Decisions of limits per second. fail_open and fail_closed are made without Redis; shadow would have been"
        " deny.",
        stacked=True,
    ),
)
