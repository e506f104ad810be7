"""Tokens that say nothing by themselves: whoever issued them is asked what they are good for (RFC 7662).

An answer is believed for a while. Where there is none, the token is neither good nor bad: `NoVerdict`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Generic, TypeAlias, TypeVar
from urllib.parse import quote_plus

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from gatewayd.core.tokens.cache import Kept, TokenCache
from gatewayd.core.tokens.errors import BadToken, NoVerdict
from gatewayd.core.tokens.identity import ClaimPaths, Identity, identity_of
from gatewayd.core.tokens.strictjson import parse_object
from gatewayd.log import Log, events
from gatewayd.upstream.answer import Answer, CallFailed
from gatewayd.upstream.shared import Shared

LARGEST = 64 * 1024  # bytes of an answer; one that fits into a token of 8 KiB has fewer

Post: TypeAlias = Callable[[str, Mapping[str, str], bytes], Deferred[Answer]]
"""Sends fields and a body to a URL; fails with `CallFailed`."""

K = TypeVar("K", bound=Kept)

_log = Log(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """Whom to ask, as whom, and how long to believe the answer; times in seconds.

    A token that is active is believed for `cache`, or until it expires, one that is not refused for `refused_for`.
    `most` and `refused_most` bound what is remembered, `at_once` how many questions are on their way.
    """

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    cache: float = 30.0
    refused_for: float = 5.0
    at_once: int = 50
    paths: ClaimPaths = field(default_factory=ClaimPaths)
    most: int = 20_000
    refused_most: int = 5_000


class Introspector(Generic[K]):
    """Asks about tokens with `post`, and remembers what `made` makes of the answers.

    `now` is the time in seconds since 1970. `made` may raise `BadToken`.
    """

    __slots__ = ("_asked", "_fields", "_made", "_now", "_post", "_settings", "_trouble", "cache")

    def __init__(self, settings: Settings, post: Post, now: Callable[[], float], made: Callable[[Identity], K]) -> None:
        self._settings = settings
        self._post = post
        self._now = now
        self._made = made
        # Both are form-encoded before they are joined (RFC 6749 section 2.3.1): a colon in them would part them.
        client = f"{quote_plus(settings.client_id)}:{quote_plus(settings.client_secret)}"
        self._fields = {
            "Authorization": f"Basic {b64encode(client.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self._asked: dict[bytes, Shared[K | BadToken | NoVerdict]] = {}
        self._trouble = ""
        self.cache: TokenCache[K] = TokenCache(settings.most, settings.refused_most, settings.refused_for)

    def __repr__(self) -> str:
        return f"<Introspector {self._settings.url} {len(self._asked)} asked>"

    @property
    def failure(self) -> str:
        """Why the last question had no answer; empty if it had one."""
        return self._trouble

    def ask(self, token: bytes) -> Deferred[K]:
        """Ask about `token`, which `cache` does not know, together with whoever asks about it already.

        Fails with `BadToken` for one that is not active, or says what no identity can be made of, and with `NoVerdict`
        where nobody answers, or too many questions are on their way.
        """
        digest = sha256(token).digest()
        asked = self._asked.get(digest)
        if asked is not None:
            return asked.wait().addCallback(self._verdict)
        if len(self._asked) >= self._settings.at_once:
            return fail(NoVerdict("too many tokens are being asked about"))
        asked = self._asked[digest] = Shared()
        waiting = asked.wait().addCallback(self._verdict)
        asking = Deferred.fromCoroutine(self._ask(token))
        asking.addErrback(_broken)
        asking.addCallback(self._settle, digest)
        return waiting

    async def _ask(self, token: bytes) -> K | BadToken | NoVerdict:
        """One question."""
        try:
            answer = await self._post(self._settings.url, self._fields, _question(token))
            claims = _claims(answer)
        except CallFailed as error:
            self._failed(str(error))
            return NoVerdict(str(error))
        if self._trouble:
            self._trouble = ""
            _log(events.INTROSPECTION_RECOVERED, url=self._settings.url)
        now = self._now()
        try:
            if claims is None:
                raise BadToken("invalid", "the token is not active")
            known = self._made(identity_of(claims, self._settings.paths, None, "introspection"))
        except BadToken as refusal:
            self.cache.keep_refused(token, refusal, now)
            return refusal
        self.cache.keep(token, known, now, now + self._settings.cache)
        return known

    def _failed(self, why: str) -> None:
        """There is no answer; logged unless there was none before for the same reason."""
        if why != self._trouble:
            url = self._settings.url
            _log(events.INTROSPECTION_FAILED, url=url, why=why)
        self._trouble = why

    def _verdict(self, result: K | BadToken | NoVerdict) -> K:
        """What one of those who asked gets; an exception of its own, as a common one would keep the frames of all."""
        if isinstance(result, BadToken):
            raise result.again()
        if isinstance(result, NoVerdict):
            raise NoVerdict(result.why)
        return result

    def _settle(self, result: K | BadToken | NoVerdict, digest: bytes) -> None:
        """All who asked about the token get the answer."""
        self._asked.pop(digest).settle(result)


def _question(token: bytes) -> bytes:
    """The form that asks about `token`."""
    return b"token=" + quote_plus(token).encode("ascii") + b"&token_type_hint=access_token"


def _claims(answer: Answer) -> Mapping[str, object] | None:
    """What an active token claims, or None for one that is not. Raises `CallFailed` for an answer that says neither."""
    if answer.status in (401, 403):
        raise CallFailed(f"status {answer.status}: it does not take the gateway's client_id and client_secret")
    if answer.status != 200:
        raise CallFailed(f"status {answer.status}")
    try:
        members = parse_object(answer.body)
    except ValueError as error:
        raise CallFailed(f"the answer cannot be read: {error}") from None
    active = members.get("active")
    if type(active) is not bool:
        raise CallFailed("the answer does not say whether the token is active")
    return members if active else None


def _broken(failure: Failure) -> NoVerdict:
    """A question that failed for a reason of our own."""
    _log.failure(events.INTROSPECTION_ERROR, failure)
    return NoVerdict("asking about a token failed")
