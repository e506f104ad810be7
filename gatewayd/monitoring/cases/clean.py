"""An ordinary hour: everything is counted, nothing is wrong, nobody is told anything."""

from __future__ import annotations

from gatewayd.monitoring.alerts import alerts
from gatewayd.monitoring.cases.case import Case, Moment, Series
from gatewayd.monitoring.settings import Settings

_HOUR = 75  # minutes: longer than the longest wait


def _grows(name: str, labels: str, step: int) -> Series:
    return f'{name}{{S,instance="a:9464"{labels}}}', f"0+{step}x{_HOUR}"


def _stays(name: str, labels: str, value: float) -> Series:
    return f'{name}{{S,instance="a:9464"{labels}}}', f"{value:g}x{_HOUR}"


def _buckets(name: str, labels: str, counts: dict[str, int]) -> list[Series]:
    return [_grows(f"{name}_bucket", f'{labels},le="{bound}"', count) for bound, count in counts.items()]


def cases(settings: Settings) -> tuple[Case, ...]:
    """Alert by alert, at several times."""
    quiet = [alert.name for alert in alerts(settings) if alert.name != "Watchdog"]
    moments = tuple(Moment(name, at) for name in quiet for at in ("5m", "40m", "75m"))
    return (Case("Clean traffic", (*_requests(settings), *_callers(), *_services(), *_process()), moments),)


def _requests(settings: Settings) -> list[Series]:
    slower = {"10.0": 600, "+Inf": 600}
    return [
        ('up{S,instance="a:9464"}', f"1x{_HOUR}"),
        _grows("http_requests_total", ',method="GET",route="/a/**",status_code="200"', 594),
        _grows("http_requests_total", ',method="GET",route="/a/**",status_code="404"', 6),
        _grows("http_requests_total", ',method="GET",route="/a/**",status_code="503"', 0),
        *_buckets("http_request_duration_seconds", "", {"0.1": 580, settings.latency_bound: 598, **slower}),
        _grows("http_request_duration_seconds_count", "", 600),
        _stays("active_connections", "", 40),
        _stays("gatewayd_connections_limit", "", 10000),
    ]


def _callers() -> list[Series]:
    return [
        _grows("auth_attempts_total", ',status="success"', 590),
        _grows("auth_attempts_total", ',status="failure"', 6),
        _grows("auth_attempts_total", ',status="expired"', 4),
        _grows("jwt_validation_errors_total", ',error_type="expired"', 4),
        _grows("cache_hits_total", ',cache_type="token"', 500),
        _grows("cache_misses_total", ',cache_type="token"', 90),
        _grows("cache_errors_total", ',cache_type="token",operation="get"', 0),
        _grows("security_violations_total", ',violation_type="smuggling"', 0),
        _grows("cross_tenant_attempts_total", ',source_tenant="opera",target_tenant="arena"', 0),
        _grows("dangerous_headers_filtered_total", ',header_name="x-tenant-id"', 6),
        _grows("rate_limit_exceeded_total", ',endpoint="/a/**",tenant_id="opera"', 60),
        _grows("rate_limit_decisions_total", ',decision="allow"', 600),
        _grows("rate_limit_decisions_total", ',decision="fail_open"', 0),
        # Fetched every ten minutes.
        (
            'jwks_last_success_timestamp_seconds{S,instance="a:9464",issuer="platform"}',
            " ".join(f"{600 * ten}x9" for ten in range(_HOUR // 10 + 1)),
        ),
        _stays("tls_certificate_not_after_timestamp_seconds", ',name="api"', 60 * 86400),
    ]


def _services() -> list[Series]:
    one = ',service="payment"'
    return [
        _stays("circuit_breaker_state", one, 0),
        _grows("circuit_breaker_failures_total", one, 6),
        _grows("circuit_breaker_transitions_total", f'{one},from_state="closed",to_state="open"', 0),
        _grows("downstream_requests_total", f'{one},status_code="200"', 600),
        _grows("downstream_errors_total", f'{one},error_type="timeout"', 3),
        _grows("downstream_retries_total", f'{one},reason="timeout"', 3),
        *_buckets("downstream_request_duration_seconds", one, {"0.1": 590, "5.0": 600, "+Inf": 600}),
        _stays("downstream_targets", f'{one},state="healthy"', 2),
        _stays("health_check_status", ',check_type="payment"', 1),
        _stays("health_check_status", ',check_type="redis"', 1),
    ]


def _process() -> list[Series]:
    return [
        _stays("memory_usage_bytes", ',type="rss"', 200e6),
        _stays("memory_usage_bytes", ',type="limit"', 1e9),
        *_buckets("event_loop_lag_seconds", "", {"0.001": 230, "0.1": 240, "+Inf": 240}),
        _stays("process_open_fds", "", 90),
        _stays("process_max_fds", "", 65536),
        _grows("process_cpu_seconds_total", "", 30),
        _stays("gatewayd_workers", ',state="up"', 1),
        _grows("gatewayd_worker_restarts_total", ',reason="signal"', 0),
        _grows("otel_spans_total", ',result="exported"', 60),
        _grows("otel_spans_total", ',result="dropped"', 0),
        _grows("metrics_series_capped_total", ',metric="tenant_requests_total"', 0),
        _stays("gatewayd_config_last_reload_successful", "", 1),
        _stays("gatewayd_config_info", ',hash="one"', 1),
    ]
