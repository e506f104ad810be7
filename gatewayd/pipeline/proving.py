"""What a service can check that a request came through the gateway, and for whom."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

import jwt

from gatewayd.core.proof import EMPTY_BODY, UNSIGNED, IdentityFields, Signer, identity_fields
from gatewayd.pipeline.gathered import Gathered, gather

if TYPE_CHECKING:
    from gatewayd.filters.caller import Caller
    from gatewayd.pipeline.asking import Asking
    from gatewayd.pipeline.exchange import Exchange

MOST_DIGESTED = 64 * 1024  # bytes of a body that is gathered to be signed; larger ones stream, and are not signed

_NOBODY: IdentityFields = identity_fields(None, None)
_MOST_KEPT = 10_000  # tokens that are still good for other requests


class Proof(Protocol):
    """Makes the field line that proves a request."""

    def __call__(self, exchange: Asking, method: bytes, target: bytes) -> bytes:
        """The line for a request as the service receives it: `target` is path and query."""

    def towards(self, service: str) -> Proof:
        """The proof for the service of this name."""


class SignedRequest:
    """A signature of the request itself (`gatewayd.core.proof`); `nonce` makes one that was never used before."""

    __slots__ = ("_nonce", "_signer")

    def __init__(self, signer: Signer, nonce: Callable[[], bytes]) -> None:
        self._signer = signer
        self._nonce = nonce

    def __call__(self, exchange: Asking, method: bytes, target: bytes) -> bytes:
        """The line; each attempt at a service gets a signature of its own."""
        caller, upload = exchange.caller, exchange.upload
        if exchange.body is None:
            body = EMPTY_BODY
        elif isinstance(upload, Gathered):
            body = hashlib.sha256(upload.data).hexdigest().encode()
        else:
            body = UNSIGNED
        fields = _NOBODY if caller is None else caller.fields
        return self._signer.sign(method, target, body, exchange.application.wall_clock(), self._nonce(), fields)

    def towards(self, service: str) -> SignedRequest:
        """The same for all."""
        return self


async def _gather_small(exchange: Exchange) -> None:
    await gather(exchange, MOST_DIGESTED)


def gather_to_sign(exchange: Exchange) -> Awaitable[None] | None:
    """Gather a body that is small enough to be signed; larger ones, and those of unknown length, stream."""
    assert exchange.head is not None
    length = exchange.head.section.length
    if exchange.body is None or length is None or length > MOST_DIGESTED:
        return None
    return _gather_small(exchange)


class SignedIdentity:
    """A short-lived JWT about the caller, signed by the gateway; the same one for half of its `life` in seconds.

    Without an `audience` each service gets one of its own, so that it cannot pass for the gateway before the others.
    """

    __slots__ = ("_algorithm", "_audience", "_issuer", "_kept", "_life", "_secret", "_services")

    def __init__(self, secret: bytes, algorithm: str, issuer: str, audience: str | None, life: float) -> None:
        self._secret = secret
        self._algorithm = algorithm
        self._issuer = issuer
        self._audience = audience
        self._life = life
        self._kept: dict[Caller | None, tuple[float, bytes]] = {}
        self._services: dict[str, SignedIdentity] = {}

    def towards(self, service: str) -> SignedIdentity:
        """Tokens whose audience is the service, unless they all have another."""
        if self._audience is not None:
            return self
        found = self._services.get(service)
        if found is None:
            found = SignedIdentity(self._secret, self._algorithm, self._issuer, service, self._life)
            self._services[service] = found
        return found

    def __call__(self, exchange: Asking, method: bytes, target: bytes) -> bytes:
        """The line."""
        now, caller = exchange.application.wall_clock(), exchange.caller
        until, line = self._kept.get(caller, (0.0, b""))
        if now >= until:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            line = self._line(caller, now)
            self._kept[caller] = (now + self._life / 2, line)
        return line

    def _line(self, caller: Caller | None, now: float) -> bytes:
        """A new token, as a field line."""
        claims: dict[str, object] = {"iss": self._issuer, "iat": int(now), "exp": int(now + self._life)}
        if self._audience is not None:
            claims["aud"] = self._audience
        if caller is not None:
            identity = caller.identity
            about = {"sub": identity.subject, "tenant_id": identity.tenant}
            claims.update({name: value for name, value in about.items() if value is not None})
            claims["roles"] = sorted(identity.roles)
            claims["scope"] = " ".join(sorted(identity.scopes))
        token = jwt.encode(claims, self._secret, self._algorithm, headers={"typ": "gatewayd-identity+jwt"})
        return b"X-Gateway-Identity: %b\r\n" % token.encode("ascii")
