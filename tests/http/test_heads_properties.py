"""Heads of any bytes: no way of arriving, and no section seen before, changes what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.messages import HeaderSection, RequestHead, ResponseHead
from gatewayd.core.reasons import UPSTREAM_MALFORMED, Reason, Refused
from gatewayd.http.heads import judge_incomplete_answer, parse_request_head, parse_response_head, take_request_head

from . import strategies
from .script import Bounds

LIMITS = Bounds(head_size=300, head_fields=6, target_size=40)


SAID = [name for name in vars(HeaderSection) if not name.startswith("_") and name not in ("fields", "special")]


def section_values(section: HeaderSection) -> list[object]:
    """Everything a section says."""
    return [
        [(field.name, field.value, field.line, field.role, field.meaning) for field in section.fields],
        [(field.name, field.value, field.line, field.role, field.meaning) for field in section.special],
        *(getattr(section, name) for name in SAID),
    ]


def values(head: RequestHead | ResponseHead) -> list[object]:
    """Everything a head says but for its size."""
    names = [name for name in type(head).__slots__ if name not in ("section", "fields", "size")]
    return [*(getattr(head, name) for name in names), *section_values(head.section)]


def outcome(block: bytes, last: HeaderSection | None = None) -> object:
    """What becomes of a block."""
    try:
        return values(parse_request_head(block, last))
    except Refused as refused:
        return refused.reason


@given(block=strategies.damaged(strategies.blocks), before=strategies.damaged(strategies.blocks), same=st.booleans())
def test_a_section_seen_before_changes_nothing(block: bytes, before: bytes, same: bool) -> None:
    """Any earlier section of the connection, even this very one, leads to the same head or the same refusal."""
    if same:
        before = before.partition(b"\r\n")[0] + b"\r\n" + block.partition(b"\r\n")[2]
    try:
        last = parse_request_head(before).section
    except Refused:
        return
    assert outcome(block, last) == outcome(block)
    assert outcome(block, last) == outcome(block)
    assert section_values(parse_request_head(before).section) == section_values(last), "it was written to"


def test_a_section_is_reused() -> None:
    """The property above is not vacuous: an equal section is taken over as it is, another one is not."""
    first = parse_request_head(b"GET /a HTTP/1.1\r\nHost: a\r\nA: b")
    assert parse_request_head(b"PUT /b HTTP/1.1\r\nHost: a\r\nA: b", first.section).section is first.section
    assert parse_request_head(b"PUT /b HTTP/1.1\r\nHost: a\r\nA: c", first.section).section is not first.section


def fed(pieces: Iterable[bytes]) -> tuple[list[object], bytes] | None:
    """The head that comes of `pieces` with what lies behind it; None where they are refused, or too few."""
    data = b""
    for piece in pieces:
        data += piece
        try:
            head = take_request_head(b"before" + data, 6, LIMITS, None)
        except Refused:
            return None
        if head is not None:
            return values(head), data[: head.size]
    return None


@given(
    block=strategies.damaged(strategies.blocks),
    behind=st.sampled_from([b"", b"\r\n", b"body", b"GET / HTTP/1.1\r\nHost: b\r\n\r\n"]),
    before=st.sampled_from([b"", b"", b"\r\n"]),
    places=st.lists(st.integers(0, 500), max_size=4),
)
def test_arrival_changes_nothing(block: bytes, behind: bytes, before: bytes, places: list[int]) -> None:
    """Whole, byte by byte or in any pieces the same head is taken, or none."""
    data = before + block + b"\r\n\r\n" + behind
    whole = fed([data])
    assert fed(strategies.one_by_one(data)) == whole
    assert fed(strategies.split(data, places)) == whole


@pytest.mark.parametrize("extra", range(-4, 6))
@pytest.mark.parametrize("prefix", [b"/", b"//", b"http://a/", b"/%41?"])
def test_arrival_changes_nothing_at_the_limits(prefix: bytes, extra: int) -> None:
    """Around each limit the same heads are taken whole and byte by byte."""
    target = prefix + b"a" * (LIMITS.target_size - len(prefix) + extra)
    data = b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % target
    assert fed(strategies.one_by_one(data)) == fed([data])
    assert (fed([data]) is None) == (extra > 0)
    data = b"GET / HTTP/1.1\r\nHost: a\r\nX: "
    data += b"x" * (LIMITS.head_size - len(data) + extra) + b"\r\n\r\n"
    assert fed(strategies.one_by_one(data)) == fed([data])
    assert (fed([data]) is None) == (extra > 0)


@given(data=strategies.damaged(strategies.blocks), end=st.sampled_from([b"\r\n\r\n", b"\n\n", b""]))
def test_only_refusals(data: bytes, end: bytes) -> None:
    """Whatever comes, the outcome is a head, no head yet, or a refusal with a reason, never another error."""
    fed(strategies.one_by_one(data + end))
    outcome(data)


status_lines = st.builds(
    b"HTTP/1.%b %b%b".__mod__,
    st.tuples(
        st.sampled_from([b"1", b"1", b"0"]),
        st.sampled_from([b"200", b"404", b"101", b"599"]),
        strategies.values.map(b" ".__add__),
    ),
)


@given(
    data=strategies.damaged(
        st.builds(lambda line, section: line + b"\r\n" + section + b"\r\n\r\n", status_lines, strategies.sections())
    )
)
def test_answers(data: bytes) -> None:
    """An answer's head is a head or blamed on its service, and a beginning of a good one is never refused."""
    end = data.find(b"\r\n\r\n")
    reason: Reason | None = None
    try:
        head = parse_response_head(data[:end] if end >= 0 else data)
    except Refused as refused:
        reason = refused.reason
    assert reason in (None, UPSTREAM_MALFORMED)
    if reason is not None:
        return
    assert values(parse_response_head(data[:end] if end >= 0 else data)) == values(head)
    if end >= 0:
        for size in range(1, end + 3):
            judge_incomplete_answer(data[:size])
