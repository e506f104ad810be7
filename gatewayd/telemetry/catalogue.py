"""Every metric gatewayd exports itself, defined once: name, type, help, labels, buckets.

They are a contract with dashboards and alerts. docs/metrics.md is generated from this file
(`python -m gatewayd.telemetry`); the library adds the `python_gc_*` families.
"""

from __future__ import annotations

from gatewayd.telemetry import catalogue_callers, catalogue_limits, catalogue_stores
from gatewayd.telemetry.definition import Definition

# Upper bounds of buckets, in seconds and in bytes. 1.0 rather than 1: the label is le="1.0", and rules match its text.
LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
DOWNSTREAM_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
SIZE_BUCKETS = (100.0, 1e3, 5e3, 10e3, 50e3, 100e3, 500e3, 1e6, 10e6)
LAG_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
CHECK_BUCKETS = (0.001, 0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0)
OVERHEAD_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1)

REQUESTS = Definition(
    "http_requests_total",
    "counter",
    "Finished requests.",
    ("method", "route", "status_code"),
    when="when the response ended, or with status 499 when the client went away",
)
REQUEST_DURATION = Definition(
    "http_request_duration_seconds",
    "histogram",
    "Time from a request's first byte in to its response's last byte out.",
    ("method", "route", "status_code"),
    LATENCY_BUCKETS,
    when="with `http_requests_total`; the label is the status class, as 2xx",
)
REQUEST_SIZE = Definition(
    "http_request_size_bytes",
    "histogram",
    "Bytes of request bodies that were read.",
    ("method", "route"),
    SIZE_BUCKETS,
    when="with `http_requests_total`; bytes really read, not Content-Length",
)
RESPONSE_SIZE = Definition(
    "http_response_size_bytes",
    "histogram",
    "Bytes of response bodies that were written.",
    ("method", "route"),
    SIZE_BUCKETS,
    when="with `http_requests_total`; bytes really written",
)
BREAKER_STATE = Definition(
    "circuit_breaker_state",
    "gauge",
    "State of a service's circuit breaker: 0 closed, 1 open, 2 half-open.",
    ("service",),
    when="read at each scrape; what is forced open or closed counts as open or closed",
)
BREAKER_FAILURES = Definition(
    "circuit_breaker_failures_total",
    "counter",
    "Calls that the circuit breaker counted as failed.",
    ("service",),
    when="at a request's end, after its retries",
)
BREAKER_SUCCESSES = Definition(
    "circuit_breaker_successes_total",
    "counter",
    "Calls that the circuit breaker counted as succeeded.",
    ("service",),
    when="at a request's end, after its retries",
)
BREAKER_TIMEOUTS = Definition(
    "circuit_breaker_timeouts_total",
    "counter",
    "Calls that failed because they took too long.",
    ("service",),
    when="with `circuit_breaker_failures_total`, which counts them as well",
)
BREAKER_REJECTS = Definition(
    "circuit_breaker_rejects_total",
    "counter",
    "Calls that the circuit breaker refused.",
    ("service",),
    when="at each refused call",
)
BREAKER_TRANSITIONS = Definition(
    "circuit_breaker_transitions_total",
    "counter",
    "Changes of a circuit breaker's state.",
    ("service", "from_state", "to_state"),
    when="at each change; those a breaker comes to by itself exist from the start",
)
ATTEMPTS = Definition(
    "downstream_requests_total",
    "counter",
    "Attempts to get an answer from a service, retries included.",
    ("service", "status_code"),
    when="at an attempt's end; `error` where no answer came",
)
ATTEMPT_DURATION = Definition(
    "downstream_request_duration_seconds",
    "histogram",
    "Time of an attempt until the answer's last byte.",
    ("service",),
    DOWNSTREAM_BUCKETS,
    when="with `downstream_requests_total`",
)
ATTEMPT_ERRORS = Definition(
    "downstream_errors_total",
    "counter",
    "Attempts that failed.",
    ("service", "error_type"),
    known=("timeout", "connect", "reset", "tls", "protocol", "dns", "http_5xx"),
    when="at the end of a failed attempt",
)
VIOLATIONS = Definition(
    "security_violations_total",
    "counter",
    "Requests blocked because they looked like an attack.",
    ("violation_type",),
    known=("header_manipulation", "tenant_bypass", "auth_bypass", "path_traversal", "smuggling", "oversize"),
    when="at each blocked request",
)
CONNECTIONS = Definition(
    "active_connections",
    "gauge",
    "Client connections that are open.",
    when="read at each scrape",
)
MEMORY = Definition(
    "memory_usage_bytes",
    "gauge",
    "Memory of the process, and what it may use at most.",
    ("type",),
    when="read at each scrape; types rss, vms, shared and limit (control group, or the machine's memory)",
)
LOOP_LAG = Definition(
    "event_loop_lag_seconds",
    "histogram",
    "How much later than planned the event loop woke up.",
    (),
    LAG_BUCKETS,
    when="every 250 ms",
)
IN_PROGRESS = Definition(
    "http_requests_in_progress",
    "gauge",
    "Requests that are being served.",
    ("method", "route"),
    when="when a request starts and ends",
)
BUILD_INFO = Definition(
    "gatewayd_build_info",
    "info",
    "What is running.",
    ("version", "revision", "python", "twisted", "openssl"),
    when="at the start",
)
CONFIG_INFO = Definition(
    "gatewayd_config_info",
    "info",
    "Hash of the configuration in use.",
    ("hash",),
    when="when a configuration is taken up",
)
CONNECTIONS_LIMIT = Definition(
    "gatewayd_connections_limit",
    "gauge",
    "Client connections that may be open at most.",
    when="when a configuration is taken up",
)
OVERHEAD = Definition(
    "gatewayd_overhead_seconds",
    "histogram",
    "Time of a request minus the time spent waiting for its service.",
    (),
    OVERHEAD_BUCKETS,
    when="at a request's end",
)
DRAINING = Definition("gatewayd_draining", "gauge", "1 while the gateway is stopping.", when="when draining starts")
ABORTS = Definition(
    "http_request_aborts_total",
    "counter",
    "Requests that did not get their whole answer.",
    ("reason",),
    known=("client", "timeout", "shutdown", "oversize"),
    when="at each unfinished request",
)
REJECTED = Definition(
    "connections_rejected_total",
    "counter",
    "Client connections that were refused.",
    ("reason",),
    known=("limit", "tls", "slow_header", "blocklist"),
    when="at each refused connection",
)
POOL = Definition(
    "downstream_connections",
    "gauge",
    "Connections to a service by state, and requests waiting for one.",
    ("service", "state"),
    known=("active", "idle", "waiting"),
    when="read at each scrape",
)
RETRIES = Definition(
    "downstream_retries_total",
    "counter",
    "Further attempts at a service, by what became of the one before; hedge where it only was slow.",
    ("service", "reason"),
    known=("connect", "reset", "timeout", "protocol", "status", "hedge"),
    when="when the further attempt is decided on",
)
TARGETS = Definition(
    "downstream_targets",
    "gauge",
    "Targets of a service by state: unhealthy ones fail their checks or are ejected, draining ones are leaving.",
    ("service", "state"),
    known=("healthy", "unhealthy", "draining"),
    when="read at each scrape",
)
CHECK_STATUS = Definition(
    "health_check_status",
    "gauge",
    "1 if what is checked is healthy, for a service if one of its targets is; 0 if not.",
    ("check_type",),
    when="after each active check; `check_type` is the name of a service",
)
CHECK_DURATION = Definition(
    "health_check_duration_seconds",
    "histogram",
    "Time of an active check.",
    ("check_type",),
    CHECK_BUCKETS,
    when="after each active check; `check_type` is the name of a service",
)
CONNECT_DURATION = Definition(
    "downstream_connect_duration_seconds",
    "histogram",
    "Time to open a connection to a service, TLS included.",
    ("service",),
    DOWNSTREAM_BUCKETS,
    when="at each new connection",
)

# The names every Prometheus client library uses for these.
PROCESS_CPU = Definition(
    "process_cpu_seconds_total", "counter", "User and system CPU time spent.", when="read at each scrape"
)
PROCESS_OPEN_FDS = Definition(
    "process_open_fds", "gauge", "File descriptors that are open.", when="read at each scrape"
)
PROCESS_MAX_FDS = Definition(
    "process_max_fds", "gauge", "File descriptors that may be open.", when="read at each scrape"
)
PROCESS_VIRTUAL_MEMORY = Definition(
    "process_virtual_memory_bytes", "gauge", "Virtual memory.", when="read at each scrape"
)
PROCESS_RESIDENT_MEMORY = Definition(
    "process_resident_memory_bytes", "gauge", "Resident memory.", when="read at each scrape"
)
PROCESS_START = Definition(
    "process_start_time_seconds", "gauge", "When the process began, since 1970.", when="at the start"
)

DEFINITIONS: tuple[Definition, ...] = (
    *(value for value in list(globals().values()) if isinstance(value, Definition)),
    *catalogue_callers.DEFINITIONS,
    *catalogue_limits.DEFINITIONS,
    *catalogue_stores.DEFINITIONS,
)
