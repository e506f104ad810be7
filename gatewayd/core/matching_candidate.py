"""One route as matching sees it: where it applies, on which conditions, and what it stands for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar
from urllib.parse import unquote_to_bytes

from gatewayd.core.hostpattern import ANY_HOST, parse_host
from gatewayd.core.messages import RequestHead
from gatewayd.core.pattern import Pattern, parse_pattern

T = TypeVar("T")

Conditions: TypeAlias = tuple[tuple[bytes, bytes | None], ...]
"""Names with the value each must have; None asks for presence only."""


@dataclass(frozen=True)
class Entry(Generic[T]):
    """A route as configured. `payload` is what a match yields; `name` is for messages, the path by default.

    `hosts` empty means any host, `methods` None any method; GET brings HEAD with it (RFC 9110 section 9.3.2).
    Header names are in lower case. A condition holds if any field line, or any query parameter once decoded as a form
    is (`+` and percent-escapes), has that name and exactly that value.
    """

    path: str
    payload: T
    hosts: tuple[str, ...] = ()
    methods: frozenset[bytes] | None = None
    headers: Conditions = ()
    query: Conditions = ()
    name: str = ""


class Candidate(Generic[T]):
    """An entry made ready to match; `index` is its place in the configuration, `order` its place by specificity.

    Raises `PatternError` for a path or host that does not parse, `ValueError` for an empty set of methods.
    """

    __slots__ = (
        "_selective",
        "headers",
        "hosts",
        "index",
        "methods",
        "name",
        "order",
        "pattern",
        "payload",
        "query",
        "unconditional",
    )

    def __init__(self, entry: Entry[T], index: int) -> None:
        if entry.methods is not None and not entry.methods:
            raise ValueError("a route without methods matches nothing; None stands for any method")
        self.pattern: Pattern = parse_pattern(entry.path)
        self.hosts: tuple[bytes, ...] = tuple(dict.fromkeys(map(parse_host, entry.hosts))) or (ANY_HOST,)
        self.methods = entry.methods
        if entry.methods is not None and b"GET" in entry.methods:
            self.methods = entry.methods | {b"HEAD"}
        self.headers = entry.headers
        self.query = entry.query
        self.payload = entry.payload
        self.name = entry.name or entry.path
        self.index = index
        self.order = index
        self._selective = bool(entry.headers or entry.query)
        self.unconditional = entry.methods is None and not self._selective

    def __repr__(self) -> str:
        """The route's name and path."""
        return f"<{type(self).__name__} {self.label}>"

    @property
    def label(self) -> str:
        """The route's name with its path, as messages show it."""
        path = self.pattern.text
        return path if self.name == path else f"{self.name} ({path})"

    @property
    def specificity(self) -> tuple[object, ...]:
        """Sorts candidates for the same request, the one to try first first: pattern, conditions, place in the file."""
        conditions = (self.methods is not None) + len(self.headers) + len(self.query)
        return (self.pattern.rank, -conditions, self.index)

    @property
    def identity(self) -> tuple[object, ...]:
        """Equal for candidates that match the same requests and rank the same on a host both have."""
        return (self.pattern.shape, self.methods, frozenset(self.headers), frozenset(self.query))

    def admits(self, head: RequestHead) -> bool:
        """Whether a request whose host and path match meets the conditions too."""
        methods = self.methods
        if methods is not None and head.method not in methods:
            return False
        return not self._selective or next(self.failing(head), None) is None

    def failing(self, head: RequestHead) -> Iterator[tuple[str, bytes, bytes | None]]:
        """The header and query conditions that do not hold: "header" or "query", name, wanted value."""
        for name, value in self.headers:
            if not any(field.name == name and (value is None or field.value == value) for field in head.fields):
                yield "header", name, value
        if self.query:
            given = parse_form(head.query or b"")
            for name, value in self.query:
                if not any(key == name and (value is None or found == value) for key, found in given):
                    yield "query", name, value


def parse_form(query: bytes) -> list[tuple[bytes, bytes]]:
    """The parameters of a query as forms write them (WHATWG URL, application/x-www-form-urlencoded), in order."""
    pairs = []
    for written in query.split(b"&"):
        if written:
            name, _, value = written.replace(b"+", b" ").partition(b"=")
            pairs.append((unquote_to_bytes(name), unquote_to_bytes(value)))
    return pairs
