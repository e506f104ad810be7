"""Published key sets: what is taken, what is left out, and that each of it is said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, HMACAlgorithm, OKPAlgorithm, RSAAlgorithm

from gatewayd.core.tokens.errors import BadKey
from gatewayd.core.tokens.jwks import MOST_KEYS, PUBLISHABLE, from_jwks
from gatewayd.core.tokens.jws import parse
from tests.core.tokens.forge import SECRET, good, kind_of, private_key


def jwk(kind: str, private: bool = False, **members: Any) -> dict[str, Any]:
    """A key as an issuer publishes it; without `key_ops`, which PyJWT writes for RSA."""
    key = private_key(kind) if private else private_key(kind).public_key()
    if kind.startswith("RSA"):
        written = RSAAlgorithm.to_jwk(key, as_dict=True)
    elif kind.startswith("Ed"):
        written = OKPAlgorithm.to_jwk(key, as_dict=True)
    else:
        written = ECAlgorithm.to_jwk(key, as_dict=True)
    written.pop("key_ops", None)
    return {"kid": "k", **written, **members}


def document(*keys: Any) -> bytes:
    """A key set."""
    return json.dumps({"keys": keys}).encode()


@pytest.mark.parametrize("alg", sorted(PUBLISHABLE))
@pytest.mark.parametrize("members", [{}, {"use": "sig"}, {"key_ops": ["verify"]}, {"x5c": ["AA"], "x5t": "a"}])
def test_keys_that_say_what_they_are_for(alg: str, members: dict[str, Any]) -> None:
    """One key for that algorithm, which verifies."""
    (key,), complaints = from_jwks(document(jwk(kind_of(alg), alg=alg, **members)))
    assert (key.kid, key.alg, complaints) == ("k", alg, ())
    jws = parse(good(alg))
    assert key.verify(jws.signing_input, jws.signature)


@pytest.mark.parametrize(
    ("kind", "algorithms"),
    [
        ("RSA", ["RS256"]),
        ("P-256", ["ES256"]),
        ("P-384", ["ES384"]),
        ("P-521", ["ES512"]),
        ("Ed25519", ["EdDSA"]),
        ("Ed448", ["EdDSA"]),
    ],
)
def test_keys_that_do_not_say(kind: str, algorithms: list[str]) -> None:
    """A curve has one algorithm; RSA keys are for RS256 unless said otherwise."""
    keys, complaints = from_jwks(document(jwk(kind)))
    assert [key.alg for key in keys] == algorithms
    assert complaints == ()


def test_rsa_keys_for_several_algorithms() -> None:
    """Each is a key of its own, bound to its algorithm."""
    keys, _ = from_jwks(document(jwk("RSA")), rsa=("RS256", "PS256"))
    assert [(key.kid, key.alg) for key in keys] == [("k", "RS256"), ("k", "PS256")]


def test_algorithms_that_are_not_allowed() -> None:
    """They are left out, said or implied."""
    keys, complaints = from_jwks(document(jwk("RSA", alg="RS512"), jwk("P-256"), jwk("RSA")), allowed={"RS256"})
    assert [key.alg for key in keys] == ["RS256"]
    assert complaints == tuple(f"keys[{n}]: it is for no algorithm that is taken here" for n in (0, 1))


OCT = HMACAlgorithm.to_jwk(SECRET, as_dict=True)


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        (None, "no JSON object"),
        ("key", "no JSON object"),
        ([], "no JSON object"),
        ({}, "kty"),
        ({"kty": 1}, "kty"),
        ({"kty": []}, "kty"),
        ({"kty": "AKP"}, "kty"),
        ({"kty": "rsa"}, "kty"),
        (OCT, "symmetric"),
        ({**OCT, "alg": "HS256", "use": "sig"}, "symmetric"),
        (jwk("RSA", private=True), "private"),
        (jwk("P-256", private=True), "private"),
        (jwk("Ed25519", private=True), "private"),
        (jwk("RSA", k="AAAA"), "private"),
        (jwk("RSA", kid=1), "kid"),
        (jwk("RSA", kid="k" * 257), "kid"),
        (jwk("RSA", use="enc"), "not for signatures"),
        (jwk("RSA", use=1), "not for signatures"),
        (jwk("RSA", use=None), "not for signatures"),
        (jwk("RSA", key_ops=["encrypt"]), "not for signatures"),
        (jwk("RSA", key_ops="verify"), "not for signatures"),
        (jwk("RSA", alg="RSA-OAEP"), "no algorithm"),
        (jwk("RSA", alg="none"), "no algorithm"),
        (jwk("RSA", alg="HS256"), "no algorithm"),
        (jwk("RSA", alg=1), "no algorithm"),
        (jwk("RSA", alg=["RS256"]), "no algorithm"),
        (jwk("RSA", alg="ES256"), "curve"),
        (jwk("P-256", alg="RS256"), "RSA"),
        (jwk("P-256", alg="ES384"), "curve"),
        (jwk("secp256k1"), "no algorithm"),
        (jwk("secp256k1", alg="ES256"), "curve"),
        (jwk("P-256", crv="P-384"), "no key"),
        (jwk("P-256", crv=["P-256"]), "no algorithm"),
        (jwk("P-256", x="AAAA"), "no key"),
        (jwk("P-256", y=jwk("P-256")["x"]), "no key"),
        (jwk("P-256", x=1), "no key"),
        (jwk("P-256", x=None), "no key"),
        (jwk("Ed25519", x="AAAA"), "no key"),
        (jwk("Ed25519", crv="Ed448"), "no key"),
        (jwk("Ed25519", crv="X25519"), "no algorithm"),
        (jwk("RSA1024"), "1024"),
        (jwk("RSA", n="AAAA"), "no key"),
        (jwk("RSA", n=""), "no key"),
        (jwk("RSA", n=5), "no key"),
        (jwk("RSA", e="AQ"), "no key"),
        (jwk("RSA", e="Ag"), "no key"),
        (jwk("RSA", e="!"), "no key"),
        ({"kty": "RSA"}, "no key"),
    ],
)
def test_keys_left_out(entry: Any, complaint: str) -> None:
    """One bad key is said to be bad, and the others are taken."""
    keys, complaints = from_jwks(document(entry, jwk("RSA2", kid="good")))
    assert [key.kid for key in keys] == ["good"]
    (said,) = complaints
    assert said.startswith("keys[0]: ")
    assert complaint in said


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"keys":{}}',
        b'{"keys":null}',
        b'{"keys":"a"}',
        b'{"keys":[],"keys":[]}',
        b'{"keys":[NaN]}',
        b'{"keys":' + b"[" * 100_000,
    ],
)
def test_no_key_sets(data: bytes) -> None:
    """What is no document at all is no set without keys."""
    with pytest.raises(BadKey, match="no JWKS document"):
        from_jwks(data)


def test_a_name_used_twice() -> None:
    """Both keys are taken, as both are the issuer's; the same key again is not."""
    keys, complaints = from_jwks(document(jwk("RSA"), jwk("RSA2"), jwk("RSA")))
    assert [key.kid for key in keys] == ["k", "k"]
    assert complaints == ("keys[2]: this key is in the set already",)


def test_many_keys() -> None:
    """A set has an end."""
    entries = [jwk("Ed25519", kid=f"k{number}") for number in range(MOST_KEYS + 5)]
    keys, complaints = from_jwks(document(*entries))
    assert len(keys) == MOST_KEYS
    assert complaints == (f"only the first {MOST_KEYS} of {MOST_KEYS + 5} keys are taken",)


members = st.dictionaries(
    st.sampled_from(["kty", "kid", "use", "key_ops", "alg", "crv", "x", "y", "n", "e", "d", "k"]),
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.lists(st.text(max_size=2), max_size=2)
    | st.sampled_from(["RSA", "EC", "OKP", "oct", "RS256", "ES256", "P-256", "Ed25519", "sig", "AQAB", "AA", "-"]),
)


@given(base=st.sampled_from([{}, jwk("RSA"), jwk("P-256"), jwk("Ed25519")]), changed=members)
def test_any_members(base: dict[str, Any], changed: dict[str, Any]) -> None:
    """Whatever a key says, it is taken or complained about, and its algorithm is one for public keys."""
    keys, complaints = from_jwks(document({**base, **changed}))
    assert len(keys) + len(complaints) == 1
    assert all(key.alg in PUBLISHABLE for key in keys)
