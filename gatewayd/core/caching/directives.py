"""Cache-Control, read from either side (RFC 9111 section 5.2).

Whatever is said in a way that cannot be read says the least: a lifetime that is no number is over at once, and so is
one that is given twice and differently (section 4.2.1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

LONGEST = 1 << 31  # seconds; what RFC 9111 section 1.2.2 has a cache take larger numbers for

# What stands between commas that are not in quotes. The two kinds of parts begin differently, and nothing follows that
# could fail: there is one way to match.
_ITEM = re.compile(rb'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+', re.DOTALL)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_DIGITS = re.compile(rb"[0-9]{1,32}")
_NAMES = re.compile(rb"[\t ]*[!#$%&'*+.^_`|~0-9A-Za-z-]+[\t ]*(?:,[\t ]*[!#$%&'*+.^_`|~0-9A-Za-z-]+[\t ]*)*")
_NONE: frozenset[bytes] = frozenset()


def parse(values: tuple[bytes, ...]) -> dict[bytes, bytes | None]:
    """Directives by their name in lower case: what follows the equals sign, without quotes, or None.

    Of one that comes more than once all arguments are joined by commas; once without an argument counts as without.
    """
    said: dict[bytes, bytes | None] = {}
    for line in values:
        for item in _ITEM.findall(line):
            written, equals, rest = item.strip(b" \t").partition(b"=")
            name = written.rstrip(b" \t").lower()
            argument = _argument(written, rest) if equals else None
            if not name:
                continue
            if name in said:
                before = said[name]
                if before is None or argument is None:
                    argument = None
                elif before != argument:
                    argument = before + b", " + argument
            said[name] = argument
    return said


def _argument(written: bytes, rest: bytes) -> bytes:
    """What a directive is said to be; a blank beside the equals sign stays, and makes it no number."""
    if written[-1:] in (b" ", b"\t"):
        return b" " + rest
    if len(rest) > 1 and rest[:1] == b'"' and rest[-1:] == b'"':
        return _ESCAPE.sub(rb"\1", rest[1:-1])
    return rest


def _seconds(said: dict[bytes, bytes | None], name: bytes) -> int | None:
    """The seconds that a directive gives, None where it is not there, 0 where it cannot be read."""
    if name not in said:
        return None
    value = said[name]
    if value is None or _DIGITS.fullmatch(value) is None:
        return 0
    return min(int(value), LONGEST)


@dataclass(frozen=True, slots=True)
class Told:
    """What a service says of its answer. Numbers are seconds, None where nothing is said.

    `hidden` are fields that are not to be told without asking again, or not to others (`no-cache` and `private` with
    names). `revalidate` says that the answer is never to be used stale: `must-revalidate`, `proxy-revalidate` and
    `s-maxage` all say so to a shared cache.
    """

    no_store: bool = False
    no_cache: bool = False
    private: bool = False
    public: bool = False
    must_revalidate: bool = False
    must_understand: bool = False
    revalidate: bool = False
    max_age: int | None = None
    s_maxage: int | None = None
    while_revalidate: int | None = None
    if_error: int | None = None
    hidden: frozenset[bytes] = _NONE


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client asks of caches. Numbers are seconds, None where nothing is said.

    `max_stale` is `LONGEST` where a client takes an answer however stale it is.
    """

    no_store: bool = False
    no_cache: bool = False
    only_if_cached: bool = False
    max_age: int | None = None
    max_stale: int | None = None
    min_fresh: int | None = None


SILENT = Told()
ANYTHING = Wanted()


@lru_cache(maxsize=1024)
def response_directives(values: tuple[bytes, ...]) -> Told:
    """What the Cache-Control fields of an answer say."""
    said = parse(values)
    if not said:
        return SILENT
    hidden: frozenset[bytes] = _NONE
    whole = []
    for name in (b"no-cache", b"private"):
        argument = said.get(name)
        named = argument is not None and _NAMES.fullmatch(argument) is not None
        if argument is not None and named:
            hidden |= {field.strip(b" \t").lower() for field in argument.split(b",")}
        whole.append(name in said and not named)
    no_cache, private = whole
    must, s_maxage = b"must-revalidate" in said, _seconds(said, b"s-maxage")
    return Told(
        no_store=b"no-store" in said,
        no_cache=no_cache,
        private=private,
        public=b"public" in said,
        must_revalidate=must,
        must_understand=b"must-understand" in said,
        revalidate=must or b"proxy-revalidate" in said or s_maxage is not None,
        max_age=_seconds(said, b"max-age"),
        s_maxage=s_maxage,
        while_revalidate=_seconds(said, b"stale-while-revalidate"),
        if_error=_seconds(said, b"stale-if-error"),
        hidden=hidden,
    )


@lru_cache(maxsize=256)
def request_directives(values: tuple[bytes, ...]) -> Wanted:
    """What the Cache-Control fields of a request say."""
    said = parse(values)
    stale = _seconds(said, b"max-stale")
    return Wanted(
        no_store=b"no-store" in said,
        no_cache=b"no-cache" in said,
        only_if_cached=b"only-if-cached" in said,
        max_age=_seconds(said, b"max-age"),
        max_stale=LONGEST if b"max-stale" in said and said[b"max-stale"] is None else stale,
        min_fresh=_seconds(said, b"min-fresh"),
    )
