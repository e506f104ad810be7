"""Clients that stay with one target: the cookie that says which, without giving its address away."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Generic

from gatewayd.core.balance.candidate import C

_SIZE = 9  # bytes: no two of a service's targets will ever share an id, and base64 needs no padding
_LONGEST_SALT = 64  # bytes that BLAKE2b takes as its key


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie called `name` that lasts `ttl` seconds and, if it is `secure`, is sent over TLS only."""

    name: str
    ttl: float
    secure: bool = True

    def line(self, ident: bytes) -> bytes:
        """The Set-Cookie line for `ident`, with its CRLF (RFC 6265 section 4.1).

        Scripts need not read it, and other sites' forms need not send it.
        """
        secure = b"; Secure" if self.secure else b""
        age = max(1, int(self.ttl))  # 0 would delete it
        return b"Set-Cookie: %b=%b; Path=/; Max-Age=%d; HttpOnly%b; SameSite=Lax\r\n" % (
            self.name.encode("ascii"),
            ident,
            age,
            secure,
        )


def target_id(name: str, salt: bytes) -> bytes:
    """The id of the target `name`: 12 letters, digits, "-" and "_", the same in every process with the same `salt`.

    Clients see it. An address in it could be found by trying all there are, by anybody who knows the salt.
    """
    if len(salt) > _LONGEST_SALT:
        salt = blake2b(salt).digest()
    return urlsafe_b64encode(blake2b(name.encode(), digest_size=_SIZE, key=salt).digest())


class StickyTargets(Generic[C]):
    """Which target a cookie stands for, and which cookie for a target: looked up for each request, worked out before.

    A cookie is no secret and no proof: all that a client can do with one that it made up is choose its target.
    """

    __slots__ = ("_by_id", "_cookie", "_lines", "_salt")

    def __init__(self, cookie: Cookie, salt: bytes) -> None:
        self._cookie = cookie
        self._salt = salt
        self._by_id: dict[bytes, C] = {}
        self._lines: dict[str, bytes] = {}

    def rebuild(self, targets: Iterable[C]) -> None:
        """These are the targets from now on."""
        self._by_id = {target_id(target.name, self._salt): target for target in targets}
        self._lines = {target.name: self._cookie.line(ident) for ident, target in self._by_id.items()}

    def find(self, ident: bytes) -> C | None:
        """The target that `ident` stands for; None if it is none of these."""
        return self._by_id.get(ident)

    def line(self, target: C) -> bytes:
        """The Set-Cookie line that keeps a client at `target`, with its CRLF; nothing if it is none of these."""
        return self._lines.get(target.name, b"")
