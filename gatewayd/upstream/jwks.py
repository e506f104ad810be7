"""The keys of one issuer, kept fresh: fetched before serving, ahead of their expiry, and when a token needs another.

An issuer that is down logs nobody out: the keys that were fetched last stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from gatewayd.core.tokens.discovery import discovery_url, keys_url
from gatewayd.core.tokens.issuers import Issuer, Issuers
from gatewayd.core.tokens.jwks import PUBLISHABLE, from_jwks
from gatewayd.core.tokens.keys import KeySet
from gatewayd.core.tokens.refresh import Ask, KeysState, Pace, max_age_of
from gatewayd.log import Log, events
from gatewayd.upstream.answer import Answer, CallFailed
from gatewayd.upstream.shared import Shared

LARGEST = 512 * 1024  # bytes of a document; a hundred keys with their certificates are less
_NAMED = 5  # keys, or complaints, that one line of the log names

Refresh: TypeAlias = Literal["success", "failure"]
"""The label `result` of `jwks_refreshes_total`."""

Fetch: TypeAlias = Callable[[str], Deferred[Answer]]
"""Asks for a URL; fails with `CallFailed`."""

Kids: TypeAlias = frozenset[str | None]
"""Names of keys; None for those without one."""

_log = Log(__name__)


class Cache(Protocol):
    """What remembers verdicts that keys gave."""

    def forget_refusals(self) -> None:
        """Judge again what was refused."""

    def forget_key(self, issuer: str, kid: str | None) -> None:
        """Judge again what this key of the issuer verified."""

    def forget_issuer(self, name: str) -> None:
        """Judge again whatever is the issuer's."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where an issuer's keys come from, and how often.

    Without a `url` the issuer is asked for it each time, by its `iss`. An RSA key that does not say its algorithm is
    one for each of `rsa`.
    """

    url: str | None = None
    pace: Pace = field(default_factory=Pace)
    rsa: frozenset[str] = frozenset({"RS256"})


@dataclass(frozen=True, slots=True)
class _Fetched:
    """What a fetch brought: keys, what is wrong with others, and for how long they are good by the issuer's word."""

    keys: KeySet
    complaints: tuple[str, ...]
    max_age: float | None


class JwksKeeper:
    """Fetches the keys of `issuer` from `start` to `stop`, and installs them in `issuers`.

    `cache` forgets what no key stands behind any more. `on_refresh` hears of every fetch. Raises ValueError for a
    source without a URL where the issuer's `iss` is not known either.
    """

    __slots__ = ("_asking", "_cache", "_call", "_clock", "_complaints", "_fetch", "_issuer", "_issuers", "_on_refresh",
                 "_random", "_running", "_source", "_trouble", "_waiting", "state")  # fmt: skip

    def __init__(
        self,
        issuer: Issuer,
        source: Source,
        issuers: Issuers,
        cache: Cache,
        fetch: Fetch,
        clock: IReactorTime,
        random: Callable[[], float],
        on_refresh: Callable[[Refresh], object],
    ) -> None:
        if source.url is None and issuer.rules.issuer is None:
            raise ValueError(f"nobody knows where to ask for the keys of {issuer.name}")
        self._issuer = issuer
        self._source = source
        self._issuers = issuers
        self._cache = cache
        self._fetch = fetch
        self._clock = clock
        self._random = random
        self._on_refresh = on_refresh
        self._running = False
        self._call: IDelayedCall | None = None
        self._asking: Deferred[_Fetched] | None = None
        self._waiting: Shared[None] = Shared()
        self._trouble: _Trouble | None = None
        self._complaints: tuple[str, ...] = ()
        self.state = KeysState(source.pace)

    def __repr__(self) -> str:
        return f"<JwksKeeper {self._issuer.name} {self.state.phase.value}>"

    @property
    def failure(self) -> str:
        """What was wrong with the last fetch; empty if nothing was."""
        return "" if self._trouble is None else self._trouble.why

    def start(self) -> Deferred[None]:
        """Fetch at once. The Deferred fires when the keys are there, or could not be fetched; it does not fail."""
        self._running = True
        waiting = self._waiting.wait()
        self._begin()
        return waiting

    def stop(self) -> None:
        """Fetch no more; what is being fetched has no effect. Who waits for keys need wait no longer."""
        self._running = False
        if self._call is not None:
            self._call.cancel()
            self._call = None
        if self._asking is not None:
            self._asking.cancel()
        self._waiting.settle(None)

    def wanted(self) -> Deferred[None] | None:
        """To be called for a token that needs a key which is not there, or an issuer that has none yet.

        The Deferred fires when keys were fetched, or could not be: the token is then to be judged again. None where
        that was tried just now, so that a flood of invented names makes no flood of fetches.
        """
        if not self._running:
            return None
        ask = self.state.ask(self._clock.seconds())
        if ask is Ask.NO:
            return None
        waiting = self._waiting.wait()
        if ask is Ask.FETCH:
            self._begin()
        return waiting

    def _begin(self) -> None:
        """Fetch now, whatever was planned."""
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = None
        self.state.start()
        self._asking = asking = Deferred.fromCoroutine(self._ask())
        asking.addCallbacks(self._came, self._failed)
        asking.addErrback(lambda failure: _log.failure(events.INTERNAL_ERROR, failure, what="a fetch of keys"))
        asking.addCallback(lambda _: self._over())

    async def _ask(self) -> _Fetched:
        """One fetch. Raises `CallFailed` and ValueError, whose texts say why there are no keys."""
        source = self._source
        url = source.url
        if url is None:
            iss = self._issuer.rules.issuer or ""
            url = keys_url((await self._get(discovery_url(iss))).body, iss)
        answer = await self._get(url)
        keys, complaints = from_jwks(answer.body, rsa=source.rsa, allowed=self._issuer.algorithms & PUBLISHABLE)
        if not keys:
            why = f": {_listed(complaints)}" if complaints else ""
            raise ValueError(f"none of the keys can be used{why}")
        age = max_age_of(answer.fields.get("cache-control", ""), answer.fields.get("age", ""))
        return _Fetched(keys, complaints, age)

    async def _get(self, url: str) -> Answer:
        """A document."""
        try:
            answer = await self._fetch(url)
        except CallFailed as error:
            raise CallFailed(f"{url}: {error}") from error
        if answer.status != 200:
            raise CallFailed(f"{url}: status {answer.status}")
        return answer

    def _came(self, fetched: _Fetched) -> None:
        """The keys are there."""
        if not self._running:
            return
        name, cache = self._issuer.name, self._cache
        self.state.succeed(fetched.keys, fetched.max_age, self._clock.seconds(), self._random())
        keys = fetched.keys
        before = self._issuers.keys_of(name) or KeySet()
        gone, new = before.outdated_by(keys), keys.outdated_by(before)
        self._issuers.install(name, keys)
        if len(gone) > _NAMED:  # each of them means a look at the whole cache
            cache.forget_issuer(name)
        else:
            for kid in gone:
                cache.forget_key(name, kid)
        if new:
            cache.forget_refusals()
        self._tell(new, gone, fetched.complaints)
        self._on_refresh("success")

    def _tell(self, new: Kids, gone: Kids, complaints: tuple[str, ...]) -> None:
        """Log what is another way than it was."""
        name = self._issuer.name
        if self._trouble is not None:
            self._trouble = None
            _log(events.KEYS_RECOVERED, issuer=name)
        parts = (("new", new - gone), ("replaced", new & gone), ("gone", gone - new))
        changes = "; ".join(f"{what} {_named(kids)}" for what, kids in parts if kids)
        if changes:
            _log(events.KEYS_CHANGED, issuer=name, changes=changes)
        if complaints and complaints != self._complaints:
            _log(events.KEYS_LEFT_OUT, issuer=name, why=_listed(complaints))
        self._complaints = complaints

    def _failed(self, failure: Failure) -> None:
        """There are no new keys; logged unless the fetch before failed alike and no less was lost by it."""
        if not self._running:
            return
        now = self._clock.seconds()
        self.state.fail(now, self._random())
        if failure.check(CallFailed, ValueError) is None:
            _log.failure(events.KEYS_ERROR, failure)
        trouble = _Trouble(failure.getErrorMessage(), self.state.stale(now))
        if trouble != self._trouble:
            keys = self.state.keys
            stay = "the one it had stays" if len(keys or ()) == 1 else f"the {len(keys or ())} it had stay"
            stays = stay if keys else "its tokens are refused with 503"
            late = ", although they should have been replaced by now" if trouble.stale else ""
            _log(
                events.KEYS_FAILED,
                issuer=self._issuer.name,
                why=trouble.why,
                stays=stays,
                late=late,
            )
        self._trouble = trouble
        self._on_refresh("failure")

    def _over(self) -> None:
        """A fetch is over, whatever came of it."""
        self._asking = None
        if self._running:
            self._call = self._clock.callLater(self.state.wait(self._clock.seconds()), self._begin)
        self._waiting.settle(None)


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Why keys cannot be fetched, and whether those that serve are too old by now."""

    why: str
    stale: bool


def _named(kids: Kids) -> str:
    """Names of keys in a line of bounded length."""
    return _listed(sorted("without a name" if kid is None else repr(kid) for kid in kids), ", ")


def _listed(texts: Iterable[str], between: str = "; ") -> str:
    """Some of `texts`, and how many more there are."""
    every = tuple(texts)
    more = f" and {len(every) - _NAMED} more" if len(every) > _NAMED else ""
    return between.join(every[:_NAMED]) + more
