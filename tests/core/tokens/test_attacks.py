"""Tokens of somebody who wants in: each attack that has a name, and what is said about it."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from jwt.algorithms import RSAAlgorithm

from gatewayd.core.tokens.errors import BadToken, ErrorType
from gatewayd.core.tokens.jws import parse
from tests.core.tokens.forge import CLAIMS, NOW, SECRET, b64, forge, good, issuers, pem, private_key, written

GOOD = good()
HEAD, PAYLOAD, SIGNATURE = GOOD.split(b".")
ADMIN = b64(written({**CLAIMS, "sub": "root"}))
ISSUERS = issuers()


def unsigned(header: Any, signature: bytes = b"") -> bytes:
    """A token nobody signed."""
    return b64(written(header)) + b"." + b64(written(CLAIMS)) + b"." + signature


def hmac_with(secret: bytes, header: dict[str, Any], digest: str = "sha256") -> bytes:
    """An HMAC with something that PyJWT would not take for a secret."""
    message = b64(written(header)) + b"." + b64(written(CLAIMS))
    return message + b"." + b64(hmac.new(secret, message, digest).digest())


def resigned(token: bytes, signature: bytes) -> bytes:
    """The same token with another signature."""
    return token.rpartition(b".")[0] + b"." + b64(signature)


def der(token: bytes) -> bytes:
    """An ES256 token whose signature is written as in TLS."""
    message = token.rpartition(b".")[0]
    return resigned(token, private_key("P-256").sign(message, ECDSA(SHA256())))


PUBLIC = private_key("RSA").public_key()
RSA_JWK = RSAAlgorithm.to_jwk(private_key("RSA2").public_key(), as_dict=True)
OTHER_SECRET = b"x" * 64

ATTACKS: dict[str, tuple[bytes, ErrorType]] = {
    # no signature at all
    "none": (unsigned({"alg": "none"}), "algorithm"),
    "none, with a signature": (unsigned({"alg": "none"}, SIGNATURE), "algorithm"),
    "none, with a kid": (unsigned({"alg": "none", "kid": "HS256"}), "algorithm"),
    "None": (unsigned({"alg": "None"}), "algorithm"),
    "NONE": (unsigned({"alg": "NONE"}), "algorithm"),
    "none with a space": (unsigned({"alg": "none "}), "algorithm"),
    "empty signature": (unsigned({"alg": "HS256", "kid": "HS256"}), "malformed"),
    "signature cut": (resigned(GOOD, parse(GOOD).signature[:-1]), "invalid"),
    "signature of nothing but zeros": (resigned(GOOD, bytes(32)), "invalid"),
    "signature of one byte": (resigned(GOOD, b"\0"), "invalid"),
    "signature twice": (resigned(GOOD, hmac.new(SECRET, b"", "sha256").digest() * 2), "invalid"),
    "somebody else's claims": (HEAD + b"." + ADMIN + b"." + SIGNATURE, "invalid"),
    "zeros for ES256": (unsigned({"alg": "ES256", "kid": "ES256"}, b64(bytes(64))), "invalid"),
    "r of zero": (unsigned({"alg": "ES256", "kid": "ES256"}, b64(bytes(63) + b"\1")), "invalid"),
    # the wrong key
    "another secret": (forge(CLAIMS, signer=OTHER_SECRET), "invalid"),
    "another RSA key": (forge(CLAIMS, alg="RS256", signer=private_key("RSA2")), "invalid"),
    "the empty secret": (hmac_with(b"", {"alg": "HS256", "kid": "HS256"}), "invalid"),
    "a secret everyone tries": (hmac_with(b"secret", {"alg": "HS256", "kid": "HS256"}), "invalid"),
    "unknown kid": (forge(CLAIMS, {"alg": "HS256", "kid": "nobody"}), "unknown_key"),
    "no kid, another secret": (forge(CLAIMS, {"alg": "HS256"}, signer=OTHER_SECRET), "invalid"),
    # public keys as secrets
    "RS to HS, PEM": (hmac_with(pem("RSA"), {"alg": "HS256", "kid": "RS256"}), "algorithm"),
    "RS to HS, PEM without its last line end": (hmac_with(pem("RSA")[:-1], {"alg": "HS256"}), "invalid"),
    "RS to HS, without kid": (hmac_with(pem("RSA"), {"alg": "HS256"}), "invalid"),
    "RS to HS, kid of the secret": (hmac_with(pem("RSA"), {"alg": "HS256", "kid": "HS256"}), "invalid"),
    "RS to HS, modulus": (hmac_with(b"%x" % PUBLIC.public_numbers().n, {"alg": "HS256"}), "invalid"),
    "RS to HS512": (hmac_with(pem("RSA"), {"alg": "HS512", "kid": "RS512"}, "sha512"), "algorithm"),
    "ES to HS": (hmac_with(pem("P-256"), {"alg": "HS256", "kid": "ES256"}), "algorithm"),
    "EdDSA to HS": (hmac_with(pem("Ed25519"), {"alg": "HS256", "kid": "EdDSA"}), "algorithm"),
    # one algorithm for another
    "HS256 with the key for HS512": (forge(CLAIMS, {"alg": "HS256", "kid": "HS512"}), "algorithm"),
    "RS256 with the key for PS256": (forge(CLAIMS, {"alg": "RS256", "kid": "PS256"}, "RS256"), "algorithm"),
    "PS256 called RS256": (forge(CLAIMS, {"alg": "RS256", "kid": "RS256"}, "PS256"), "invalid"),
    "RS512 called RS256": (forge(CLAIMS, {"alg": "RS256", "kid": "RS256"}, "RS512"), "invalid"),
    "ES256 with the key for ES384": (forge(CLAIMS, {"alg": "ES256", "kid": "ES384"}, "ES256"), "algorithm"),
    "ES384 called ES256": (forge(CLAIMS, {"alg": "ES256", "kid": "ES256"}, "ES384"), "invalid"),
    "secp256k1 called ES256": (
        forge(CLAIMS, {"alg": "ES256", "kid": "ES256"}, "ES256K", private_key("secp256k1")),
        "invalid",
    ),
    "Ed448 for an Ed25519 key": (forge(CLAIMS, alg="EdDSA", signer=private_key("Ed448")), "invalid"),
    "ES256 in DER": (der(good("ES256")), "invalid"),
    # kid as something else than a name
    **{
        f"kid {kid!r}": (hmac_with(b"", {"alg": "HS256", "kid": kid}), "unknown_key")
        for kid in (
            "/dev/null",
            "../../../../dev/null",
            "' UNION SELECT 'x' -- ",
            "HS256\x00",
            "HS256 ",
            "hs256",
            "| id",
            "http://evil.example/key",
            "",
        )
    },
    "kid null": (hmac_with(SECRET, {"alg": "HS256", "kid": None}), "malformed"),
    "kid list": (hmac_with(SECRET, {"alg": "HS256", "kid": ["HS256"]}), "malformed"),
    # keys that the token brings
    "jwk": (forge(CLAIMS, {"alg": "RS256", "kid": "RS256", "jwk": RSA_JWK}, "RS256", private_key("RSA2")), "invalid"),
    "jwk, own kid": (
        forge(CLAIMS, {"alg": "RS256", "kid": "me", "jwk": {**RSA_JWK, "kid": "me"}}, "RS256", private_key("RSA2")),
        "unknown_key",
    ),
    "jku": (
        forge(CLAIMS, {"alg": "RS256", "kid": "me", "jku": "https://evil.example"}, "RS256", private_key("RSA2")),
        "unknown_key",
    ),
    "x5u": (
        forge(CLAIMS, {"alg": "RS256", "kid": "RS256", "x5u": "https://evil.example"}, "RS256", private_key("RSA2")),
        "invalid",
    ),
    "x5c": (
        forge(CLAIMS, {"alg": "RS256", "kid": "RS256", "x5c": ["AAAA"]}, "RS256", private_key("RSA2")),
        "invalid",
    ),
    "oct jwk": (
        forge(CLAIMS, {"alg": "HS256", "jwk": {"kty": "oct", "k": b64(OTHER_SECRET).decode()}}, signer=OTHER_SECRET),
        "invalid",
    ),
    # extensions
    "crit": (forge(CLAIMS, {"alg": "HS256", "kid": "HS256", "crit": ["exp"]}), "malformed"),
    "crit, empty": (forge(CLAIMS, {"alg": "HS256", "kid": "HS256", "crit": []}), "malformed"),
    "b64 false": (forge(CLAIMS, {"alg": "HS256", "kid": "HS256", "b64": False, "crit": ["b64"]}), "malformed"),
    "b64 false without crit": (forge(CLAIMS, {"alg": "HS256", "kid": "HS256", "b64": False}), "malformed"),
    "zip": (forge(CLAIMS, {"alg": "HS256", "kid": "HS256", "zip": "DEF"}), "malformed"),
    # JSON in two meanings, although rightly signed
    "exp twice": (forge(b'{"exp":1,' + written(CLAIMS)[1:]), "malformed"),
    "sub twice": (forge(written(CLAIMS)[:-1] + b',"sub":"root"}'), "malformed"),
    "alg twice": (forge(CLAIMS, b'{"alg":"none","alg":"HS256","kid":"HS256"}'), "malformed"),
    "comment": (forge(written(CLAIMS) + b"//"), "malformed"),
    "two objects": (forge(written(CLAIMS) * 2), "malformed"),
    "list": (forge([CLAIMS]), "malformed"),
    "string": (forge(json.dumps(CLAIMS)), "malformed"),
    "UTF-16": (forge(json.dumps(CLAIMS).encode("utf-16")), "malformed"),
    "nested": (forge(b'{"a":' + b"[" * 3000 + b"]" * 3000 + b"," + written(CLAIMS)[1:]), "malformed"),
    "oversized": (good(filler="x" * 9000), "malformed"),
    # base64 in two spellings
    "padding": (GOOD + b"=", "malformed"),
    "standard alphabet": (good("RS256").replace(b"-", b"+").replace(b"_", b"/"), "malformed"),
    "bits of no byte": (GOOD[:-1] + bytes([GOOD[-1] + 1]), "malformed"),
    "line end": (GOOD + b"\n", "malformed"),
    "line end inside": (GOOD[:20] + b"\r\n" + GOOD[20:], "malformed"),
    "four parts": (GOOD + b".AAAA", "malformed"),
    "JWE": (b".".join([b64(written({"alg": "dir", "enc": "A128GCM"})), b"", b"AAAA", b"AAAA", b"AAAA"]), "malformed"),
    "JSON serialisation": (b'{"payload":"e30","signature":""}', "malformed"),
    "twice base64": (b64encode(GOOD), "malformed"),
    # claims
    "expired": (good(exp=NOW - 61), "expired"),
    "no exp": (forge({"iss": CLAIMS["iss"], "aud": "api"}), "missing"),
    "exp as text": (good(exp=str(NOW + 600)), "invalid"),
    "exp true": (good(exp=True), "invalid"),
    "exp null": (good(exp=None), "invalid"),
    "exp list": (good(exp=[NOW + 600]), "invalid"),
    "exp negative": (good(exp=-NOW), "expired"),
    "exp NaN": (good(exp=float("nan")), "malformed"),
    "exp Infinity": (good(exp=float("inf")), "malformed"),
    "exp 1e999": (forge(written({**CLAIMS, "exp": 0}).replace(b'"exp": 0', b'"exp": 1e999')), "malformed"),
    "exp 1e300": (good(exp=1e300), "invalid"),
    "exp in milliseconds": (good(exp=NOW * 1000), "invalid"),
    "exp of a thousand digits": (
        forge(written({**CLAIMS, "exp": 0}).replace(b'"exp": 0', b'"exp": ' + b"9" * 1000)),
        "malformed",
    ),
    "not yet": (good(nbf=NOW + 61), "invalid"),
    "from the future": (good(iat=NOW + 61), "invalid"),
    "another audience": (good(aud="other"), "audience"),
    "audience as part of a word": (good(aud="api2"), "audience"),
    "no audience": (good(aud=[]), "audience"),
    "another issuer": (good(iss="https://evil.example"), "issuer"),
    "an issuer that looks alike": (good(iss=CLAIMS["iss"] + ".evil.example"), "issuer"),
    "issuer as list": (good(iss=[CLAIMS["iss"]]), "issuer"),
    "another type": (forge(CLAIMS, {"alg": "HS256", "kid": "HS256", "typ": "logout+jwt"}), "invalid"),
    "subject as number": (good(sub=1), "invalid"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attack(name: str) -> None:
    """It is refused, for the right reason, in words that are not the attacker's."""
    token, error_type = ATTACKS[name]
    with pytest.raises(BadToken) as caught:
        ISSUERS.verify(token, NOW)
    assert caught.value.error_type == error_type, caught.value
    assert str(caught.value).isascii()
    for secret in (SECRET.decode(), *(part.decode("latin-1") for part in token.split(b".") if len(part) > 8)):
        assert secret not in repr(caught.value)


@pytest.mark.parametrize("alg", ["HS256", "HS512", "RS256", "PS384", "ES256", "ES512", "EdDSA"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"exp": NOW + 0.5},
        {"exp": NOW - 59},
        {"nbf": NOW + 60},
        {"aud": ["other", "api"]},
        {"name": "Zo\u00eb \U0001f600"},
        {"roles": [{"of": str(n)} for n in range(30)]},
        {"iat": NOW + 60},
    ],
)
def test_what_is_no_attack(alg: str, changes: dict[str, Any]) -> None:
    """Good tokens stay good, odd ones too."""
    assert ISSUERS.verify(good(alg, **changes), NOW).key_id == alg


@pytest.mark.parametrize(
    "header", [{}, {"typ": "at+jwt"}, {"typ": "application/at+jwt"}, {"x5t": "a"}, {"jku": "https://a"}]
)
def test_headers_that_are_no_attack(header: dict[str, Any]) -> None:
    """With the right key a token may say where else it could be found; nobody looks there."""
    assert ISSUERS.verify(forge(CLAIMS, {"alg": "HS256", "kid": "HS256", **header}), NOW).key_id == "HS256"


def test_the_other_ecdsa_signature() -> None:
    """ECDSA has two signatures for each; both are the signer's, but numbers out of range are nobody's."""
    token = good("ES256")
    raw = parse(token).signature
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    other = r.to_bytes(32, "big") + (order - s).to_bytes(32, "big")
    assert ISSUERS.verify(resigned(token, other), NOW).key_id == "ES256"
    for wrong in ((0, s), (r, 0), (order, s), (r, order), (2**256 - 1, s), (r, 2**256 - 1)):
        with pytest.raises(BadToken, match="invalid"):
            ISSUERS.verify(resigned(token, b"".join(number.to_bytes(32, "big") for number in wrong)), NOW)
