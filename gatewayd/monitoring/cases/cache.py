"""Caches that spare nothing, and the store that is away."""

from __future__ import annotations

from gatewayd.monitoring.cases.case import Case, Moment, fires


def cases(job: str) -> tuple[Case, ...]:
    """Each alert of the group, on both sides of its wait."""
    return (
        fires(
            "LowCacheHitRate",
            "one look-up in five is a hit",
            [
                ('cache_hits_total{S,cache_type="response"}', "0+30x40"),
                ('cache_misses_total{S,cache_type="response"}', "0+120x40"),
            ],
            silent=("22m",),
            at="24m",
            job=job,
            labels={"cache_type": "response"},
            told=(
                "Only 20% of response look-ups are hits",
                "For 15 minutes less than half of the look-ups in the response cache have been answered by it, and more"
                " than one per second was not.",
            ),
        ),
        Case(
            "LowCacheHitRate: a quiet night is no reason",
            (
                ('cache_hits_total{S,cache_type="response"}', "0x60"),
                ('cache_misses_total{S,cache_type="response"}', "0+6x60"),
            ),
            (Moment("LowCacheHitRate", "60m"),),
        ),
        fires(
            "HighCacheErrorRate",
            "12 look-ups a second fail",
            [
                ('cache_errors_total{S,cache_type="response",operation="get"}', "0+600x20"),
                ('cache_errors_total{S,cache_type="response",operation="set"}', "0+120x20"),
            ],
            silent=("9m",),
            at="10m",
            job=job,
            labels={"cache_type": "response"},
            told=(
                "12 operations per second of the response cache fail",
                "For five minutes more than 10 look-ups or changes per second have failed. Each of them costs what the"
                " cache is there to spare.",
            ),
        ),
        fires(
            "RedisUnavailable",
            "no gateway reaches it",
            [
                ('health_check_status{S,instance="a:9464",check_type="redis"}', "0x15"),
                ('health_check_status{S,instance="b:9464",check_type="redis"}', "1x2 0x10"),
                ('health_check_status{S,instance="a:9464",check_type="payment"}', "0x15"),
            ],
            silent=("3m",),
            at="4m",
            job=job,
            labels={},
            told=(
                f"No gateway of {job} reaches Redis",
                "For a minute limits, revocations and API keys that are in Redis have been decided as on_store_failure"
                " and their like say. Requests go on.",
            ),
        ),
    )
