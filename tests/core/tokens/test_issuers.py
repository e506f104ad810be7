"""Issuers side by side: nobody's token is judged by somebody else's keys."""

from __future__ import annotations

from typing import Any

import pytest

from gatewayd.core.tokens.claims import Rules
from gatewayd.core.tokens.errors import BadToken, NoKeys
from gatewayd.core.tokens.identity import ClaimPaths
from gatewayd.core.tokens.issuers import Issuer, Issuers
from gatewayd.core.tokens.keys import KeySet, from_secret
from tests.core.tokens.forge import CLAIMS, NOW, SECRET, forge, key

OTHER_SECRET = b"o" * 64
HS = frozenset({"HS256"})


def issuer(name: str, claim: str | None, **more: Any) -> Issuer:
    """An issuer that signs with a secret."""
    return Issuer(name, Rules(issuer=claim, audiences=None), HS, **more)


def two() -> Issuers:
    """Two issuers, each with a secret of its own, under the same name."""
    both = Issuers([issuer("a", "https://a"), issuer("b", "https://b", paths=ClaimPaths(tenant=("org",)))])
    both.install("a", KeySet([from_secret(SECRET, "HS256", "k")]))
    both.install("b", KeySet([from_secret(OTHER_SECRET, "HS256", "k")]))
    return both


def token(iss: Any, secret: bytes, **claims: Any) -> bytes:
    """A token that says it is from `iss`; None for one that does not say."""
    said = {**CLAIMS, "iss": iss, **claims}
    if iss is None:
        del said["iss"]
    return forge(said, {"alg": "HS256", "kid": "k"}, signer=secret)


def test_each_by_its_own_keys() -> None:
    """A key of one signs nothing for the other."""
    both = two()
    assert both.verify(token("https://a", SECRET), NOW).issuer.name == "a"
    assert both.verify(token("https://b", OTHER_SECRET), NOW).issuer.name == "b"
    for iss, secret in (("https://a", OTHER_SECRET), ("https://b", SECRET)):
        with pytest.raises(BadToken) as caught:
            both.verify(token(iss, secret), NOW)
        assert caught.value.error_type == "invalid"


def test_verified() -> None:
    """What was verified says by which key, until when, and whose it is by the issuer's own claims."""
    verified = two().verify(token("https://b", OTHER_SECRET, org="t2", tenant_id="t1"), NOW)
    assert (verified.key_id, verified.expires) == ("k", NOW + 600)
    identity = verified.identity()
    assert (identity.subject, identity.tenant, identity.issuer, identity.key_id) == ("ada", "t2", "b", "k")
    assert (identity.method, identity.expires, identity.token_id) == ("jwt", NOW + 600, "j1")
    assert "ada" not in repr(verified)


@pytest.mark.parametrize("iss", [None, "https://c", "", "https://A", "https://a/", 1, ["https://a"], {"a": 1}, True])
def test_unknown_issuers(iss: Any) -> None:
    """Whoever is not one of them is nobody."""
    made = token(iss, SECRET)
    with pytest.raises(BadToken) as caught:
        two().verify(made, NOW)
    assert (caught.value.error_type, caught.value.issuer) == ("issuer", None)


def test_null_is_no_missing_issuer() -> None:
    """An `iss` that is null names nobody, not even the one who needs no name."""
    alone = Issuers([issuer("main", None)])
    alone.install("main", KeySet([from_secret(SECRET, "HS256")]))
    made = forge({**CLAIMS, "iss": None})
    with pytest.raises(BadToken, match="issuer"):
        alone.verify(made, NOW)


def test_an_issuer_that_does_not_name_itself() -> None:
    """It is asked about what no other claims, and only that."""
    taken = Issuers([issuer("named", "https://a"), issuer("plain", None)])
    taken.install("named", KeySet([from_secret(OTHER_SECRET, "HS256")]))
    taken.install("plain", KeySet([from_secret(SECRET, "HS256")]))
    assert taken.verify(token(None, SECRET), NOW).issuer.name == "plain"
    assert taken.verify(token("https://z", SECRET), NOW).issuer.name == "plain"
    with pytest.raises(BadToken):
        taken.verify(token("https://a", SECRET), NOW)


def test_no_keys_yet() -> None:
    """Before the first keys nothing is said about a token, except what needs no keys."""
    waiting = Issuers([issuer("main", "https://a")])
    assert waiting.keys_of("main") is None
    with pytest.raises(NoKeys) as caught:
        waiting.verify(token("https://a", SECRET), NOW)
    assert caught.value.issuer == "main"
    with pytest.raises(BadToken, match="issuer"):
        waiting.verify(token("https://b", SECRET), NOW)
    with pytest.raises(BadToken, match="algorithm"):
        waiting.verify(forge({**CLAIMS, "iss": "https://a"}, alg="RS256"), NOW)


def test_new_keys_replace_old_ones() -> None:
    """A key that is gone verifies nothing any more; a set without keys is not the same as none yet."""
    both = two()
    both.install("a", KeySet([from_secret(OTHER_SECRET, "HS256", "new")]))
    with pytest.raises(BadToken) as caught:
        both.verify(token("https://a", SECRET), NOW)
    assert (caught.value.error_type, caught.value.issuer) == ("unknown_key", "a")
    both.install("a", KeySet())
    with pytest.raises(BadToken, match="unknown_key"):
        both.verify(token("https://a", SECRET), NOW)
    with pytest.raises(KeyError):
        both.install("c", KeySet())


def test_algorithms_of_an_issuer() -> None:
    """An issuer signs with those it is configured for, even if it has keys for others."""
    one = Issuers([Issuer("main", Rules(audiences=None), frozenset({"ES256"}))])
    one.install("main", KeySet([key("HS256", "HS256"), key("ES256", "ES256")]))
    assert one.verify(forge(CLAIMS, alg="ES256"), NOW).key_id == "ES256"
    with pytest.raises(BadToken) as caught:
        one.verify(forge(CLAIMS, alg="HS256"), NOW)
    assert (caught.value.error_type, caught.value.issuer) == ("algorithm", None)


@pytest.mark.parametrize(
    "issuers",
    [
        [issuer("a", "https://a"), issuer("a", "https://b")],
        [issuer("a", "https://a"), issuer("b", "https://a")],
        [issuer("a", None), issuer("b", None)],
    ],
)
def test_ambiguous_issuers(issuers: list[Issuer]) -> None:
    """Which issuer a token is from must never be a question."""
    with pytest.raises(ValueError, match="issuer"):
        Issuers(issuers)


def test_signature_first() -> None:
    """Whoever cannot sign is not told what would be wrong with the claims."""
    for claims in ({"exp": 0}, {"nbf": NOW * 2}, {"sub": 1}):
        with pytest.raises(BadToken) as caught:
            two().verify(token("https://a", OTHER_SECRET, **claims), NOW)
        assert caught.value.error_type == "invalid"
        assert "signature" in caught.value.why


def test_bound() -> None:
    """The size of tokens is the policy's."""
    made = token("https://a", SECRET)
    small = Issuers([issuer("a", "https://a")], most=len(made) - 1)
    with pytest.raises(BadToken, match="longer"):
        small.verify(made, NOW)
