"""An issuer that publishes what the test wants, and whoever keeps its keys."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from jwt.algorithms import ECAlgorithm
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from gatewayd.core.tokens.cache import TokenCache
from gatewayd.core.tokens.claims import Rules
from gatewayd.core.tokens.identity import Identity
from gatewayd.core.tokens.issuers import Issuer, Issuers
from gatewayd.core.tokens.refresh import Pace
from gatewayd.upstream.answer import Answer, CallFailed
from gatewayd.upstream.jwks import JwksKeeper, Source
from tests.core.tokens.forge import CLAIMS, ISS, NOW, forge, private_key

URL = "https://issuer.example/keys"
PACE = Pace(usual_life=1000, least_life=60, most_life=5000, ahead=0.2, cooldown=10, first_retry=1, most_retry=60)
ISSUER = Issuer("main", Rules(issuer=ISS, audiences=frozenset({"api"})), frozenset({"ES256"}))


def jwk(kid: str | None, curve: str = "P-256") -> dict[str, Any]:
    """A key as it is published; keys of different curves are different keys."""
    written: dict[str, Any] = ECAlgorithm.to_jwk(private_key(curve).public_key(), as_dict=True)
    return written if kid is None else {**written, "kid": kid}


def jwks(*kids: str | None, **more: Any) -> bytes:
    """A document with a key for each of `kids`, and other members."""
    return json.dumps({"keys": [jwk(kid) for kid in kids], **more}).encode()


@cache
def token(kid: str) -> bytes:
    """A token that is good where the key is known, at `NOW`; always the same one, as signatures differ."""
    return forge(CLAIMS, {"alg": "ES256", "typ": "JWT", "kid": kid}, alg="ES256")


class World:
    """The keeper of one issuer's keys.

    A fetch is answered by `pages`; one that is not there fails, while `slow` it waits for the test.
    """

    def __init__(self, source: Source | None = None, issuer: Issuer = ISSUER) -> None:
        self.clock = Clock()
        self.random = 0.0
        self.pages: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.slow: list[Deferred[Answer]] | None = None
        self.refreshes: list[str] = []
        self.issuers = Issuers([issuer])
        self.cache: TokenCache[Identity] = TokenCache(100, 100, 60.0)
        self.keeper = JwksKeeper(
            issuer,
            Source(URL, PACE) if source is None else source,
            self.issuers,
            self.cache,
            self._fetch,
            self.clock,
            lambda: self.random,
            self.refreshes.append,
        )

    def _fetch(self, url: str) -> Deferred[Answer]:
        self.asked.append(url)
        if self.slow is not None:
            self.slow.append(Deferred())
            return self.slow[-1]
        page = self.pages.get(url)
        return fail(CallFailed("no connection")) if page is None else succeed(page)

    def publish(self, body: bytes, url: str = URL, status: int = 200) -> None:
        """From now on `url` says this."""
        self.pages[url] = Answer(status, {}, body)

    def start(self, *kids: str | None) -> World:
        """Begin, with these keys published."""
        self.publish(jwks(*kids))
        assert self.keeper.start().called
        return self

    def kids(self) -> set[str | None]:
        """The names of the keys that are installed."""
        keys = self.issuers.keys_of("main")
        return set() if keys is None else set(keys.kids)

    def next(self) -> float:
        """Seconds until the next fetch by plan."""
        (call,) = self.clock.getDelayedCalls()
        return call.getTime() - self.clock.seconds()

    def again(self) -> None:
        """Let the time pass until then."""
        self.clock.advance(self.next())

    def believe(self, kid: str) -> None:
        """A token that this key signed is verified, and remembered."""
        written = token(kid)
        self.cache.keep(written, self.issuers.verify(written, NOW).identity(), NOW)

    def believed(self, kid: str) -> bool:
        """Whether it still is."""
        return isinstance(self.cache.get(token(kid), NOW), Identity)
