"""Signatures verified: for each algorithm and key a function of message and signature (RFC 7518 section 3, RFC 8037).

Whatever can be decided about a key is decided when its function is made; the function itself only says yes or no.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from hmac import compare_digest

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurve,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from gatewayd.core.tokens.errors import BadKey
from gatewayd.core.tokens.jws import HASHES

Verify = Callable[[bytes, bytes], bool]
PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey | Ed448PublicKey

LEAST_RSA_BITS = 2048  # RFC 7518 section 3.3
MOST_RSA_BITS = 16384  # OpenSSL's bound (OPENSSL_RSA_MAX_MODULUS_BITS)
_RSA_HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
_CURVES: dict[str, tuple[type[EllipticCurve], hashes.HashAlgorithm]] = {
    "ES256": (SECP256R1, hashes.SHA256()),
    "ES384": (SECP384R1, hashes.SHA384()),
    "ES512": (SECP521R1, hashes.SHA512()),
}


def verifier(key: PublicKey, alg: str) -> Verify:
    """What verifies signatures of the algorithm `alg` with a public key; `BadKey` where the two do not fit."""
    if alg in _CURVES:
        return _ecdsa(key, alg)
    if alg == "EdDSA":
        return _eddsa(key)
    if alg[:2] in ("RS", "PS") and alg[2:] in _RSA_HASHES:
        return _rsa(key, alg)
    raise BadKey(f"a public key cannot verify {alg}")


def hmac_verifier(secret: bytes, alg: str) -> Verify:
    """What verifies HMACs of the algorithm `alg` (HS256, HS384, HS512).

    Raises `BadKey` for a secret shorter than the hash (RFC 7518 section 3.2): it can be guessed from one token.
    """
    name = HASHES.get(alg[2:]) if alg[:2] == "HS" else None
    if name is None:
        raise BadKey(f"a secret cannot verify {alg}")
    start = hashlib.new(name)
    if len(secret) < start.digest_size:
        raise BadKey(f"a secret for {alg} has at least {start.digest_size} bytes, this one has {len(secret)}")
    # RFC 2104 with both hashes of the key done beforehand: copying them costs half of what the hmac module needs.
    block = secret if len(secret) <= start.block_size else hashlib.new(name, secret).digest()
    block = block.ljust(start.block_size, b"\0")
    inner = hashlib.new(name, bytes(byte ^ 0x36 for byte in block))
    outer = hashlib.new(name, bytes(byte ^ 0x5C for byte in block))

    def verify(message: bytes, signature: bytes) -> bool:
        within = inner.copy()
        within.update(message)
        around = outer.copy()
        around.update(within.digest())
        return compare_digest(around.digest(), signature)

    return verify


def _rsa(key: PublicKey, alg: str) -> Verify:
    """RSASSA-PKCS1-v1_5 or RSASSA-PSS; the salt of the latter is as long as the hash (RFC 7518 section 3.5)."""
    if not isinstance(key, RSAPublicKey):
        raise BadKey(f"{alg} needs an RSA key")
    if not LEAST_RSA_BITS <= key.key_size <= MOST_RSA_BITS:
        raise BadKey(f"an RSA key has {LEAST_RSA_BITS} to {MOST_RSA_BITS} bits, this one has {key.key_size}")
    hashing = _RSA_HASHES[alg[2:]]
    padded: padding.AsymmetricPadding = padding.PKCS1v15()
    if alg[0] == "P":
        padded = padding.PSS(padding.MGF1(hashing), hashing.digest_size)

    def verify(message: bytes, signature: bytes) -> bool:
        try:
            key.verify(signature, message, padded, hashing)
        except InvalidSignature:
            return False
        return True

    return verify


def _ecdsa(key: PublicKey, alg: str) -> Verify:
    """ECDSA on the one curve of the algorithm, signatures as r and s of fixed length (RFC 7518 section 3.4)."""
    curve, hashing = _CURVES[alg]
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, curve):
        raise BadKey(f"{alg} needs a key on the curve {curve.name}")
    half = (key.key_size + 7) // 8
    length = 2 * half
    algorithm = ECDSA(hashing)
    number = int.from_bytes

    def verify(message: bytes, signature: bytes) -> bool:
        if len(signature) != length:
            return False
        try:
            key.verify(
                encode_dss_signature(number(signature[:half], "big"), number(signature[half:], "big")),
                message,
                algorithm,
            )
        except InvalidSignature:
            return False
        return True

    return verify


def _eddsa(key: PublicKey) -> Verify:
    """Ed25519 or Ed448, as the key is (RFC 8037 section 3.1)."""
    if not isinstance(key, Ed25519PublicKey | Ed448PublicKey):
        raise BadKey("EdDSA needs an Ed25519 or Ed448 key")

    def verify(message: bytes, signature: bytes) -> bool:
        try:
            key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    return verify
