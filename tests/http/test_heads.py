"""Heads: request lines and status lines, targets of every form, sizes, and what each refusal is called."""

from __future__ import annotations

import pytest

from gatewayd.core.messages import RequestHead
from gatewayd.core.reasons import (
    AMBIGUOUS_FRAMING,
    AMBIGUOUS_PATH,
    MALFORMED_HOST,
    MALFORMED_REQUEST_LINE,
    MALFORMED_TARGET,
    METHOD_NOT_PROXIED,
    UNSUPPORTED_VERSION,
    Reason,
    Refused,
)
from gatewayd.http.heads import (
    parse_request_head,
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
