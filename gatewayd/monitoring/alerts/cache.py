"""Caches and the store behind them."""

from __future__ import annotations

from typing import Final

from gatewayd.monitoring.rules import Alert

ALERTS: Final = (
    Alert(
        "LowCacheHitRate",
        "job_cache_type:cache_hits:ratio_rate15m < 0.5"
        " and sum by (job, cache_type) (rate(cache_misses_total{S}[15m])) > 1",
        "15m",
        "warning",
        "Only {{ $value | humanizePercentage }} of {{ $labels.cache_type }} look-ups are hits",
        "For 15 minutes less than half of the look-ups in the {{ $labels.cache_type }} cache have been answered by it,"
        " and more than one per second was not.",
    ),
    Alert(
        "HighCacheErrorRate",
        "sum by (job, cache_type) (rate(cache_errors_total{S}[5m])) > 10",
        "5m",
        "warning",
        "{{ $value | humanize }} operations per second of the {{ $labels.cache_type }} cache fail",
        "For five minutes more than 10 look-ups or changes per second have failed. Each of them costs what the cache"
        " is there to spare.",
    ),
    Alert(
        "RedisUnavailable",
        'max by (job) (health_check_status{S,check_type="redis"}) == 0',
        "1m",
        "warning",
        "No gateway of {{ $labels.job }} reaches Redis",
        "For a minute limits, revocations and API keys that are in Redis have been decided as on_store_failure and"
        " their like say. Requests go on.",
    ),
)
