"""Whose answers are whose: keys that two callers who must not share an answer cannot have in common.

A key is made of a partition and a URL. A partition is made of a route, the scope that the route gives its answers, and
as much of the caller as the scope asks for; there is none for a caller who has no such thing, so nothing of theirs is
kept. Every part is written with its length before it: no name can be chosen so that it reads as two.
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

from gatewayd.core.cors import origin_of

if TYPE_CHECKING:
    from gatewayd.core.tokens.identity import Identity


class Scope(Enum):
    """Who may be given the same answer."""

    PUBLIC = "public"  # everybody
    TENANT = "tenant"  # callers of one tenant
    USER = "user"  # one caller, as long as they may do the same


class Partition:
    """The answers of one route that the same callers may see. Equal where route, scope and callers are."""

    __slots__ = ("scope", "text")

    def __init__(self, scope: Scope, text: bytes) -> None:
        """Not to be called: see `partition_of`."""
        self.scope = scope
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Partition) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        """The scope only: who is in it is nobody's business."""
        return f"<Partition {self.scope.value}>"


class Key:
    """What an answer is found by. `text` is unlike that of every other partition or URL; `url` is the URL in it."""

    __slots__ = ("text", "url")

    def __init__(self, partition: Partition, url: bytes) -> None:
        self.text = partition.text + url
        self.url = url

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"<Key {self.url!r}>"


def partition_of(scope: Scope, route: str, identity: Identity | None) -> Partition | None:
    """The partition of a route's answers to a caller; None where there is nobody whose they could be.

    Of a user everything counts that a service is told: the same user with fewer scopes may be shown less.
    """
    parts = [scope.value, route]
    if scope is not Scope.PUBLIC:
        if identity is None:
            return None
        if scope is Scope.TENANT:
            if not identity.tenant:
                return None
            parts.append(identity.tenant)
        else:
            if not identity.subject:
                return None
            parts += _optional(identity.tenant) + _optional(identity.issuer) + [identity.method, identity.subject]
            parts += [" ".join(sorted(identity.roles)), " ".join(sorted(identity.scopes))]
    encoded = [part.encode() for part in parts]
    return Partition(scope, b"".join(b"%d:%b," % (len(part), part) for part in encoded))


def _optional(name: str | None) -> list[str]:
    """What stands for a name that may be missing, other than an empty one does."""
    return [""] if name is None else ["=" + name]


@lru_cache(maxsize=1024)
def _origin(scheme: bytes, authority: bytes) -> bytes:
    return origin_of(scheme, authority)


def url_of(scheme: bytes, authority: bytes, target: bytes) -> bytes:
    """The URL of a request: `scheme` and `authority` as it came, `target` in origin form, as it is forwarded."""
    return _origin(scheme, authority) + target
