"""Tokens of every kind, good and bad, written by hand: no library that would refuse to make a bad one.

Times are a day away from now: the table is made when tests are collected, and played whenever its turn comes.
"""

from __future__ import annotations

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final
from zlib import crc32

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NOW: Final = int(time.time())
DAY: Final = 86_400

SECRET: Final = b"platform-signs-with-this-secret-1"
OTHER_SECRET: Final = b"somebody-else-signs-with-this-one"
RSA_KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA_KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY: Final = ec.generate_private_key(ec.SECP256R1())
ED_KEY: Final = ed25519.Ed25519PrivateKey.generate()

Part = Mapping[str, Any] | bytes
Sign = Callable[[bytes], bytes]


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    """The public half of a key, as its owner publishes it."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def b64(data: bytes) -> bytes:
    """Base64url without padding (RFC 7515 section 2)."""
    return urlsafe_b64encode(data).rstrip(b"=")


def part(content: Part) -> bytes:
    """A part of a token: bytes as they are, anything else as JSON."""
    return b64(content if isinstance(content, bytes) else json.dumps(content, separators=(",", ":")).encode())


def hs(secret: bytes, digest: str = "sha256") -> Sign:
    """Signs as HS256 does, or with another hash."""
    return lambda message: hmac.digest(secret, message, digest)


def rs(key: rsa.RSAPrivateKey) -> Sign:
    """Signs as RS256 does."""
    return lambda message: key.sign(message, padding.PKCS1v15(), SHA256())


def rs512(key: rsa.RSAPrivateKey) -> Sign:
    """Signs as RS512 does."""
    return lambda message: key.sign(message, padding.PKCS1v15(), SHA512())


def ps(key: rsa.RSAPrivateKey) -> Sign:
    """Signs as PS256 does."""
    return lambda message: key.sign(message, padding.PSS(padding.MGF1(SHA256()), 32), SHA256())


def es_der(message: bytes) -> bytes:
    """Signs with the curve's key as X.509 has it, which is not how JWS has it."""
    return EC_KEY.sign(message, ec.ECDSA(SHA256()))


def es(message: bytes) -> bytes:
    """Signs as ES256 does."""
    r, s = decode_dss_signature(es_der(message))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def es_mirrored(message: bytes) -> bytes:
    """The other signature that is as good (n - s): ECDSA is malleable, and nobody may count on the opposite."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    signature = es(message)
    return signature[:32] + (order - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")


def unsigned(message: bytes) -> bytes:
    """Signs nothing."""
    return b""


def claims(**changes: Any) -> dict[str, Any]:
    """What a good token of the platform claims, with these changes; a claim that is `...` is left out."""
    said: dict[str, Any] = {
        "iss": "https://id.test",
        "aud": "api",
        "sub": "user-1",
        "tenant_id": "acme",
        "roles": ["door-staff"],
        "iat": NOW - 60,
        "exp": NOW + DAY,
        **changes,
    }
    return {name: value for name, value in said.items() if value is not ...}


def jws(header: Part, content: Part, sign: Sign) -> bytes:
    """A compact JWS of these parts, well-formed where they are."""
    message = part(header) + b"." + part(content)
    return message + b"." + b64(sign(message))


def token(content: Part | None = None, sign: Sign | None = None, /, alg: str = "HS256", **header: Any) -> bytes:
    """A token of the platform, signed by it unless `sign` does; `header` has more members of its header."""
    said = claims() if content is None else content
    return jws({"alg": alg, "typ": "JWT", **header}, said, hs(SECRET) if sign is None else sign)


def bearer(credential: bytes) -> bytes:
    """The field line that carries a token."""
    return b"Authorization: Bearer " + credential


def good(**changes: Any) -> bytes:
    """The field line of a good token with these claims changed."""
    return bearer(token(claims(**changes)))


def api_key(key_id: bytes, secret: bytes) -> bytes:
    """An API key of these two parts, with the checksum it needs."""
    text = b"gw_" + key_id + b"_" + secret
    return text + b"%08x" % crc32(text)
