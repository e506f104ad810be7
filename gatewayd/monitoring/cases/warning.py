"""Breakers and credentials."""

from __future__ import annotations

from gatewayd.monitoring.cases.case import Case, fires


def cases(job: str) -> tuple[Case, ...]:
    """Each alert of the group, on both sides of its wait."""
    return (
        fires(
            "CircuitBreakerOpen",
            "one gateway's breaker opens",
            [
                ('circuit_breaker_state{S,instance="a:9464",service="payment"}', "0x2 1x10"),
                ('circuit_breaker_state{S,instance="b:9464",service="payment"}', "0x13"),
                ('circuit_breaker_state{S,instance="a:9464",service="ticket"}', "0x13"),
            ],
            silent=("4m",),
            at="5m",
            job=job,
            labels={"service": "payment"},
            told=_open("payment"),
        ),
        fires(
            "CircuitBreakerHighFailureRate",
            "12 requests a second fail",
            [('circuit_breaker_failures_total{S,service="payment"}', "0+720x20")],
            silent=("9m",),
            at="10m",
            job=job,
            labels={"service": "payment"},
            told=(
                "12 requests per second to payment fail",
                "For five minutes more than 10 requests per second to payment have failed after all their retries, now"
                " 12.",
            ),
        ),
        fires(
            "CircuitBreakerFlapping",
            "a breaker opens five times in five minutes",
            [
                (
                    'circuit_breaker_transitions_total{S,service="payment",from_state="closed",to_state="open"}',
                    "0 1 2 3 4 5 5x10",
                ),
                (
                    'circuit_breaker_transitions_total{S,service="payment",from_state="open",to_state="half_open"}',
                    "0 9 18 27 36 45 45x10",
                ),
            ],
            silent=("4m",),
            at="5m",
            job=job,
            labels={"service": "payment"},
            told=(
                "The circuit breaker of payment opens again and again",
                "It opened 5 times in 15 minutes: payment passes its probes and then fails under traffic.",
            ),
        ),
        fires(
            "HighAuthenticationFailureRate",
            "one credential in six is refused or has expired",
            [
                ('auth_attempts_total{S,status="success"}', "0+50x20"),
                ('auth_attempts_total{S,status="failure"}', "0+5x20"),
                ('auth_attempts_total{S,status="expired"}', "0+5x20"),
            ],
            silent=("6m",),
            at="8m",
            job=job,
            labels={},
            told=(
                "16.67% of credentials are refused",
                f"For five minutes more than 10% of the credentials checked by {job} have been refused, missing or"
                " expired, now 16.67%.",
            ),
        ),
        fires(
            "JWTValidationErrors",
            "7 expired tokens a second",
            [
                ('jwt_validation_errors_total{S,error_type="expired"}', "0+420x20"),
                ('jwt_validation_errors_total{S,error_type="invalid"}', "0+60x20"),
            ],
            silent=("8m",),
            at="9m",
            job=job,
            labels={"error_type": "expired"},
            told=(
                "7 tokens per second are refused as expired",
                "For five minutes more than 5 tokens per second have been refused for the same cause, expired; now 7.",
            ),
        ),
        fires(
            "JWKSRefreshFailing",
            "keys come no more; those of an issuer that never had any are another matter",
            [
                ('jwks_last_success_timestamp_seconds{S,issuer="platform"}', "1x80"),
                ('jwks_last_success_timestamp_seconds{S,issuer="never"}', "0x80"),
            ],
            silent=("60m", "65m"),
            at="66m",
            job=job,
            labels={"issuer": "platform"},
            told=(
                "The keys of issuer platform are 1h 5m 59s old",
                "They could not be fetched for over an hour. Tokens signed with a key that the issuer has taken up"
                " since are refused; keys that it has withdrawn are still believed.",
            ),
        ),
    )


def _open(service: str) -> tuple[str, str]:
    return (
        f"The circuit breaker of {service} has not been closed for two minutes",
        f"Requests to {service} are refused with 503 circuit-open: too many of the latest ones failed, and no probe has"
        " succeeded since.",
    )
