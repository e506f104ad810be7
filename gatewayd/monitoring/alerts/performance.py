"""Resources that run out, and what the gateway loses before they do."""

from __future__ import annotations

from typing import Final

from gatewayd.monitoring.rules import Alert

ALERTS: Final = (
    Alert(
        "HighMemoryUsage",
        'memory_usage_bytes{S,type="rss"} / on (job, instance) memory_usage_bytes{S,type="limit"} > 0.9',
        "10m",
        "warning",
        "{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its memory",
        "Its resident memory has been above 90% of what it may use for ten minutes. At 100% the kernel ends the"
        " process.",
    ),
    Alert(
        "HighEventLoopLag",
        "job_instance:event_loop_lag_seconds:p95_rate5m > 0.1",
        "5m",
        "warning",
        "The event loop of {{ $labels.instance }} is {{ $value | humanizeDuration }} late",
        "One wake-up in twenty has come more than 0.1 s late for five minutes: every request waits as long, and load"
        " is shed above 0.2 s.",
    ),
    Alert(
        "TooManyActiveConnections",
        "active_connections{S} / on (job, instance) gatewayd_connections_limit{S} > 0.9",
        "5m",
        "warning",
        "{{ $labels.instance }} has {{ $value | humanizePercentage }} of its connections open",
        "Beyond limits.connections further clients are cut off.",
    ),
    Alert(
        "FileDescriptorsNearLimit",
        "process_open_fds{S} / process_max_fds{S} > 0.8",
        "10m",
        "warning",
        "{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its file descriptors",
        "Each client and each connection to a service takes one. Without a free one no connection can be accepted or"
        " opened, and no log reopened.",
    ),
    Alert(
        "ReactorSaturated",
        'rate(process_cpu_seconds_total{S}[5m]) / on (job, instance) gatewayd_workers{S,state="up"} > 0.9',
        "15m",
        "warning",
        "The workers of {{ $labels.instance }} are {{ $value | humanizePercentage }} busy",
        "A worker uses one processor core. For 15 minutes they have had less than 10% left: latency rises with every"
        " further request.",
    ),
    Alert(
        "TracingSpansDropped",
        'sum by (job, result) (rate(otel_spans_total{S,result=~"dropped|failed"}[10m])) > 0',
        "15m",
        "warning",
        '{{ printf "%.3g" $value }} spans per second are {{ $labels.result }}',
        "Traces have had gaps for 15 minutes: the collector is down, refuses, or is slower than spans come. Requests"
        " are not affected.",
    ),
    Alert(
        "MetricsCardinalityCapped",
        "sum by (job, metric) (increase(metrics_series_capped_total{S}[1h])) > 0",
        "0m",
        "info",
        "{{ $labels.metric }} has more label values than it may have",
        "Further tenants are counted together as _other. What is shown by name is right; it is not all.",
    ),
)
