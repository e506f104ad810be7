"""Heads: request lines and status lines, targets of every form, sizes, and what each refusal is called."""

from __future__ import annotations

import pytest

from gatewayd.core.messages import RequestHead
from gatewayd.core.reasons import (
    AMBIGUOUS_FRAMING,
    AMBIGUOUS_PATH,
    HEAD_TOO_LARGE,
    MALFORMED_FIELD,
    MALFORMED_HOST,
    MALFORMED_REQUEST_LINE,
    MALFORMED_TARGET,
    METHOD_NOT_PROXIED,
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


def test_common_request() -> None:
    """Everything a head says."""
    head = parse_request_head(b"POST /a/b?c=d HTTP/1.1" + HOST + b"\r\nContent-Length: 3\r\nX-A: 1")
    assert (head.method, head.version, head.keep_alive) == (b"POST", 1, True)
    assert (head.target, head.path, head.query, head.segments) == (b"/a/b?c=d", b"/a/b", b"c=d", [b"a", b"b"])
    assert (head.host, head.authority) == (b"a.example", b"a.example:80")
    assert head.section.length == 3
    assert (head.get(b"x-a"), head.get(b"x-b"), head.get_all(b"x-a")) == (b"1", None, [b"1"])


@pytest.mark.parametrize(
    ("line", "method", "target"),
    [
        (b"GET / HTTP/1.1", b"GET", b"/"),
        (b"get / HTTP/1.1", b"get", b"/"),
        (b"connect / HTTP/1.1", b"connect", b"/"),
        (b"CONNECTED / HTTP/1.1", b"CONNECTED", b"/"),
        (b"M-SEARCH / HTTP/1.1", b"M-SEARCH", b"/"),
        (b"!#$%&'*+-.^_`|~0 / HTTP/1.1", b"!#$%&'*+-.^_`|~0", b"/"),
        (b"A" * 32 + b" / HTTP/1.1", b"A" * 32, b"/"),
        (b"GET /? HTTP/1.1", b"GET", b"/?"),
        (b"GET /a/../b?c HTTP/1.1", b"GET", b"/b?c"),
        (b"GET //a HTTP/1.1", b"GET", b"/a"),
        (b"GET /%7e HTTP/1.1", b"GET", b"/~"),
        (b"GET http://a.example:80/b HTTP/1.1", b"GET", b"/b"),
        (b"GET http://a.example/b HTTP/1.1", b"GET", b"/b"),
        (b"GET http://A.EXAMPLE./b HTTP/1.1", b"GET", b"/b"),
        (b"GET HTTP://a.example HTTP/1.1", b"GET", b"/"),
        (b"GET https://a.example?b HTTP/1.1", b"GET", b"/?b"),
        (b"GET http://a.example//b HTTP/1.1", b"GET", b"/b"),
        (b"OPTIONS * HTTP/1.1", b"OPTIONS", b"*"),
    ],
)
def test_request_lines(line: bytes, method: bytes, target: bytes) -> None:
    """Any token is a method, and a target may be absolute, if its authority is Host's."""
    head = parse_request_head(line + HOST)
    assert (head.method, head.target, head.host) == (method, target, b"a.example")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", MALFORMED_REQUEST_LINE),
        (b"GET", MALFORMED_REQUEST_LINE),
        (b"GET /", MALFORMED_REQUEST_LINE),
        (b"GET / ", MALFORMED_REQUEST_LINE),
        (b" GET / HTTP/1.1", MALFORMED_REQUEST_LINE),
        (b"GET  / HTTP/1.1", MALFORMED_REQUEST_LINE),
        (b"GET /  HTTP/1.1", MALFORMED_REQUEST_LINE),
        (b"GET / HTTP/1.1 ", MALFORMED_REQUEST_LINE),
        (b"GET\t/ HTTP/1.1", MALFORMED_REQUEST_LINE),
        (b"GET /a b HTTP/1.1", MALFORMED_REQUEST_LINE),
        (b"G(T / HTTP/1.1", MALFORMED_REQUEST_LINE),
        (b"\x80 / HTTP/1.1", MALFORMED_REQUEST_LINE),
        (b"A" * 33 + b" / HTTP/1.1", MALFORMED_REQUEST_LINE),
        (b"GET /\x80 HTTP/1.1", MALFORMED_REQUEST_LINE),
        (b"GET /\x7f HTTP/1.1", MALFORMED_REQUEST_LINE),
        (b"GET / http/1.1", MALFORMED_REQUEST_LINE),
        (b"GET / HTTP/1.1\r", MALFORMED_REQUEST_LINE),
        (b"GET / HTTP/1.1\n", MALFORMED_REQUEST_LINE),
        (b"GET / HTTP/11", MALFORMED_REQUEST_LINE),
        (b"GET / HTTP/1.10", MALFORMED_REQUEST_LINE),
        (b"GET / HTTP/01.1", MALFORMED_REQUEST_LINE),
        (b"GET / HTTP/\xb9.1", MALFORMED_REQUEST_LINE),
        (b"GET / XTTP/1.1", MALFORMED_REQUEST_LINE),
        (b"GET / HTTP/1.2", UNSUPPORTED_VERSION),
        (b"GET / HTTP/0.9", UNSUPPORTED_VERSION),
        (b"GET / HTTP/2.0", UNSUPPORTED_VERSION),
        (b"GET / HTTP/3", UNSUPPORTED_VERSION),
        (b"PRI * HTTP/2.0", UNSUPPORTED_VERSION),
        (b"CONNECT a.example:80 HTTP/1.1", METHOD_NOT_PROXIED),
        (b"CONNECT / HTTP/1.1", METHOD_NOT_PROXIED),
        (b"CONNECT /a/b HTTP/1.0", METHOD_NOT_PROXIED),
        (b"CONNECT http://a.example/ HTTP/1.1", METHOD_NOT_PROXIED),
        (b"GET * HTTP/1.1", MALFORMED_TARGET),
        (b"GET a HTTP/1.1", MALFORMED_TARGET),
        (b"GET a.example:80 HTTP/1.1", MALFORMED_TARGET),
        (b"GET ?a HTTP/1.1", MALFORMED_TARGET),
        (b"GET ftp://a.example/ HTTP/1.1", MALFORMED_TARGET),
        (b"GET http:/a HTTP/1.1", MALFORMED_TARGET),
        (b"GET http:a HTTP/1.1", MALFORMED_TARGET),
        (b"GET /a#b HTTP/1.1", MALFORMED_TARGET),
        (b"GET /?a#b HTTP/1.1", MALFORMED_TARGET),
        (b"GET /\\a HTTP/1.1", MALFORMED_TARGET),
        (b"GET http://a.example/b#c HTTP/1.1", MALFORMED_TARGET),
        (b"GET /.. HTTP/1.1", AMBIGUOUS_PATH),
        (b"GET http://a.example/%2e%2e HTTP/1.1", AMBIGUOUS_PATH),
        (b"GET http:///a HTTP/1.1", MALFORMED_HOST),
        (b"GET http://b.example/ HTTP/1.1", MALFORMED_HOST),
        (b"GET http://a.example:81/ HTTP/1.1", MALFORMED_HOST),
        (b"GET http://u@a.example/ HTTP/1.1", MALFORMED_HOST),
        (b"GET http://a.example\\@b/ HTTP/1.1", MALFORMED_HOST),
        (b"GET http://a.example:80:80/ HTTP/1.1", MALFORMED_HOST),
    ],
)
def test_refused_request_lines(line: bytes, reason: Reason) -> None:
    """What is no request line, no version and no target of ours is told apart, and refused."""
    assert refusal(line + HOST) is reason


def test_host_is_needed_once_since_1_1() -> None:
    """HTTP/1.1 needs a Host, also beside an absolute target; HTTP/1.0 may do without."""
    assert refusal(b"GET / HTTP/1.1") is MALFORMED_HOST
    assert refusal(b"GET /.. HTTP/1.1\r\nA: b") is MALFORMED_HOST
    assert refusal(b"GET http://a/ HTTP/1.1") is MALFORMED_HOST
    assert parse_request_head(b"GET / HTTP/1.0").host == b""
    head = parse_request_head(b"GET http://A:8080/ HTTP/1.0")
    assert (head.host, head.authority, head.target) == (b"a", b"A:8080", b"/")
    assert refusal(b"GET / HTTP/1.0\r\nHost: a\r\nHost: a") is MALFORMED_HOST


@pytest.mark.parametrize(
    ("version", "connection", "keep_alive"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"\r\nConnection: close", False),
        (b"1.1", b"\r\nConnection: keep-alive", True),
        (b"1.1", b"\r\nConnection: keep-alive, close", False),
        (b"1.0", b"", False),
        (b"1.0", b"\r\nConnection: keep-alive", True),
        (b"1.0", b"\r\nConnection: Keep-Alive, Close", False),
        (b"1.0", b"\r\nConnection: close", False),
    ],
)
def test_persistence(version: bytes, connection: bytes, keep_alive: bool) -> None:
    """HTTP/1.1 connections stay unless closed, HTTP/1.0 ones close unless kept."""
    for target in (b"/", b"//"):
        head = parse_request_head(b"GET %b HTTP/%b" % (target, version) + HOST + connection)
        assert (head.keep_alive, head.version) == (keep_alive, int(version[-1:]))


def test_no_chunks_in_1_0() -> None:
    """HTTP/1.0 knows no transfer codings (CVE-2026-2835), also where the section was accepted of HTTP/1.1 before."""
    block = HOST + b"\r\nTransfer-Encoding: chunked"
    section = parse_request_head(b"POST / HTTP/1.1" + block).section
    assert section.chunked
    assert refusal(b"POST / HTTP/1.0" + block) is AMBIGUOUS_FRAMING
    with pytest.raises(Refused):
        parse_request_head(b"POST / HTTP/1.0" + block, section)


def test_taking() -> None:
    """A head ends at the first empty line, and counts with it; one empty line may come before."""
    data = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    head = taken(data + b"GET / HTTP/1.1\r\n\r\n")
    assert head is not None
    assert head.size == len(data)
    head = taken(b"\r\n" + data)
    assert head is not None
    assert head.size == len(data) + 2
    with pytest.raises(Refused):
        taken(b"\r\n\r\n" + data)


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
