"""What of an answer a client needs: conditions and ranges."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.caching import NOT_MODIFIED, UNSATISFIABLE, WHOLE, Part, answer_of, part_of
from gatewayd.core.messages import ResponseHead
from tests.core.caching.world import DATE, EARLIER, LATER, answer, asked, entry

ETAGGED = entry("Cache-Control: max-age=60", 'ETag: "a"', f"Last-Modified: {EARLIER}")
WEAK = entry("Cache-Control: max-age=60", 'ETag: W/"a"')
DATED = entry("Cache-Control: max-age=60")
EMPTY = entry("Cache-Control: max-age=60", body=b"")
_DATE = DATE.removeprefix("Date: ")


@pytest.mark.parametrize(
    "tags",
    ['"a"', 'W/"a"', '"b", "a"', '"a", "b"', '"x,y", , W/"a" ,"b"', "*"],
)
def test_none_match(tags: str) -> None:
    """One of the client's tags is the answer's, weak or strong: what it has is good."""
    assert part_of(asked(f"If-None-Match: {tags}"), ETAGGED) is NOT_MODIFIED
    assert part_of(asked(f"If-None-Match: {tags}"), WEAK) is NOT_MODIFIED


@pytest.mark.parametrize("tags", ['"b"', "a", 'w/"a"', 'W\\"a"', '"b" "a"', '"a', "", ",,", '"b",', 'x, "a"'])
def test_other_tags(tags: str) -> None:
    """Other tags, and what is no list of tags, are not the answer's."""
    assert part_of(asked(f"If-None-Match: {tags}"), ETAGGED) is WHOLE


def test_tags_in_several_lines() -> None:
    """Several fields are one list; an answer without a tag is only meant by "*"."""
    assert part_of(asked('If-None-Match: "b"', 'If-None-Match: "a"'), ETAGGED) is NOT_MODIFIED
    assert part_of(asked('If-None-Match: ""'), DATED) is WHOLE
    assert part_of(asked("If-None-Match: *"), DATED) is NOT_MODIFIED


@pytest.mark.parametrize(
    ("since", "good"),
    [(EARLIER, True), (LATER, True), ("Tue, 14 Nov 2023 21:13:19 GMT", False), ("today", False), ("", False)],
)
def test_modified_since(since: str, good: bool) -> None:
    """What the client has is good if it was not modified since; a date that cannot be read does not count."""
    assert part_of(asked(f"If-Modified-Since: {since}"), ETAGGED) is (NOT_MODIFIED if good else WHOLE)


def test_without_last_modified() -> None:
    """The time at which it was sent stands in for when it was last modified (RFC 9111 section 4.3.2)."""
    assert part_of(asked(f"If-Modified-Since: {_DATE}"), DATED) is NOT_MODIFIED
    assert part_of(asked(f"If-Modified-Since: {EARLIER}"), DATED) is WHOLE


def test_precedence() -> None:
    """If-None-Match counts, and If-Modified-Since beside it does not; two of the latter are none."""
    assert part_of(asked('If-None-Match: "b"', f"If-Modified-Since: {LATER}"), ETAGGED) is WHOLE
    assert part_of(asked('If-None-Match: "a"', "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT"), ETAGGED).status
    assert part_of(asked(f"If-Modified-Since: {LATER}", f"If-Modified-Since: {LATER}"), ETAGGED) is WHOLE


@pytest.mark.parametrize(
    ("written", "part"),
    [
        ("bytes=0-0", Part(206, 0, 0)),
        ("bytes=2-5", Part(206, 2, 5)),
        ("BYTES= 2-5 ", Part(206, 2, 5)),
        ("bytes=2-", Part(206, 2, 9)),
        ("bytes=2-99", Part(206, 2, 9)),
        ("bytes=-3", Part(206, 7, 9)),
        ("bytes=-99", Part(206, 0, 9)),
        ("bytes=10-", UNSATISFIABLE),
        ("bytes=99-100", UNSATISFIABLE),
        ("bytes=-0", UNSATISFIABLE),
        ("bytes=5-2", WHOLE),
        ("bytes=-", WHOLE),
        ("bytes=0-1,3-4", WHOLE),
        ("bytes=a-b", WHOLE),
        ("items=0-1", WHOLE),
        ("bytes 0-1", WHOLE),
        ("bytes=0-" + "9" * 19, WHOLE),
        ("", WHOLE),
    ],
)
def test_ranges(written: str, part: Part) -> None:
    """One range of bytes is served; what is malformed, of another unit, or several, is ignored."""
    assert part_of(asked(f"Range: {written}"), ETAGGED) == part


@pytest.mark.parametrize("written", ["bytes=0-", "bytes=-1", "bytes=0-0"])
def test_ranges_of_nothing(written: str) -> None:
    """There is no range of an empty body."""
    assert part_of(asked(f"Range: {written}"), EMPTY) is UNSATISFIABLE


def test_no_range() -> None:
    """Ranges are for GET, of an answer that is 200; two of them are none."""
    assert part_of(asked("Range: bytes=0-1", method="HEAD"), ETAGGED) is WHOLE
    assert part_of(asked("Range: bytes=0-1", "Range: bytes=0-1"), ETAGGED) is WHOLE
    missing = entry("Cache-Control: max-age=60", 'ETag: "a"', status=404)
    assert part_of(asked("Range: bytes=0-1"), missing) is WHOLE
    assert part_of(asked('If-None-Match: "a"'), missing) is WHOLE


@pytest.mark.parametrize(
    ("condition", "same"),
    [('"a"', True), ('"b"', False), ('W/"a"', False), (EARLIER, True), (LATER, False), ("a", False), ("", False)],
)
def test_if_range(condition: str, same: bool) -> None:
    """A range is for who has the rest of the very same answer: by a strong tag, or the date it was modified."""
    assert (part_of(asked("Range: bytes=0-1", f"If-Range: {condition}"), ETAGGED) == Part(206, 0, 1)) is same


def test_if_range_too_soon() -> None:
    """A date within the second in which the answer was sent proves nothing; nor do two conditions."""
    fresh = entry("Cache-Control: max-age=60", f"Last-Modified: {_DATE}")
    assert part_of(asked("Range: bytes=0-1", f"If-Range: {_DATE}"), fresh) is WHOLE
    assert part_of(asked("Range: bytes=0-1", f"If-Range: {_DATE}"), DATED) is WHOLE
    assert part_of(asked("Range: bytes=0-1", 'If-Range: "a"', 'If-Range: "a"'), ETAGGED) is WHOLE


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=12), st.integers(0, 14) | st.none(), st.integers(0, 14) | st.none())
def test_every_range(body: bytes, first: int | None, last: int | None) -> None:
    """A range is what Python's slices say, or everything, or nothing of it is there."""
    answered = entry("Cache-Control: max-age=60", body=body)
    written = f"Range: bytes={'' if first is None else first}-{'' if last is None else last}"
    part = part_of(asked(written), answered)
    head, sent = answer_of(answered, part)
    if first is None and last is not None:
        assert part.status == 416 if not last or not body else sent == body[-last:]
    elif first is None or (last is not None and last < first):
        assert sent == body
    elif first >= len(body):
        assert part is UNSATISFIABLE
    else:
        assert sent == body[first : None if last is None else last + 1]
        assert b"Content-Range: bytes %d-%d/%d\r\n" % (first, first + len(sent) - 1, len(body)) in head.section.lines
    assert head.section.length == len(sent)


def lines_of(head: ResponseHead) -> list[bytes]:
    """What is written of a head's fields, Date last."""
    return (head.section.lines + head.section.date).split(b"\r\n")[:-1]


FULL = entry(
    "Cache-Control: max-age=60",
    'ETag: "a"',
    f"Last-Modified: {EARLIER}",
    "Content-Type: text/plain",
    "Vary: Foo",
    "X-Other: 1",
)
_DATED = DATE.encode()


def test_whole_answers() -> None:
    """An answer is sent as it came."""
    head, body = answer_of(FULL, WHOLE)
    assert head is FULL.head
    assert body == b"0123456789"
    assert head.section.length == 10


def test_not_modified_answers() -> None:
    """A 304 has what RFC 9110 section 15.4.5 asks for, and the date of modification only without a tag."""
    head, body = answer_of(FULL, NOT_MODIFIED)
    assert (head.status, head.line, body, head.section.length) == (304, b"HTTP/1.1 304 Not Modified\r\n", b"", None)
    assert lines_of(head) == [b"Cache-Control: max-age=60", b'ETag: "a"', b"Vary: Foo", _DATED]
    assert answer_of(FULL, NOT_MODIFIED)[0] is head
    untagged = entry("Cache-Control: max-age=60", f"Last-Modified: {EARLIER}")
    assert f"Last-Modified: {EARLIER}".encode() in lines_of(answer_of(untagged, NOT_MODIFIED)[0])


def test_partial_answers() -> None:
    """A 206 has all the fields of the answer, and says which part it is."""
    ranged = entry("Cache-Control: max-age=60", "Content-Range: nonsense", "X-Other: 1")
    head, body = answer_of(ranged, Part(206, 2, 4))
    assert (head.status, head.line, body) == (206, b"HTTP/1.1 206 Partial Content\r\n", b"234")
    assert lines_of(head) == [b"Cache-Control: max-age=60", b"X-Other: 1", b"Content-Range: bytes 2-4/10", _DATED]


def test_unsatisfiable_answers() -> None:
    """A 416 says how long the answer is, and nothing else of it."""
    head, body = answer_of(FULL, UNSATISFIABLE)
    assert (head.status, body, head.section.length) == (416, b"", 0)
    assert lines_of(head) == [b"Content-Range: bytes */10", _DATED]


def test_no_field_twice() -> None:
    """Heads made for parts are heads: their fields are those of the lines."""
    for part in (NOT_MODIFIED, UNSATISFIABLE, Part(206, 1, 2)):
        head, _ = answer_of(FULL, part)
        assert sorted(field.line[:-2] for field in head.section.fields) == sorted(lines_of(head))
    assert answer(*["A: 1"]).section.fields
