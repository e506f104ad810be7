"""What the routes of a gateway share to find out who is calling: issuers, keys, and what was judged before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from gatewayd.core.reasons import (
    EXPIRED_CERTIFICATE,
    EXPIRED_TOKEN,
    FORGED_TOKEN,
    INVALID_CERTIFICATE,
    INVALID_CREDENTIAL,
    INVALID_TOKEN,
    UNAUTHENTICATED,
    Refused,
)
from gatewayd.core.tokens.bearer import challenge, error_of
from gatewayd.core.tokens.cache import TokenCache
from gatewayd.core.tokens.errors import BadCredential, BadToken, ForgedToken
from gatewayd.core.tokens.issuers import Issuers
from gatewayd.core.tokens.revocation import Revocations
from gatewayd.filters.asking import Asking, Events
from gatewayd.filters.caller import Caller, Callers
from gatewayd.filters.certificates import Certificates
from gatewayd.log import audit

Mode = Literal["optional", "required"]
Failure = Literal["failure", "expired"]


class Ledger(Protocol):
    """What is counted. What most requests count are attributes.

    `hits` and `misses` are those of remembered verdicts, `key_hits` and `key_misses` those of issuers' keys, where a
    verdict was not remembered. `seen` counts a request of a tenant.
    """

    successes: int
    hits: int
    misses: int
    key_hits: int
    key_misses: int
    seen: Callable[[str], None]

    def failed(self, status: Failure) -> None:
        """A credential was refused."""

    def took(self, seconds: float) -> None:
        """A credential that was not known yet was judged in this time."""

    def error(self, error_type: str) -> None:
        """A token was refused for this (`error_type` of jwt_validation_errors_total)."""

    def tenant_failed(self, tenant: str, reason: str) -> None:
        """A credential of a tenant that is known to be its own was refused."""


class KeySource(Protocol):
    """Fetches an issuer's keys."""

    def wanted(self) -> Awaitable[object] | None:
        """Fires when newer keys may be there; None where there is no use in waiting."""


class ApiKeys(Protocol):
    """Where API keys are looked up."""

    def find(self, key: bytes, now: float) -> Caller | Awaitable[Caller]:
        """Whose key it is. Raises `gatewayd.core.apikeys.BadKey`, or `Refused` while nobody can say."""


class Introspector(Protocol):
    """Asks an authorization server about tokens (RFC 7662), and remembers its answers in `cache`."""

    cache: TokenCache[Caller]

    def ask(self, token: bytes) -> Awaitable[Caller]:
        """Whose token it is. Raises `BadToken`, or `NoVerdict` while nobody can say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """What the routes of one gateway share. `wall_clock` is what tokens' times are compared with, `now` measures.

    `cookie` may carry a token, `key_header` (lower case) an API key; None where nothing may. `keys` are the sources of
    issuers whose keys are fetched.
    """

    issuers: Issuers
    cache: TokenCache[Caller]
    revocations: Revocations
    callers: Callers
    keys: Mapping[str, KeySource]
    ledger: Ledger
    events: Events
    wall_clock: Callable[[], float]
    now: Callable[[], float]
    realm: str
    cookie: bytes | None = None
    key_header: bytes | None = None
    api_keys: ApiKeys | None = None
    certificates: Certificates | None = None
    introspector: Introspector | None = None

    def refusal(self, exchange: Asking, bad: BadToken) -> Refused:
        """A token was refused: count it, and say so to the client as RFC 6750 has it."""
        expired = bad.error_type == "expired"
        self.ledger.error(bad.error_type)
        self.ledger.failed("expired" if expired else "failure")
        if bad.tenant is not None:
            self.ledger.tenant_failed(bad.tenant, bad.error_type)
        reason, event = EXPIRED_TOKEN if expired else INVALID_TOKEN, audit.TOKEN_REFUSED
        if isinstance(bad, BadCredential):
            reason = INVALID_CREDENTIAL
        elif isinstance(bad, ForgedToken):
            reason, event = FORGED_TOKEN, audit.TOKEN_FORGED
        self.events(event, exchange, cause=bad.why)
        return Refused(reason, "", challenge("Bearer", self.realm, error_of(bad), bad.why))

    def missing(self, *, tokens: bool = True, keys: bool = False, certificates: bool = False) -> Refused:
        """A credential is needed and there is none; the route takes `tokens`, API `keys`, `certificates`, or some."""
        if tokens:
            self.ledger.error("missing")
        self.ledger.failed("failure")
        offered = challenge("Bearer", self.realm) if tokens else b""
        if keys:
            offered += self.key_challenge()
        if certificates:
            offered += challenge("Certificate", self.realm)
        return Refused(UNAUTHENTICATED, "", offered)

    def bad_certificate(self, exchange: Asking, bad: BadToken) -> Refused:
        """A client's certificate says nothing that counts here, or no more."""
        expired = bad.error_type == "expired"
        self.ledger.failed("expired" if expired else "failure")
        self.events(audit.CERTIFICATE_REFUSED, exchange, cause=bad.why)
        return Refused(
            EXPIRED_CERTIFICATE if expired else INVALID_CERTIFICATE, "", challenge("Certificate", self.realm)
        )

    def keys_only(self) -> Refused:
        """A token came where only API keys are taken; what is wrong with the token, if anything, nobody looked at."""
        self.ledger.failed("failure")
        return Refused(INVALID_TOKEN, "Tokens are not taken here: the route takes API keys only.", self.key_challenge())

    def key_challenge(self, error: str | None = None, description: str | None = None) -> bytes:
        """A WWW-Authenticate line of the scheme `ApiKey`, which is the gateway's own: it names the header for keys."""
        assert self.key_header is not None
        return challenge("ApiKey", self.realm, error, description, header=self.key_header.decode("ascii"))
