"""How much of a kept answer a client needs: all of it, a range, or to hear that what it has is still good."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import formatdate

from gatewayd.core.caching.asked import Asked
from gatewayd.core.caching.dates import parse_date
from gatewayd.core.caching.entry import Entry, section_of
from gatewayd.core.messages import Field, ResponseHead, Role

_TAG = re.compile(rb'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_TAGS = re.compile(rb'[\t ]*((?:W/)?"[\x21\x23-\x7e\x80-\xff]*")?[\t ]*(?:,|\Z)')
_RANGE = re.compile(rb"bytes=[\t ]*([0-9]{0,18})-([0-9]{0,18})[\t ]*", re.IGNORECASE)

# RFC 9110 section 15.4.5.
_OF_NOT_MODIFIED = frozenset({b"cache-control", b"content-location", b"date", b"etag", b"expires", b"vary"})
_NOT_MODIFIED_LINE = b"HTTP/1.1 304 Not Modified\r\n"
_PARTIAL_LINE = b"HTTP/1.1 206 Partial Content\r\n"
_UNSATISFIABLE_LINE = b"HTTP/1.1 416 Range Not Satisfiable\r\n"


@dataclass(frozen=True, slots=True)
class Part:
    """What to send of an answer: a `status` other than the answer's own, if any, and of a range `first` and `last`."""

    status: int | None = None
    first: int = 0
    last: int = 0


WHOLE = Part()
NOT_MODIFIED = Part(304)
UNSATISFIABLE = Part(416)


def is_entity_tag(value: bytes) -> bool:
    """Whether `value` is an entity tag, weak or strong (RFC 9110 section 8.8.3)."""
    return _TAG.fullmatch(value) is not None


def part_of(asked: Asked, entry: Entry) -> Part:
    """What a client needs of an answer that it may be given (RFC 9110 section 13.2.2)."""
    if not asked.partial or entry.head.status != 200:
        return WHOLE
    if asked.if_none_match is not None:
        if _among(entry.etag, asked.if_none_match):
            return NOT_MODIFIED
    elif asked.if_modified_since is not None:
        since = parse_date(asked.if_modified_since)
        if since is not None and entry.modified <= since:
            return NOT_MODIFIED
    if asked.range is None or asked.method != b"GET":
        return WHOLE
    if asked.if_range is not None and not _same(entry, asked.if_range):
        return WHOLE
    return _range(asked.range, len(entry.body))


def _among(etag: bytes, tags: bytes) -> bool:
    """Whether If-None-Match has an answer's tag, whoever of the two calls it weak."""
    if tags == b"*":
        return True
    if not etag:
        return False
    etag, at = etag.removeprefix(b"W/"), 0
    while at < len(tags):
        match = _TAGS.match(tags, at)
        if match is None:
            return False
        if match[1] is not None and match[1].removeprefix(b"W/") == etag:
            return True
        at = match.end()
    return False


def _same(entry: Entry, condition: bytes) -> bool:
    """Whether what a client has parts of is byte for byte this answer (RFC 9110 section 13.1.5)."""
    if condition[:1] == b'"':
        return condition == entry.etag
    # A date proves it only if the answer was older than that when it was sent: a second is a long time.
    if not entry.last_modified or condition != entry.last_modified or parse_date(condition) is None:
        return False
    date = entry.head.section.date.partition(b":")[2].strip()
    sent = parse_date(date)
    return sent is not None and sent - entry.modified >= 1


def _range(value: bytes, length: int) -> Part:
    """The part that a Range asks for; everything for several ranges, other units, and what is malformed.

    A server may ignore Range (RFC 9110 section 14.2), and several ranges are mostly asked for to hurt.
    """
    match = _RANGE.fullmatch(value)
    if match is None:
        return WHOLE
    begin, end = match.groups()
    if not begin:
        if not end:
            return WHOLE
        if not int(end) or not length:
            return UNSATISFIABLE
        return Part(206, max(0, length - int(end)), length - 1)
    first, last = int(begin), int(end) if end else length - 1
    if end and last < first:
        return WHOLE
    if first >= length:
        return UNSATISFIABLE
    return Part(206, first, min(last, length - 1))


def answer_of(entry: Entry, part: Part) -> tuple[ResponseHead, bytes]:
    """The head and the body to send for `part` of an answer; what is said of its age is still to be added."""
    if part.status is None:
        return entry.head, entry.body
    if part.status == 304:
        return entry.not_modified or _not_modified(entry), b""
    fields = entry.head.section.fields
    if part.status == 416:
        bounds = Field(b"", b"", b"Content-Range: bytes */%d\r\n" % len(entry.body), Role.END_TO_END)
        kept = [field for field in fields if field.name == b"date"]
        return ResponseHead(1, 416, _UNSATISFIABLE_LINE, section_of([*kept, bounds], 0)), b""
    body = entry.body[part.first : part.last + 1]
    line = b"Content-Range: bytes %d-%d/%d\r\n" % (part.first, part.last, len(entry.body))
    bounds = Field(b"content-range", line[15:-2], line, Role.END_TO_END)
    kept = [field for field in fields if field.name != b"content-range"]
    return ResponseHead(1, 206, _PARTIAL_LINE, section_of([*kept, bounds], len(body))), body


def _not_modified(entry: Entry) -> ResponseHead:
    """The head of the 304 that stands for an answer; made once."""
    wanted = _OF_NOT_MODIFIED if entry.etag else _OF_NOT_MODIFIED | {b"last-modified"}
    kept = [field for field in entry.head.section.fields if field.name in wanted]
    entry.not_modified = head = ResponseHead(1, 304, _NOT_MODIFIED_LINE, section_of(kept))
    return head


def date_field(now: float) -> Field:
    """The Date of an answer that came without one (RFC 9110 section 6.6.1)."""
    value = formatdate(now, usegmt=True).encode()
    return Field(b"date", value, b"Date: %b\r\n" % value, Role.DATE)
