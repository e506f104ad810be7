"""Breakers and credentials: somebody should look within the hour."""

from __future__ import annotations

from typing import Final

from gatewayd.monitoring.rules import Alert

ALERTS: Final = (
    Alert(
        "CircuitBreakerOpen",
        # Not `== 1`: a breaker that probes is half-open (2) for a moment, and `for` would begin anew each time.
        "max by (job, service) (circuit_breaker_state{S}) > 0",
        "2m",
        "warning",
        "The circuit breaker of {{ $labels.service }} has not been closed for two minutes",
        "Requests to {{ $labels.service }} are refused with 503 circuit-open: too many of the latest ones failed, and"
        " no probe has succeeded since.",
    ),
    Alert(
        "CircuitBreakerHighFailureRate",
        "sum by (job, service) (rate(circuit_breaker_failures_total{S}[5m])) > 10",
        "5m",
        "warning",
        "{{ $value | humanize }} requests per second to {{ $labels.service }} fail",
        "For five minutes more than 10 requests per second to {{ $labels.service }} have failed after all their"
        " retries, now {{ $value | humanize }}.",
    ),
    Alert(
        "CircuitBreakerFlapping",
        'sum by (job, service) (increase(circuit_breaker_transitions_total{S,to_state="open"}[15m])) > 4',
        "0m",
        "warning",
        "The circuit breaker of {{ $labels.service }} opens again and again",
        'It opened {{ printf "%.0f" $value }} times in 15 minutes: {{ $labels.service }} passes its probes and then'
        " fails under traffic.",
    ),
    Alert(
        "HighAuthenticationFailureRate",
        "job:auth_failures:ratio_rate5m > 0.1 and sum by (job) (rate(auth_attempts_total{S}[5m])) > 0.2",
        "5m",
        "warning",
        "{{ $value | humanizePercentage }} of credentials are refused",
        "For five minutes more than 10% of the credentials checked by {{ $labels.job }} have been refused, missing or"
        " expired, now {{ $value | humanizePercentage }}.",
    ),
    Alert(
        "JWTValidationErrors",
        "sum by (job, error_type) (rate(jwt_validation_errors_total{S}[5m])) > 5",
        "5m",
        "warning",
        "{{ $value | humanize }} tokens per second are refused as {{ $labels.error_type }}",
        "For five minutes more than 5 tokens per second have been refused for the same cause,"
        " {{ $labels.error_type }}; now {{ $value | humanize }}.",
    ),
    Alert(
        "JWKSRefreshFailing",
        "time() - max by (job, issuer) (jwks_last_success_timestamp_seconds{S} > 0) > 3600",
        "5m",
        "warning",
        "The keys of issuer {{ $labels.issuer }} are {{ $value | humanizeDuration }} old",
        "They could not be fetched for over an hour. Tokens signed with a key that the issuer has taken up since are"
        " refused; keys that it has withdrawn are still believed.",
    ),
)
