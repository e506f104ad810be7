"""The services behind the gateway."""

from __future__ import annotations

from typing import Final

from gatewayd.monitoring.rules import Alert

ALERTS: Final = (
    Alert(
        "DownstreamServiceDown",
        'max by (job, check_type) (health_check_status{S,check_type!="redis"}) == 0',
        "2m",
        "critical",
        "{{ $labels.check_type }} fails its health checks everywhere",
        "For two minutes no gateway has found a healthy target of {{ $labels.check_type }}.",
    ),
    Alert(
        "DownstreamServiceHighLatency",
        "job_service:downstream_request_duration_seconds:p95_rate5m > 5",
        "10m",
        "warning",
        "One attempt in twenty at {{ $labels.service }} takes longer than {{ $value | humanizeDuration }}",
        "The 95th percentile of {{ $labels.service }} has been above 5 s for ten minutes, now"
        " {{ $value | humanizeDuration }}.",
    ),
    Alert(
        "DownstreamServiceHighErrorRate",
        "job_service:downstream_errors:ratio_rate5m > 0.1"
        " and sum by (job, service) (rate(downstream_requests_total{S}[5m])) > 0.2",
        "5m",
        "warning",
        "{{ $value | humanizePercentage }} of attempts at {{ $labels.service }} fail",
        "For five minutes more than 10% of the attempts at {{ $labels.service }} have failed, now"
        " {{ $value | humanizePercentage }}. Clients see those that no retry made good.",
    ),
    Alert(
        "DownstreamNoHealthyTargets",
        'sum by (job, service) (downstream_targets{S,state="healthy"}) == 0',
        "1m",
        "critical",
        "{{ $labels.service }} has no healthy target",
        "For a minute no gateway has had a target of {{ $labels.service }} that is neither failing its checks, nor"
        " ejected, nor leaving.",
    ),
    Alert(
        "DownstreamRetryStorm",
        "sum by (job, service) (rate(downstream_retries_total{S}[5m]))"
        " / sum by (job, service) (rate(downstream_requests_total{S}[5m])) > 0.2",
        "5m",
        "warning",
        "{{ $value | humanizePercentage }} of attempts at {{ $labels.service }} are retries",
        "For five minutes more than a fifth of what {{ $labels.service }} is asked has been asked before: retries add"
        " to the load of a service that is ill already.",
    ),
)
