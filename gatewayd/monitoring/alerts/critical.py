"""What clients feel now."""

from __future__ import annotations

from typing import Final

from gatewayd.monitoring.rules import Alert

ALERTS: Final = (
    Alert(
        "APIGatewayDown",
        "up{S} == 0",
        "1m",
        "critical",
        "{{ $labels.instance }} does not answer its scrapes",
        "Prometheus has not been able to read the metrics of {{ $labels.instance }} for a minute. The gateway is down,"
        " hangs, or cannot be reached.",
    ),
    Alert(
        "APIGatewayAbsent",
        "absent(up{S})",
        "5m",
        "critical",
        "No gateway is scraped as job {{ $labels.job }}",
        "Prometheus knows no target of the job {{ $labels.job }}: it was removed, renamed, or discovery finds none."
        " Every other alert about the gateway is blind meanwhile.",
    ),
    Alert(
        "APIGatewayHighErrorRate",
        "job:http_requests_errors:ratio_rate5m > 0.05 and job:http_requests:rate5m > 1",
        "5m",
        "critical",
        "{{ $value | humanizePercentage }} of requests to {{ $labels.job }} fail with 5xx",
        "For five minutes more than 5% of the requests have been answered with 5xx, now"
        " {{ $value | humanizePercentage }}.",
    ),
    Alert(
        "APIGatewayHighLatency",
        'job:http_request_duration_seconds:quantile_rate5m{quantile="0.95"} > 2'
        " and on (job) job:http_requests:rate5m > 1",
        "10m",
        "critical",
        "One request in twenty to {{ $labels.job }} takes longer than {{ $value | humanizeDuration }}",
        "The 95th percentile of request durations has been above 2 s for ten minutes, now"
        " {{ $value | humanizeDuration }}.",
    ),
)
