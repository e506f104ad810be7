"""JSON Web Key Sets (RFC 7517): which keys of those an issuer publishes may be used, and what is wrong with others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import InvalidKeyError

from gatewayd.core.tokens.errors import BadKey
from gatewayd.core.tokens.jws import ALGORITHMS, MOST_KID
from gatewayd.core.tokens.keys import Key, KeySet, from_public_key
from gatewayd.core.tokens.strictjson import parse_object

MOST_KEYS = 100
PUBLISHABLE = frozenset(alg for alg in ALGORITHMS if alg[:2] != "HS")
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")  # RFC 7518 section 6
_KINDS: Mapping[object, Callable[[dict[str, Any]], Any]] = {
    "RSA": RSAAlgorithm.from_jwk,
    "EC": ECAlgorithm.from_jwk,
    "OKP": OKPAlgorithm.from_jwk,
}
_OF_CURVE: Mapping[object, str] = {
    "P-256": "ES256",
    "P-384": "ES384",
    "P-521": "ES512",
    "Ed25519": "EdDSA",
    "Ed448": "EdDSA",
}


def from_jwks(
    document: bytes, *, rsa: Collection[str] = ("RS256",), allowed: Collection[str] = PUBLISHABLE
) -> tuple[KeySet, tuple[str, ...]]:
    """The keys of a JWKS document that sign with an `allowed` algorithm, and a sentence about each that was left out.

    A key without `alg` gets that of its curve, an RSA key without one becomes a key for each of `rsa`. Several keys of
    one `kid` are all taken. Symmetric and private keys are left out: what is published is no secret any more. Raises
    `BadKey` for what is no JWKS document at all.
    """
    entries = _entries(document)
    keys: list[Key] = []
    complaints: list[str] = []
    for number, entry in enumerate(entries[:MOST_KEYS]):
        try:
            if entry in entries[:number]:
                raise BadKey("this key is in the set already")
            keys += _keys(entry, rsa, allowed)
        except BadKey as bad:
            complaints.append(f"keys[{number}]: {bad}")
    if len(entries) > MOST_KEYS:
        complaints.append(f"only the first {MOST_KEYS} of {len(entries)} keys are taken")
    return KeySet(keys), tuple(complaints)


def _entries(document: bytes) -> list[Any]:
    """The list of keys in a document, whatever they are."""
    try:
        entries = parse_object(document).get("keys")
    except ValueError as error:
        why = str(error)
    else:
        if type(entries) is list:
            return entries
        why = "it has no list of keys"
    raise BadKey(f"this is no JWKS document: {why}")


def _keys(entry: Any, rsa: Collection[str], allowed: Collection[str]) -> list[Key]:
    """The keys that one entry makes; `BadKey` where it makes none."""
    if type(entry) is not dict:
        raise BadKey("it is no JSON object")
    kid = entry.get("kid")
    if kid is not None and (type(kid) is not str or len(kid) > MOST_KID):
        raise BadKey("kid is no short string")
    kind = entry.get("kty")
    if kind == "oct":
        raise BadKey("a symmetric key is not taken from a published set")
    if type(kind) is not str or kind not in _KINDS:
        raise BadKey("kty is none that is known here")
    if any(name in entry for name in _PRIVATE):
        raise BadKey("it is a private key, and so no secret any more")
    operations = entry.get("key_ops", ["verify"])
    if entry.get("use", "sig") != "sig" or type(operations) is not list or "verify" not in operations:
        raise BadKey("it is not for signatures")
    algorithms = [alg for alg in _algorithms(entry, kind, rsa) if alg in allowed]
    if not algorithms:
        raise BadKey("it is for no algorithm that is taken here")
    try:
        key = _KINDS[kind](entry)
    except (InvalidKeyError, UnsupportedAlgorithm, ValueError, TypeError):
        key = None
    if key is None:
        raise BadKey("its parameters make no key")
    return [from_public_key(key, alg, kid) for alg in algorithms]


def _algorithms(entry: dict[str, Any], kind: str, rsa: Collection[str]) -> Collection[str]:
    """What the entry is for: what it says, else what follows from its kind."""
    said = entry.get("alg")
    if said is not None:
        return (said,) if type(said) is str else ()
    if kind == "RSA":
        return rsa
    curve = entry.get("crv")
    return (_OF_CURVE[curve],) if type(curve) is str and curve in _OF_CURVE else ()
