"""Configuration, workers, and whether alerts arrive at all."""

from __future__ import annotations

from typing import Final

from gatewayd.monitoring.rules import Alert

ALERTS: Final = (
    Alert(
        "ConfigReloadFailed",
        "gatewayd_config_last_reload_successful{S} == 0",
        "5m",
        "warning",
        "{{ $labels.instance }} refused its new configuration",
        "The last reload failed, and the configuration before it is still in use. What was changed is not in effect.",
    ),
    Alert(
        "ConfigDrift",
        "count by (job) (count by (job, hash) (gatewayd_config_info{S})) > 1",
        "15m",
        "warning",
        "The gateways of {{ $labels.job }} run {{ $value }} different configurations",
        "They have done so for 15 minutes. Clients get different answers depending on which gateway they meet.",
    ),
    Alert(
        "WorkerCrashLooping",
        "sum by (job, instance) (increase(gatewayd_worker_restarts_total{S}[15m])) > 3",
        "0m",
        "critical",
        "Workers of {{ $labels.instance }} keep dying",
        '{{ printf "%.0f" $value }} workers were replaced within 15 minutes. Each took the requests it had with it.',
    ),
    Alert(
        "Watchdog",
        "vector(1)",
        "0m",
        "none",
        "Alerts of gatewayd reach their receivers",
        "This alert always fires. Alertmanager passes it on to a dead man's switch, which calls somebody when it stops"
        " coming.",
    ),
)
