"""What runs out: connections, memory, processor, descriptors, time."""

from __future__ import annotations

from typing import Any, Final

from gatewayd.monitoring.dashboard.panel import AMBER, RED, Panel, Query

_DASHED: Final[dict[str, Any]] = {"id": "custom.lineStyle", "value": {"dash": [10, 10], "fill": "dash"}}

PANELS: Final = (
    Panel(
        6,
        "Active connections",
        "stat",
        (
            Query("sum(active_connections{P})", "connections"),
            Query("sum(gatewayd_connections_limit{P})", "limit"),
        ),
        "short",
        "Client connections that are open, coloured by their share of limits.connections.",
        steps=((80, AMBER), (90, RED)),
        percentage=True,
        defaults={"decimals": 0, "min": 0},
        transformations=(
            {
                "id": "configFromData",
                "options": {
                    "configRefId": "B",
                    "mappings": [{"fieldName": "limit", "handlerKey": "max", "reducerId": "lastNotNull"}],
                },
            },
        ),
    ),
    Panel(
        7,
        "Memory",
        "timeseries",
        (Query("sum by (type) (memory_usage_bytes{P})", "{{type}}"),),
        "bytes",
        "Memory of the processes: resident (rss), mapped (vms), shared; and what they may use (limit, dashed).",
        defaults={"min": 0},
        overrides=(
            {
                "matcher": {"id": "byName", "options": "limit"},
                "properties": [
                    _DASHED,
                    {"id": "custom.fillOpacity", "value": 0},
                    {"id": "color", "value": {"fixedColor": RED, "mode": "fixed"}},
                ],
            },
        ),
    ),
    Panel(
        15,
        "Event loop lag p95",
        "timeseries",
        (
            Query(
                "histogram_quantile(0.95, sum by (le, instance) (rate(event_loop_lag_seconds_bucket{P}[I])))",
                "{{instance}}",
            ),
        ),
        "s",
        "How late the event loop wakes up; every request waits as long. Load is shed above 0.2 s.",
        steps=((0.05, AMBER), (0.1, RED)),
        drawn="dashed",
    ),
    Panel(
        25,
        "CPU per worker",
        "timeseries",
        (Query("rate(process_cpu_seconds_total{P}[I])", "{{instance}}"),),
        "percentunit",
        "Processor time per second. A worker is one process on one core: 100% is all it can have.",
        width=12,
        steps=((0.7, AMBER), (0.9, RED)),
        drawn="dashed",
        defaults={"min": 0},
    ),
    Panel(
        26,
        "File descriptors",
        "timeseries",
        (Query("process_open_fds{P} / process_max_fds{P}", "{{instance}}"),),
        "percentunit",
        "Share of the file descriptors a process may have that are open. Each connection takes one.",
        width=12,
        steps=((0.8, RED),),
        drawn="dashed",
        defaults={"min": 0, "max": 1},
    ),
)
