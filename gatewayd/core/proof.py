"""A signed proof that a request came through the gateway, and for whom: services need not trust their network.

What is signed is method, target, body, time, nonce and the identity fields, each with its length before it, so that no
two requests are written alike. `gatewayd.verify_proof` is the other side, to be copied into services. Give each service
a secret of its own: with a shared one, any of them could replay to the others what it was sent.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import NamedTuple

UNSIGNED = b"UNSIGNED"
"""Stands for the digest of a body that is sent on while it is still being received."""
EMPTY_BODY = hashlib.sha256().hexdigest().encode()
"""The digest of no body."""
SHORTEST_SECRET = 32  # the length of the hash: RFC 2104 section 3 discourages less

_VERSION = b"gatewayd-proof-1"
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")  # no outer blanks: HTTP would take them away


class IdentityNames(NamedTuple):
    """The fields that tell a service who is calling; None for what it is not told."""

    tenant: str | None = "X-Tenant-Id"
    user: str | None = "X-User-Id"
    roles: str | None = "X-User-Roles"
    scopes: str | None = "X-User-Scopes"


class IdentityFields(NamedTuple):
    """An identity as a service is told: `lines` are its field lines, `canonical` its part of what is signed.

    The same for all requests of an identity, so worth keeping beside it.
    """

    lines: bytes
    canonical: bytes


def identity_fields(
    tenant: str | None,
    user: str | None,
    roles: Iterable[str] = (),
    scopes: Iterable[str] = (),
    names: IdentityNames = IdentityNames(),  # noqa: B008 - immutable
) -> IdentityFields:
    """The fields for this identity: roles in order with commas between, scopes with blanks; none for what is empty.

    Raises `ValueError` for what cannot stand in a field, or could be read as more than one role or scope.
    """
    values = (tenant or "", user or "", _list(roles, ","), _list(scopes, " "))
    lines, canonical = [], []
    for name, value in zip(names, values, strict=True):
        sent = value if name is not None else ""
        if sent:
            if _VALUE.fullmatch(sent) is None:
                raise ValueError(f"{name} would hold what no field may hold")
            lines.append(f"{name}: {sent}\r\n")
        canonical.append(_part(sent.encode()))
    return IdentityFields("".join(lines).encode(), b"".join(canonical))


class Signer:
    """Signs requests to one service."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        """Raises `ValueError` for a secret of less than 32 bytes."""
        if len(secret) < SHORTEST_SECRET:
            raise ValueError(f"a secret for proofs needs {SHORTEST_SECRET} bytes or more")
        self._secret = secret

    def sign(
        self, method: bytes, target: bytes, body: bytes, now: float, nonce: bytes, identity: IdentityFields
    ) -> bytes:
        """The line that proves a request, to be sent along with `identity.lines`.

        `target` is path and query as the service receives them, `body` the SHA-256 of the body in hex or `UNSIGNED`,
        `now` in seconds since 1970, `nonce` 16 to 64 letters, digits, "-" or "_" that were never used before.
        """
        time = b"%d" % now
        signed = b"%b%d:%b\n%d:%b\n%d:%b\n%d:%b\n%d:%b\n%b" % (
            _PREFIX,
            len(method),
            method,
            len(target),
            target,
            len(body),
            body,
            len(time),
            time,
            len(nonce),
            nonce,
            identity.canonical,
        )
        signature = hmac.digest(self._secret, signed, "sha256").hex().encode()
        return b"X-Gateway-Proof: t=%b,n=%b,b=%b,s=%b\r\n" % (time, nonce, body, signature)


def _part(value: bytes) -> bytes:
    """One part of what is signed: where it ends does not depend on what it holds."""
    return b"%d:%b\n" % (len(value), value)


_PREFIX = _part(_VERSION)


def _list(members: Iterable[str], separator: str) -> str:
    """The members in order, if each of them stays one between separators."""
    ordered = sorted(set(members))
    if not all(member and separator not in member and member.strip(" ") == member for member in ordered):
        raise ValueError("a role or scope would be read as another, or as several")
    return separator.join(ordered)
