"""The credentials of one request: found, judged once, and then believed until they expire."""

from __future__ import annotations

from collections.abc import Awaitable

from gatewayd.core.apikeys import BadKey as BadApiKey
from gatewayd.core.messages import Role
from gatewayd.core.reasons import (
    INTROSPECTION_UNAVAILABLE,
    INVALID_API_KEY,
    KEYS_UNAVAILABLE,
    REVOKED_TOKEN,
    Refused,
)
from gatewayd.core.tokens.bearer import challenge, credential
from gatewayd.core.tokens.errors import BadCredential, BadToken, NoKeys, NoVerdict
from gatewayd.filters.asking import Asking
from gatewayd.filters.authentication import Authentication, Introspector, Mode
from gatewayd.filters.caller import Caller
from gatewayd.log import audit


class Authenticate:
    """Finds out who calls a route. A request without credentials passes if `mode` is `optional`.

    `methods` are those the route takes ("jwt", "api_key", "introspection", "certificate"), `issuers` those whose tokens
    it takes, None for all. What a request carries goes before what its connection has shown.
    """

    __slots__ = ("_certified", "_issuers", "_jwt", "_keyed", "_mode", "_opaque", "_shared", "_tokens")

    def __init__(
        self, shared: Authentication, mode: Mode, methods: frozenset[str], issuers: frozenset[str] | None
    ) -> None:
        self._shared = shared
        self._mode = mode
        self._issuers = issuers
        self._jwt = "jwt" in methods
        self._keyed = "api_key" in methods and shared.key_header is not None
        self._opaque = shared.introspector if "introspection" in methods else None
        self._certified = shared.certificates if "certificate" in methods else None
        self._tokens = self._jwt or self._opaque is not None or not (self._keyed or self._certified is not None)

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
        if found is None or (self._certified is not None and not self._tokens):
            self._by_certificate(exchange)
            return None
        token, exchange.by_cookie = found
        if not self._tokens:
            raise shared.keys_only()
        wall = shared.wall_clock()
        opaque = self._opaque
        if opaque is not None and self._jwt and token.count(b".") == 2:
            opaque = None
        known = (shared.cache if opaque is None else opaque.cache).get(token, wall)
        if known is None:
            shared.ledger.misses += 1
            return self._judge(exchange, token, wall) if opaque is None else self._introspect(exchange, opaque, token)
        shared.ledger.hits += 1
        if isinstance(known, BadToken):
            raise shared.refusal(exchange, known)
        self._accept(exchange, known)
        return None

    def _by_certificate(self, exchange: Asking) -> None:
        """The request carries nothing that counts here: perhaps its connection does."""
        shared, certified, shown = self._shared, self._certified, exchange.channel.peer.certificate
        if certified is not None and shown is not None:
            try:
                caller = certified.find(shown, shared.wall_clock())
            except BadToken as bad:
                raise shared.bad_certificate(exchange, bad) from None
            self._accept(exchange, caller)
        elif self._mode == "required":
            raise shared.missing(tokens=self._tokens, keys=self._keyed, certificates=certified is not None)

    def _accept(self, exchange: Asking, caller: Caller) -> None:
        """The caller is known; whether its token still stands, and here, is asked each time."""
        shared, identity = self._shared, caller.identity
        if identity.method == "jwt" and not (self._jwt and (self._issuers is None or identity.issuer in self._issuers)):
            why = "the token is from no issuer that is taken here"
            raise shared.refusal(exchange, BadToken("issuer", why, tenant=identity.tenant))
        if shared.revocations.revoked(identity):
            shared.ledger.failed("failure")
            if identity.method == "jwt":
                shared.ledger.error("invalid")
            if identity.tenant is not None:
                shared.ledger.tenant_failed(identity.tenant, "revoked")
            shared.events(audit.TOKEN_REVOKED, exchange, tenant=identity.tenant, user=identity.subject)
            if identity.method == "certificate":
                raise Refused(REVOKED_TOKEN, "The certificate was revoked.", challenge("Certificate", shared.realm))
            raise Refused(
                REVOKED_TOKEN, "", challenge("Bearer", shared.realm, "invalid_token", "the token was revoked")
            )
        shared.ledger.successes += 1
        if identity.tenant is not None:
            shared.ledger.seen(identity.tenant)
        exchange.caller = caller
        exchange.tenant = caller.tenant
        exchange.identity = caller.fields.lines

    # Tokens that are not known yet.

    def _judge(self, exchange: Asking, token: bytes, wall: float) -> Awaitable[None] | None:
        """Verify a token."""
        shared = self._shared
        if not self._jwt:
            raise shared.refusal(exchange, BadToken("invalid", "bearer tokens are not taken here"))
        began = shared.now()
        try:
            caller = shared.callers(shared.issuers.verify(token, wall).identity())
        except NoKeys as missing:
            return self._without_keys(exchange, token, missing.issuer)
        except BadToken as bad:
            source = None if bad.issuer is None else shared.keys.get(bad.issuer)
            fetching = None if source is None else source.wanted()
            if fetching is not None:
                shared.ledger.key_misses += 1
                return self._again(exchange, token, fetching)
            self._refuse(exchange, token, bad, wall, began)
        else:
            shared.ledger.took(shared.now() - began)
            if caller.issuer in shared.keys:
                shared.ledger.key_hits += 1
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
        self._shared.ledger.key_misses += 1
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

    async def _introspect(self, exchange: Asking, introspector: Introspector, token: bytes) -> None:
        """Ask the authorization server."""
        shared = self._shared
        began = shared.now()
        try:
            caller = await introspector.ask(token)
        except BadToken as bad:
            shared.ledger.took(shared.now() - began)
            raise shared.refusal(exchange, bad) from None
        except NoVerdict:
            raise Refused(INTROSPECTION_UNAVAILABLE, "", b"Retry-After: 5\r\n") from None
        shared.ledger.took(shared.now() - began)
        self._accept(exchange, caller)

    # API keys.

    def _by_key(self, exchange: Asking, key: bytes) -> Awaitable[None] | None:
        """Look an API key up."""
        shared = self._shared
        assert shared.api_keys is not None
        try:
            found = shared.api_keys.find(key, shared.wall_clock())
            if not isinstance(found, Caller):
                return self._when_found(exchange, found)
            self._accept(exchange, found)
        except BadApiKey as bad:
            raise self._bad_key(exchange, bad) from None
        return None

    async def _when_found(self, exchange: Asking, finding: Awaitable[Caller]) -> None:
        """The store is asked."""
        shared = self._shared
        began = shared.now()
        try:
            caller = await finding
        except BadApiKey as bad:
            shared.ledger.took(shared.now() - began)
            raise self._bad_key(exchange, bad) from None
        shared.ledger.took(shared.now() - began)
        self._accept(exchange, caller)

    def _bad_key(self, exchange: Asking, bad: BadApiKey) -> Refused:
        """An API key was refused."""
        shared = self._shared
        shared.ledger.failed("expired" if bad.why == "expired" else "failure")
        if bad.tenant is not None:
            shared.ledger.tenant_failed(bad.tenant, bad.why)
        shared.events(audit.API_KEY_REFUSED, exchange, cause=bad.why, key_id=bad.key_id)
        return Refused(INVALID_API_KEY, "", shared.key_challenge("invalid_key", "the API key is not accepted"))
