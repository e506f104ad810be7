"""Why the gateway answered itself: one table of reasons, the same slug everywhere an operator looks.

The slug stands in the problem document (RFC 9457), in `X-Gateway-Reason`, in the access log, in metric labels and on
spans. Adding a refusal means adding a row here and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """One row: what the client is told, and what it means for everyone else.

    `retryable` tells the client that the same request may succeed later; `blames_upstream` that the service, not the
    client or the gateway, caused it; `closes` that the client's connection cannot be used any further;
    `violation` is the `violation_type` of `security_violations_total`, where the refusal counts as one. `shown` is what
    the client is told instead, where the truth would tell it too much; logs and metrics have the slug of this row.
    """

    status: int
    slug: str
    title: str
    retryable: bool = False
    blames_upstream: bool = False
    closes: bool = False
    violation: str | None = None
    shown: Reason | None = None


# What a client may not send (RFC 9112 section 2.2 and the strictness rules of docs/strictness.md).
MALFORMED_REQUEST_LINE = Reason(400, "malformed-request-line", "The request line is malformed", closes=True)
MALFORMED_FIELD = Reason(400, "malformed-field", "A header field is malformed", closes=True)
MALFORMED_TARGET = Reason(400, "malformed-target", "The request target is malformed", closes=True)
MALFORMED_HOST = Reason(400, "malformed-host", "The request needs exactly one valid Host", closes=True)
MALFORMED_CHUNK = Reason(400, "malformed-chunk", "The chunked body is malformed", closes=True, violation="smuggling")
AMBIGUOUS_FRAMING = Reason(
    400, "ambiguous-framing", "The body's length is ambiguous", closes=True, violation="smuggling"
)
AMBIGUOUS_PATH = Reason(
    400, "ambiguous-path", "The path could be read in two ways", closes=True, violation="path_traversal"
)
UNSUPPORTED_TRANSFER_CODING = Reason(
    400,
    "unsupported-transfer-coding",
    "The only transfer coding understood is chunked",
    closes=True,
    violation="smuggling",
)
UNSUPPORTED_VERSION = Reason(505, "unsupported-version", "The gateway speaks HTTP/1.1 and HTTP/1.0", closes=True)
UNSUPPORTED_EXPECTATION = Reason(417, "unsupported-expectation", "The only expectation understood is 100-continue")
METHOD_NOT_PROXIED = Reason(501, "method-not-proxied", "CONNECT is not served here", closes=True)
HEAD_TOO_LARGE = Reason(
    431, "head-too-large", "The request's header fields are too large", closes=True, violation="oversize"
)
TARGET_TOO_LONG = Reason(414, "target-too-long", "The request target is too long", closes=True, violation="oversize")
BODY_TOO_LARGE = Reason(413, "body-too-large", "The request's body is too large", closes=True, violation="oversize")
HEAD_TIMEOUT = Reason(408, "head-timeout", "The request's head did not arrive in time", closes=True)
BODY_TIMEOUT = Reason(408, "body-timeout", "The request's body stopped arriving", closes=True)

# What no route answers.
NO_ROUTE = Reason(404, "no-route", "No route matches this request")
METHOD_NOT_ALLOWED = Reason(405, "method-not-allowed", "The route does not allow this method")

# Who may not, or nobody can say who it is.
UNAUTHENTICATED = Reason(401, "unauthenticated", "The request needs credentials")
INVALID_CREDENTIAL = Reason(
    400, "invalid-credential", "The request carries its credentials in a way that is refused", closes=True
)
INVALID_TOKEN = Reason(401, "invalid-token", "The token is not accepted")
FORGED_TOKEN = Reason(401, "forged-token", "The token is not accepted", violation="auth_bypass", shown=INVALID_TOKEN)
EXPIRED_TOKEN = Reason(401, "expired-token", "The token has expired")
REVOKED_TOKEN = Reason(401, "revoked-token", "The token was revoked")
INVALID_API_KEY = Reason(401, "invalid-api-key", "The API key is not accepted")
INVALID_CERTIFICATE = Reason(401, "invalid-certificate", "The client's certificate does not say who is calling")
EXPIRED_CERTIFICATE = Reason(401, "expired-certificate", "The client's certificate has expired")
FORBIDDEN = Reason(403, "forbidden", "The caller may not do this")
POLICY_REFUSED = Reason(403, "policy-refused", "A policy does not allow this request")
POLICY_FAILED = Reason(503, "policy-failed", "A policy could not be asked", retryable=True)
KEYS_UNAVAILABLE = Reason(503, "keys-unavailable", "The keys that verify tokens are not known yet", retryable=True)
INTROSPECTION_UNAVAILABLE = Reason(
    503, "introspection-unavailable", "Nobody can say at the moment whether the token is good", retryable=True
)
TENANT_UNKNOWN = Reason(403, "tenant-unknown", "The caller's tenant is not known here")
TENANT_SUSPENDED = Reason(403, "tenant-suspended", "The caller's tenant is suspended")
TENANT_ROUTE = Reason(403, "tenant-route", "The caller's tenant may not use this route")
FOREIGN_TENANT = Reason(403, "foreign-tenant", "The request names another tenant", violation="tenant_bypass")
HIDDEN_TENANT = Reason(
    404, "hidden-tenant", "The request names another tenant", violation="tenant_bypass", shown=NO_ROUTE
)
ADDRESS_DENIED = Reason(403, "address-denied", "The client's address may not come in here")
CROSS_SITE = Reason(403, "cross-site", "The request comes from a page of another site", violation="auth_bypass")
WEBHOOK_SIGNATURE = Reason(403, "webhook-signature", "The webhook is not signed by its sender", violation="auth_bypass")

RATE_LIMITED = Reason(429, "rate-limited", "There are too many requests of this kind", retryable=True)
RATE_LIMIT_UNAVAILABLE = Reason(
    503, "rate-limit-unavailable", "Nobody can say at the moment how many requests there were", retryable=True
)

# What a key says that makes a request one that is carried out once.
IDEMPOTENCY_KEY_MISSING = Reason(400, "idempotency-key-missing", "The request needs an idempotency key", closes=True)
IDEMPOTENCY_KEY_INVALID = Reason(400, "idempotency-key-invalid", "The idempotency key is none", closes=True)
IDEMPOTENCY_KEY_REUSED = Reason(422, "idempotency-key-reused", "The idempotency key belongs to another request")
IDEMPOTENCY_IN_PROGRESS = Reason(
    409, "idempotency-in-progress", "A request with this idempotency key is being answered", retryable=True
)
IDEMPOTENCY_OUTCOME_UNKNOWN = Reason(
    409, "idempotency-outcome-unknown", "Nobody knows what came of the request with this idempotency key", True
)
IDEMPOTENCY_ANSWER_NOT_KEPT = Reason(
    409, "idempotency-answer-not-kept", "The request was answered before, and the answer was not kept"
)
IDEMPOTENCY_UNAVAILABLE = Reason(
    503, "idempotency-unavailable", "Nobody can say at the moment whether the request was answered before", True
)

# What the service, or the way to it, did.
CONNECT_FAILED = Reason(502, "connect-failed", "The service cannot be reached", retryable=True, blames_upstream=True)
CONNECT_TIMEOUT = Reason(504, "connect-timeout", "The service did not accept a connection in time", True, True)
UPSTREAM_TLS = Reason(502, "upstream-tls", "TLS with the service failed", retryable=True, blames_upstream=True)
UPSTREAM_RESET = Reason(502, "upstream-reset", "The service closed the connection without an answer", True, True)
UPSTREAM_MALFORMED = Reason(502, "upstream-malformed", "The service's answer is not valid HTTP", False, True)
UPSTREAM_TRUNCATED = Reason(502, "upstream-truncated", "The service stopped in the middle of its answer", True, True)
RESPONSE_TIMEOUT = Reason(504, "response-timeout", "The service did not answer in time", True, True)
IDLE_TIMEOUT = Reason(504, "idle-timeout", "The service stopped sending in the middle of its answer", True, True)
TOTAL_TIMEOUT = Reason(504, "total-timeout", "The request took longer than it may", True, True)
POOL_EXHAUSTED = Reason(503, "pool-exhausted", "Every connection to the service is busy", retryable=True)
CIRCUIT_OPEN = Reason(503, "circuit-open", "The service has failed too often of late to be asked", True, True)
NO_TARGET = Reason(503, "no-target", "The service has no target to ask", retryable=True)
BULKHEAD_FULL = Reason(503, "bulkhead-full", "The service has as many requests as it may have", retryable=True)
NOT_KEPT = Reason(504, "not-kept", "The client wants a kept answer only, and there is none that is good enough")
BULKHEAD_TIMEOUT = Reason(503, "bulkhead-timeout", "The service was busy with other requests for too long", True)

# What the gateway or the client did.
OVERLOADED = Reason(503, "overloaded", "The gateway is shedding load", retryable=True)
SHUTTING_DOWN = Reason(503, "shutting-down", "The gateway is stopping", retryable=True, closes=True)
INTERNAL_ERROR = Reason(500, "internal-error", "The gateway failed to handle the request", closes=True)
CLIENT_CLOSED = Reason(499, "client-closed", "The client went away", closes=True)
CLIENT_STALLED = Reason(499, "client-stalled", "The client stopped reading its answer", closes=True)

REASONS: tuple[Reason, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Reason))


class Refused(Exception):
    """A request the gateway answers itself: the reason, and one sentence about this very request.

    `detail` goes to the client: it never quotes a field value. `headers` are extra field lines, each
    with its CRLF.
    """

    def __init__(self, reason: Reason, detail: str = "", headers: bytes = b"") -> None:
        super().__init__(reason.slug)
        self.reason = reason
        self.detail = detail
        self.headers = headers
