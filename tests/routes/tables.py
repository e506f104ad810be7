"""Random route tables, every request that can tell their routes apart, and matching as the rules state it.

`expected` follows the written rules one by one, without a tree, and is what the tree is held against.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from hypothesis import strategies as st

from gatewayd.core.matching import Entry
from gatewayd.core.messages import RequestHead
from tests.routes.heads import head

Routes = list[Entry[int]]

_segments = st.sampled_from(["a", "b", "{x}", "*"])


def _paths(longest: int) -> st.SearchStrategy[str]:
    """Patterns of up to so many segments, and what may end them."""
    parts = st.lists(_segments, max_size=longest).map(
        lambda drawn: [f"{{p{at}}}" if part == "{x}" else part for at, part in enumerate(drawn)]
    )
    ends = st.sampled_from([(), (), ("",), ("**",)])
    return st.builds(lambda drawn, end: "/" + "/".join([*drawn, *end]), parts, ends)


_hosts = st.sampled_from([(), (), ("h.org",), ("*.org",), ("*.h.org",), ("h.org", "*.h.org"), ("other.net", "*.org")])
_methods = st.sampled_from([None, None, frozenset({b"GET"}), frozenset({b"POST"}), frozenset({b"GET", b"POST"})])
_headers = st.sampled_from([(), (), ((b"x-a", None),), ((b"x-a", b"1"),), ((b"x-a", b"2"),)])
_query = st.sampled_from([(), (), ((b"q", None),), ((b"q", b"1"),)])


def entries(longest: int) -> st.SearchStrategy[Entry[int]]:
    """Any route whose path has up to so many segments."""
    return st.builds(
        Entry[int],
        path=_paths(longest),
        payload=st.just(0),
        hosts=_hosts,
        methods=_methods,
        headers=_headers,
        query=_query,
    )


tables: st.SearchStrategy[Routes] = st.lists(entries(3), min_size=1, max_size=8).map(
    lambda made: [replace(entry, payload=at) for at, entry in enumerate(made)]
)


@dataclass(frozen=True)
class Asked:
    """One request, as the rules look at it."""

    host: str
    path: str
    method: str
    header: str | None
    query: str | None

    def head(self) -> RequestHead:
        """The request's head."""
        target = self.path if self.query is None else f"{self.path}?q={self.query}"
        fields = {} if self.header is None else {"x_a": self.header}
        return head(target, self.method, self.host, **fields)


HOSTS = ("h.org", "v.h.org", "w.v.h.org", "z.org", "other.net", "unknown.test")
METHODS = ("GET", "HEAD", "POST", "PUT")
VALUES = (None, "1", "9")


def requests() -> st.SearchStrategy[Asked]:
    """Any request that the tables may tell apart, and longer ones."""
    segments = st.lists(st.sampled_from(["a", "b", "z", "zz"]), max_size=4)
    path = st.builds(lambda parts, end: "/" + "/".join([*parts, *end]), segments, st.sampled_from([(), ("",)]))
    some = st.sampled_from
    return st.builds(Asked, some(HOSTS), path, some(METHODS), some((None, "1", "2", "9")), some(VALUES))


def every_path(longest: int) -> Iterator[str]:
    """All paths of known and unknown segments, with and without a slash at the end."""
    for length in range(longest + 1):
        for parts in product("abz", repeat=length):
            if parts:
                yield "/" + "/".join(parts)
            yield "/" + "/".join([*parts, ""])


def expected(routes: Sequence[Entry[int]], asked: Asked) -> int | frozenset[str]:
    """The payload of the route that takes the request, or the methods to allow: none is a 404."""
    segments = asked.path[1:].split("/")
    matching = sorted(
        (host_place, _places(entry.path), -_conditions(entry), at)
        for at, entry in enumerate(routes)
        for host in entry.hosts or ("",)
        if (host_place := _host_place(host, asked.host)) is not None and _path_matches(entry.path, segments)
    )
    allowed: set[str] = set()
    for *_, at in matching:
        entry = routes[at]
        if _holds(entry.headers, asked.header) and _holds(entry.query, asked.query):
            usable = None if entry.methods is None else {method.decode() for method in entry.methods}
            if usable is not None and "GET" in usable:
                usable.add("HEAD")
            if usable is None or asked.method in usable:
                return entry.payload
            allowed |= usable
    return frozenset(allowed)


def _host_place(pattern: str, host: str) -> int | None:
    """Lower for the more specific; None where the pattern does not match."""
    if not pattern:
        return 1
    if pattern.startswith("*"):
        return -len(pattern) if host.endswith(pattern[1:]) and host != pattern[1:] else None
    return -1000 if pattern == host else None


def _places(path: str) -> tuple[int, ...]:
    """Each segment's specificity, as the rules order them; the end comes before `**`."""
    places: list[int] = []
    for segment in path[1:].split("/"):
        if segment == "**":
            return (*places, 4)
        places.append(1 if segment.startswith("{") else 2 if segment == "*" else 0)
    return (*places, 3)


def _path_matches(path: str, segments: list[str]) -> bool:
    written = path[1:].split("/")
    if written[-1] == "**":
        written.pop()
        segments = segments[: len(written)] if len(segments) >= len(written) else segments
    return len(segments) == len(written) and all(
        bool(segment) if part.startswith(("{", "*")) else part == segment
        for part, segment in zip(written, segments, strict=True)
    )


def _conditions(entry: Entry[int]) -> int:
    return (entry.methods is not None) + len(entry.headers) + len(entry.query)


def _holds(conditions: tuple[tuple[bytes, bytes | None], ...], given: str | None) -> bool:
    return all(given is not None and value in (None, given.encode()) for _, value in conditions)
