"""Kept answers as bytes, for a store that gateways share, and back: whatever is not exactly such bytes is refused.

A value begins with the version of this format and the digest of what it is kept under, so that a value that somebody
put elsewhere is no answer there. Numbers are big-endian; every part of variable length has its length before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256
from math import isfinite
from struct import Struct
from typing import TypeAlias

from gatewayd.core.caching.dates import parse_date
from gatewayd.core.caching.entry import Entry, section_of
from gatewayd.core.caching.keys import Key
from gatewayd.core.caching.parts import is_entity_tag
from gatewayd.core.caching.storing import DROPPED
from gatewayd.core.caching.tags import MOST as MOST_TAGS
from gatewayd.core.messages import Field, ResponseHead, Role

VERSION = 1
_ENTRY, _NAMES = 0, 1  # kinds of values
_HEAD = Struct(">BB32s")  # version, kind, digest
# Whether it is never to be used stale, the status, the mark, and the times: born, fresh_until, usable_until,
# error_until, modified.
_FIXED = Struct(">BHQ5d")
_LENGTH = Struct(">I")
_PARTS = 8  # of an entry

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2}) [\t\x20-\x7e\x80-\xff]*\r\n")
_NAME = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_LINES = re.compile(rb"(?:" + _NAME + rb": [\t\x20-\x7e\x80-\xff]*\r\n)*")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")

Found: TypeAlias = "tuple[Entry, int] | tuple[bytes, ...]"
"""An entry and its mark; or the request fields that tell those apart which are kept under digests of their own."""


class Junk(ValueError):
    """The bytes are none that `encode` makes, or not here."""


def digest_of(key: Key) -> bytes:
    """What the answer at a key is kept under, or the names that its variants are told apart by."""
    return sha256(key.text).digest()


def variant_of(digest: bytes, names: tuple[bytes, ...], values: tuple[bytes | None, ...]) -> bytes:
    """What one of several variants at `digest` is kept under: that for requests that have `values` in `names`."""
    return sha256(digest + _joined([_listed(names), _listed(_optional(values))])).digest()


def encode(entry: Entry, mark: int, digest: bytes) -> bytes:
    """The value of a complete entry; `mark` is a number up to which purges are no concern of it."""
    head = entry.head
    times = entry.born, entry.fresh_until, entry.usable_until, entry.error_until, entry.modified
    parts = [
        head.line,
        b"".join([field.line for field in head.section.fields]),
        _listed(entry.names),
        _listed(_optional(entry.values)),
        _listed(entry.tags),
        entry.etag,
        entry.last_modified,
        entry.body,
    ]
    fixed = _FIXED.pack(entry.strict, head.status, mark, *times)
    return _HEAD.pack(VERSION, _ENTRY, digest) + fixed + _joined(parts)


def encode_names(names: tuple[bytes, ...], digest: bytes) -> bytes:
    """The value that says what variants are told apart by."""
    return _HEAD.pack(VERSION, _NAMES, digest) + _joined([_listed(names)])


def decode(value: bytes, digest: bytes, noted: frozenset[bytes]) -> Found:
    """What `value` is, which was found under `digest`. Raises `Junk`.

    `noted` are names of fields that this gateway reads in answers (see `Role.NOTED`).
    """
    if len(value) < _HEAD.size:
        raise Junk("it is too short")
    version, kind, written = _HEAD.unpack_from(value)
    if version != VERSION:
        raise Junk(f"its version is {version}")
    if written != digest:
        raise Junk("it belongs elsewhere")
    if kind == _NAMES:
        (names,) = _parts(value, _HEAD.size, 1)
        return _names(names, least=1)
    if kind != _ENTRY or len(value) < _HEAD.size + _FIXED.size:
        raise Junk("it is of no known kind")
    return _entry(value, noted)


def _entry(value: bytes, noted: frozenset[bytes]) -> tuple[Entry, int]:
    """The entry that a value is, and its mark."""
    strict, status, mark, *times = _FIXED.unpack_from(value, _HEAD.size)
    line, lines, names, values, tags, etag, last_modified, body = _parts(value, _HEAD.size + _FIXED.size, _PARTS)
    match = _STATUS_LINE.fullmatch(line)
    if match is None or int(match[1]) != status:
        raise Junk("it has no status line")
    if strict > 1 or not all(map(isfinite, times)):
        raise Junk("its times are none")
    if etag and not is_entity_tag(etag):
        raise Junk("its ETag is none")
    if last_modified and parse_date(last_modified) is None:
        raise Junk("its Last-Modified is no date")
    depends = _names(names)
    told = _values(values)
    if len(told) != len(depends):
        raise Junk("it does not say which requests it is for")
    born, fresh_until, usable_until, error_until, modified = times
    entry = Entry(
        ResponseHead(1, status, line, section_of(_fields(lines, noted))),
        born=born,
        fresh_until=fresh_until,
        usable_until=usable_until,
        error_until=error_until,
        proven=False,
        strict=bool(strict),
        names=depends,
        values=told,
        tags=_tags(tags),
        etag=etag,
        last_modified=last_modified,
        modified=modified,
    )
    entry.complete(body)
    return entry, mark


def _fields(lines: bytes, noted: frozenset[bytes]) -> list[Field]:
    """The fields of an answer."""
    if _LINES.fullmatch(lines) is None:
        raise Junk("its fields are none")
    fields = []
    for line in lines.split(b"\r\n")[:-1]:
        written, _, value = line.partition(b":")
        name = written.lower()
        if name in DROPPED:
            raise Junk("it has fields that are not kept")
        role = Role.DATE if name == b"date" else Role.NOTED if name in noted else Role.END_TO_END
        fields.append(Field(name, value.strip(b" \t"), line + b"\r\n", role))
    return fields


def _names(text: bytes, least: int = 0) -> tuple[bytes, ...]:
    """Names of request fields."""
    names = _items(text)
    if len(names) < least or not all(name and _VALUE.fullmatch(name) for name in names):
        raise Junk("the names of fields are none")
    return names


def _values(text: bytes) -> tuple[bytes | None, ...]:
    """What a request had in such fields."""
    values = _items(text)
    if not all(value == b"-" or (value[:1] == b"=" and _VALUE.fullmatch(value)) for value in values):
        raise Junk("the values of fields are none")
    return tuple([None if value == b"-" else value[1:] for value in values])


def _tags(text: bytes) -> tuple[bytes, ...]:
    """The tags of an answer."""
    tags = _items(text)
    if len(tags) > MOST_TAGS or not all(map(_VALUE.fullmatch, tags)):
        raise Junk("its tags are none")
    return tags


def _optional(values: tuple[bytes | None, ...]) -> list[bytes]:
    """Values, and what stands for those that are missing."""
    return [b"-" if value is None else b"=" + value for value in values]


def _listed(items: Sequence[bytes]) -> bytes:
    """Items, none of which has a line end in it."""
    return b"\n".join(items)


def _items(text: bytes) -> tuple[bytes, ...]:
    """What `_listed` made a text of."""
    return tuple(text.split(b"\n")) if text else ()


def _joined(parts: Sequence[bytes]) -> bytes:
    """Parts, each with its length before it."""
    return b"".join([piece for part in parts for piece in (_LENGTH.pack(len(part)), part)])


def _parts(value: bytes, at: int, count: int) -> list[bytes]:
    """As many parts, with which the value ends."""
    parts: list[bytes] = []
    end = len(value)
    for _ in range(count):
        begin = at + _LENGTH.size
        if begin > end:
            raise Junk("it breaks off")
        at = begin + _LENGTH.unpack_from(value, begin - _LENGTH.size)[0]
        parts.append(value[begin:at])
    if at != end:
        raise Junk("it ends elsewhere")
    return parts
