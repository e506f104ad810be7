"""The vocabulary of the audit stream: what was tried against the gateway, and who changed what about it.

Every line about a request says who (`tenant`, `user`, `client`), what (`method`, `path`, `route`) and which
(`request_id`). No field is a token, a key, a body or a query.
"""

from __future__ import annotations

from gatewayd.log.event import Event

REQUEST_FIELDS = ("client", "method", "path", "route", "request_id", "tenant", "user")  # of each line about a request
_ACTION_FIELDS = ("operator", "client")


def _told(name: str, what: str, meaning: str, *fields: str) -> Event:
    """Something about a request, told by its client's address: one of them does not hide what others do."""
    text = f"{what} ({{client}}, {{method}} {{path}}, route {{route}})"
    return Event(f"audit.{name}", "warn", text, meaning, (*REQUEST_FIELDS, *fields), ("client",))


# Who is calling.
TOKEN_REFUSED = _told(
    "token_refused", "token refused", "A token was presented that is not good, or no more: the cause says why.", "cause"
)
TOKEN_FORGED = _told(
    "token_forged", "token forged", "A token carries a signature that its issuer did not make, or tries to pass "
    "without one.", "cause",
)  # fmt: skip
TOKEN_REVOKED = _told("revoked_token_used", "revoked token used", "A token was presented after it was revoked.")
API_KEY_REFUSED = _told(
    "api_key_refused", "API key refused", "An API key is malformed, unknown, wrong or expired.", "cause", "key_id"
)
CERTIFICATE_REFUSED = _told(
    "certificate_refused", "certificate refused", "A client's certificate does not say who is calling.", "cause"
)
CROSS_SITE = _told(
    "cross_site_request", "cross-site request", "A page of another site caused a request with a cookie.", "cause"
)
WEBHOOK_REFUSED = _told(
    "webhook_refused", "webhook refused", "A webhook's signature is missing, wrong, too old or seen before.", "cause"
)
HEADERS_FORGED = _told(
    "identity_headers_forged", "identity headers forged",
    "A client sent fields by which services are told who is calling; they were removed.", "headers",
)  # fmt: skip
HEADERS_REMOVED = _told(
    "guarded_headers_removed", "guarded headers removed",
    "A client sent other fields that are for the gateway alone to write; they were removed.", "headers",
)  # fmt: skip

# What they may do.
ADDRESS_DENIED = _told("address_denied", "address denied", "A client's address may not come in here.")
NOT_PERMITTED = _told("not_permitted", "not permitted", "A caller lacks what the route asks for.", "cause")
POLICY_REFUSED = _told("policy_refused", "policy refused", "A policy said no.", "policy")
CROSS_TENANT = _told(
    "cross_tenant", "another tenant named", "A request names another tenant, `target`, than its caller's own.", "target"
)
ADMIN_ELSEWHERE = _told(
    "admin_in_other_tenant", "administrator in another tenant",
    "As `audit.cross_tenant`, by somebody who may, on a route that lets them.", "target",
)  # fmt: skip
TENANT_SUSPENDED = _told("tenant_suspended", "tenant suspended", "A caller's tenant is suspended.")
TENANT_UNKNOWN = _told("tenant_unknown", "tenant unknown", "A caller's tenant is not listed.")
LIMIT_BLOCK = _told(
    "limit_block_begun", "limit block begun",
    "A caller went on beyond the rate limit `limit`, and is blocked for `seconds`.", "limit", "seconds",
)  # fmt: skip

# Who changed what.
CONFIG_RELOADED = Event(
    "audit.config_reloaded", "info", "the configuration was reloaded: {what}", "A new configuration is in effect.",
    _ACTION_FIELDS,
)  # fmt: skip
CONFIG_REFUSED = Event(
    "audit.config_refused", "warn", "a new configuration was refused: {cause}", "The one before stays in effect.",
    _ACTION_FIELDS,
)  # fmt: skip
ADMIN_ACTION = Event(
    "audit.admin_action", "info", "{operator}: {what}", "Somebody acted through the admin edge.", _ACTION_FIELDS
)
ADMIN_REFUSED = Event(
    "audit.admin_refused", "warn", "{operator} was refused: {what}: {cause}",
    "Somebody tried what they may not, or nobody knows who they are.", _ACTION_FIELDS, ("client",),
)  # fmt: skip

EVENTS: tuple[Event, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Event))
