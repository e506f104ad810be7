"""Fields that clients have no business to send."""

from __future__ import annotations

import pytest

from gatewayd.filters.hygiene import Hygiene
from tests.filters.asked import GUARDED, Asked, Told

FORGED = {
    b"X-Tenant-Id": "x-tenant-id",
    b"x_tenant_id": "x-tenant-id",
    b"X-TENANT_ID": "x-tenant-id",
    b"X-User-Id": "x-user-id",
    b"x.user.id": "x-user-id",
    b"X-Internal-Anything": "x-internal-*",
    b"X-Gateway-Internal": "x-gateway-internal",
    b"X-Gateway-Proof": "x-gateway-*",
    b"X-Admin-Token": "x-admin-token",
    b"X-Venue-Id": "x-venue-id",
}
CLAIMED = {
    b"X-HTTP-Method-Override": "x-http-method-override",
    b"True-Client-Ip": "true-client-ip",
    b"X-Gateway-Forwarded": "x-gateway-forwarded",
}
FORWARDING = {
    b"X-Forwarded-For": "x-forwarded-*",
    b"X-Real-Ip": "x-real-ip",
    b"Forwarded": "forwarded",
}
HARMLESS = (b"Accept", b"Authorization", b"X-Tenant", b"X-User-Ident", b"Xtenant-Id", b"X-Request-Id")


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize("name", [*FORGED, *CLAIMED, *FORWARDING, *HARMLESS])
def test_every_name(name: bytes, *, trusted: bool) -> None:
    """What is counted by its configured name, and what is a violation besides; a proxy's word counts as nothing."""
    removed: list[str] = []
    violations: list[str] = []
    told = Told()
    asked = Asked(b"%b: 1\r\n" % name, trusted=trusted)
    Hygiene(GUARDED, removed.append, violations.append, told)(asked)
    label = {**FORGED, **CLAIMED, **({} if trusted else FORWARDING)}.get(name)
    assert removed == ([] if label is None else [label])
    forged = name in FORGED
    assert violations == ["header_manipulation"] * forged
    kind = "audit.identity_headers_forged" if forged else "audit.guarded_headers_removed"
    assert told.events == [(kind, {"headers": label})] * (name in (*FORGED, *CLAIMED))
    assert asked.head is not None
    if label is not None:
        assert name not in asked.head.section.lines


def test_many_at_once() -> None:
    """Each is counted, the violation is one, and no value is told."""
    removed: list[str] = []
    violations: list[str] = []
    told = Told()
    lines = (b"X-User-Id: secret\r\n", b"x-user-id: secret\r\n", b"X-Tenant-Id: t\r\n", b"X-Real-Ip: 1.2.3.4\r\n")
    Hygiene(GUARDED, removed.append, violations.append, told)(Asked(*lines))
    assert sorted(removed) == ["x-real-ip", "x-tenant-id", "x-user-id", "x-user-id"]
    assert violations == ["header_manipulation"]
    assert told.events == [("audit.identity_headers_forged", {"headers": "x-tenant-id, x-user-id"})]
