"""The series about callers: credentials, tokens, tenants, what is remembered, keys of issuers."""

from __future__ import annotations

import pytest

from gatewayd.core.guarded import GuardedNames
from gatewayd.core.tokens.errors import ERROR_TYPES
from gatewayd.telemetry import Metrics
from gatewayd.telemetry.callers import MOST_PAIRS
from gatewayd.telemetry.catalogue import CACHE_ERRORS, CACHE_HITS, JWT_ERRORS
from gatewayd.telemetry.tenants import OTHER, REVIEW_EVERY
from tests.telemetry.test_traffic import value


def test_credentials_count_by_what_became_of_them() -> None:
    """All three ends are there from the start; the usual one is an attribute."""
    metrics = Metrics()
    auth = metrics.callers.auth

    def attempts() -> list[float | None]:
        return [value(metrics, "auth_attempts_total", status=name) for name in ("success", "failure", "expired")]

    assert attempts() == [0, 0, 0]
    auth.successes += 3
    auth.failed("failure")
    auth.failed("expired")
    auth.failed("expired")
    assert attempts() == [3, 1, 2]
    with pytest.raises(KeyError):
        auth.failed("success")  # type: ignore[arg-type]


def test_checks_are_timed() -> None:
    """What a check took is kept, and folded into its buckets with the others."""
    metrics = Metrics()
    metrics.callers.auth.took(0.0001)
    metrics.callers.auth.took(0.3)
    metrics.fold()
    assert value(metrics, "auth_duration_seconds_count") == 2
    assert value(metrics, "auth_duration_seconds_bucket", le="0.001") == 1
    assert value(metrics, "auth_duration_seconds_bucket", le="0.25") == 1
    assert value(metrics, "auth_duration_seconds_bucket", le="0.5") == 2


def test_refused_tokens_count_by_their_fault() -> None:
    """Every fault that judging a token knows can be counted, and is there from the start."""
    metrics = Metrics()
    assert set(JWT_ERRORS.known) == set(ERROR_TYPES)
    for error_type in ERROR_TYPES:
        assert value(metrics, "jwt_validation_errors_total", error_type=error_type) == 0
    metrics.callers.auth.error("audience")
    assert value(metrics, "jwt_validation_errors_total", error_type="audience") == 1
    with pytest.raises(KeyError):
        metrics.callers.auth.error("gremlins")


def test_memories_count_hits_and_misses() -> None:
    """That of tokens is counted by attributes, the others by calls."""
    metrics = Metrics()
    for kind in CACHE_HITS.known:
        assert value(metrics, "cache_hits_total", cache_type=kind) == 0
        assert value(metrics, "cache_misses_total", cache_type=kind) == 0
        for operation in CACHE_ERRORS.known:
            assert value(metrics, "cache_errors_total", cache_type=kind, operation=operation) == 0
    metrics.callers.auth.hits += 5
    metrics.callers.auth.misses += 2
    metrics.callers.cache_hit("jwks")
    metrics.callers.cache_miss("response")
    metrics.callers.cache_error("response", "set")
    assert value(metrics, "cache_hits_total", cache_type="token") == 5
    assert value(metrics, "cache_misses_total", cache_type="token") == 2
    assert value(metrics, "cache_hits_total", cache_type="jwks") == 1
    assert value(metrics, "cache_misses_total", cache_type="response") == 1
    assert value(metrics, "cache_errors_total", cache_type="response", operation="set") == 1
    for count in (metrics.callers.cache_hit, metrics.callers.cache_miss):
        with pytest.raises(KeyError):
            count("gremlins")
    with pytest.raises(KeyError):
        metrics.callers.cache_error("token", "gremlins")


def test_a_tenants_refused_credentials() -> None:
    """They count by their reason."""
    metrics = Metrics()
    metrics.callers.auth.tenant_failed("acme", "revoked")
    metrics.callers.auth.tenant_failed("acme", "revoked")
    metrics.callers.auth.tenant_failed("acme", "expired")
    assert value(metrics, "tenant_auth_failures_total", tenant_id="acme", reason="revoked") == 2
    assert value(metrics, "tenant_auth_failures_total", tenant_id="acme", reason="expired") == 1


def test_attempts_at_other_tenants() -> None:
    """Both tenants are labels; one that does not exist is not, and neither is one too many."""
    metrics = Metrics(most_tenants=20)
    crossed = metrics.callers.crossed
    crossed("acme", "rival")
    crossed("acme", "rival")
    crossed("acme", "")
    crossed("", "rival")
    name = "cross_tenant_attempts_total"
    assert value(metrics, name, source_tenant="acme", target_tenant="rival") == 2
    assert value(metrics, name, source_tenant="acme", target_tenant=OTHER) == 1
    assert value(metrics, name, source_tenant=OTHER, target_tenant="rival") == 1
    for number in range(20):
        crossed("acme", f"t{number}")
    assert value(metrics, name, source_tenant="acme", target_tenant="t19") is None
    assert value(metrics, "metrics_series_capped_total", metric=name) == 2


def test_pairs_of_tenants_are_bounded() -> None:
    """However many tenants name each other, the series stay few."""
    metrics = Metrics()
    for one in range(40):
        for other in range(40):
            metrics.callers.crossed(f"a{one}", f"b{other}")
    rows = list(metrics.callers.crossings())
    assert len(rows) == MOST_PAIRS + 1
    assert sum(count for _, count in rows if isinstance(count, int)) == 1600
    assert value(metrics, "cross_tenant_attempts_total", source_tenant=OTHER, target_tenant=OTHER) == 600


def test_who_has_no_series_any_more_has_none_anywhere() -> None:
    """When a tenant hands its series on, those of its refusals go as well, and what follows is counted as others'."""
    metrics = Metrics(most_tenants=2)
    callers, auth, limits = metrics.callers, metrics.callers.auth, metrics.rate_limits
    for tenant in ("small", "large"):
        auth.tenant_failed(tenant, "revoked")
        callers.crossed(tenant, "")
        limits.exceeded("/a", tenant)
    for tenant, times in (("large", 50), ("small", 1), ("new", 10)):
        for _ in range(times):
            auth.seen(tenant)
    for _ in range(REVIEW_EVERY):
        metrics.fold()
    rows = {name: value(metrics, "tenant_requests_total", tenant_id=name) for name in ("large", "small", "new", OTHER)}
    assert rows == {"large": 50, "small": None, "new": 0, OTHER: 10}
    for _ in range(3):
        auth.tenant_failed("small", "revoked")
    found = {
        name: value(metrics, "tenant_auth_failures_total", tenant_id=name, reason="revoked")
        for name in ("small", "large", OTHER)
    }
    assert found == {"small": None, "large": 1, OTHER: 3}
    assert value(metrics, "cross_tenant_attempts_total", source_tenant="small", target_tenant=OTHER) is None
    assert value(metrics, "cross_tenant_attempts_total", source_tenant="large", target_tenant=OTHER) == 1
    assert value(metrics, "rate_limit_exceeded_total", endpoint="/a", tenant_id="small") is None
    assert value(metrics, "metrics_series_capped_total", metric="tenant_auth_failures_total") == 3
    assert value(metrics, "metrics_series_capped_total", metric="tenant_requests_total") == 10


def test_removed_headers_exist_before_the_first() -> None:
    """Every guarded name is a label, and no other text can become one."""
    metrics = Metrics()
    names = GuardedNames()
    metrics.callers.guard(names.labels)
    metrics.callers.dangerous_header("x-tenant-id")
    metrics.callers.guard(names.labels)  # as when another configuration is taken up
    assert value(metrics, "dangerous_headers_filtered_total", header_name="x-tenant-id") == 1
    assert value(metrics, "dangerous_headers_filtered_total", header_name="x-internal-*") == 0
    with pytest.raises(KeyError):
        metrics.callers.dangerous_header("x-anything")


def test_keys_at_hand_are_a_memory() -> None:
    """They are counted by attributes where a token is judged; a fetch that failed is an error of that memory."""
    metrics = Metrics()
    metrics.callers.auth.key_hits += 2
    metrics.callers.auth.key_misses += 1
    metrics.callers.issuer("platform")
    metrics.callers.jwks_refresh("platform", "failure")
    assert value(metrics, "cache_hits_total", cache_type="jwks") == 2
    assert value(metrics, "cache_misses_total", cache_type="jwks") == 1
    assert value(metrics, "cache_errors_total", cache_type="jwks", operation="get") == 1


def test_fetching_keys_is_a_check() -> None:
    """It is healthy once the last fetch of every issuer's keys succeeded; without such issuers there is no check."""
    metrics = Metrics()
    callers = metrics.callers

    def healthy() -> float | None:
        return value(metrics, "health_check_status", check_type="jwks")

    assert healthy() is None
    callers.issuer("one")
    callers.issuer("other")
    assert healthy() == 0
    callers.jwks_refresh("one", "success")
    assert healthy() == 0
    callers.jwks_refresh("other", "success")
    callers.key_checks.observe(0.02)
    assert healthy() == 1
    assert value(metrics, "health_check_duration_seconds_count", check_type="jwks") == 1
    callers.jwks_refresh("one", "failure")
    assert healthy() == 0


def test_fetched_keys() -> None:
    """Fetches count by issuer and result; when keys last came is known once they did."""
    metrics = Metrics()
    callers = metrics.callers
    callers.issuer("platform")
    assert value(metrics, "jwks_refreshes_total", issuer="platform", result="failure") == 0
    assert value(metrics, "jwks_last_success_timestamp_seconds", issuer="platform") is None
    callers.jwks_refresh("platform", "success")
    callers.jwks_fetched("platform", 1_800_000_000.5)
    callers.issuer("platform")
    assert value(metrics, "jwks_refreshes_total", issuer="platform", result="success") == 1
    assert value(metrics, "jwks_last_success_timestamp_seconds", issuer="platform") == 1_800_000_000.5
    with pytest.raises(KeyError):
        callers.jwks_refresh("platform", "gremlins")
    with pytest.raises(KeyError):
        callers.jwks_refresh("another", "success")
