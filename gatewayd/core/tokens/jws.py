"""Compact JWS taken apart (RFC 7515 section 7.1): one reading of a token, or none.

Nothing in here is believed yet: what `parse` returns is what somebody wrote. Members by which a token would bring or
point to its own key (`jwk`, `jku`, `x5c`, `x5u`) have no meaning here and are never followed.
"""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from gatewayd.core.tokens.errors import BadToken, ForgedToken
from gatewayd.core.tokens.strictjson import parse_object

MOST_BYTES = 8192  # what a header field of common servers holds (Apache's LimitRequestFieldSize, nginx's large buffers)
MOST_KID = 256  # characters

HASHES = {"256": "sha256", "384": "sha384", "512": "sha512"}
ALGORITHMS = frozenset({f"{family}{size}" for family in ("HS", "RS", "PS", "ES") for size in HASHES} | {"EdDSA"})

_BASE64URL = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_DOTTED = _BASE64URL + b"."
_TO_BASE64 = bytes.maketrans(b"-_", b"+/")
# By the length of a part modulo 4, what may stand last: bits that belong to no byte are zero (RFC 4648 section 3.5).
# Otherwise up to 16 spellings of a token would be as good as the one that was signed.
_LAST = (_BASE64URL, b"", _BASE64URL[::16], _BASE64URL[::4])


class _Header:
    """What a token's header says, shared by all tokens that write it alike."""

    __slots__ = ("alg", "kid", "members", "typ")

    def __init__(self, members: Mapping[str, Any]) -> None:
        self.members = MappingProxyType(members)
        self.alg: str = members["alg"]
        self.kid: str | None = members.get("kid")
        self.typ: str | None = members.get("typ")


class Jws:
    """A token's parts, nothing about them verified.

    `header` is shared between tokens and read only. `signing_input` is what `signature` must be a signature of, by the
    algorithm `alg` and the key `kid`, if the token is to be believed. `typ` is as the token writes it.
    """

    __slots__ = ("alg", "claims", "header", "kid", "signature", "signing_input", "typ")

    def __init__(self, header: _Header, claims: dict[str, Any], signing_input: bytes, signature: bytes) -> None:
        self.header: Mapping[str, Any] = header.members
        self.alg = header.alg
        self.kid = header.kid
        self.typ = header.typ
        self.claims = claims
        self.signing_input = signing_input
        self.signature = signature

    def __repr__(self) -> str:
        """The algorithm only: the rest is a credential."""
        return f"<Jws {self.alg}>"


def parse(token: bytes, most: int = MOST_BYTES) -> Jws:
    """Take `token` apart; nobody has verified anything then.

    Raises `BadToken`: "malformed" for more than `most` bytes, for anything but three dotted parts of canonical
    base64url, for headers and claims that are not strict JSON objects, and for headers with `crit`, `b64` or `zip`,
    which change what a signature means; "algorithm" for `none` and whatever else is not in `ALGORITHMS`.
    """
    if len(token) > most:
        raise BadToken("malformed", f"the token is longer than {most} bytes")
    parts = token.split(b".", 3)
    if len(parts) != 3 or token.translate(None, _DOTTED):
        raise BadToken("malformed", "the token is not three parts of base64url with dots between them")
    written, payload, signature = parts
    header = _header(written)
    if not signature:
        raise BadToken("malformed", "the token has no signature")
    return Jws(header, _object(payload, "claims"), token[: len(written) + 1 + len(payload)], _decode(signature))


def _decode(part: bytes) -> bytes:
    """The bytes that a part of the right alphabet spells, if it is their only spelling."""
    # An empty part has the length modulo 4 of a whole one; its "last" slice is empty and stands in anything.
    if part[-1:] not in _LAST[len(part) & 3]:
        raise BadToken("malformed", "a part of the token is not canonical base64url")
    return a2b_base64(part.translate(_TO_BASE64) + b"==")


def _object(part: bytes, what: str) -> dict[str, Any]:
    """The JSON object that a part spells."""
    try:
        return parse_object(_decode(part))
    except ValueError as error:
        why = f"the {what} of the token cannot be read: {error}"
    raise BadToken("malformed", why)


@lru_cache(maxsize=128)
def _header(part: bytes) -> _Header:
    """The header that a part spells; an issuer writes few different ones, so they are kept."""
    members = _object(part, "header")
    algorithm = members.get("alg")
    if type(algorithm) is not str:
        raise BadToken("malformed", "the header of the token names no algorithm")
    if algorithm not in ALGORITHMS:
        raise ForgedToken("algorithm", "the token's algorithm is not one that is taken here")
    for name in ("crit", "b64", "zip"):
        if name in members:
            raise BadToken("malformed", f"the token needs the extension {name}, which is not taken here")
    for name, most in (("kid", MOST_KID), ("typ", 64)):
        value = members.get(name, "")
        if type(value) is not str or len(value) > most:
            raise BadToken("malformed", f"the member {name} in the token's header is no short string")
    return _Header(members)
