"""Answers that end too early, go on too long, or are merely odd."""

from __future__ import annotations

from .answers import Answer
from .cases import MARK

_CUT = "RFC 9112 8: a body cut short must not pass for a whole one"
_CHUNK = "RFC 9112 7.1: broken in the middle of the body; what is left must not pass for a whole one"
_MORE = "RFC 9112 6.3: what follows a response answers nobody; the connection is not used again"
_LEGAL = "legal, so it passes"
_TE = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_OK = b"HTTP/1.1 200 OK\r\n"
_POISON = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nevil-" + MARK


def _cut(id_: str, data: bytes, why: str = _CUT, *, then: str = "close") -> Answer:
    """A response whose body never becomes whole."""
    return Answer(f"cut-{id_}", why, data, expect=("aborted",), then=then)


def _chunk(id_: str, rest: bytes, *, then: str = "keep") -> Answer:
    """A chunked response that breaks after its first chunk."""
    return _cut(f"chunk-{id_}", _TE + b"2\r\nok\r\n" + rest, _CHUNK, then=then)


def _more(id_: str, data: bytes, *, method: bytes = b"GET", status: int = 200, body: bytes = b"ok") -> Answer:
    """A whole response with something behind it."""
    return Answer(f"more-{id_}", _MORE, data + _POISON, ("intact", "502"), method=method, status=status, body=body)


def _odd(
    id_: str,
    data: bytes,
    why: str = _LEGAL,
    *,
    then: str = "keep",
    method: bytes = b"GET",
    status: int = 200,
    body: bytes = b"ok",
    present: tuple[bytes, ...] = (),
    absent: tuple[bytes, ...] = (),
    trailers: tuple[bytes, ...] = (),
    reusable: bool = True,
) -> Answer:
    """A legal response."""
    return Answer(f"odd-{id_}", why, data, ("intact",), then, method, status, body, present, absent, trailers, reusable)


def _fields(
    id_: str, *lines: bytes, present: tuple[bytes, ...] = (), absent: tuple[bytes, ...] = (), reusable: bool = True
) -> Answer:
    """A legal response with these fields."""
    data = _OK + b"".join(line + b"\r\n" for line in lines) + b"Content-Length: 2\r\n\r\nok"
    return _odd(id_, data, present=present, absent=absent, reusable=reusable)


CUT = (
    _cut("length", _OK + b"Content-Length: 10\r\n\r\nok"),
    _cut("length-nothing", _OK + b"Content-Length: 10\r\n\r\n"),
    _cut("length-one-missing", _OK + b"Content-Length: 100001\r\n\r\n" + b"a" * 100000),
    _cut("length-reset", _OK + b"Content-Length: 10\r\n\r\nok", then="reset"),
    _cut("chunked-no-end", _TE + b"2\r\nok\r\n"),
    _cut("chunked-nothing", _TE),
    _cut("chunked-in-chunk", _TE + b"a\r\nok"),
    _cut("chunked-in-size", _TE + b"2\r\nok\r\n1"),
    _cut("chunked-no-last-crlf", _TE + b"2\r\nok\r\n0\r\n"),
    _cut("chunked-in-trailer", _TE + b"2\r\nok\r\n0\r\nX-A: b\r\n"),
    _cut("chunked-reset", _TE + b"2\r\nok\r\n", then="reset"),
    _cut("close-reset", _OK + b"\r\nok", "reset where only a clean close is the end", then="reset"),
    _cut("1.0-length", b"HTTP/1.0 200 OK\r\nContent-Length: 10\r\n\r\nok"),
    _chunk("size-letters", b"zz\r\nok\r\n0\r\n\r\n"),
    _chunk("size-0x", b"0x2\r\nok\r\n0\r\n\r\n"),
    _chunk("size-minus", b"-2\r\nok\r\n0\r\n\r\n"),
    _chunk("size-plus", b"+2\r\nok\r\n0\r\n\r\n"),
    _chunk("size-empty", b"\r\nok\r\n0\r\n\r\n"),
    _chunk("size-underscore", b"0_2\r\nok\r\n0\r\n\r\n"),
    _chunk("size-space", b" 2\r\nok\r\n0\r\n\r\n"),
    _chunk("size-lf", b"2\nok\r\n0\r\n\r\n"),
    _chunk("size-cr", b"2\rok\r\n0\r\n\r\n"),
    _chunk("size-2^64+2", b"10000000000000002\r\nok\r\n0\r\n\r\n"),
    _chunk("size-endless", b"0" * 100000),
    _chunk("data-long", b"2\r\nokok\r\n0\r\n\r\n"),
    _chunk("data-no-crlf", b"2\r\nok0\r\n\r\n"),
    _chunk("data-lf", b"2\r\nok\n0\r\n\r\n"),
    _chunk("ext-nul", b"2;\x00\r\nok\r\n0\r\n\r\n"),
    _chunk("ext-lf", b"2;a\nb\r\nok\r\n0\r\n\r\n"),
    _chunk("ext-huge", b"2;" + b"a" * 100000 + b"\r\nok\r\n0\r\n\r\n"),
    _chunk("trailer-name", b"0\r\nX A: b\r\n\r\n"),
    _chunk("trailer-nul", b"0\r\nX-A: \x00\r\n\r\n"),
    _chunk("trailer-lf", b"0\r\nX-A: b\n\r\n"),
    _chunk("trailer-fold", b"0\r\nX-A: b\r\n c\r\n\r\n"),
    _chunk("trailer-bomb", b"0\r\n" + b"X-A: b\r\n" * 100000),
    _chunk("html", b"<html>Internal Server Error</html>", then="close"),
    _chunk("status-line", b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"),
)

MORE = (
    _more("length", _OK + b"Content-Length: 2\r\n\r\nok"),
    _more("length-0", _OK + b"Content-Length: 0\r\n\r\n", body=b""),
    _more("chunked", _TE + b"2\r\nok\r\n0\r\n\r\n"),
    _more("204", b"HTTP/1.1 204 No Content\r\n\r\n", status=204, body=b""),
    _more("204-length", b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok", status=204, body=b""),
    _more(
        "204-chunked", b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", status=204, body=b""
    ),
    _more("304", b"HTTP/1.1 304 Not Modified\r\n\r\n", status=304, body=b""),
    _more("304-body", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nok", status=304, body=b""),
    _more("head", _OK + b"Content-Length: 2\r\n\r\nok", method=b"HEAD", body=b""),
    _more("head-chunked", _TE + b"2\r\nok\r\n0\r\n\r\n", method=b"HEAD", body=b""),
    _more("after-103", b"HTTP/1.1 103 Early Hints\r\n\r\n" + _OK + b"Content-Length: 2\r\n\r\nok"),
    _more("crlf", _OK + b"Content-Length: 2\r\n\r\nok\r\n"),
)

ODD = (
    _odd("no-phrase", b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok"),
    _odd("phrase-latin1", b"HTTP/1.1 200 D\xe9j\xe0 vu\r\nContent-Length: 2\r\n\r\nok"),
    _odd("phrase-long", b"HTTP/1.1 200 " + b"very " * 50 + b"OK\r\nContent-Length: 2\r\n\r\nok"),
    *(
        _odd(f"status-{status}", b"HTTP/1.1 %d Whatever\r\nContent-Length: 2\r\n\r\nok" % status, status=status)
        for status in (
            201,
            202,
            203,
            206,
            226,
            299,
            300,
            302,
            307,
            400,
            401,
            403,
            404,
            409,
            418,
            429,
            451,
            500,
            501,
            502,
            503,
            504,
            511,
            599,
        )
    ),
    _odd("205", b"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", status=205, body=b""),
    _odd("204", b"HTTP/1.1 204 No Content\r\n\r\n", status=204, body=b""),
    _odd(
        "304",
        b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 5\r\n\r\n',
        status=304,
        body=b"",
        present=(b'etag: "a"',),
    ),
    _odd("304-chunked", b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", status=304, body=b""),
    _odd(
        "head-length", _OK + b"Content-Length: 500\r\n\r\n", method=b"HEAD", body=b"", present=(b"content-length: 500",)
    ),
    _odd("head-chunked", _TE, method=b"HEAD", body=b""),
    _odd("head-none", _OK + b"\r\n", method=b"HEAD", body=b""),
    _odd("length-0", _OK + b"Content-Length: 0\r\n\r\n", body=b""),
    _odd("length-zeros", _OK + b"Content-Length: 0002\r\n\r\nok"),
    _odd("length-space", _OK + b"Content-Length: \t2 \r\n\r\nok"),
    _odd("close", _OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nok", then="close", reusable=False),
    _odd("close-kept", _OK + b"Connection: Close\r\nContent-Length: 2\r\n\r\nok", reusable=False),
    _odd("close-delimited", _OK + b"\r\nok", then="close", reusable=False),
    _odd("close-delimited-empty", _OK + b"\r\n", then="close", body=b"", reusable=False),
    _odd("close-delimited-large", _OK + b"\r\n" + b"a" * 300000, then="close", body=b"a" * 300000, reusable=False),
    _odd("1.0", b"HTTP/1.0 200 OK\r\n\r\nok", then="close", reusable=False),
    _odd("1.0-length", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", reusable=False),
    _odd("1.0-keep-alive", b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"),
    _odd("chunked", _TE + b"1\r\no\r\n1\r\nk\r\n0\r\n\r\n"),
    _odd("chunked-upper", _TE + b"00A\r\n0123456789\r\n000\r\n\r\n", body=b"0123456789"),
    _odd("chunked-ext", _TE + b'2;a;b=c;d="e"\r\nok\r\n0;x\r\n\r\n'),
    _odd("chunked-empty", _TE + b"0\r\n\r\n", body=b""),
    _odd("chunked-case", _OK + b"Transfer-Encoding: Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
    _odd(
        "chunked-trailers",
        _OK + b"Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n",
        trailers=(b"x-sum: 1",),
    ),
    _odd("chunked-large", _TE + b"4000\r\n" + b"a" * 16384 + b"\r\n0\r\n\r\n", body=b"a" * 16384),
    _odd(
        "chunked-close",
        _OK + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        then="close",
        reusable=False,
    ),
    _odd("103", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + _OK + b"Content-Length: 2\r\n\r\nok"),
    _odd("103-twice", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 2 + _OK + b"Content-Length: 2\r\n\r\nok"),
    _odd("100-unasked", b"HTTP/1.1 100 Continue\r\n\r\n" + _OK + b"Content-Length: 2\r\n\r\nok"),
    _odd("102", b"HTTP/1.1 102 Processing\r\n\r\n" + _OK + b"Content-Length: 2\r\n\r\nok"),
    _fields(
        "cookies",
        b"Set-Cookie: a=b",
        b"Set-Cookie: c=d; Expires=Wed, 21 Oct 2026 07:28:00 GMT",
        present=(b"set-cookie: a=b", b"set-cookie: c=d; Expires=Wed, 21 Oct 2026 07:28:00 GMT"),
    ),
    _fields("empty-value", b"X-A:", present=(b"x-a: ",)),
    _fields("obs-text", b"X-A: caf\xe9", present=(b"x-a: caf\xe9",)),
    _fields("underscore", b"x_a: b", present=(b"x_a: b",)),
    _fields("token", b"!#$%&'*+-.^_`|~: b", present=(b"!#$%&'*+-.^_`|~: b",)),
    _fields("long", b"X-A: " + b"b" * 8000, present=(b"x-a: " + b"b" * 8000,)),
    _fields("many", *[b"X-%d: b" % n for n in range(80)], present=(b"x-0: b", b"x-79: b")),
    _fields(
        "server",
        b"Server: test",
        b"Date: Sun, 06 Nov 1994 08:49:37 GMT",
        present=(b"date: Sun, 06 Nov 1994 08:49:37 GMT",),
    ),
    _fields("named", b"Connection: X-A", b"X-A: b", b"X-B: c", present=(b"x-b: c",), absent=(b"x-a",)),
    _fields("named-length", b"Connection: Content-Length", present=(b"content-length: 2",)),
    _fields(
        "hop", b"Keep-Alive: timeout=5", b"Proxy-Connection: keep-alive", absent=(b"keep-alive", b"proxy-connection")
    ),
    _fields("upgrade", b"Upgrade: h2c", b"Connection: Upgrade", absent=(b"upgrade",)),
)

BODIES = (*CUT, *MORE, *ODD)
