"""The recording rules: what alerts and panels ask again and again, worked out once."""

from __future__ import annotations

from typing import Final

from gatewayd.monitoring import slo
from gatewayd.monitoring.rules import Group, Recording
from gatewayd.monitoring.settings import Settings

QUANTILES: Final = ("0.5", "0.95", "0.99")
LONG: Final = ("6h", "1d", "3d")  # change slowly and read much: a minute's pause between two evaluations is enough

_REQUESTS = "sum by (job) (rate(http_requests_total{S}[%s]))"


def _errors(window: str) -> Recording:
    total = _REQUESTS % window
    failed = f'sum by (job) (rate(http_requests_total{{S,status_code=~"5.."}}[{window}]))'
    # Without the second half there is no ratio at all until the first error, and panels and alerts have gaps.
    return Recording(slo.ERRORS + window, f"({failed} or 0 * {total}) / {total}")


def _slow(window: str, bound: str) -> Recording:
    fast = f'sum by (job) (rate(http_request_duration_seconds_bucket{{S,le="{bound}"}}[{window}]))'
    all_of_them = f"sum by (job) (rate(http_request_duration_seconds_count{{S}}[{window}]))"
    return Recording(slo.SLOW + window, f"1 - {fast} / {all_of_them}")


def _quantile(quantile: str) -> Recording:
    return Recording(
        "job:http_request_duration_seconds:quantile_rate5m",
        f"histogram_quantile({quantile}, sum by (job, le) (rate(http_request_duration_seconds_bucket{{S}}[5m])))",
        (("quantile", quantile),),
    )


def _plain() -> tuple[Recording, ...]:
    hits, misses = (f"sum by (job, cache_type) (rate(cache_{what}_total{{S}}[15m]))" for what in ("hits", "misses"))
    return (
        Recording("job:http_requests:rate5m", _REQUESTS % "5m"),
        Recording("job_route:http_requests:rate5m", "sum by (job, route, method) (rate(http_requests_total{S}[5m]))"),
        *(_quantile(quantile) for quantile in QUANTILES),
        Recording(
            "job_service:downstream_request_duration_seconds:p95_rate5m",
            "histogram_quantile(0.95,"
            " sum by (job, service, le) (rate(downstream_request_duration_seconds_bucket{S}[5m])))",
        ),
        Recording(
            "job_service:downstream_errors:ratio_rate5m",
            "sum by (job, service) (rate(downstream_errors_total{S}[5m]))"
            " / sum by (job, service) (rate(downstream_requests_total{S}[5m]))",
        ),
        Recording(
            "job:auth_failures:ratio_rate5m",
            'sum by (job) (rate(auth_attempts_total{S,status!="success"}[5m]))'
            " / sum by (job) (rate(auth_attempts_total{S}[5m]))",
        ),
        Recording("job_cache_type:cache_hits:ratio_rate15m", f"{hits} / ({hits} + {misses})"),
        Recording(
            "job_instance:event_loop_lag_seconds:p95_rate5m",
            "histogram_quantile(0.95, sum by (job, instance, le) (rate(event_loop_lag_seconds_bucket{S}[5m])))",
        ),
    )


def groups(settings: Settings) -> tuple[Group, ...]:
    """All 24, those of long windows apart."""
    short = [window for window in slo.WINDOWS if window not in LONG]
    bound = settings.latency_bound
    return (
        Group(
            "gatewayd-recording",
            (*map(_errors, short), *(_slow(window, bound) for window in short), *_plain()),
        ),
        Group("gatewayd-recording-long", (*map(_errors, LONG), *(_slow(window, bound) for window in LONG)), "1m"),
    )
