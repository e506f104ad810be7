"""Odd but legal bodies and hop-by-hop fields: one framing upstream, the body intact, the hop's own fields gone."""

from __future__ import annotations

from .cases import LAST, Acceptance, chunk, chunked, post, request
from .chunks import FORBIDDEN_TRAILERS

_HEX = "RFC 9112 7.1: chunk-size is hexadecimal, in either case, with any number of zeros"
_EXT = "RFC 9112 7.1.1: a recipient ignores chunk extensions it does not know; they are the hop's"
_TE = "RFC 9112 7: coding names are case-insensitive"
_OWS = "RFC 9112 5: whitespace around a value is not part of it"
_HOP = "RFC 9110 7.6.1: meant for this connection, and what Connection names with it"
_NAMED = "RFC 9110 7.6.1: a client cannot take out of the request what the gateway needs or writes itself"
_COLLIDE = "CGI-like servers read _ as -, so such a name poses as a guarded field"


def _length(id_: str, value: bytes, why: str) -> Acceptance:
    """A Content-Length of five bytes."""
    return Acceptance(f"cl-{id_}", why, post(b"Content-Length:" + value, body=b"abcde"), method=b"POST", body=b"abcde")


def _chunked(id_: str, body: bytes, expected: bytes, why: str = _HEX, *, or_refused: bool = False) -> Acceptance:
    """A chunked body and what it decodes to."""
    return Acceptance(f"chunk-{id_}", why, chunked(body), method=b"POST", body=expected, or_refused=or_refused)


def _coding(id_: str, value: bytes, why: str, *, or_refused: bool = False) -> Acceptance:
    """A Transfer-Encoding that is chunked, however it is written."""
    payload = post(b"Transfer-Encoding:" + value, body=chunk(b"abc") + LAST)
    return Acceptance(f"te-{id_}", why, payload, method=b"POST", body=b"abc", or_refused=or_refused)


def _hop(
    id_: str,
    *lines: bytes,
    absent: tuple[bytes, ...] = (),
    present: tuple[bytes, ...] = (),
    why: str = _HOP,
    closes: bool = False,
) -> Acceptance:
    """Fields that end at the gateway."""
    return Acceptance(f"hop-{id_}", why, request(*lines), absent=absent, present=present, closes=closes)


def _collision(name: bytes) -> Acceptance:
    """A name that collides with a guarded one through `_`; dropped, or the request refused."""
    lines = (name + b": 5", b"X-A: b")
    return Acceptance(f"collide-{name.decode()}", _COLLIDE, request(*lines), absent=(name.lower(),), or_refused=True)


LENGTHS = (
    _length("plain", b" 5", "RFC 9112 6.2"),
    _length("no-space", b"5", _OWS),
    _length("zeros", b" 005", "1*DIGIT: leading zeros are decimal"),
    _length("zeros-15", b" 000000000000005", "1*DIGIT: leading zeros are decimal"),
    _length("space-after", b" 5  ", _OWS),
    _length("tabs", b"\t5\t", _OWS),
    Acceptance("cl-0", "RFC 9112 6.2: no body", post(b"Content-Length: 0"), method=b"POST"),
    Acceptance("cl-00", "RFC 9112 6.2: no body", post(b"Content-Length: 00"), method=b"POST"),
    Acceptance(
        "cl-get", "RFC 9110 9.3.1: a GET may have content", request(b"Content-Length: 5", body=b"abcde"), body=b"abcde"
    ),
    Acceptance("cl-get-0", "RFC 9112 6.2", request(b"Content-Length: 0")),
    Acceptance(
        "cl-delete",
        "RFC 9110 9.3.5",
        request(b"Content-Length: 5", method=b"DELETE", body=b"abcde"),
        method=b"DELETE",
        body=b"abcde",
    ),
    Acceptance(
        "cl-options",
        "RFC 9110 9.3.7",
        request(b"Content-Length: 2", method=b"OPTIONS", body=b"{}"),
        method=b"OPTIONS",
        body=b"{}",
    ),
    Acceptance(
        "cl-head",
        "a HEAD may carry content, its answer not",
        request(b"Content-Length: 2", method=b"HEAD", body=b"{}"),
        method=b"HEAD",
        body=b"{}",
    ),
    Acceptance(
        "cl-1.0",
        "RFC 9112 C.1",
        post(b"Content-Length: 5", version=b"HTTP/1.0", body=b"abcde"),
        method=b"POST",
        body=b"abcde",
        closes=True,
    ),
    Acceptance(
        "cl-name-case",
        "names are case-insensitive",
        post(b"cOnTeNt-LeNgTh: 5", body=b"abcde"),
        method=b"POST",
        body=b"abcde",
    ),
    Acceptance(
        "cl-request-inside",
        "a body may look like a request",
        post(b"Content-Length: 18", body=b"GET / HTTP/1.1\r\n\r\n"),
        method=b"POST",
        body=b"GET / HTTP/1.1\r\n\r\n",
    ),
    Acceptance(
        "cl-binary",
        "a body is any octets",
        post(b"Content-Length: 256", body=bytes(range(256))),
        method=b"POST",
        body=bytes(range(256)),
    ),
    Acceptance(
        "cl-limit",
        "exactly the limit",
        post(b"Content-Length: 65536", body=b"a" * 65536),
        method=b"POST",
        body=b"a" * 65536,
    ),
)

CHUNKED = (
    _chunked("plain", chunk(b"abc") + LAST, b"abc"),
    _chunked("empty", LAST, b""),
    _chunked("upper", b"A\r\n0123456789\r\n" + LAST, b"0123456789"),
    _chunked("lower", b"a\r\n0123456789\r\n" + LAST, b"0123456789"),
    _chunked("zeros", b"00000003\r\nabc\r\n" + LAST, b"abc"),
    _chunked("last-zeros", b"3\r\nabc\r\n0000\r\n\r\n", b"abc"),
    _chunked("single-bytes", b"".join(chunk(bytes((b,))) for b in b"abcdefghij") + LAST, b"abcdefghij"),
    _chunked("crlf-data", b"4\r\n\r\n\r\n\r\n" + LAST, b"\r\n\r\n", "data is any octets"),
    _chunked("chunk-data", chunk(LAST) + LAST, LAST, "data may look like chunks"),
    _chunked("binary", chunk(bytes(range(256))) + LAST, bytes(range(256)), "data is any octets"),
    _chunked("limit", chunk(b"a" * 65536) + LAST, b"a" * 65536, "exactly the limit"),
    _chunked("many", chunk(b"ab") * 1000 + LAST, b"ab" * 1000),
    _chunked("ext-name", b"3;a\r\nabc\r\n" + LAST, b"abc", _EXT),
    _chunked("ext-value", b"3;a=b\r\nabc\r\n" + LAST, b"abc", _EXT),
    _chunked("ext-quoted", b'3;a="b;c\\"d"\r\nabc\r\n' + LAST, b"abc", _EXT),
    _chunked("ext-several", b"3;a=b;c;d=e\r\nabc\r\n" + LAST, b"abc", _EXT),
    _chunked("ext-last", b"3\r\nabc\r\n0;a=b\r\n\r\n", b"abc", _EXT),
    _chunked(
        "ext-space",
        b"3 ; a = b\r\nabc\r\n" + LAST,
        b"abc",
        "RFC 9112 7.1.1: bad whitespace may be refused",
        or_refused=True,
    ),
    Acceptance(
        "chunk-trailer",
        "RFC 9110 6.5: trailers may be forwarded or dropped",
        chunked(chunk(b"abc") + b"0\r\nX-Sum: 1\r\n\r\n", b"Trailer: X-Sum"),
        method=b"POST",
        body=b"abc",
        trailers=(b"x-sum: 1",),
    ),
    Acceptance(
        "chunk-get", "RFC 9110 9.3.1", request(b"Transfer-Encoding: chunked", body=chunk(b"abc") + LAST), body=b"abc"
    ),
    _coding("no-space", b"chunked", _OWS),
    _coding("tab", b"\tchunked", _OWS),
    _coding("space-after", b" chunked \t", _OWS),
    _coding("capital", b" Chunked", _TE),
    _coding("upper", b" CHUNKED", _TE),
    Acceptance(
        "te-name-case",
        "names are case-insensitive",
        post(b"tRANSFER-eNCODING: chunked", body=chunk(b"abc") + LAST),
        method=b"POST",
        body=b"abc",
    ),
    Acceptance(
        "expect",
        "RFC 9110 10.1.1",
        post(b"Expect: 100-continue", b"Content-Length: 3", body=b"abc"),
        method=b"POST",
        body=b"abc",
    ),
    Acceptance(
        "expect-case",
        "case-insensitive",
        post(b"Expect: 100-Continue", b"Content-Length: 3", body=b"abc"),
        method=b"POST",
        body=b"abc",
    ),
    Acceptance(
        "expect-chunked",
        "RFC 9110 10.1.1",
        chunked(chunk(b"abc") + LAST, b"Expect: 100-continue"),
        method=b"POST",
        body=b"abc",
    ),
    Acceptance("expect-no-body", "RFC 9110 10.1.1: ignored without a body", request(b"Expect: 100-continue")),
    *(
        Acceptance(
            f"trailer-{line.partition(b':')[0].decode().lower()}",
            "RFC 9110 6.5.1: not allowed in trailers",
            chunked(chunk(b"abc") + b"0\r\n" + line + b"\r\n\r\n"),
            method=b"POST",
            body=b"abc",
            or_refused=True,
        )
        for line in FORBIDDEN_TRAILERS
    ),
)

HOPS = (
    _hop("named", b"Connection: X-A", b"X-A: b", b"X-B: c", absent=(b"x-a",), present=(b"x-b: c",)),
    _hop(
        "named-list",
        b"Connection: x-a , X-B",
        b"X-A: b",
        b"X-B: c",
        b"X-C: d",
        absent=(b"x-a", b"x-b"),
        present=(b"x-c: d",),
    ),
    _hop("named-lines", b"Connection: X-A", b"Connection: X-B", b"X-A: b", b"X-B: c", absent=(b"x-a", b"x-b")),
    _hop("named-before", b"X-A: b", b"Connection: x-a", absent=(b"x-a",)),
    _hop("named-repeated", b"Connection: X-A", b"X-A: b", b"X-A: c", absent=(b"x-a",)),
    _hop("keep-alive", b"Keep-Alive: timeout=5", b"Connection: keep-alive", absent=(b"keep-alive",)),
    _hop("keep-alive-alone", b"Keep-Alive: timeout=5", absent=(b"keep-alive",)),
    _hop("proxy-connection", b"Proxy-Connection: keep-alive", absent=(b"proxy-connection",)),
    _hop("proxy-authorization", b"Proxy-Authorization: Basic YTpi", absent=(b"proxy-authorization",)),
    _hop("te", b"TE: gzip, trailers", b"Connection: TE"),
    _hop("te-gzip", b"TE: gzip;q=1.0"),
    _hop(
        "upgrade", b"Upgrade: foo", absent=(b"upgrade",), why="RFC 9110 7.8: without Connection: upgrade it is ignored"
    ),
    _hop(
        "h2c",
        b"Connection: Upgrade, HTTP2-Settings",
        b"Upgrade: h2c",
        b"HTTP2-Settings: AAMAAABk",
        absent=(b"upgrade", b"http2-settings"),
        why="h2c smuggling",
    ),
    _hop("http2-settings", b"HTTP2-Settings: AAMAAABk", absent=(b"http2-settings",)),
    _hop("named-host", b"Connection: Host", why=_NAMED),
    _hop("named-forwarded", b"Connection: X-Forwarded-For, Forwarded, Via, X-Forwarded-Proto", why=_NAMED),
    _hop("named-id", b"Connection: X-Request-Id", b"X-Request-Id: evil", why=_NAMED),
    _hop("named-host-close", b"Connection: close, Host", closes=True, why=_NAMED),
    Acceptance(
        "hop-named-length",
        _NAMED,
        post(b"Connection: Content-Length", b"Content-Length: 3", body=b"abc"),
        method=b"POST",
        body=b"abc",
        or_refused=True,
    ),
    Acceptance(
        "hop-named-coding",
        _NAMED,
        chunked(chunk(b"abc") + LAST, b"Connection: Transfer-Encoding"),
        method=b"POST",
        body=b"abc",
        or_refused=True,
    ),
    *map(
        _collision,
        (
            b"content_length",
            b"Content_Length",
            b"transfer_encoding",
            b"x_forwarded_for",
            b"X_Forwarded-For",
            b"x_forwarded_proto",
            b"x_real_ip",
            b"x_request_id",
            b"proxy_connection",
        ),
    ),
)

ACCEPTANCES = (*LENGTHS, *CHUNKED, *HOPS)
