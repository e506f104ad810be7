"""Tokens as anybody can write them, good and bad, signed with PyJWT's algorithms rather than with ours."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import get_default_algorithms

from gatewayd.core.tokens.claims import Rules
from gatewayd.core.tokens.issuers import Issuer, Issuers
from gatewayd.core.tokens.jws import ALGORITHMS
from gatewayd.core.tokens.keys import Key, KeySet, from_public_key, from_secret

NOW = 1_800_000_000
ISS = "https://issuer.example"
SECRET = b"correct horse battery staple and then some more, 64 bytes of it."
SIGNERS = get_default_algorithms()
CLAIMS: dict[str, Any] = {"iss": ISS, "sub": "ada", "aud": "api", "exp": NOW + 600, "iat": NOW, "jti": "j1"}


@cache
def private_key(kind: str) -> Any:
    """A private key, the same for the whole run: "RSA", another "RSA2", a short "RSA1024", or a curve's name."""
    if kind.startswith("RSA"):
        return rsa.generate_private_key(65537, 1024 if kind == "RSA1024" else 2048)
    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "Ed448":
        return ed448.Ed448PrivateKey.generate()
    curves: dict[str, Any] = {
        "P-256": ec.SECP256R1,
        "P-384": ec.SECP384R1,
        "P-521": ec.SECP521R1,
        "secp256k1": ec.SECP256K1,
    }
    return ec.generate_private_key(curves[kind]())


def kind_of(alg: str) -> str:
    """The kind of private key an asymmetric algorithm signs with here."""
    return {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519"}.get(alg, "RSA")


def signing_key(alg: str) -> Any:
    """What `alg` signs with here: a secret or a private key."""
    return SECRET if alg.startswith("HS") else private_key(kind_of(alg))


def key(alg: str, kid: str | None = None) -> Key:
    """The key that verifies what `signing_key(alg)` signs."""
    if alg.startswith("HS"):
        return from_secret(SECRET, alg, kid)
    return from_public_key(signing_key(alg).public_key(), alg, kid)


def pem(kind: str) -> bytes:
    """The public key as a PEM text."""
    written: bytes = private_key(kind).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return written


def b64(data: bytes) -> bytes:
    """Base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=")


def written(value: Any) -> bytes:
    """A part of a token: bytes as they are, anything else as JSON (which in Python may say NaN)."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def forge(claims: Any, header: Any = None, alg: str = "HS256", signer: Any = None) -> bytes:
    """A token with these parts, signed with `alg`; its header says the same unless it is given."""
    if header is None:
        header = {"alg": alg, "typ": "JWT", "kid": alg}
    message = b64(written(header)) + b"." + b64(written(claims))
    signature = SIGNERS[alg].sign(message, signing_key(alg) if signer is None else signer)
    return message + b"." + b64(signature)


def good(alg: str = "HS256", **claims: Any) -> bytes:
    """A token that is good at `NOW`, with some claims changed."""
    return forge({**CLAIMS, **claims}, alg=alg)


def issuers(rules: Rules | None = None, algorithms: frozenset[str] = ALGORITHMS) -> Issuers:
    """One issuer with one key for every algorithm, each called by its algorithm."""
    rules = rules or Rules(issuer=ISS, audiences=frozenset({"api"}))
    taken = Issuers([Issuer("main", rules, algorithms)])
    taken.install("main", KeySet(key(alg, alg) for alg in sorted(ALGORITHMS)))
    return taken
