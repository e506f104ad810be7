"""Verdicts about tokens, remembered: a token that was verified is believed again until it expires.

Tokens are known by their SHA-256, so that the cache holds no credential. What is remembered was judged by one set of
issuers and rules: whoever has several has a cache for each. Revocations are asked about a hit like about any identity.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from typing import Generic, Protocol, TypeVar

from gatewayd.core.tokens.errors import BadToken


class Kept(Protocol):
    """What is remembered of a good token: an `Identity`, or what was made of one."""

    @property
    def expires(self) -> float | None:
        """When it is over, in seconds since 1970."""

    @property
    def issuer(self) -> str | None:
        """Who issued it."""

    @property
    def key_id(self) -> str | None:
        """Which key verified it."""

    @property
    def subject(self) -> str | None:
        """Whom it is about."""


K = TypeVar("K", bound=Kept)


class TokenCache(Generic[K]):
    """Least recently used identities make room for new ones; refusals have a room of their own, and a short life.

    `most` and `negative_most` bound the two, `negative_ttl` is how many seconds a refusal is remembered. `hits` and
    `misses` count `get`; a remembered refusal is a hit.
    """

    __slots__ = ("_bad", "_good", "_most", "_negative_most", "_negative_ttl", "hits", "misses")

    def __init__(self, most: int, negative_most: int, negative_ttl: float) -> None:
        self.hits = 0
        self.misses = 0
        self._most = most
        self._negative_most = negative_most
        self._negative_ttl = negative_ttl
        # A plain dict would do the same more slowly: its oldest key lies behind the gaps that moved keys leave.
        self._good: OrderedDict[bytes, tuple[K, float]] = OrderedDict()
        self._bad: OrderedDict[bytes, tuple[BadToken, float]] = OrderedDict()

    def __len__(self) -> int:
        """The identities in it."""
        return len(self._good)

    def __repr__(self) -> str:
        return f"<TokenCache {len(self._good)}/{self._most} good, {len(self._bad)}/{self._negative_most} bad>"

    def get(self, token: bytes, now: float) -> K | BadToken | None:
        """The verdict about `token` if it still stands at `now`; a `BadToken` is new and may be raised."""
        digest = sha256(token).digest()
        good = self._good
        entry = good.get(digest)
        if entry is not None:
            identity, until = entry
            if now < until:
                good.move_to_end(digest)
                self.hits += 1
                return identity
            del good[digest]
        elif self._bad and (refusal := self._bad.get(digest)) is not None:
            if now < refusal[1]:
                self.hits += 1
                return refusal[0].again()
            del self._bad[digest]
        self.misses += 1
        return None

    def keep(self, token: bytes, identity: K, now: float, until: float | None = None) -> None:
        """Believe `token` until it expires, or until `until` if that is earlier.

        One with neither, or that is over already (it may live on for the leeway), is not remembered.
        """
        expires = identity.expires
        if until is None or (expires is not None and expires < until):
            until = expires
        if until is None or until <= now or not self._most:
            return
        digest = sha256(token).digest()
        good = self._good
        good[digest] = (identity, until)
        good.move_to_end(digest)
        if len(good) > self._most:
            good.popitem(last=False)
        self._bad.pop(digest, None)

    def keep_refused(self, token: bytes, refusal: BadToken, now: float) -> None:
        """Refuse `token` for a short while without looking at it again."""
        if not self._negative_most:
            return
        digest = sha256(token).digest()
        self._bad[digest] = (refusal.again(), now + self._negative_ttl)
        self._bad.move_to_end(digest)
        if len(self._bad) > self._negative_most:
            self._bad.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._good.clear()
        self._bad.clear()

    def forget_refusals(self) -> None:
        """Judge again what was refused: to be called when an issuer has new keys."""
        self._bad.clear()

    def forget_issuer(self, name: str) -> None:
        """Judge the tokens of an issuer again; refusals all, since few of them say whose they are."""
        self._forget(lambda identity: identity.issuer == name)
        self._bad.clear()

    def forget_key(self, issuer: str, kid: str | None) -> None:
        """Judge again what a key verified that the issuer has no more."""
        self._forget(lambda identity: identity.issuer == issuer and identity.key_id == kid)

    def forget_subject(self, issuer: str | None, subject: str) -> None:
        """Judge the tokens of one subject of an issuer again."""
        self._forget(lambda identity: identity.issuer == issuer and identity.subject == subject)

    def _forget(self, meant: Callable[[K], bool]) -> None:
        """Drop the identities that are meant."""
        for digest in [digest for digest, entry in self._good.items() if meant(entry[0])]:
            del self._good[digest]
