"""Keys that verify tokens: each bound to one algorithm when it is loaded, so that no token ever chooses.

A public key that was loaded for RS256 knows no way to be the secret of an HS256: confusing the two takes a key that
does both, and there is none (RFC 8725 section 3.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate
from jwt.algorithms import HMACAlgorithm
from jwt.exceptions import InvalidKeyError

from gatewayd.core.tokens.errors import BadKey, BadToken, ForgedToken
from gatewayd.core.tokens.jws import Jws
from gatewayd.core.tokens.signatures import PublicKey, Verify, hmac_verifier, verifier

MOST_TRIED = 8  # keys that may be tried for one token: each costs up to 100 us, and anyone can send tokens


@dataclass(frozen=True, slots=True)
class Key:
    """One key for one algorithm; without `kid` it stands for every token of its algorithm that names no other key.

    `thumbprint` tells public keys of one name apart; a secret has none.
    """

    kid: str | None
    alg: str
    verify: Verify = field(repr=False, compare=False)
    thumbprint: bytes = field(default=b"", repr=False, compare=False)


def from_secret(secret: bytes, alg: str, kid: str | None = None) -> Key:
    """A shared secret as a key for HS256, HS384 or HS512.

    Raises `BadKey` if it is shorter than the hash, or is really a public key, a certificate or a JWK.
    """
    try:
        HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(secret)
    except InvalidKeyError:
        refused = "this is a public key, a certificate, a JWK or nothing, but no secret"
    else:
        return Key(kid, alg, hmac_verifier(secret, alg))
    raise BadKey(refused)


def from_public_key(key: PublicKey, alg: str, kid: str | None = None) -> Key:
    """A public key for one algorithm; `BadKey` where it is too short, or of another kind or curve."""
    verify = verifier(key, alg)
    thumbprint = sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    return Key(kid, alg, verify, thumbprint)


def from_pem(pem: bytes, alg: str, kid: str | None = None) -> Key:
    """The public key in a PEM text, or that of a certificate (whose dates and issuer are not looked at).

    Raises `BadKey`, also for a private key: whoever only verifies must not have it.
    """
    if b"PRIVATE KEY-----" in pem:
        raise BadKey("this is a private key; tokens are verified with the public one")
    key: object
    try:
        if b"-----BEGIN CERTIFICATE-----" in pem:
            key = load_pem_x509_certificate(pem).public_key()
        else:
            key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey | Ed448PublicKey):
        return from_public_key(key, alg, kid)
    raise BadKey("this is no PEM text of an RSA, elliptic curve or Edwards curve public key")


class KeySet:
    """The keys of one issuer. Several may be good at a time, as when they are rotated."""

    __slots__ = ("_by_algorithm", "_by_kid", "_kids", "keys")

    def __init__(self, keys: Iterable[Key] = ()) -> None:
        self.keys = tuple(keys)
        by_algorithm: dict[str, list[Key]] = {}
        by_kid: dict[tuple[str | None, str], list[Key]] = {}
        for key in self.keys:
            by_algorithm.setdefault(key.alg, []).append(key)
            by_kid.setdefault((key.kid, key.alg), []).append(key)
        self._kids = frozenset(key.kid for key in self.keys)
        self._by_algorithm = {alg: tuple(found[:MOST_TRIED]) for alg, found in by_algorithm.items()}
        self._by_kid = {name: tuple(found[:MOST_TRIED]) for name, found in by_kid.items()}

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[Key]:
        return iter(self.keys)

    def __repr__(self) -> str:
        """How many keys of which names; kids are public."""
        return f"<KeySet {', '.join(f'{key.kid}:{key.alg}' for key in self.keys)}>"

    @property
    def kids(self) -> frozenset[str | None]:
        """The names of its keys; None if one has none."""
        return self._kids

    def outdated_by(self, newer: KeySet) -> frozenset[str | None]:
        """The names of keys here that `newer` has no more, or has for another key: what they verified is in doubt."""
        kept = {(key.kid, key.alg, key.thumbprint) for key in newer.keys}
        return frozenset(key.kid for key in self.keys if (key.kid, key.alg, key.thumbprint) not in kept)

    def find(self, kid: str | None, alg: str) -> tuple[Key, ...]:
        """The keys a token may have been signed with: those it names, else those without a name; if it names none, any.

        At most `MOST_TRIED`, the first ones.
        """
        if kid is None:
            return self._by_algorithm.get(alg, ())
        named = self._by_kid.get((kid, alg))
        if named is None and kid not in self._kids:
            return self._by_kid.get((None, alg), ())
        return named or ()

    def key_of(self, jws: Jws, issuer: str) -> Key:
        """The key of this set that made the signature.

        Raises `BadToken`: "invalid" for a wrong signature, "algorithm" for a key that is bound to another one, and
        "unknown_key", with the issuer's name, where the token means a key that is not in the set.
        """
        found = self.find(jws.kid, jws.alg)
        for key in found:
            if key.verify(jws.signing_input, jws.signature):
                return key
        if jws.kid is None:
            if found:
                raise ForgedToken("invalid", "none of the issuer's keys made the signature", issuer)
        elif jws.kid in self._kids:
            if found:
                raise ForgedToken("invalid", "the key that the token names did not make the signature")
            raise ForgedToken("algorithm", "the key that the token names is not for the token's algorithm")
        raise BadToken("unknown_key", "the issuer has no key such as the token needs", issuer)
