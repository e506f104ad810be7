"""What is running, since when, with which configuration."""

from __future__ import annotations

from typing import Final

from gatewayd.monitoring.dashboard.panel import RED, Panel, Query, column, merged

_RELOAD: Final = "gatewayd_config_last_reload_success_timestamp_seconds{P}"

PANELS: Final = (
    Panel(
        27,
        "Versions and reloads",
        "table",
        (
            Query("gatewayd_build_info{P}", "build", instant=True, form="table"),
            # Without their names, rows of the three are merged where job and instance agree.
            Query("max by (job, instance, hash) (gatewayd_config_info{P})", "config", instant=True, form="table"),
            Query(f"max by (job, instance) ({_RELOAD}) * 1000", "last reload", instant=True, form="table"),
        ),
        "none",
        "The version of each gateway, the hash of the configuration in use, and when a configuration was last taken up."
        " Different hashes in one job are a drift.",
        width=14,
        overrides=(column("last reload", "dateTimeAsIso"),),
        transformations=merged(
            {"Value #C": "last reload", "hash": "configuration"},
            ("job", "instance", "version", "revision", "hash", "Value #C", "python", "twisted", "openssl"),
            "instance",
            hidden=("__name__", "Value #A", "Value #B"),
            descending=False,
        ),
    ),
    Panel(
        28,
        "Trace export",
        "timeseries",
        (Query("sum by (result) (rate(otel_spans_total{P}[I]))", "{{result}}"),),
        "ops",
        "Spans per second by what became of them. Dropped or failed ones mean that the collector cannot keep up.",
        width=10,
        overrides=(
            {
                "matcher": {"id": "byRegexp", "options": "dropped|failed"},
                "properties": [
                    {"id": "color", "value": {"fixedColor": RED, "mode": "fixed"}},
                    {"id": "custom.lineWidth", "value": 2},
                ],
            },
        ),
    ),
)
