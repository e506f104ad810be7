"""The metrics about callers, defined once; part of `gatewayd.telemetry.catalogue`."""

from __future__ import annotations

from gatewayd.telemetry.definition import Definition

AUTH_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
_CACHES = ("response", "token", "jwks", "dns")

AUTH_ATTEMPTS = Definition(
    "auth_attempts_total",
    "counter",
    "Credentials that were checked, and requests that had none where they needed one.",
    ("status",),
    known=("success", "failure", "expired"),
    when="at each check, also where the answer was remembered",
)
AUTH_DURATION = Definition(
    "auth_duration_seconds",
    "histogram",
    "Time to check a credential.",
    (),
    AUTH_BUCKETS,
    when="at each check whose answer was not remembered",
)
JWT_ERRORS = Definition(
    "jwt_validation_errors_total",
    "counter",
    "Tokens that were refused, and requests that had none where they needed one.",
    ("error_type",),
    known=("expired", "invalid", "malformed", "missing", "audience", "issuer", "unknown_key", "algorithm"),
    when="at each refused token",
)
CACHE_HITS = Definition(
    "cache_hits_total",
    "counter",
    "Look-ups that were answered from memory or a store.",
    ("cache_type",),
    known=_CACHES,
    when="at each look-up",
)
CACHE_MISSES = Definition(
    "cache_misses_total",
    "counter",
    "Look-ups that were not.",
    ("cache_type",),
    known=_CACHES,
    when="at each look-up",
)
CACHE_ERRORS = Definition(
    "cache_errors_total",
    "counter",
    "Look-ups and changes that failed.",
    ("cache_type", "operation"),
    known=("get", "set", "delete"),
    when="at each failure; every `cache_type` has all of these from the start",
)
TENANT_REQUESTS = Definition(
    "tenant_requests_total",
    "counter",
    "Requests by the tenant of their caller.",
    ("tenant_id",),
    when="once the caller is known; `_other` is all tenants after the first 200",
)
TENANT_AUTH_FAILURES = Definition(
    "tenant_auth_failures_total",
    "counter",
    "Refused credentials that are known to be a tenant's.",
    ("tenant_id", "reason"),
    when="with `auth_attempts_total`; `tenant_id` as in `tenant_requests_total`",
)
CROSS_TENANT = Definition(
    "cross_tenant_attempts_total",
    "counter",
    "Requests that named another tenant than their caller's.",
    ("source_tenant", "target_tenant"),
    when="at each refused request; `_other` is a tenant that is not known, or one after the first 200",
)
DANGEROUS_HEADERS = Definition(
    "dangerous_headers_filtered_total",
    "counter",
    "Headers removed from requests because only the gateway may write them.",
    ("header_name",),
    when="at each removed header; every name of `guarded_headers` exists from the start",
)
JWKS_REFRESHES = Definition(
    "jwks_refreshes_total",
    "counter",
    "Fetches of the keys that an issuer publishes.",
    ("issuer", "result"),
    known=("success", "failure"),
    when="at each fetch; every configured issuer has both from the start",
)
JWKS_LAST_SUCCESS = Definition(
    "jwks_last_success_timestamp_seconds",
    "gauge",
    "When the keys of an issuer last came, since 1970.",
    ("issuer",),
    when="at each fetch that succeeds",
)
SERIES_CAPPED = Definition(
    "metrics_series_capped_total",
    "counter",
    "Times that a label was `_other` because there were too many.",
    ("metric",),
    known=("tenant_requests_total", "cross_tenant_attempts_total", "rate_limit_exceeded_total"),
    when="when a further tenant is met",
)

DEFINITIONS: tuple[Definition, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Definition)
)
