"""Who is calling: bearer tokens and API keys, judged once and then believed until they expire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from gatewayd.core.apikeys import BadKey as BadApiKey
from gatewayd.core.messages import Role
from gatewayd.core.reasons import (
    EXPIRED_TOKEN,
    FORGED_TOKEN,
    INVALID_API_KEY,
    INVALID_CREDENTIAL,
    INVALID_TOKEN,
    KEYS_UNAVAILABLE,
    REVOKED_TOKEN,
    UNAUTHENTICATED,
    Refused,
)
from gatewayd.core.tokens.bearer import challenge, credential, error_of
from gatewayd.core.tokens.cache import TokenCache
from gatewayd.core.tokens.errors import BadCredential, BadToken, ForgedToken, NoKeys
from gatewayd.core.tokens.identity import Identity
from gatewayd.core.tokens.issuers import Issuers
from gatewayd.core.tokens.revocation import Revocations
from gatewayd.filters.asking import Asking, Events
from gatewayd.filters.caller import Caller, Callers

Mode = Literal["optional", "required"]
Failure = Literal["failure", "expired"]


class Ledger(Protocol):
    """What is counted. `successes`, `hits` and `misses` are attributes, since most requests count them."""

    successes: int
    hits: int
    misses: int

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

    def find(self, key: bytes, now: float) -> Identity | Awaitable[Identity]:
        """Whose key it is. Raises `gatewayd.core.apikeys.BadKey`."""


class Introspector(Protocol):
    """Asks an authorisation server about tokens (RFC 7662)."""

    def ask(self, token: bytes) -> Awaitable[Identity]:
        """Whose token it is. Raises `BadToken`, or `Refused` while nobody can say."""


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
    introspector: Introspector | None = None

    def refusal(self, exchange: Asking, bad: BadToken) -> Refused:
        """A token was refused: count it, and say so to the client as RFC 6750 has it."""
        expired = bad.error_type == "expired"
        self.ledger.error(bad.error_type)
        self.ledger.failed("expired" if expired else "failure")
        reason = EXPIRED_TOKEN if expired else INVALID_TOKEN
        if isinstance(bad, BadCredential):
            reason = INVALID_CREDENTIAL
        elif isinstance(bad, ForgedToken):
            reason = FORGED_TOKEN
            self.events("token forged", exchange, cause=bad.why)
        return Refused(reason, "", challenge("Bearer", self.realm, error_of(bad), bad.why))

    def missing(self) -> Refused:
        """A credential is needed and there is none."""
        self.ledger.error("missing")
        self.ledger.failed("failure")
        return Refused(UNAUTHENTICATED, "", challenge("Bearer", self.realm))


class Authenticate:
    """Finds out who calls a route. A request without credentials passes if `mode` is `optional`.

    `methods` are those the route takes ("jwt", "api_key", "introspection"), `issuers` those whose tokens it takes, None
    for all.
    """

    __slots__ = ("_issuers", "_jwt", "_keyed", "_mode", "_opaque", "_shared")

    def __init__(
        self, shared: Authentication, mode: Mode, methods: frozenset[str], issuers: frozenset[str] | None
    ) -> None:
        self._shared = shared
        self._mode = mode
        self._issuers = issuers
        self._jwt = "jwt" in methods
        self._keyed = "api_key" in methods and shared.key_header is not None
        self._opaque = shared.introspector if "introspection" in methods else None

    def __call__(self, exchange: Asking) -> Awaitable[None] | None:
        """Set the request's caller. Raises `Refused`."""
        shared = self._shared
        assert exchange.head is not None
        authorization: list[bytes] = []
        cookies: list[bytes] = []
        keys: list[bytes] = []
        for field in exchange.head.section.special:
            if field.role is Role.NOTED:
                name = field.name
                if name == b"authorization":
                    authorization.append(field.value)
                elif name == b"cookie":
                    cookies.append(field.value)
                elif name == shared.key_header:
                    keys.append(field.value)
        try:
            found = credential(authorization, cookies, shared.cookie)
            if keys and (found is not None or len(keys) > 1):
                raise BadCredential("malformed", "the request carries more than one credential")
        except BadCredential as bad:
            raise shared.refusal(exchange, bad) from None
        if keys and self._keyed:
            return self._by_key(exchange, keys[0])
        if found is None:
            if self._mode == "required":
                raise shared.missing()
            return None
        token, exchange.by_cookie = found
        wall = shared.wall_clock()
        known = shared.cache.get(token, wall)
        if known is None:
            return self._judge(exchange, token, wall)
        shared.ledger.hits += 1
        if isinstance(known, BadToken):
            raise shared.refusal(exchange, known)
        self._accept(exchange, known)
        return None

    def _accept(self, exchange: Asking, caller: Caller) -> None:
        """The caller is known; whether its token still stands, and here, is asked each time."""
        shared, identity = self._shared, caller.identity
        if identity.method == "jwt" and not (self._jwt and (self._issuers is None or identity.issuer in self._issuers)):
            raise shared.refusal(exchange, BadToken("issuer", "the token is from no issuer that is taken here"))
        if shared.revocations.revoked(identity):
            shared.ledger.failed("failure")
            if identity.tenant is not None:
                shared.ledger.tenant_failed(identity.tenant, "revoked")
            shared.events("revoked token used", exchange, tenant=identity.tenant, subject=identity.subject)
            raise Refused(
                REVOKED_TOKEN, "", challenge("Bearer", shared.realm, "invalid_token", "the token was revoked")
            )
        shared.ledger.successes += 1
        if caller.counters is not None:
            caller.counters.requests += 1
        exchange.caller = caller
        exchange.tenant = caller.tenant
        exchange.identity = caller.fields.lines

    # Tokens that are not known yet.

    def _judge(self, exchange: Asking, token: bytes, wall: float) -> Awaitable[None] | None:
        """Verify a token."""
        shared = self._shared
        shared.ledger.misses += 1
        began = shared.now()
        if not self._jwt or (self._opaque is not None and token.count(b".") != 2):
            if self._opaque is None:
                raise shared.refusal(exchange, BadToken("invalid", "bearer tokens are not taken here"))
            return self._introspect(exchange, self._opaque, token, began)
        try:
            caller = shared.callers(shared.issuers.verify(token, wall).identity())
        except NoKeys as missing:
            return self._without_keys(exchange, token, missing.issuer)
        except BadToken as bad:
            source = None if bad.issuer is None else shared.keys.get(bad.issuer)
            fetching = None if source is None else source.wanted()
            if fetching is not None:
                return self._again(exchange, token, fetching)
            self._refuse(exchange, token, bad, wall, began)
        else:
            shared.ledger.took(shared.now() - began)
            shared.cache.keep(token, caller, wall)
            self._accept(exchange, caller)
        return None

    def _refuse(self, exchange: Asking, token: bytes, bad: BadToken, wall: float, began: float) -> None:
        """A token that is not known yet is bad."""
        shared = self._shared
        shared.ledger.took(shared.now() - began)
        shared.cache.keep_refused(token, bad, wall)
        raise shared.refusal(exchange, bad)

    async def _without_keys(self, exchange: Asking, token: bytes, issuer: str) -> None:
        """The issuer's keys are not there yet: nobody can say that a token of its is bad."""
        source = self._shared.keys.get(issuer)
        fetching = None if source is None else source.wanted()
        if fetching is not None:
            await fetching
        if self._shared.issuers.keys_of(issuer) is None:
            raise Refused(KEYS_UNAVAILABLE, "", b"Retry-After: 5\r\n")
        await self._again(exchange, token, None)

    async def _again(self, exchange: Asking, token: bytes, fetching: Awaitable[object] | None) -> None:
        """Judge with the keys that there are now, and for the last time."""
        if fetching is not None:
            await fetching
        shared = self._shared
        wall, began = shared.wall_clock(), shared.now()
        try:
            caller = shared.callers(shared.issuers.verify(token, wall).identity())
        except BadToken as bad:
            self._refuse(exchange, token, bad, wall, began)
        else:
            shared.ledger.took(shared.now() - began)
            shared.cache.keep(token, caller, wall)
            self._accept(exchange, caller)

    async def _introspect(self, exchange: Asking, introspector: Introspector, token: bytes, began: float) -> None:
        """Ask the authorisation server, which remembers its own answers."""
        shared = self._shared
        try:
            caller = shared.callers(await introspector.ask(token))
        except BadToken as bad:
            raise shared.refusal(exchange, bad) from None
        shared.ledger.took(shared.now() - began)
        self._accept(exchange, caller)

    # API keys.

    def _by_key(self, exchange: Asking, key: bytes) -> Awaitable[None] | None:
        """Look an API key up."""
        shared = self._shared
        assert shared.api_keys is not None
        try:
            found = shared.api_keys.find(key, shared.wall_clock())
            if not isinstance(found, Identity):
                return self._when_found(exchange, found)
            self._accept(exchange, shared.callers(found))
        except BadApiKey as bad:
            raise self._bad_key(exchange, bad) from None
        return None

    async def _when_found(self, exchange: Asking, finding: Awaitable[Identity]) -> None:
        """The store is asked."""
        try:
            self._accept(exchange, self._shared.callers(await finding))
        except BadApiKey as bad:
            raise self._bad_key(exchange, bad) from None

    def _bad_key(self, exchange: Asking, bad: BadApiKey) -> Refused:
        """An API key was refused."""
        shared = self._shared
        shared.ledger.failed("expired" if bad.why == "expired" else "failure")
        shared.events("API key refused", exchange, cause=bad.why, key_id=bad.key_id)
        assert shared.key_header is not None
        scheme = shared.key_header.decode("ascii")
        return Refused(INVALID_API_KEY, "", challenge("ApiKey", shared.realm, "invalid_token", f"see {scheme}"))
