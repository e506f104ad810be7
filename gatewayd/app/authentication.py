"""From the section `authentication` to what judges credentials, with its keys, files and lists kept fresh."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure

from gatewayd.config.models.apikeys import ApiKeyEntry
from gatewayd.config.models.apikeys import ApiKeys as ApiKeysConfig
from gatewayd.config.models.authentication import Authentication as Config
from gatewayd.config.models.authentication import Introspection
from gatewayd.config.models.issuers import TokenIssuer
from gatewayd.core.apikeys import ApiKey
from gatewayd.core.reasons import KEYS_UNAVAILABLE, Refused
from gatewayd.core.tokens.cache import TokenCache
from gatewayd.core.tokens.issuers import Issuer, Issuers
from gatewayd.core.tokens.keys import KeySet
from gatewayd.core.tokens.revocation import Revocations
from gatewayd.filters.apikeys import KeyRing
from gatewayd.filters.asking import Events
from gatewayd.filters.authentication import Authentication
from gatewayd.filters.caller import Caller, Callers
from gatewayd.filters.certificates import Certificates
from gatewayd.log import Log, events
from gatewayd.stores.interface import Store, Unavailable
from gatewayd.stores.revocations import SharedRevocations
from gatewayd.telemetry.callers import CallerMetrics
from gatewayd.upstream.answer import Answer
from gatewayd.upstream.introspection import Introspector
from gatewayd.upstream.introspection import Settings as IntrospectionSettings
from gatewayd.upstream.jwks import LARGEST, JwksKeeper, Refresh, Source
from gatewayd.upstream.listfile import ListFile
from gatewayd.upstream.listings import read_api_keys
from gatewayd.upstream.outgoing import Outgoing, read_trusted

_FILE_INTERVAL = 2.0  # seconds between two looks at the file of API keys
_LARGEST_ANSWER = 64 * 1024  # bytes of an introspection's answer
_log = Log("gatewayd.authentication")


class Authenticating:
    """Judges credentials, from `start` to `stop`; `shared` is what the filters of all routes have of it.

    `limits` says of the limits that API keys may name whether they have numbers.
    """

    def __init__(
        self,
        config: Config,
        callers: Callers,
        metrics: CallerMetrics,
        events: Events,
        reactor: Any,
        now: Callable[[], float],
        wall_clock: Callable[[], float],
        random: Callable[[], float],
        store: Store | None,
        limits: Mapping[str, bool],
    ) -> None:
        self._config = config
        self._limits = limits
        self._reactor = reactor
        self._metrics = metrics
        self._wall_clock = wall_clock
        self._now = now
        self._random = random
        self._outgoing: list[Outgoing] = []
        self._keepers: dict[str, JwksKeeper] = {}
        named = {name: issuer.named(name) for name, issuer in config.issuers.items()}
        issuers = Issuers(named.values())
        cache: TokenCache[Caller] = TokenCache(config.cache.tokens, config.cache.refused, config.cache.refused_for)
        for name, issuer in config.issuers.items():
            if issuer.jwks is None:
                issuers.install(name, KeySet([key.key() for key in issuer.keys]))
            else:
                self._keepers[name] = self._keeper(named[name], issuer, issuers, cache)
        self.revocations = Revocations(config.revocations.most)
        self.shared_revocations: SharedRevocations | None = None
        if config.revocations.redis and store is not None:
            revocations = config.revocations
            self.shared_revocations = SharedRevocations(
                store, self.revocations, revocations.every, revocations.most, reactor, wall_clock
            )
        keys = config.api_keys
        ring = None if keys is None else self._ring(keys, callers, store)
        self._key_file = None if keys is None or keys.file is None or ring is None else self._watch(keys, ring)
        self.shared = Authentication(
            issuers=issuers,
            cache=cache,
            revocations=self.revocations,
            callers=callers,
            keys=self._keepers,
            ledger=metrics.auth,
            events=events,
            wall_clock=wall_clock,
            now=now,
            realm=config.realm,
            cookie=None if config.cookie is None else config.cookie.encode("ascii"),
            key_header=None if keys is None else keys.header.lower().encode("ascii"),
            api_keys=ring,
            certificates=None if config.certificates is None else Certificates(config.certificates.parts, callers),
            introspector=None if config.introspection is None else self._introspector(config.introspection, callers),
        )

    def start(self) -> list[Deferred[None]]:
        """Begin; each Deferred fires when something was tried for the first time."""
        first = [keeper.start() for keeper in self._keepers.values()]
        if self._key_file is not None:
            first.append(self._key_file.start())
        if self.shared_revocations is not None:
            self.shared_revocations.start()
        return first

    def stop(self) -> None:
        """Fetch and watch no more."""
        for keeper in self._keepers.values():
            keeper.stop()
        if self._key_file is not None:
            self._key_file.stop()
        if self.shared_revocations is not None:
            self.shared_revocations.stop()
        for outgoing in self._outgoing:
            outgoing.close()

    def _keeper(self, issuer: Issuer, config: TokenIssuer, issuers: Issuers, cache: TokenCache[Caller]) -> JwksKeeper:
        """What fetches the keys that an issuer publishes."""
        jwks = config.jwks
        assert jwks is not None
        name, metrics = issuer.name, self._metrics
        metrics.issuer(name)
        trusted = None if jwks.ca_file is None else read_trusted(Path(jwks.ca_file).read_bytes())
        outgoing = Outgoing(self._reactor, jwks.timeout, LARGEST, trusted)
        self._outgoing.append(outgoing)

        def refreshed(result: Refresh) -> None:
            metrics.jwks_refresh(name, result)
            if result == "success":
                metrics.jwks_fetched(name, self._wall_clock())

        source = Source(jwks.url, jwks.pace, frozenset(jwks.rsa_algorithms))

        def fetch(url: str) -> Deferred[Answer]:
            began = self._now()

            def over(result: Answer | Failure) -> Answer | Failure:
                metrics.key_checks.observe(self._now() - began)
                return result

            return outgoing.get(url).addBoth(over)

        return JwksKeeper(issuer, source, issuers, cache, fetch, self._reactor, self._random, refreshed)

    def _introspector(self, config: Introspection, callers: Callers) -> Introspector[Caller]:
        """What asks about tokens that are no JWTs."""
        outgoing = Outgoing(self._reactor, config.timeout, _LARGEST_ANSWER, keep=config.at_once)
        self._outgoing.append(outgoing)
        settings = IntrospectionSettings(
            config.url,
            config.client_id,
            config.client_secret.get_secret_value(),
            cache=config.cache,
            refused_for=config.refused_for,
            at_once=config.at_once,
            paths=config.claims.paths,
            most=self._config.cache.tokens,
            refused_most=self._config.cache.refused,
        )
        return Introspector(settings, outgoing.post, self._wall_clock, callers)

    def _ring(self, config: ApiKeysConfig, callers: Callers, store: Store | None) -> KeyRing:
        """The keys at hand, and where others are asked for."""
        pepper = config.pepper.get_secret_value().encode()
        ask = None if store is None or not config.redis else _asking(store)
        return KeyRing([entry.key for entry in config.keys], pepper, callers, ask)

    def _watch(self, config: ApiKeysConfig, ring: KeyRing) -> ListFile[tuple[ApiKey, ...]]:
        """The file of keys; those of the configuration stay beside them."""
        own = [entry.key for entry in config.keys]
        reactor = self._reactor
        assert config.file is not None
        return ListFile(
            config.file,
            "API keys",
            _FILE_INTERVAL,
            reactor,
            lambda name, content, doubts: read_api_keys(name, content, self._limits, doubts),
            lambda listed: ring.replace([*listed, *own]),
            lambda function, path: deferToThreadPool(reactor, reactor.getThreadPool(), function, path),
        )


def _asking(store: Store) -> Callable[[str], Any]:
    """Looks API keys up in a store: JSON under `apikey:ID`, with the names that the configuration has."""

    async def ask(key_id: str) -> ApiKey | None:
        try:
            value = await store.get(b"apikey:" + key_id.encode("ascii"))
        except Unavailable:
            raise Refused(KEYS_UNAVAILABLE, "", b"Retry-After: 1\r\n") from None
        return None if value is None else _parsed(key_id, value)

    return ask


def _parsed(key_id: str, value: bytes) -> ApiKey | None:
    """The entry that a store has for a key, judged as one of the configuration; None for what is none."""
    try:
        # JSON knows no tuples: that a list stands for one is all that is not strict.
        return ApiKeyEntry.model_validate({**json.loads(value), "id": key_id}, strict=False).key
    except ValidationError as error:
        why = ", ".join(".".join(map(str, fault["loc"])) or "all of it" for fault in error.errors())
    except (ValueError, TypeError, RecursionError):
        why = "it is no JSON object"
    _log(events.API_KEY_UNUSABLE, id=key_id, why=why)
    return None
