"""Callers: what is worked out of an identity once."""

from __future__ import annotations

import pytest

from gatewayd.core.proof import IdentityNames
from gatewayd.core.tokens.errors import BadToken
from gatewayd.core.tokens.identity import Identity
from gatewayd.filters.caller import Callers

ADA = Identity("ada", "acme", frozenset({"staff", "admin"}), frozenset({"a:b", "c"}), "main", key_id="k", expires=9.0)


def test_fields() -> None:
    """The lines that services get, in one order."""
    caller = Callers(IdentityNames())(ADA)
    assert caller.fields.lines == (
        b"X-Tenant-Id: acme\r\nX-User-Id: ada\r\nX-User-Roles: admin,staff\r\nX-User-Scopes: a:b c\r\n"
    )
    assert caller.tenant == b"acme"
    assert (caller.expires, caller.issuer, caller.key_id, caller.subject) == (9.0, "main", "k", "ada")


def test_what_services_are_not_told() -> None:
    """A field that is off, and what the identity does not have."""
    callers = Callers(IdentityNames(tenant="X-Org", user=None, roles=None, scopes=None))
    assert callers(ADA).fields.lines == b"X-Org: acme\r\n"
    nobody = callers(Identity(None))
    assert (nobody.fields.lines, nobody.tenant) == (b"", b"")


@pytest.mark.parametrize(
    "identity", [Identity("a\r\nb"), Identity("ada", "café"), Identity("ada", roles=frozenset({"a,b"}))]
)
def test_what_cannot_be_told(identity: Identity) -> None:
    """It is a bad token."""
    with pytest.raises(BadToken):
        Callers(IdentityNames())(identity)
