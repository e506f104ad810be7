"""The caller that claims describe, and claims that describe none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.tokens.errors import BadToken
from gatewayd.core.tokens.identity import MOST_NAMES, ClaimPaths, Identity, identity_of
from tests.core.tokens.forge import CLAIMS, NOW

PATHS = ClaimPaths.of("sub", "tenant_id", "realm_access.roles", "scope")


def of(**claims: Any) -> Identity:
    """The identity of claims at the usual places."""
    return identity_of({**CLAIMS, **claims}, PATHS, "main", "jwt", "k1")


def test_everything() -> None:
    """Each claim comes to its field."""
    claims = {**CLAIMS, "tenant_id": "t1", "realm_access": {"roles": ["admin", "staff"]}, "scope": "a:read b:write"}
    identity = identity_of(claims, PATHS, "main", "introspection", "k1")
    assert identity == Identity(
        "ada",
        "t1",
        frozenset({"admin", "staff"}),
        frozenset({"a:read", "b:write"}),
        "main",
        "introspection",
        "j1",
        "k1",
        NOW,
        NOW + 600,
    )
    assert identity.claims is claims


def test_nothing() -> None:
    """Claims that say nothing make a caller nobody knows anything about."""
    identity = identity_of({}, PATHS)
    assert identity == Identity(None)
    assert (identity.roles, identity.expires, dict(identity.claims)) == (frozenset(), None, {})


def test_places_that_are_not_configured() -> None:
    """Without a path nothing is read, whatever the token says."""
    paths = ClaimPaths(tenant=None, roles=None, scopes=None)
    identity = identity_of({"tenant_id": "t", "roles": ["r"], "scope": "s"}, paths)
    assert (identity.tenant, identity.roles, identity.scopes) == (None, frozenset(), frozenset())


@pytest.mark.parametrize("tenant", ["t", "T-1_2.3", "a" * 128, "tenant:1", "a/b", "a@b"])
def test_tenants(tenant: str) -> None:
    """Names as people give them to tenants."""
    assert of(tenant_id=tenant).tenant == tenant


@pytest.mark.parametrize("subject", ["a", "auth0|1", "ada@example.org", "Ada Lovelace", "a,b", "a" * 255])
def test_subjects(subject: str) -> None:
    """Visible ASCII, with spaces inside."""
    assert of(sub=subject).subject == subject


@pytest.mark.parametrize(
    "value",
    ["", " ", " a", "a ", "a\r\nX-Admin: 1", "a\n", "\na", "a\x00", "a\x7f", "a\t", "\u00e4", "\u2028", "a" * 256],
)
@pytest.mark.parametrize("name", ["sub", "tenant_id", "roles", "scope"])
def test_values_that_no_header_can_carry(name: str, value: str) -> None:
    """They are refused with the whole token: half an identity is somebody else's."""
    claims: dict[str, Any] = {"realm_access": {"roles": [value]}} if name == "roles" else {name: value}
    if name == "scope":
        claims = {"scope": [value]}
    with pytest.raises(BadToken) as caught:
        of(**claims)
    assert caught.value.error_type == "invalid"
    assert caught.value.why.isascii()
    assert caught.value.why.isprintable()


@pytest.mark.parametrize("value", ["a b", "a,b", 'a"b', "a\\b"])
def test_names_that_could_be_read_as_several(value: str) -> None:
    """A tenant, role or scope is one word wherever it is written."""
    for claims in ({"tenant_id": value}, {"realm_access": {"roles": [value]}}, {"scope": [value]}):
        with pytest.raises(BadToken, match="invalid"):
            of(**claims)


@pytest.mark.parametrize("value", [1, 1.5, True, False, [], ["t"], {}, {"t": 1}])
def test_types_a_name_cannot_have(value: Any) -> None:
    """A subject and a tenant are strings."""
    for name in ("sub", "tenant_id"):
        with pytest.raises(BadToken, match="invalid"):
            of(**{name: value})


@pytest.mark.parametrize("value", [1, True, {}, {"a": 1}, [1], [None], ["a", True], [["a"]], ["a"] * (MOST_NAMES + 1)])
def test_types_a_set_of_names_cannot_have(value: Any) -> None:
    """Roles and scopes are lists of strings, or a string."""
    for claims in ({"realm_access": {"roles": value}}, {"scope": value}):
        with pytest.raises(BadToken, match="invalid"):
            of(**claims)


@pytest.mark.parametrize(
    ("scope", "scopes"),
    [("", set()), ("a", {"a"}), ("a b", {"a", "b"}), ("a  b ", {"a", "b"}), ([], set()), (["a", "a"], {"a"})],
)
def test_scopes(scope: Any, scopes: set[str]) -> None:
    """A string with spaces between them, or a list."""
    assert of(scope=scope).scopes == scopes


def test_one_role() -> None:
    """A string is one role."""
    assert of(realm_access={"roles": "admin"}).roles == {"admin"}
    assert len(of(realm_access={"roles": [f"r{n}" for n in range(MOST_NAMES)]}).roles) == MOST_NAMES


@pytest.mark.parametrize("value", [None, {}, {"roles": None}])
def test_null_says_nothing(value: Any) -> None:
    """As if the claim were not there."""
    assert of(realm_access=value, tenant_id=None, scope=None).roles == frozenset()


@pytest.mark.parametrize("value", ["roles", ["roles"], 1, True])
def test_paths_through_something_else(value: Any) -> None:
    """What stands where an object should is a wrong type, not an absence."""
    with pytest.raises(BadToken, match=r"realm_access\.roles"):
        of(realm_access=value)


@pytest.mark.parametrize("claims", [{"jti": 1}, {"iat": "1"}, {"iat": True}, {"exp": True}, {"exp": [1]}])
def test_registered_claims_of_wrong_types(claims: dict[str, Any]) -> None:
    """Also where no rules have looked at them, as after introspection."""
    with pytest.raises(BadToken, match="invalid"):
        of(**claims)


def test_repr_hides_claims() -> None:
    """The token's own name and whatever else it claims are for nobody's log."""
    printed = repr(of(secret="sesame", jti="sesame"))
    assert "sesame" not in printed
    assert "ada" in printed


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["a\r\nb", "t1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["roles", "x"]), inner, max_size=2),
    max_leaves=6,
)


@given(claims=st.dictionaries(st.sampled_from(["sub", "tenant_id", "realm_access", "scope", "jti", "iat"]), anything))
def test_any_claims(claims: dict[str, Any]) -> None:
    """Whatever is claimed, what comes out can be written into a header field as one value."""
    try:
        identity = identity_of(claims, PATHS)
    except BadToken:
        return
    for name in (identity.tenant or "t", *identity.roles, *identity.scopes):
        assert name.isascii()
        assert name.isprintable()
        assert not set(name) & set(' ,"\\')
    assert (identity.subject or "s").isascii()
    assert (identity.subject or "s").isprintable()
