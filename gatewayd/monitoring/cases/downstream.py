"""Services that are down, slow, failing, or asked too often."""

from __future__ import annotations

from gatewayd.monitoring.cases.case import Case, fires


def cases(job: str) -> tuple[Case, ...]:
    """Each alert of the group, on both sides of its wait."""
    attempts = 'downstream_request_duration_seconds_bucket{S,service="payment",le="%s"}'
    return (
        fires(
            "DownstreamServiceDown",
            "no gateway finds it healthy any more; Redis has an alert of its own",
            [
                ('health_check_status{S,instance="a:9464",check_type="payment"}', "0x15"),
                ('health_check_status{S,instance="b:9464",check_type="payment"}', "1x2 0x10"),
                ('health_check_status{S,instance="a:9464",check_type="ticket"}', "0x15"),
                ('health_check_status{S,instance="b:9464",check_type="ticket"}', "1x15"),
                ('health_check_status{S,instance="a:9464",check_type="redis"}', "0x15"),
            ],
            silent=("4m",),
            at="5m",
            job=job,
            labels={"check_type": "payment"},
            told=(
                "payment fails its health checks everywhere",
                "For two minutes no gateway has found a healthy target of payment.",
            ),
        ),
        fires(
            "DownstreamServiceHighLatency",
            "most attempts take between 5 and 10 s",
            [(attempts % "5.0", "0+10x20"), (attempts % "10.0", "0+100x20"), (attempts % "+Inf", "0+100x20")],
            silent=("10m",),
            at="12m",
            job=job,
            labels={"service": "payment"},
            told=(
                "One attempt in twenty at payment takes longer than 9.722s",
                "The 95th percentile of payment has been above 5 s for ten minutes, now 9.722s.",
            ),
        ),
        fires(
            "DownstreamServiceHighErrorRate",
            "one attempt in five times out",
            [
                ('downstream_errors_total{S,service="payment",error_type="timeout"}', "0+12x20"),
                ('downstream_requests_total{S,service="payment",status_code="200"}', "0+48x20"),
                ('downstream_requests_total{S,service="payment",status_code="error"}', "0+12x20"),
            ],
            silent=("6m",),
            at="8m",
            job=job,
            labels={"service": "payment"},
            told=(
                "20% of attempts at payment fail",
                "For five minutes more than 10% of the attempts at payment have failed, now 20%. Clients see those that"
                " no retry made good.",
            ),
        ),
        fires(
            "DownstreamNoHealthyTargets",
            "the last target of all gateways fails",
            [
                ('downstream_targets{S,instance="a:9464",service="payment",state="healthy"}', "2 1 1 0x10"),
                ('downstream_targets{S,instance="b:9464",service="payment",state="healthy"}', "0x14"),
                ('downstream_targets{S,instance="b:9464",service="payment",state="unhealthy"}', "2x14"),
            ],
            silent=("3m",),
            at="4m",
            job=job,
            labels={"service": "payment"},
            told=(
                "payment has no healthy target",
                "For a minute no gateway has had a target of payment that is neither failing its checks, nor ejected,"
                " nor leaving.",
            ),
        ),
        fires(
            "DownstreamRetryStorm",
            "30 of 100 attempts are retries",
            [
                ('downstream_retries_total{S,service="payment",reason="timeout"}', "0+30x20"),
                ('downstream_requests_total{S,service="payment",status_code="200"}', "0+100x20"),
            ],
            silent=("5m",),
            at="6m",
            job=job,
            labels={"service": "payment"},
            told=(
                "30% of attempts at payment are retries",
                "For five minutes more than a fifth of what payment is asked has been asked before: retries add to the"
                " load of a service that is ill already.",
            ),
        ),
    )
