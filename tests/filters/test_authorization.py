"""What callers must have, and what they hear who have it not."""

from __future__ import annotations

import pytest

from gatewayd.core.permissions import ClaimTest, Requirement, Roles
from gatewayd.core.reasons import Refused
from gatewayd.filters.authorization import Authorize
from gatewayd.filters.caller import Caller
from tests.filters.asked import Asked, Told, caller, outcome

ROLES = Roles({"owner": ["*"], "staff": ["tickets:scan", "list:*"], "nobody": []})
SCAN = Requirement(ROLES, all_of=["tickets:scan"])
EITHER = Requirement(ROLES, any_of=["list:read", "list:write"])
STAFF = Requirement(ROLES, roles=["staff", "owner"])
SCOPED = Requirement(ROLES, scopes=["openid"])
MFA = Requirement(ROLES, claims=[ClaimTest(("mfa",), "equals", (True,))])
ALL = Requirement(ROLES, all_of=["tickets:scan"], roles=["staff"], claims=[ClaimTest(("mfa",), "exists")])

OWNER, STAFFED, NOBODY = caller(roles=["owner"]), caller(roles=["staff"]), caller(roles=["nobody", "unknown"])
SCOPES = caller(scopes=["tickets:scan", "openid"])
MFA_DONE = caller(roles=["staff"], claims={"mfa": True})


@pytest.mark.parametrize(
    ("requirement", "allowed"),
    [
        (Requirement(ROLES), {OWNER, STAFFED, NOBODY, SCOPES, MFA_DONE}),
        (SCAN, {OWNER, STAFFED, SCOPES, MFA_DONE}),
        (EITHER, {OWNER, STAFFED, MFA_DONE}),
        (STAFF, {OWNER, STAFFED, MFA_DONE}),
        (SCOPED, {SCOPES}),
        (MFA, {MFA_DONE}),
        (ALL, {MFA_DONE}),
    ],
)
@pytest.mark.parametrize("who", [OWNER, STAFFED, NOBODY, SCOPES, MFA_DONE])
def test_every_demand(requirement: Requirement, allowed: set[Caller], who: Caller) -> None:
    """Against every kind of caller."""
    asked, told = Asked(), Told()
    asked.caller = who
    said = outcome(Authorize(requirement, "shop", told), asked)
    assert said == ("" if who in allowed else "forbidden")
    assert len(told.events) == (who not in allowed)


def test_what_is_said() -> None:
    """403 with the demand that is not met and a challenge; the log knows the caller by tenant and subject."""
    asked, told = Asked(), Told()
    asked.caller = NOBODY
    with pytest.raises(Refused) as caught:
        Authorize(SCAN, "shop", told)(asked)
    refused = caught.value
    assert (refused.reason.status, refused.detail) == (403, "The caller needs the permission tickets:scan.")
    assert refused.headers == b'WWW-Authenticate: Bearer realm="shop", error="insufficient_scope"\r\n'
    assert told.events == [
        ("audit.not_permitted", {"tenant": "acme", "user": "ada", "cause": "needs the permission tickets:scan"})
    ]
