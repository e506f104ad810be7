"""Beginnings of heads, the bounds of heads, and the heads of answers."""

from __future__ import annotations

import pytest

from gatewayd.core.messages import RequestHead
from gatewayd.core.reasons import (
    HEAD_TOO_LARGE,
    MALFORMED_FIELD,
    MALFORMED_REQUEST_LINE,
    TARGET_TOO_LONG,
    UNSUPPORTED_VERSION,
    UPSTREAM_MALFORMED,
    Reason,
    Refused,
)
from gatewayd.http import heads
from gatewayd.http.heads import (
    judge_incomplete_answer,
    parse_request_head,
    parse_response_head,
    take_request_head,
)

from .script import Bounds

LIMITS = Bounds(head_size=200, head_fields=5, target_size=64)
HOST = b"\r\nHost: a.example:80"


def refusal(block: bytes) -> Reason:
    """Why a request's head is refused."""
    with pytest.raises(Refused) as caught:
        parse_request_head(block)
    return caught.value.reason


def taken(data: bytes) -> RequestHead | None:
    """The head at the start of `data` under small limits."""
    return take_request_head(data, 0, LIMITS, None)


@pytest.mark.parametrize(
    "data",
    [b"", b"\r", b"\r\n", b"\r\nG", b"G", b"GET / HTTP/1.1", b"GET / HTTP/1.1\r", b"GET / HTTP/1.1\r\nHost: a\r\n\r"],
)
def test_incomplete(data: bytes) -> None:
    """What may become a head is waited for."""
    assert taken(data) is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"GET / HTTP/1.1\n", MALFORMED_REQUEST_LINE),
        (b"GET / HTTP/1.1\rH", MALFORMED_REQUEST_LINE),
        (b"\n", MALFORMED_REQUEST_LINE),
        (b"\r\n\r", None),
        (b"\r\n\r\n", MALFORMED_REQUEST_LINE),
        (b"\r\r", MALFORMED_REQUEST_LINE),
        (b"\x16\x03\x01\x00", MALFORMED_REQUEST_LINE),
        (b"GET /\r\n", MALFORMED_REQUEST_LINE),
        (b"SSH-2.0-x\r\n", MALFORMED_REQUEST_LINE),
        (b"PRI * HTTP/2.0\r\n", UNSUPPORTED_VERSION),
        (b"GET / HTTP/1.1\r\nA: b\n", MALFORMED_FIELD),
        (b"GET / HTTP/1.1\r\nA: b\rc", MALFORMED_FIELD),
        (b"GET / HTTP/1.1\r\nA: \x00", MALFORMED_FIELD),
        (b"GET / HTTP/1.1\r\nA: b\r\n\n", MALFORMED_FIELD),
    ],
)
def test_beginnings_that_cannot_be_saved(data: bytes, reason: Reason | None) -> None:
    """Another protocol, bare line ends and NULs are refused at once, not at a timeout."""
    if reason is None:
        assert taken(data) is None
        return
    with pytest.raises(Refused) as caught:
        taken(data)
    assert caught.value.reason is reason


def head_of(size: int) -> bytes:
    """A head of `size` bytes without its final empty line."""
    start = b"GET / HTTP/1.1\r\nHost: a\r\nX: "
    return start + b"x" * (size - len(start))


@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\r\n\r\nGET / HTTP/1.1\r\n"])
def test_head_size(end: bytes) -> None:
    """A head may have exactly as many bytes as the limit says, in one piece or many; one more is too many."""
    assert taken(head_of(200) + end) is not None
    for split in range(1, 5):
        assert taken((head_of(200) + b"\r\n\r\n")[:-split]) is None
    with pytest.raises(Refused) as caught:
        taken(head_of(201) + end)
    assert caught.value.reason is HEAD_TOO_LARGE
    with pytest.raises(Refused) as caught:
        taken(head_of(204))
    assert caught.value.reason is HEAD_TOO_LARGE


@pytest.mark.parametrize("prefix", [b"/", b"/?", b"//", b"http://a/", b"/%41", b"/a/../"])
def test_target_size(prefix: bytes) -> None:
    """A target counts as it was written, whatever its normal form, and whether it came in one piece or not."""
    fits, too_long = (prefix + b"a" * (size - len(prefix)) for size in (64, 65))
    line = b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n"
    assert taken(line % fits) is not None
    for end in (0, 2, 4, 13):
        with pytest.raises(Refused) as caught:
            taken((line % too_long)[: len(line % too_long) - end])
        assert caught.value.reason is TARGET_TOO_LONG


def test_field_count() -> None:
    """A head may have exactly as many fields as the limit says."""
    start = b"GET / HTTP/1.1\r\nHost: a\r\n"
    assert taken(start + b"A:\r\n" * 4 + b"\r\n") is not None
    with pytest.raises(Refused) as caught:
        taken(start + b"A:\r\n" * 5 + b"\r\n")
    assert caught.value.reason is HEAD_TOO_LARGE


@pytest.mark.parametrize(
    ("line", "status", "forwarded"),
    [
        (b"HTTP/1.1 200 OK", 200, b"HTTP/1.1 200 OK\r\n"),
        (b"HTTP/1.0 200 OK", 200, b"HTTP/1.1 200 OK\r\n"),
        (b"HTTP/1.1 200 ", 200, b"HTTP/1.1 200 \r\n"),
        (b"HTTP/1.1 200", 200, b"HTTP/1.1 200 \r\n"),
        (b"HTTP/1.1 404 Not  Found\tat all", 404, b"HTTP/1.1 404 Not  Found\tat all\r\n"),
        (b"HTTP/1.1 503 \xe4\xff", 503, b"HTTP/1.1 503 \xe4\xff\r\n"),
        (b"HTTP/1.1 100 Continue", 100, b"HTTP/1.1 100 Continue\r\n"),
        (b"HTTP/1.1 999 X", 999, b"HTTP/1.1 999 X\r\n"),
    ],
)
def test_status_lines(line: bytes, status: int, forwarded: bytes) -> None:
    """Any three digits and any phrase, also none, are a status; the version we forward is our own."""
    for _ in range(2):  # judged, remembered
        head = parse_response_head(line + b"\r\nA: b")
        assert (head.status, head.line, head.version) == (status, forwarded, int(line[7:8]))


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"HTTP/1.1",
        b"HTTP/1.1 ",
        b"HTTP/1.1 20 OK",
        b"HTTP/1.1 2000 OK",
        b"HTTP/1.1 099 OK",
        b"HTTP/1.1 2x0 OK",
        b"HTTP/1.1  200 OK",
        b"HTTP/1.1\t200 OK",
        b"HTTP/1.1 200\tOK",
        b"HTTP/1.1 200OK",
        b" HTTP/1.1 200 OK",
        b"HTTP/2.0 200 OK",
        b"HTTP/1.2 200 OK",
        b"HTTP/11 200 OK",
        b"http/1.1 200 OK",
        b"ICY 200 OK",
        b"HTTP/1.1 200 O\x00K",
        b"HTTP/1.1 200 OK\r",
        b"HTTP/1.1 200 OK\nA: b",
        b"HTTP/1.1 200 \x7f",
        b"HTTP/1.1 200 OK\r\nA : b",
        b"HTTP/1.1 200 OK\r\n A: b",
        b"HTTP/1.1 200 OK\r\nA: b\r\n c",
        b"HTTP/1.1 200 OK\r\nA",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked",
    ],
)
def test_refused_answers(block: bytes) -> None:
    """Whatever is wrong with an answer's head, it is the service that is to blame."""
    for _ in range(2):
        with pytest.raises(Refused) as caught:
            parse_response_head(block + b"\r\n" if block.endswith(b"OK\r\n") else block)
        assert caught.value.reason is UPSTREAM_MALFORMED


def test_answers_persist() -> None:
    """A service's connection may be used again as its answer says."""
    assert parse_response_head(b"HTTP/1.1 200 OK").keep_alive
    assert not parse_response_head(b"HTTP/1.1 200 OK\r\nConnection: close").keep_alive
    assert not parse_response_head(b"HTTP/1.0 200 OK").keep_alive
    assert parse_response_head(b"HTTP/1.0 200 OK\r\nConnection: keep-alive").keep_alive


def test_status_lines_are_bounded() -> None:
    """A service that never says the same twice fills no memory."""
    for number in range(1000):
        parse_response_head(b"HTTP/1.1 200 %d" % number)
    parse_response_head(b"HTTP/1.1 200 " + b"x" * 10_000)
    assert len(heads._status_lines) <= 256
    assert max(map(len, heads._status_lines)) <= 128


@pytest.mark.parametrize(
    "data", [b"H", b"HTTP/1.", b"HTTP/1.1", b"HTTP/1.1 200 OK\r", b"HTTP/1.1 200 OK\r\nA: b", b"HTTP/1.1 200 OK\r\n\r"]
)
def test_incomplete_answers(data: bytes) -> None:
    """What may become an answer is waited for."""
    judge_incomplete_answer(data)


@pytest.mark.parametrize(
    "data",
    [
        b"h",
        b"\r",
        b"\n",
        b"<html>",
        b"SSH-2.0-x\r\n",
        b"HTTP/2",
        b"HTTP/1.1 200 OK\n",
        b"HTTP/1.1 200 OK\r\nA: b\n",
        b"HTTP/1.1 200 OK\r\nA: \x00",
        b"HTTP/1.1 2000 OK\r\n",
    ],
)
def test_answers_that_cannot_be_saved(data: bytes) -> None:
    """What is no answer is refused at once, so that the client hears of it before a timeout."""
    with pytest.raises(Refused) as caught:
        judge_incomplete_answer(data)
    assert caught.value.reason is UPSTREAM_MALFORMED
