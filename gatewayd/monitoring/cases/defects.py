"""Mistakes that monitoring of gateways has made before: alerts that were dead, blind, or wrong by a hundred."""

from __future__ import annotations

from decimal import Decimal

from gatewayd.monitoring.cases import downstream, security, warning
from gatewayd.monitoring.cases.case import Case, Firing, Moment, Series, fires
from gatewayd.monitoring.cases.objectives import failing
from gatewayd.monitoring.settings import Settings

_ONCE = "A label of its own: "


def cases(settings: Settings) -> tuple[Case, ...]:
    """One or more cases for each."""
    job = settings.job
    return (
        *_services_keep_their_label(job),
        *_first_events(job),
        _percentages_once(job),
        *_nothing_is_averaged_away(job),
        _removed_targets(job),
        _half_open_is_not_closed(job),
        _memory_is_of_the_limit(),
        _ratios_of_little(settings),
        _expired_counts(job),
    )


def _services_keep_their_label(job: str) -> tuple[Case, ...]:
    """`service` is the service behind the gateway, in series and in alerts; no rule may set it to something else."""
    chosen = ("CircuitBreakerOpen", "CircuitBreakerHighFailureRate", *_DOWNSTREAM)
    found = [case for case in (*warning.cases(job), *downstream.cases(job)) if case.title.split(":")[0] in chosen]
    return tuple(Case(f"{_ONCE}{case.title}", case.series, case.moments) for case in found)


_DOWNSTREAM = ("DownstreamServiceHighErrorRate", "DownstreamServiceHighLatency")


def _first_events(job: str) -> tuple[Case, ...]:
    """A counter that was at zero, or was not there, and is at one."""
    crossing = Firing({"job": job, "source_tenant": "opera"}, *security.CROSSING)
    return (
        Case(
            "The first event: a violation",
            (('security_violations_total{S,violation_type="smuggling"}', "0 0 1x10"),),
            (Moment("SecurityViolationDetected", "2m", (security.violation(job),)),),
        ),
        Case(
            "The first event: a tenant that never named another one",
            (('cross_tenant_attempts_total{S,source_tenant="opera",target_tenant="_other"}', "_ _ 1x10"),),
            (Moment("CrossTenantAccessAttempt", "2m", (crossing,)),),
        ),
    )


def _percentages_once(job: str) -> Case:
    """A ratio of 0.06 is announced as 6%, not as 600%."""
    return fires(
        "HighAuthenticationFailureRate",
        "a share is told as it is, not times a hundred",
        [
            ('auth_attempts_total{S,status="success"}', "0+80x20"),
            ('auth_attempts_total{S,status="failure"}', "0+20x20"),
        ],
        at="15m",
        job=job,
        labels={},
        told=(
            "20% of credentials are refused",
            f"For five minutes more than 10% of the credentials checked by {job} have been refused, missing or expired,"
            " now 20%.",
        ),
    )


def _nothing_is_averaged_away(job: str) -> tuple[Case, ...]:
    """Ninety-nine good gateways do not hide one that is late, nor another environment one that fails."""
    lag = 'event_loop_lag_seconds_bucket{S,instance="%s",le="%s"}'
    late: list[Series] = [(lag % ("a", "0.1"), "0+1x20"), (lag % ("a", "0.25"), "0+240x20")]
    well: list[Series] = [(lag % ("b", "0.1"), "0+9000x20"), (lag % ("b", "0.25"), "0+9000x20")]
    both = [(lag % (one, "+Inf"), f"0+{many}x20") for one, many in (("a", 240), ("b", 9000))]
    return (
        fires(
            "HighEventLoopLag",
            "one late gateway beside a busy one that is not",
            [*late, *well, *both],
            at="15m",
            job=job,
            labels={"instance": "a"},
            told=(
                "The event loop of a is 242.5ms late",
                "One wake-up in twenty has come more than 0.1 s late for five minutes: every request waits as long, and"
                " load is shed above 0.2 s.",
            ),
        ),
        fires(
            "APIGatewayHighErrorRate",
            "another job's good traffic does not dilute this one's errors",
            [
                ('http_requests_total{S,status_code="200"}', "0+80x20"),
                ('http_requests_total{S,status_code="500"}', "0+20x20"),
                ('http_requests_total{job="another",status_code="200"}', "0+90000x20"),
            ],
            at="15m",
            job=job,
            labels={},
            told=(
                f"20% of requests to {job} fail with 5xx",
                "For five minutes more than 5% of the requests have been answered with 5xx, now 20%.",
            ),
        ),
    )


def _removed_targets(job: str) -> Case:
    """`up == 0` needs a target; one that was taken out of discovery has no series at all."""
    absent = Firing(
        {"job": job},
        f"No gateway is scraped as job {job}",
        f"Prometheus knows no target of the job {job}: it was removed, renamed, or discovery finds none. Every other"
        " alert about the gateway is blind meanwhile.",
    )
    return Case(
        "A target that was removed is missed, though not down",
        (("up{S}", "1 1 1 stale"),),
        (Moment("APIGatewayDown", "9m"), Moment("APIGatewayAbsent", "7m"), Moment("APIGatewayAbsent", "8m", (absent,))),
    )


def _half_open_is_not_closed(job: str) -> Case:
    """A breaker that probes every minute is 2 at those moments, and the wait goes on."""
    told = next(case for case in warning.cases(job) if case.title.startswith("CircuitBreakerOpen"))
    return Case(
        "CircuitBreakerOpen: probes every minute do not begin the wait anew",
        (('circuit_breaker_state{S,service="payment"}', "0 0 1 2 1 2 1 2 1 2 1 2"),),
        (Moment("CircuitBreakerOpen", "3m"), Moment("CircuitBreakerOpen", "11m", told.moments[-1].firing)),
    )


def _memory_is_of_the_limit() -> Case:
    """A heap that is full is how heaps are; what counts is the limit."""
    return Case(
        "HighMemoryUsage: much of little is no reason",
        (
            ('memory_usage_bytes{S,instance="a",type="rss"}', "400x20"),
            ('memory_usage_bytes{S,instance="a",type="vms"}', "410x20"),
            ('memory_usage_bytes{S,instance="a",type="limit"}', "1000x20"),
        ),
        (Moment("HighMemoryUsage", "20m"),),
    )


def _ratios_of_little(settings: Settings) -> Case:
    """One request in an idle hour fails: a ratio of 100%, and no reason to wake anybody with a ratio alone."""
    budget = 1 - settings.availability
    return Case(
        "An error rate within the objective, and a single failure at night",
        (
            *failing((budget * Decimal("0.9"), 30)),
            ('http_requests_total{job="another",status_code="500"}', "0x9 1x20"),
            ('auth_attempts_total{S,status="failure"}', "0x9 1x20"),
        ),
        tuple(
            Moment(alert, at)
            for alert in ("APIGatewayHighErrorRate", "AvailabilitySLOViolation", "HighAuthenticationFailureRate")
            for at in ("11m", "20m", "30m")
        ),
    )


def _expired_counts(job: str) -> Case:
    """Credentials that have expired are refused ones, too."""
    return fires(
        "HighAuthenticationFailureRate",
        "expired credentials alone are enough",
        [
            ('auth_attempts_total{S,status="success"}', "0+80x20"),
            ('auth_attempts_total{S,status="expired"}', "0+20x20"),
        ],
        at="15m",
        job=job,
        labels={},
        told=(
            "20% of credentials are refused",
            f"For five minutes more than 10% of the credentials checked by {job} have been refused, missing or expired,"
            " now 20%.",
        ),
    )
