"""Keys: who shares answers with whom, and that nobody else does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gatewayd.core.caching import Key, Scope, partition_of, url_of
from gatewayd.core.caching.keys import Partition
from gatewayd.core.tokens.identity import Identity

ANN = Identity(
    subject="ann", tenant="acme", roles=frozenset({"admin", "user"}), scopes=frozenset({"read"}), issuer="login"
)
# Names as awkward as they come: with digits, colons and commas, as if they were the ends of other names.
NAMES = st.text(alphabet="01:,=/ab", max_size=6)
IDENTITIES = st.builds(
    Identity,
    subject=NAMES | st.none(),
    tenant=NAMES | st.none(),
    roles=st.frozensets(NAMES.filter(bool), max_size=2),
    scopes=st.frozensets(NAMES.filter(bool), max_size=2),
    issuer=NAMES | st.none(),
    method=st.sampled_from(["jwt", "api_key"]),
)
ROUTES = NAMES.filter(bool)
URLS = st.text(alphabet="01:,=/ab", max_size=8).map(lambda text: b"http://a/" + text.encode())


def partition(scope: Scope, identity: Identity | None = ANN, route: str = "shop") -> Partition:
    """A partition that there is."""
    found = partition_of(scope, route, identity)
    assert found is not None
    return found


def test_public() -> None:
    """Everybody shares what is public, on one route."""
    assert partition(Scope.PUBLIC) == partition(Scope.PUBLIC, None)
    assert partition(Scope.PUBLIC) != partition(Scope.PUBLIC, route="other")


def test_tenant() -> None:
    """What is a tenant's is shared in the tenant, and with no other."""
    assert partition(Scope.TENANT) == partition(Scope.TENANT, Identity(subject="bob", tenant="acme"))
    assert partition(Scope.TENANT) != partition(Scope.TENANT, replace(ANN, tenant="globex"))
    assert partition(Scope.TENANT) != partition(Scope.USER)


@pytest.mark.parametrize(
    "other",
    [
        replace(ANN, subject="bob"),
        replace(ANN, tenant="globex"),
        replace(ANN, tenant=None),
        replace(ANN, tenant=""),
        replace(ANN, issuer="other"),
        replace(ANN, issuer=None),
        replace(ANN, method="api_key"),
        replace(ANN, roles=frozenset({"admin"})),
        replace(ANN, scopes=frozenset({"write"})),
    ],
)
def test_user(other: Identity) -> None:
    """What is a user's is shared with nobody, and not with the same user who may do something else."""
    assert partition(Scope.USER) == partition(Scope.USER, replace(ANN, expires=1.0, token_id="t"))
    assert partition(Scope.USER) != partition(Scope.USER, other)


@pytest.mark.parametrize(
    ("scope", "identity"),
    [
        (Scope.TENANT, None),
        (Scope.TENANT, replace(ANN, tenant=None)),
        (Scope.TENANT, replace(ANN, tenant="")),
        (Scope.USER, None),
        (Scope.USER, replace(ANN, subject=None)),
        (Scope.USER, replace(ANN, subject="")),
    ],
)
def test_nobody(scope: Scope, identity: Identity | None) -> None:
    """Who has no tenant, or is nobody, has no answers kept."""
    assert partition_of(scope, "shop", identity) is None


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(Scope), st.sampled_from(Scope), IDENTITIES, IDENTITIES, ROUTES, ROUTES, URLS, URLS)
def test_no_two_share(
    scope: Scope,
    other_scope: Scope,
    one: Identity,
    other: Identity,
    route: str,
    another: str,
    url: bytes,
    to: bytes,
) -> None:
    """Keys are equal only for one scope, route and URL, and those whom the scope has share: however they are named."""
    here, there = partition_of(scope, route, one), partition_of(other_scope, another, other)
    assume(here is not None and there is not None)
    assert here is not None
    assert there is not None
    same = scope is other_scope and route == another and url == to
    if scope is Scope.TENANT:
        same = same and one.tenant == other.tenant
    elif scope is Scope.USER:
        same = same and one == other
    assert (Key(here, url) == Key(there, to)) is same
    assert (Key(here, url).text == Key(there, to).text) is same


@settings(deadline=None, max_examples=200)
@given(IDENTITIES, IDENTITIES, st.sampled_from([Scope.TENANT, Scope.USER]), URLS)
def test_other_tenants(one: Identity, other: Identity, scope: Scope, url: bytes) -> None:
    """A tenant never has a key of another's, whatever it may call its users and whatever they ask for."""
    assume(one.tenant != other.tenant)
    here, there = partition_of(scope, "r", one), partition_of(scope, "r", other)
    if here is not None and there is not None:
        assert Key(here, url) != Key(there, url)
        assert here != there


def test_values() -> None:
    """Keys and partitions are values, and say nothing of who is in them."""
    here, there = partition(Scope.USER), partition(Scope.USER)
    assert len({here, there}) == 1
    assert len({Key(here, b"http://a/"), Key(there, b"http://a/"), Key(here, b"http://a/b")}) == 2
    assert repr(here) == "<Partition user>"
    assert repr(Key(here, b"http://a/")) == "<Key b'http://a/'>"
    assert Key(here, b"http://a/") != here
    assert here != Key(here, b"")


@pytest.mark.parametrize(
    ("scheme", "authority", "url"),
    [
        (b"http", b"Example.NET", b"http://example.net/a?B"),
        (b"http", b"example.net:80", b"http://example.net/a?B"),
        (b"https", b"example.net:443", b"https://example.net/a?B"),
        (b"https", b"example.net:80", b"https://example.net:80/a?B"),
    ],
)
def test_urls(scheme: bytes, authority: bytes, url: bytes) -> None:
    """Hosts are compared without case and without the scheme's port; targets as they are."""
    assert url_of(scheme, authority, b"/a?B") == url
