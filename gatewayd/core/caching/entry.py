"""A kept answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gatewayd.core.messages import Field, HeaderSection, ResponseHead

_OVERHEAD = 1500  # bytes that an entry takes beside its body, its fields and its tags, about
NEVER = float("-inf")


class Entry:
    """An answer, and until when it is good for what; immutable by convention once it is complete.

    Times are in seconds since 1970. `born` is when the service made the answer, which is fresh until `fresh_until`, may
    be used while a new one is fetched until `usable_until`, and where there are errors instead of one until
    `error_until`. `proven` says that it is to be validated before each use. `strict` that no client may be given it
    stale, whatever it asks for. `names` are the request fields it depends on and `values` what the request had in them
    (see `gatewayd.core.caching.vary`). `etag` and `last_modified` are its validators, or empty; `modified` is when it
    was last modified, as far as that is known.
    """

    __slots__ = (
        "body",
        "born",
        "error_until",
        "etag",
        "fresh_until",
        "head",
        "last_modified",
        "modified",
        "names",
        "not_modified",
        "proven",
        "size",
        "strict",
        "tags",
        "told",
        "told_from",
        "told_until",
        "usable_until",
        "values",
    )

    def __init__(
        self,
        head: ResponseHead,
        *,
        born: float,
        fresh_until: float,
        usable_until: float,
        error_until: float,
        proven: bool,
        strict: bool,
        names: tuple[bytes, ...],
        values: tuple[bytes | None, ...],
        tags: tuple[bytes, ...],
        etag: bytes,
        last_modified: bytes,
        modified: float,
    ) -> None:
        self.head = head
        self.body = b""
        self.born = born
        self.fresh_until = fresh_until
        self.usable_until = usable_until
        self.error_until = error_until
        self.proven = proven
        self.strict = strict
        self.names = names
        self.values = values
        self.tags = tags
        self.etag = etag
        self.last_modified = last_modified
        self.modified = modified
        self.not_modified: ResponseHead | None = None  # of the 304 that stands for it, once one was needed
        self.told = b""  # what `gatewayd.core.caching.status` says of it, and when that is so
        self.told_from = self.told_until = NEVER
        self.size = 0

    def __repr__(self) -> str:
        return f"<Entry {self.head.status}, {len(self.body)} bytes, fresh until {self.fresh_until:.0f}>"

    def complete(self, body: bytes) -> None:
        """Give it the body, whole: this alone makes it an answer that can be kept."""
        self.body = body
        section = self.head.section
        section.length = len(body)
        self.size = len(body) + 2 * len(section.written) + sum(map(len, self.tags)) + _OVERHEAD

    def age(self, now: float) -> int:
        """Seconds since the service made it (RFC 9111 section 4.2.3), for Age."""
        return max(0, int(now - self.born))

    def ends(self) -> float:
        """From when on it is of no use for anything, infinity where it can be validated."""
        if self.etag or self.last_modified:
            return float("inf")
        return max(self.fresh_until, self.usable_until, self.error_until)


def section_of(fields: Sequence[Field], length: int | None = None) -> HeaderSection:
    """A section of these fields, all of them to be forwarded."""
    section = HeaderSection()
    section.special = [field for field in fields if field.role]
    section.count = len(fields)
    section.written = b"\r\n".join([field.line[:-2] for field in fields])
    section.lines = b"".join([field.line for field in fields if field.name != b"date"])
    section.date = b"".join([field.line for field in fields if field.name == b"date"])
    section.length = length
    return section


def first_value(fields: Iterable[Field], name: bytes) -> bytes:
    """The value of the first field called `name`, or nothing."""
    for field in fields:
        if field.name == name:
            return field.value
    return b""
