"""Every metric gatewayd exports itself, defined once, one row each: name, labels, buckets, what it says, what moves it.

They are a contract with dashboards and alerts. docs/metrics.md is generated from this table
(`python -m gatewayd.telemetry`).
"""

from __future__ import annotations

from gatewayd.telemetry.definition import Definition, counter, gauge, histogram, info

# Upper bounds of buckets, in seconds and in bytes. 1.0 rather than 1: the label is le="1.0", and rules match its text.
LATENCY = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
DOWNSTREAM = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
ASKING = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
SIZES = (100.0, 1e3, 5e3, 10e3, 50e3, 100e3, 500e3, 1e6, 10e6)
LAGS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
CHECKS = (0.001, 0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0)
OVERHEADS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1)

_ATTEMPT_ERRORS = "timeout connect reset tls protocol dns http_5xx"
_CACHES = "response token jwks dns"
_JWT_ERRORS = "expired invalid malformed missing audience issuer unknown_key algorithm"
_VIOLATIONS = "header_manipulation tenant_bypass auth_bypass path_traversal smuggling oversize"
_CAPPED = "tenant_requests_total tenant_auth_failures_total cross_tenant_attempts_total rate_limit_exceeded_total"

# A table is read line by line, so it is laid out by hand.
# fmt: off

# Requests.
REQUESTS = counter("http_requests_total", "method route status_code", "Finished requests.",
    "when the response ended, or with status 499 when it could not reach its client any more")
REQUEST_DURATION = histogram("http_request_duration_seconds", "method route status_code", LATENCY,
    "Time from a request's first byte in to its response's last byte out.",
    "with `http_requests_total`; the label is the status class, as 2xx; exemplars")
REQUEST_SIZE = histogram("http_request_size_bytes", "method route", SIZES, "Bytes of request bodies that were read.",
    "with `http_requests_total`; bytes really read, not Content-Length")
RESPONSE_SIZE = histogram("http_response_size_bytes", "method route", SIZES,
    "Bytes of response bodies that were written.", "with `http_requests_total`; bytes really written")
IN_PROGRESS = gauge("http_requests_in_progress", "method route", "Requests that are being served.",
    "when a request starts and ends")
OVERHEAD = histogram("gatewayd_overhead_seconds", "", OVERHEADS,
    "Time of a request minus the time spent waiting for its service.", "at a request's end")
ABORTS = counter("http_request_aborts_total", "reason", "Requests that did not get their whole answer.",
    "at each unfinished request", known="client timeout shutdown oversize")

# Who calls, and may they.
AUTH_ATTEMPTS = counter("auth_attempts_total", "status",
    "Credentials that were checked, and requests that had none where they needed one.",
    "at each check, also where the answer was remembered", known="success failure expired")
AUTH_ALIAS = counter("authentication_attempts_total", "status",
    "The same as auth_attempts_total, for dashboards that know it by this name.",
    "with `auth_attempts_total`; only where `metrics.aliases` is on", known="success failure expired")
AUTH_DURATION = histogram("auth_duration_seconds", "", ASKING, "Time to check a credential.",
    "at each check whose answer was not remembered")
JWT_ERRORS = counter("jwt_validation_errors_total", "error_type",
    "Tokens that were refused, and requests that had none where they needed one.",
    "at each refused token; a revoked one is invalid", known=_JWT_ERRORS)
TENANT_REQUESTS = counter("tenant_requests_total", "tenant_id", "Requests by the tenant of their caller.",
    "once the caller is known; `_other` is those of all tenants without a series of their own")
TENANT_AUTH_FAILURES = counter("tenant_auth_failures_total", "tenant_id reason",
    "Refused credentials that are known to be a tenant's.",
    "with `auth_attempts_total`; `reason` as the `error_type` of tokens, or revoked")
CROSS_TENANT = counter("cross_tenant_attempts_total", "source_tenant target_tenant",
    "Requests that named another tenant than their caller's.",
    "at each refused request; `_other` is also a tenant that is not known")
VIOLATIONS = counter("security_violations_total", "violation_type",
    "Requests blocked because they looked like an attack.", "at each blocked request", known=_VIOLATIONS)
DANGEROUS_HEADERS = counter("dangerous_headers_filtered_total", "header_name",
    "Headers and trailers removed from requests because only the gateway may write them.",
    "at each removed field; every name of `guarded_headers` exists from the start")
EXCEEDED = counter("rate_limit_exceeded_total", "endpoint tenant_id",
    "Requests that were refused because there were too many.",
    "at each answer 429; `endpoint` is the route, `tenant_id` is `_none` where no tenant is known")
DECISIONS = counter("rate_limit_decisions_total", "decision", "Decisions of limits; a request may have several.",
    "at each decision; shadow would have been deny if it were enforced, fail_* were made without the store",
    known="allow deny shadow fail_open fail_closed")

# What is remembered, and where.
CACHE_HITS = counter("cache_hits_total", "cache_type", "Look-ups that were answered from memory or a store.",
    "at each look-up; of jwks where a token is verified, of dns where a connection goes to an address found before",
    known=_CACHES)
CACHE_MISSES = counter("cache_misses_total", "cache_type", "Look-ups that were not.", "at each look-up", known=_CACHES)
CACHE_ERRORS = counter("cache_errors_total", "cache_type operation", "Look-ups and changes that failed.",
    "at each failure; every `cache_type` has all of these from the start", known="get set delete")
JWKS_REFRESHES = counter("jwks_refreshes_total", "issuer result", "Fetches of the keys that an issuer publishes.",
    "at each fetch; every configured issuer has both from the start", known="success failure")
JWKS_LAST_SUCCESS = gauge("jwks_last_success_timestamp_seconds", "issuer",
    "When the keys of an issuer last came, since 1970.", "at each fetch that succeeds")
REDIS_DURATION = histogram("redis_command_duration_seconds", "command", ASKING,
    "Time of a call to Redis, until its answer or its failure.",
    "at each call; `command` is the family: get, set, delete, count, ordered, script")
REDIS_ERRORS = counter("redis_errors_total", "error_type", "Calls to Redis that failed.", "at each failure",
    known="timeout connection auth script other")
REDIS_CONNECTIONS = gauge("redis_pool_connections", "state", "Connections to Redis that are up, and that are wanted.",
    "read at each scrape", known="up wanted")

# Services.
BREAKER_STATE = gauge("circuit_breaker_state", "service",
    "State of a service's circuit breaker: 0 closed, 1 open, 2 half-open.",
    "read at each scrape; what is forced open or closed counts as open or closed")
BREAKER_FAILURES = counter("circuit_breaker_failures_total", "service",
    "Calls that the circuit breaker counted as failed.", "at a request's end, after its retries")
BREAKER_SUCCESSES = counter("circuit_breaker_successes_total", "service",
    "Calls that the circuit breaker counted as succeeded.", "at a request's end, after its retries")
BREAKER_TIMEOUTS = counter("circuit_breaker_timeouts_total", "service",
    "Calls that failed because they took too long.",
    "with `circuit_breaker_failures_total`, which counts them as well")
BREAKER_REJECTS = counter("circuit_breaker_rejects_total", "service", "Calls that the circuit breaker refused.",
    "at each refused call")
BREAKER_TRANSITIONS = counter("circuit_breaker_transitions_total", "service from_state to_state",
    "Changes of a circuit breaker's state.",
    "at each change; those a breaker comes to by itself exist from the start")
ATTEMPTS = counter("downstream_requests_total", "service status_code",
    "Attempts to get an answer from a service, retries included.",
    "at an attempt's end; `error` where no answer came; one that its client gave up is none")
ATTEMPT_DURATION = histogram("downstream_request_duration_seconds", "service", DOWNSTREAM,
    "Time of an attempt until the answer's last byte.", "with `downstream_requests_total`; exemplars")
ATTEMPT_ERRORS = counter("downstream_errors_total", "service error_type", "Attempts that failed.",
    "at the end of a failed attempt", known=_ATTEMPT_ERRORS)
POOL = gauge("downstream_connections", "service state",
    "Connections to a service by state, and requests waiting for one.", "read at each scrape",
    known="active idle waiting")
CONNECT_DURATION = histogram("downstream_connect_duration_seconds", "service", DOWNSTREAM,
    "Time to open a connection to a service, TLS included.", "at each new connection")
RETRIES = counter("downstream_retries_total", "service reason",
    "Further attempts at a service, by what became of the one before; hedge where it only was slow.",
    "when the further attempt is decided on", known="connect reset timeout protocol tls status hedge")
TARGETS = gauge("downstream_targets", "service state",
    "Targets of a service by state: unhealthy ones fail their checks or are ejected, draining ones are leaving.",
    "read at each scrape", known="healthy unhealthy draining")
CHECK_STATUS = gauge("health_check_status", "check_type",
    "1 if what is checked is healthy, for a service if one of its targets is; 0 if not.",
    "after each active check; `check_type` is the name of a service, redis, or jwks: the keys of every issuer")
CHECK_DURATION = histogram("health_check_duration_seconds", "check_type", CHECKS, "Time of an active check.",
    "after each active check; `check_type` as in `health_check_status`")

# The gateway itself.
CONNECTIONS = gauge("active_connections", "", "Client connections that are open.", "read at each scrape")
CONNECTIONS_LIMIT = gauge("gatewayd_connections_limit", "", "Client connections that may be open at most.",
    "when a configuration is taken up")
REJECTED = counter("connections_rejected_total", "reason", "Client connections that were refused.",
    "at each refused connection; proxy_header is one from a balancer that does not begin as it must",
    known="limit tls slow_header blocklist proxy_header")
MEMORY = gauge("memory_usage_bytes", "type", "Memory of the process, and what it may use at most.",
    "read at each scrape; types rss, vms, shared and limit (control group, or the machine's memory)")
LOOP_LAG = histogram("event_loop_lag_seconds", "", LAGS, "How much later than planned the event loop woke up.",
    "every 250 ms")
BUILD_INFO = info("gatewayd_build_info", "version revision python twisted openssl", "What is running.", "at the start")
CONFIG_INFO = info("gatewayd_config_info", "hash", "Hash of the configuration in use.",
    "when a configuration is taken up")
RELOAD_SUCCESSFUL = gauge("gatewayd_config_last_reload_successful", "",
    "1 if the configuration was good when it was last read, 0 if not.", "at the start and at each reload")
RELOAD_TIME = gauge("gatewayd_config_last_reload_success_timestamp_seconds", "",
    "When the configuration in use was taken up, since 1970.", "at the start and at each reload that succeeds")
RELOADS = counter("gatewayd_config_reloads_total", "result", "Times that the configuration was read again.",
    "at each reload; unchanged says the same as the one in use", known="success failure unchanged")
WORKERS = gauge("gatewayd_workers", "state", "Processes that serve requests.", "read at each scrape",
    known="up draining down")
WORKER_RESTARTS = counter("gatewayd_worker_restarts_total", "reason", "Processes that were replaced.",
    "at each replacement", known="exit signal watchdog reload")
DRAINING = gauge("gatewayd_draining", "", "1 while the gateway is stopping.", "when draining starts")
CERTIFICATE_END = gauge("tls_certificate_not_after_timestamp_seconds", "name",
    "When a certificate expires, since 1970.", "when certificates are loaded")
SPANS = counter("otel_spans_total", "result", "Spans of traces, by what became of them.",
    "at a span's end, and at each export", known="exported dropped failed unsampled")
SERIES_CAPPED = counter("metrics_series_capped_total", "metric",
    "Times that a label was `_other` because there were too many.", "at each of them", known=_CAPPED)

# The names that Prometheus client libraries use for these, in whatever language and in Python.
PROCESS_CPU = counter("process_cpu_seconds_total", "", "User and system CPU time spent.", "read at each scrape")
PROCESS_OPEN_FDS = gauge("process_open_fds", "", "File descriptors that are open.", "read at each scrape")
PROCESS_MAX_FDS = gauge("process_max_fds", "", "File descriptors that may be open.", "read at each scrape")
PROCESS_VIRTUAL_MEMORY = gauge("process_virtual_memory_bytes", "", "Virtual memory.", "read at each scrape")
PROCESS_RESIDENT_MEMORY = gauge("process_resident_memory_bytes", "", "Resident memory.", "read at each scrape")
PROCESS_START = gauge("process_start_time_seconds", "", "When the process began, since 1970.", "at the start")
GC_COLLECTED = counter("python_gc_objects_collected_total", "generation", "Objects collected during gc.",
    "read at each scrape", known="0 1 2")
GC_UNCOLLECTABLE = counter("python_gc_objects_uncollectable_total", "generation",
    "Uncollectable objects found during gc.", "read at each scrape", known="0 1 2")
GC_COLLECTIONS = counter("python_gc_collections_total", "generation",
    "Number of times this generation was collected.", "read at each scrape", known="0 1 2")

# fmt: on

DEFINITIONS: tuple[Definition, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Definition)
)
