"""What clients feel: down, absent, failing, slow."""

from __future__ import annotations

from gatewayd.monitoring.cases.case import Case, fires


def cases(job: str) -> tuple[Case, ...]:
    """Each alert of the group, on both sides of its wait."""
    return (
        fires(
            "APIGatewayDown",
            "one of two gateways stops answering",
            [('up{S,instance="a:9464"}', "1x4 0x10"), ('up{S,instance="b:9464"}', "1x15")],
            silent=("4m", "5m"),
            at="6m",
            job=job,
            labels={"instance": "a:9464"},
            told=(
                "a:9464 does not answer its scrapes",
                "Prometheus has not been able to read the metrics of a:9464 for a minute. The gateway is down, hangs,"
                " or cannot be reached.",
            ),
        ),
        fires(
            "APIGatewayAbsent",
            "nobody ever scraped it",
            [('up{job="another"}', "1x10")],
            silent=("4m",),
            at="5m",
            job=job,
            labels={},
            told=(
                f"No gateway is scraped as job {job}",
                f"Prometheus knows no target of the job {job}: it was removed, renamed, or discovery finds none. Every"
                " other alert about the gateway is blind meanwhile.",
            ),
        ),
        fires(
            "APIGatewayHighErrorRate",
            "6 of 100 requests fail",
            [
                ('http_requests_total{S,route="/a/**",status_code="200"}', "0+564x20"),
                ('http_requests_total{S,route="/a/**",status_code="503"}', "0+36x20"),
            ],
            silent=("5m",),
            at="7m",
            job=job,
            labels={},
            told=(
                f"6% of requests to {job} fail with 5xx",
                "For five minutes more than 5% of the requests have been answered with 5xx, now 6%.",
            ),
        ),
        fires(
            "APIGatewayHighLatency",
            "half of the requests take between 2 and 5 s",
            [
                ('http_requests_total{S,status_code="200"}', "0+120x20"),
                ('http_request_duration_seconds_bucket{S,le="2.0"}', "0+60x20"),
                ('http_request_duration_seconds_bucket{S,le="5.0"}', "0+120x20"),
                ('http_request_duration_seconds_bucket{S,le="+Inf"}', "0+120x20"),
            ],
            silent=("12m",),
            at="14m",
            job=job,
            labels={"quantile": "0.95"},
            told=(
                f"One request in twenty to {job} takes longer than 4.7s",
                "The 95th percentile of request durations has been above 2 s for ten minutes, now 4.7s.",
            ),
        ),
    )
