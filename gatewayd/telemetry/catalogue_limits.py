"""The metrics about limits of requests, defined once; part of `gatewayd.telemetry.catalogue`."""

from __future__ import annotations

from gatewayd.telemetry.definition import Definition

EXCEEDED = Definition(
    "rate_limit_exceeded_total",
    "counter",
    "Requests that were refused because there were too many.",
    ("endpoint", "tenant_id"),
    when="at each answer 429; `endpoint` is the route, `tenant_id` is `_none` where no tenant is known",
)
DECISIONS = Definition(
    "rate_limit_decisions_total",
    "counter",
    "Decisions of limits; a request may have several.",
    ("decision",),
    known=("allow", "deny", "shadow", "fail_open", "fail_closed"),
    when="at each decision; shadow would have been deny if it were enforced, fail_* were made without the store",
)

DEFINITIONS: tuple[Definition, ...] = (EXCEEDED, DECISIONS)
