"""Attacks, and the defences that weaken."""

from __future__ import annotations

from typing import Final

from gatewayd.monitoring.rules import Alert

_SECURITY: Final = (("security", "true"),)
_CERTIFICATE_LEFT: Final = "min by (job, name) (tls_certificate_not_after_timestamp_seconds{S}) - time() < "

ALERTS: Final = (
    Alert(
        "SecurityViolationDetected",
        "sum by (job, violation_type) (increase(security_violations_total{S}[5m])) > 0",
        "0m",
        "critical",
        "{{ $labels.job }} blocked an attack: {{ $labels.violation_type }}",
        'Blocked within five minutes: {{ printf "%.0f" $value }}. None of these requests reached a service.',
        _SECURITY,
        keep="15m",
    ),
    Alert(
        "CrossTenantAccessAttempt",
        # A pair of tenants has no series before its first attempt, and increase() does not see a counter be born.
        "sum by (job, source_tenant) (increase(cross_tenant_attempts_total{S}[5m])) > 0"
        " or sum by (job, source_tenant)"
        " (cross_tenant_attempts_total{S} unless cross_tenant_attempts_total{S} offset 5m) > 0",
        "0m",
        "critical",
        "A caller of tenant {{ $labels.source_tenant }} named another tenant",
        'Refused within five minutes: {{ printf "%.0f" $value }} requests with a credential of'
        " {{ $labels.source_tenant }} that asked for what is another tenant's.",
        _SECURITY,
        keep="15m",
    ),
    Alert(
        "DangerousHeadersFiltered",
        "sum by (job, header_name) (rate(dangerous_headers_filtered_total{S}[5m])) > 10",
        "5m",
        "warning",
        "Clients send {{ $labels.header_name }} {{ $value | humanize }} times per second",
        "{{ $labels.header_name }} is the gateway's own to write. For five minutes more than 10 per second have come"
        " from clients, and were removed.",
        _SECURITY,
    ),
    Alert(
        "HighRateLimitViolations",
        "sum by (job, endpoint) (rate(rate_limit_exceeded_total{S}[5m])) > 100",
        "5m",
        "warning",
        "{{ $value | humanize }} requests per second to {{ $labels.endpoint }} exceed their limit",
        "For five minutes more than 100 requests per second to {{ $labels.endpoint }} have been refused with 429.",
        _SECURITY,
    ),
    Alert(
        "RateLimiterDegraded",
        'sum by (job, decision) (rate(rate_limit_decisions_total{S,decision=~"fail_open|fail_closed"}[5m])) > 0',
        "2m",
        "warning",
        "Rate limits are decided without their store: {{ $labels.decision }}",
        '{{ printf "%.3g" $value }} decisions per second are made without Redis.'
        " fail_open lets everything pass,"
        " fail_closed refuses everything that the limit is for.",
        _SECURITY,
    ),
    Alert(
        "TLSCertificateExpiringSoon",
        f"{_CERTIFICATE_LEFT}14 * 86400",
        "1h",
        "warning",
        "The certificate {{ $labels.name }} expires in {{ $value | humanizeDuration }}",
        "It should have been renewed by now: {{ $labels.name }} is good for less than 14 days.",
    ),
    Alert(
        "TLSCertificateExpiryCritical",
        f"{_CERTIFICATE_LEFT}3 * 86400",
        "15m",
        "critical",
        "The certificate {{ $labels.name }} expires in {{ $value | humanizeDuration }}",
        "In less than three days clients refuse to connect to what {{ $labels.name }} serves.",
    ),
)
