"""What a request gets: the kept answer, a new one, or first one and then the other (RFC 9111 section 4).

`TABLE` has every case. What a client asks of caches decides how good what is kept is for it; so the table needs to know
of the client only whether it would rather have an error than have the service asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TypeAlias

from gatewayd.core.caching.asked import Asked
from gatewayd.core.caching.entry import Entry
from gatewayd.core.caching.parts import Part, part_of

ERRORS = frozenset({500, 502, 503, 504})  # answers that a stale one may stand in for (RFC 5861 section 4)
# Fields of the request that are not sent along when the cache asks on its own account.
UNCONDITIONAL = frozenset({b"if-modified-since", b"if-none-match", b"if-range", b"range"})


class Held(IntEnum):
    """How good what is kept is for a request. Numbers, since Python takes its time to hash other members."""

    NOTHING = 0
    FRESH = 1
    USABLE = 2  # stale, but good enough while a new one is fetched
    STALE = 3  # to be validated first


class Action(Enum):
    """What to do."""

    SERVE = "serve"
    SERVE_AND_REVALIDATE = "serve, and revalidate behind it"
    REVALIDATE = "revalidate"
    FETCH = "fetch"
    REFUSE = "refuse"


# By what is kept, and whether the client wants nothing but that (only-if-cached).
TABLE: dict[tuple[Held, bool], Action] = {
    (Held.NOTHING, False): Action.FETCH,
    (Held.NOTHING, True): Action.REFUSE,
    (Held.FRESH, False): Action.SERVE,
    (Held.FRESH, True): Action.SERVE,
    (Held.USABLE, False): Action.SERVE_AND_REVALIDATE,
    (Held.USABLE, True): Action.SERVE_AND_REVALIDATE,
    (Held.STALE, False): Action.REVALIDATE,
    (Held.STALE, True): Action.REFUSE,
}


@dataclass(slots=True)
class Serve:
    """Answer with `part` of `entry`; with `revalidate`, fetch a new one behind the client's back.

    Made for every hit, and so not frozen: that alone would take twice the time.
    """

    entry: Entry
    part: Part
    revalidate: bool = False


@dataclass(frozen=True, slots=True)
class Revalidate:
    """Ask the service, with `lines` in place of the fields named in `UNCONDITIONAL`: is `entry` still good?

    `why` is a word of `Cache-Status`: the entry is `stale`, or the client does not want it for what it has in its
    `request`.
    """

    entry: Entry
    lines: bytes
    why: str


@dataclass(frozen=True, slots=True)
class Fetch:
    """Ask the service, with the request as it is; `why` is a word of `Cache-Status` (RFC 9211 section 2.2).

    With `store`, the answer may be kept, and is what everybody else who asks for the same waits for.
    """

    why: str
    store: bool = True


@dataclass(frozen=True, slots=True)
class Refuse:
    """504: the client wants a kept answer, and there is none that is good enough (RFC 9111 section 5.2.1.7)."""


Verdict: TypeAlias = Serve | Revalidate | Fetch | Refuse

_METHOD = Fetch("method", store=False)
_BYPASS = Fetch("bypass", store=False)
_MISS = Fetch("uri-miss")
_VARY_MISS = Fetch("vary-miss")
_MISS_APART = Fetch("uri-miss", store=False)
_VARY_MISS_APART = Fetch("vary-miss", store=False)
_REFUSE = Refuse()


def decide(asked: Asked, entry: Entry | None, now: float, *, others: bool = False) -> Verdict:
    """What a request gets, at `now` in seconds since 1970.

    `entry` is the kept answer that it selects, if any; `others` says that there are some at its URL that it does not.
    """
    if asked.bypass:
        return _METHOD if asked.method not in (b"GET", b"HEAD") else _BYPASS
    action = TABLE[held(asked, entry, now), asked.wanted.only_if_cached]
    if action is Action.REFUSE:
        return _REFUSE
    if entry is None:
        # An answer to a part, a condition or HEAD is none for anybody else.
        if asked.method == b"HEAD" or asked.partial:
            return _VARY_MISS_APART if others else _MISS_APART
        return _VARY_MISS if others else _MISS
    if action is Action.REVALIDATE:
        return Revalidate(entry, validators(entry), "request" if now < entry.fresh_until else "stale")
    return Serve(entry, part_of(asked, entry), action is Action.SERVE_AND_REVALIDATE)


def held(asked: Asked, entry: Entry | None, now: float) -> Held:
    """How good `entry` is for a request at `now`."""
    if entry is None:
        return Held.NOTHING
    wanted = asked.wanted
    if entry.proven or wanted.no_cache:
        return Held.STALE
    fresh_until = entry.fresh_until
    if wanted.max_age is not None and entry.age(now) > wanted.max_age:
        return Held.STALE
    if wanted.min_fresh is not None and fresh_until - now < wanted.min_fresh:
        return Held.STALE
    if now < fresh_until:
        return Held.FRESH
    if now < entry.usable_until:
        return Held.USABLE
    if wanted.max_stale is not None and not entry.strict and now - fresh_until <= wanted.max_stale:
        return Held.USABLE
    return Held.STALE


def validators(entry: Entry) -> bytes:
    """The field lines that ask whether an answer is still good; none where it has nothing to know it by."""
    lines = b"If-None-Match: %b\r\n" % entry.etag if entry.etag else b""
    if entry.last_modified:
        lines += b"If-Modified-Since: %b\r\n" % entry.last_modified
    return lines


def stands_in(entry: Entry, status: int | None, now: float) -> bool:
    """Whether a stale answer may be used although it was not validated: there was an error instead.

    `status` is what the service answered, None where it did not.
    """
    return (status is None or status in ERRORS) and now < entry.error_until and not entry.proven
