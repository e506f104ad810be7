"""Where credentials are judged, with keys, servers and time in the test's hands."""

from __future__ import annotations

from collections.abc import Awaitable

from twisted.internet.defer import Deferred, fail, succeed

from gatewayd.core.apikeys import ApiKey, hash_key, make_key
from gatewayd.core.proof import IdentityNames
from gatewayd.core.tokens.cache import TokenCache
from gatewayd.core.tokens.claims import Rules
from gatewayd.core.tokens.errors import BadToken, NoVerdict
from gatewayd.core.tokens.identity import ClaimPaths, Identity
from gatewayd.core.tokens.issuers import Issuer, Issuers
from gatewayd.core.tokens.jws import ALGORITHMS
from gatewayd.core.tokens.keys import KeySet
from gatewayd.core.tokens.revocation import Revocations
from gatewayd.filters.apikeys import KeyRing
from gatewayd.filters.authenticate import Authenticate
from gatewayd.filters.authentication import Authentication, Mode
from gatewayd.filters.caller import Caller, Callers
from gatewayd.telemetry.callers import CallerMetrics
from tests.core.tokens import forge
from tests.filters.asked import Told

PEPPER = b"pepper, at least 16 bytes"
KEY = make_key(bytes(range(28))).encode()
OLD_KEY = make_key(bytes(range(1, 29))).encode()
LOST_KEY = make_key(bytes(range(2, 30))).encode()
WRONG_KEY = make_key(bytes(range(8)) + bytes(20)).encode()  # the id of KEY and another secret
ENTRIES = [
    ApiKey(KEY[3:16].decode(), hash_key(KEY, PEPPER), "acme", "robot"),
    ApiKey(OLD_KEY[3:16].decode(), hash_key(OLD_KEY, PEPPER), expires=forge.NOW - 1),
]

GOOD = forge.good(tenant_id="acme")
EXPIRED = forge.good(exp=forge.NOW - 100)
FORGED = GOOD[:-4] + (b"AAAA" if GOOD[-4:] != b"AAAA" else b"BBBB")
NEW_KEY = forge.forge(forge.CLAIMS, {"alg": "HS256", "kid": "new"})


class Source:
    """The keys of an issuer: fetched when the test says so, and only if `willing`."""

    def __init__(self) -> None:
        self.willing = True
        self.waiting: list[Deferred[None]] = []

    def wanted(self) -> Deferred[None] | None:
        """See `KeySource`."""
        if not self.willing:
            return None
        self.waiting.append(Deferred())
        return self.waiting[-1]

    def settle(self) -> None:
        """A fetch is over."""
        waiting, self.waiting = self.waiting, []
        self.willing = False
        for one in waiting:
            one.callback(None)


class Server:
    """An authorization server that knows one token."""

    def __init__(self, callers: Callers) -> None:
        self.cache: TokenCache[Caller] = TokenCache(10, 10, 5.0)
        self.asked: list[bytes] = []
        self.away = False
        self._callers = callers

    def ask(self, token: bytes) -> Awaitable[Caller]:
        """See `Introspector`."""
        self.asked.append(token)
        if self.away:
            return fail(NoVerdict("it is away"))
        if token == b"bad":
            return fail(BadToken("invalid", "the token is not active"))
        return succeed(self._callers(Identity("remote", "acme", method="introspection", expires=forge.NOW + 60.0)))


class Door:
    """Everything that routes share, and a route's filter."""

    def __init__(self, keys: bool = True) -> None:
        self.metrics = CallerMetrics()
        self.told = Told()
        self.now = float(forge.NOW)
        callers = Callers(IdentityNames())
        rules = Rules(issuer=forge.ISS, audiences=frozenset({"api"}))
        self.issuers = Issuers([Issuer("main", rules, ALGORITHMS, ClaimPaths())])
        self.source = Source()
        self.server = Server(callers)
        if keys:
            self.install("HS256")
        self.cache: TokenCache[Caller] = TokenCache(10, 10, 5.0)
        self.revocations = Revocations(10)
        self.shared = Authentication(
            issuers=self.issuers,
            cache=self.cache,
            revocations=self.revocations,
            callers=callers,
            keys={"main": self.source},
            ledger=self.metrics.auth,
            events=self.told,
            wall_clock=lambda: self.now,
            now=lambda: 0.0,
            realm="shop",
            cookie=b"session",
            key_header=b"x-api-key",
            api_keys=KeyRing(ENTRIES, PEPPER, callers),
            introspector=self.server,
        )

    def install(self, *kids: str) -> None:
        """The issuer has these keys."""
        self.issuers.install("main", KeySet([forge.key("HS256", kid) for kid in kids]))

    def filter(
        self, methods: str = "jwt", mode: Mode = "required", issuers: frozenset[str] | None = None
    ) -> Authenticate:
        """A route's."""
        return Authenticate(self.shared, mode, frozenset(methods.split()), issuers)


def bearer(token: bytes) -> bytes:
    """A line with a token."""
    return b"Authorization: Bearer %b\r\n" % token


def cookie(token: bytes) -> bytes:
    """A line with the cookie for tokens."""
    return b"Cookie: a=b; session=%b\r\n" % token


def key(key: bytes) -> bytes:
    """A line with an API key."""
    return b"X-Api-Key: %b\r\n" % key
