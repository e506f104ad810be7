"""The metrics about Redis, defined once; part of `gatewayd.telemetry.catalogue`."""

from __future__ import annotations

from gatewayd.telemetry.catalogue_callers import AUTH_BUCKETS
from gatewayd.telemetry.definition import Definition

REDIS_DURATION = Definition(
    "redis_command_duration_seconds",
    "histogram",
    "Time of a call to Redis, until its answer or its failure.",
    ("command",),
    AUTH_BUCKETS,
    when="at each call; `command` is the family: get, set, delete, count, ordered, script",
)
REDIS_ERRORS = Definition(
    "redis_errors_total",
    "counter",
    "Calls to Redis that failed.",
    ("error_type",),
    known=("timeout", "connection", "auth", "script", "other"),
    when="at each failure",
)
REDIS_CONNECTIONS = Definition(
    "redis_pool_connections",
    "gauge",
    "Connections to Redis that are up, and that are wanted.",
    ("state",),
    known=("up", "wanted"),
    when="read at each scrape",
)

DEFINITIONS: tuple[Definition, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Definition)
)
