"""Header sections: what the fields of a message mean together."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatewayd.core.messages import HeaderSection, Role
from gatewayd.core.reasons import (
    AMBIGUOUS_FRAMING,
    MALFORMED_FIELD,
    MALFORMED_HOST,
    UNSUPPORTED_EXPECTATION,
    UNSUPPORTED_TRANSFER_CODING,
    UPSTREAM_MALFORMED,
    Reason,
    Refused,
)
from gatewayd.http.fieldtable import REQUEST_ROLES, FieldTable
from gatewayd.http.sections import forwarded, judge_request_section, judge_response_section

from . import strategies

CL, TE = b"Content-Length: 5", b"Transfer-Encoding: chunked"


def judged(*lines: bytes) -> HeaderSection:
    """A request's section."""
    return judge_request_section(b"\r\n".join(lines))


def answered(*lines: bytes) -> HeaderSection:
    """An answer's section."""
    return judge_response_section(b"\r\n".join(lines))


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((CL, TE), AMBIGUOUS_FRAMING),
        ((TE, CL), AMBIGUOUS_FRAMING),
        ((b"Content-Length: 0", TE), AMBIGUOUS_FRAMING),
        ((CL, CL), AMBIGUOUS_FRAMING),
        ((CL, b"content-length: 6"), AMBIGUOUS_FRAMING),
        ((b"Content-Length: 5, 5",), AMBIGUOUS_FRAMING),
        ((TE, TE), AMBIGUOUS_FRAMING),
        ((b"Transfer-Encoding: identity", TE), AMBIGUOUS_FRAMING),
        *(
            ((b"Transfer-Encoding: " + coding,), UNSUPPORTED_TRANSFER_CODING)
            for coding in (
                b"", b"identity", b"gzip", b"gzip, chunked", b"chunked, chunked", b"chunked, identity", b"chunked;a=b",
                b"xchunked", b"chunked,", b",chunked", b'"chunked"', b"\x80chunked", b"chun\tked",
            )
        ),
        ((b"A: b", b" c"), MALFORMED_FIELD),
        ((b"A: b", b"\tc: d"), MALFORMED_FIELD),
        ((b"A: b", b""), MALFORMED_FIELD),
    ],
)  # fmt: skip
def test_refused_both_ways(lines: tuple[bytes, ...], reason: Reason) -> None:
    """Two framings, unknown codings and folded lines are refused in requests, and make an answer a bad one."""
    with pytest.raises(Refused) as caught:
        judged(b"Host: a", *lines)
    assert caught.value.reason is reason
    with pytest.raises(Refused) as caught:
        answered(*lines)
    assert caught.value.reason is UPSTREAM_MALFORMED


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((b"Host: a", b"Host: a"), MALFORMED_HOST),
        ((b"Host: a", b"host: b"), MALFORMED_HOST),
        ((b"Expect: 200-ok",), UNSUPPORTED_EXPECTATION),
        ((b"Expect:",), UNSUPPORTED_EXPECTATION),
        ((b"Expect: 100-continue, x",), UNSUPPORTED_EXPECTATION),
    ],
)
def test_refused_in_requests(lines: tuple[bytes, ...], reason: Reason) -> None:
    """Hosts that contradict each other or merely repeat, and unknown expectations, are refused."""
    with pytest.raises(Refused) as caught:
        judged(*lines)
    assert caught.value.reason is reason
    assert answered(*lines).lines  # an answer may hold them: they mean nothing there


def test_empty() -> None:
    """A section without lines says nothing."""
    for section in (judged(), answered()):
        assert list(section.fields) == list(section.special) == []
        assert section.count == 0
        assert (section.written, section.lines, section.nominated) == (b"", b"", frozenset())
        assert (section.length, section.chunked, section.close, section.keep) == (None, False, False, False)
        assert (section.host, section.authority, section.upgrade, section.date) == (None, b"", None, b"")
        assert not section.expects_continue


def test_framing() -> None:
    """A length or chunks, in any spelling."""
    assert (judged(CL).length, judged(CL).chunked) == (5, False)
    assert judged(b"content-LENGTH:  0005").length == 5
    section = judged(b"transfer-ENCODING:\tChunKed ")
    assert (section.length, section.chunked) == (None, True)


def test_host() -> None:
    """The host is for routing, the authority is as it came."""
    section = judged(b"HOST: A.example.:80")
    assert (section.host, section.authority) == (b"a.example", b"A.example.:80")


@pytest.mark.parametrize(
    ("lines", "close", "keep"),
    [
        ((b"Connection: close",), True, False),
        ((b"Connection: Keep-Alive",), False, True),
        ((b"Connection: keep-alive, close",), True, False),
        ((b"Connection: keep-alive", b"Connection: CLOSE"), True, False),
        ((b"Connection: closed",), False, False),
        ((b"Connection:",), False, False),
        ((b"Proxy-Connection: close",), False, False),
    ],
)
def test_persistence(lines: tuple[bytes, ...], close: bool, keep: bool) -> None:
    """Every Connection line counts, and "close" counts more (RFC 9112 section 9.3)."""
    for section in (judged(*lines), answered(*lines)):
        assert (section.close, section.keep) == (close, keep)


def test_what_is_forwarded() -> None:
    """Fields for this hop, the guarded ones and those Connection nominates are left out, the order of others stays."""
    section = judged(
        b"B: 1",
        b"Connection: x-hop, close",
        b"A: 2",
        b"X-Hop: 3",
        b"Host: a",
        b"x_forwarded_for: 4",
        b"B: 5",
        b"Connection: OTHER",
        b"Other: 6",
        b"TE: trailers",
        b"Keep-Alive: timeout=5",
    )
    assert section.lines == b"B: 1\r\nA: 2\r\nB: 5\r\n"
    assert section.nominated == {b"x-hop", b"other"}
    assert forwarded(section, section.nominated | {b"a"}) == [b"B: 1\r\n", b"B: 5\r\n"]


@pytest.mark.parametrize("name", [b"close", b"keep-alive", b"upgrade", b"te", b"http2-settings"])
def test_options_are_no_nominations(name: bytes) -> None:
    """Options that the gateway speaks of itself nominate nothing."""
    assert judged(b"Connection: " + name).nominated == frozenset()


def test_nominating_what_frames_changes_nothing() -> None:
    """A client cannot take framing, host or forwarding fields out by naming them in Connection."""
    names = b"Connection: content-length, transfer-encoding, host, x-forwarded-for, connection"
    section = judged(b"Host: a", CL, names, b"X-Forwarded-For: 1")
    assert (section.length, section.host) == (5, b"a")
    assert judged(b"Host: a", TE, names).chunked


def test_timeouts() -> None:
    """What a sender says of its time is noted, valid or not, and not forwarded; nominating it changes nothing."""
    section = judged(b"A: 1", b"X-Request-Timeout: 2", b"Connection: x-request-timeout", b"grpc-timeout: 1500m")
    noted = [(field.name, field.meaning) for field in section.special if field.role is Role.TIMEOUT]
    assert noted == [(b"x-request-timeout", 2.0), (b"grpc-timeout", 1.5)]
    assert section.lines == b"A: 1\r\n"
    assert judged(b"X-Request-Timeout: soon").lines == b""


ASKS = (b"Connection: upgrade", b"Upgrade: websocket")


@pytest.mark.parametrize(
    ("lines", "upgrade"),
    [
        (ASKS, b"websocket"),
        ((b"Upgrade: WebSocket", b"Connection: keep-alive, UPGRADE"), b"WebSocket"),
        ((b"Connection: upgrade", b"Upgrade: a/1", b"Upgrade: b"), b"a/1, b"),
        ((*ASKS, b"Content-Length: 0"), b"websocket"),
        ((b"Upgrade: websocket",), None),
        ((b"Upgrade: websocket", b"Connection: close"), None),
        ((*ASKS, CL), None),
        ((*ASKS, TE), None),
        ((b"Connection: upgrade", b"Upgrade: h2c"), None),
        ((b"Connection: upgrade", b"Upgrade: websocket, H2C"), None),
        ((b"Connection: upgrade",), None),
    ],
)
def test_upgrades(lines: tuple[bytes, ...], upgrade: bytes | None) -> None:
    """An upgrade is asked for by both fields, on a request without a body, and never to h2c."""
    section = judged(*lines)
    assert section.upgrade == upgrade
    assert section.lines == b""


def test_answers() -> None:
    """Of an answer the date is noted, and what it calls its request is ours to say."""
    section = answered(b"X-Request-Id: theirs", b"Date: now", b"A: b", b"Upgrade: h2", b"Connection: Upgrade")
    assert section.date == b"Date: now\r\n"
    assert section.lines == b"A: b\r\n"
    assert section.upgrade == b"h2"


@given(written=strategies.damaged(strategies.sections()))
def test_no_framing_survives_ambiguity(written: bytes) -> None:
    """What is accepted has at most one framing, one host, and lines that are whole and only those of its fields."""
    try:
        section = judge_request_section(written)
    except Refused:
        return
    names = [line.partition(b":")[0].lower() for line in written.split(b"\r\n")]
    assert names.count(b"content-length") + names.count(b"transfer-encoding") <= 1
    assert names.count(b"host") <= 1
    assert section.chunked == (b"transfer-encoding" in names)
    for line in section.lines.split(b"\r\n")[:-1]:
        name = line.partition(b": ")[0].lower()
        assert name in names
        assert name not in section.nominated
        assert name.replace(b"_", b"-") not in (b"content-length", b"transfer-encoding", b"host", b"connection", b"te")
    assert section.lines.replace(b"\r\n", b"").translate(None, b"\r\n\x00") == section.lines.replace(b"\r\n", b"")
    assert section.lines == b"" or section.lines.endswith(b"\r\n")


NOTED = frozenset({b"x-a", b"authorization"})
GUARDED = frozenset({b"x-b"})


def fresh_table() -> FieldTable:
    """What a process judges by that has seen nothing yet, and notes and guards a few names."""
    return FieldTable(REQUEST_ROLES, NOTED, GUARDED.__contains__)


def outcome(written: bytes, table: FieldTable) -> object:
    """What becomes of a section."""
    try:
        section = judge_request_section(written, table)
    except Refused as refused:
        return refused.reason
    roles = [(field.name, field.value, field.line, field.role, field.meaning) for field in section.special]
    return section.lines, section.count, roles, [(field.name, field.value) for field in section.fields]


@given(before=st.lists(strategies.sections(), max_size=2), section=strategies.sections(), scars=strategies.scars)
@example(before=[], section=b"Host: a\r\nX-A: b", scars=[(12, 2, b"")])
@example(before=[], section=b"Host: a\r\nX-A: b", scars=[(12, 0, b" ")])
@example(before=[b"Host: a\r\nX-B: c"], section=b"Host: a\r\nX-A: b", scars=[(9, 0, b"X-B\r\n")])
def test_what_was_seen_before_changes_nothing(
    before: list[bytes], section: bytes, scars: list[tuple[int, int, bytes]]
) -> None:
    """A section is judged the same by a process that saw others, or a similar one, before."""
    written = strategies.damage(section, scars)
    fresh, table = outcome(written, fresh_table()), fresh_table()
    for other in (*before, section):
        outcome(other, table)
    assert outcome(written, table) == fresh
    assert outcome(written, table) == fresh


@given(written=strategies.damaged(strategies.sections()))
def test_fields_and_lines_agree(written: bytes) -> None:
    """The fields of a section are those of its lines, each once and in order."""
    try:
        section = judge_request_section(written, fresh_table())
    except Refused:
        return
    assert len(section.fields) == section.count == len(written.split(b"\r\n") if written else [])
    passed = [field for field in section.fields if not field.role or field.role is Role.NOTED]
    assert section.lines == b"".join(field.line for field in passed if field.name not in section.nominated)
    special = [(field.line, field.role) for field in section.fields if field.role]
    assert special == [(field.line, field.role) for field in section.special]


def test_noted_and_guarded_fields() -> None:
    """What is noted is forwarded in its place and can be found; what is guarded is taken out, and makes suspect."""
    section = judge_request_section(b"Host: a\r\nX-C: 1\r\nX-A: 2\r\nX-D: 3", fresh_table())
    assert section.lines == b"X-C: 1\r\nX-A: 2\r\nX-D: 3\r\n"
    assert [field.value for field in section.special if field.role is Role.NOTED] == [b"2"]
    assert not section.suspect
    section = judge_request_section(b"Host: a\r\nX-B: 1\r\nX-A: 2", fresh_table())
    assert section.lines == b"X-A: 2\r\n"
    assert [field.value for field in section.special if field.role is Role.GUARDED] == [b"1"]
    assert section.suspect
    assert judge_request_section(b"Host: a\r\nX-Forwarded-For: 1.2.3.4", fresh_table()).suspect
