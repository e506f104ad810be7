"""Headers that only the gateway may write, in every spelling a service might take for them."""

from __future__ import annotations

from ..minting import good
from .cases import ADMITTED, ANONYMOUS, EVIL, FORGED, Passage, ask, removed

_FORGED = "a service believes these because nobody else can write them"
_CLAIMED = "where a request comes from is seen, not said"
_EVENT = "audit.identity_headers_forged"
_IDENTITY = (b"x-tenant-id: acme", b"x-auth-person: user-1", b"x-user-roles: door-staff")


def _forged(id_: str, *lines: bytes, labels: tuple[str, ...], absent: tuple[bytes, ...] = ()) -> Passage:
    """A request of a known caller, with fields that claim to be somebody else's."""
    moved = (*ADMITTED, *removed(*labels), FORGED)
    request = ask(b"/users/", good(), *lines)
    return Passage(f"forged-{id_}", _FORGED, request, moved, present=_IDENTITY, absent=absent, event=_EVENT)


def _spelled(name: bytes, label: str) -> Passage:
    """One forged field in one spelling."""
    absent = () if name.lower() in (*ANONYMOUS, b"x-gateway-proof") else (name.lower(),)
    return _forged(f"as-{name.decode('latin-1')}", name + b": impostor", labels=(label,), absent=absent)


def _claimed(name: bytes, label: str, value: bytes = EVIL) -> Passage:
    """A field that says where a request comes from: taken out, and no violation, as proxies send it in good faith."""
    moved = (*ADMITTED, *removed(label))
    return Passage(f"claimed-{name.decode()}", _CLAIMED, ask(b"/users/", good(), name + b": " + value), moved)


def _anonymous(id_: str, path: bytes, *lines: bytes, labels: tuple[str, ...]) -> Passage:
    """A request of nobody that claims to be somebody."""
    moved = (*removed(*labels), FORGED)
    return Passage(f"forged-{id_}", _FORGED, ask(path, *lines), moved, absent=ANONYMOUS, event=_EVENT)


_TENANT = "x-tenant-id"

PASSAGES = (
    _spelled(b"X-Tenant-Id", _TENANT),
    _spelled(b"x-tenant-id", _TENANT),
    _spelled(b"X-TENANT-ID", _TENANT),
    _spelled(b"X_Tenant_Id", _TENANT),
    _spelled(b"X-Tenant_Id", _TENANT),
    _spelled(b"x_tenant-id", _TENANT),
    _spelled(b"X.Tenant.Id", _TENANT),
    _spelled(b"X~Tenant~Id", _TENANT),
    _spelled(b"X+Tenant+Id", _TENANT),
    _spelled(b"X|Tenant`Id", _TENANT),
    _spelled(b"X-User-Id", "x-user-id"),
    _spelled(b"X-User-Email", "x-user-email"),
    _spelled(b"X-User-Roles", "x-user-roles"),
    _spelled(b"X_USER_ROLES", "x-user-roles"),
    _spelled(b"X-User-Scopes", "x-user-scopes"),
    _spelled(b"X-Auth-Person", "x-auth-person"),
    _spelled(b"X_Auth_Person", "x-auth-person"),
    _spelled(b"X-Venue-Id", "x-venue-id"),
    _spelled(b"X-Admin-Token", "x-admin-token"),
    _spelled(b"X-Privileged", "x-privileged"),
    _spelled(b"X-Remote-User", "x-remote-user"),
    _spelled(b"X-Internal-Call", "x-internal-*"),
    _spelled(b"X_Internal_Anything", "x-internal-*"),
    _spelled(b"X-Gateway-Internal", "x-gateway-internal"),
    _spelled(b"X-Gateway-Proof", "x-gateway-proof"),
    _spelled(b"X-Gateway-Identity", "x-gateway-identity"),
    _spelled(b"X-Gateway-Mirrored", "x-gateway-*"),
    _forged("empty", b"X-Tenant-Id:", labels=(_TENANT,)),
    _forged("twice", b"X-Tenant-Id: impostor", b"X-Tenant-Id: impostor", labels=(_TENANT, _TENANT)),
    _forged("twice-otherwise", b"X-Tenant-Id: impostor", b"x_tenant_id: impostor", labels=(_TENANT, _TENANT)),
    _forged("right-value", b"X-Tenant-Id: acme", labels=(_TENANT,)),
    _forged("nominated", b"Connection: X-Tenant-Id", b"X-Tenant-Id: impostor", labels=(_TENANT,)),
    _forged("nominated-ours", b"Connection: x-auth-person, x-user-roles", b"X-Tenant-Id: impostor", labels=(_TENANT,)),
    _forged("many", *(b"X-Internal-%d: impostor" % number for number in range(20)), labels=("x-internal-*",) * 20),
    _forged("long", b"X-Tenant-Id: " + b"impostor" * 500, labels=(_TENANT,)),
    _forged("unicode", b"X-Tenant-Id: impostor\xc3\xa9", labels=(_TENANT,)),
    Passage(
        "nominated-only",
        "Connection may not name what the gateway writes",
        ask(b"/users/", good(), b"Connection: X-Tenant-Id, X-Auth-Person, X-User-Roles, X-Gateway-Proof, Via"),
        present=_IDENTITY,
    ),
    Passage(
        "nominated-credential",
        "a credential that is for this hop only is still one",
        ask(b"/users/", good(), b"Connection: Authorization"),
        present=_IDENTITY,
        absent=(b"authorization",),
    ),
    Passage(
        "forged-in-trailers",
        "RFC 9110 6.5.1: some servers take trailers for headers",
        ask(
            b"/users/",
            good(),
            b"Trailer: X-Tenant-Id",
            method=b"POST",
            chunks=b"2\r\nok\r\n0\r\nX-Tenant-Id: impostor\r\nx_auth_person: impostor\r\nX-Corp-Unit: impostor\r\n"
            b"X.User.Roles: impostor\r\nX-Gateway-Proof: impostor\r\nX-Forwarded_For: impostor\r\n\r\n",
        ),
        (*ADMITTED, *removed(_TENANT, "x-auth-person", "x-corp-*", "x-user-roles", "x-gateway-proof")),
        present=_IDENTITY,
        method=b"POST",
    ),
    _anonymous("optional", b"/maybe/", b"X-Tenant-Id: impostor", b"X-User-Id: impostor", labels=(_TENANT, "x-user-id")),
    _anonymous(
        "public",
        b"/login/",
        b"X-Tenant-Id: impostor",
        b"X-Gateway-Proof: impostor",
        labels=(_TENANT, "x-gateway-proof"),
    ),
    _anonymous("public-underscores", b"/static/", b"x_tenant_id: impostor", labels=(_TENANT,)),
    _claimed(b"X-Forwarded-For", "x-forwarded-*", b"6.6.6.6, impostor"),
    _claimed(b"X-Forwarded-Host", "x-forwarded-*"),
    _claimed(b"X-Forwarded-Proto", "x-forwarded-*"),
    _claimed(b"X_Forwarded_For", "x-forwarded-*"),
    _claimed(b"X-Forwarded-User", "x-forwarded-*"),
    _claimed(b"Forwarded", "forwarded", b"for=impostor"),
    _claimed(b"X-Real-IP", "x-real-ip"),
    _claimed(b"X_Real_IP", "x-real-ip"),
    _claimed(b"True-Client-IP", "true-client-ip"),
    _claimed(b"X-Client-IP", "x-client-ip"),
    _claimed(b"X-Original-Host", "x-original-host"),
    _claimed(b"X-Gateway-Forwarded", "x-gateway-forwarded"),
    _claimed(b"X-Corp-Unit", "x-corp-*"),
    _claimed(b"x_corp_anything", "x-corp-*"),
    Passage(
        "request-id",
        "an id that a stranger chose would mix up two requests in the logs",
        ask(b"/users/", good(), b"X-Request-Id: impostor", b"x_request_id: impostor"),
    ),
    Passage(
        "honest-neighbours",
        "only what is guarded is taken away",
        ask(b"/users/", good(), b"X-Tenant: theirs", b"X-User: theirs", b"Tenant-Id: theirs", b"XTenantId: theirs"),
        present=(b"x-tenant: theirs", b"x-user: theirs", b"tenant-id: theirs", b"xtenantid: theirs"),
    ),
)
