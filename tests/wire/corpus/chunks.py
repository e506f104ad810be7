"""Chunked bodies that are none (RFC 9112 section 7.1); each head is fine, so the upstream may have seen a beginning."""

from __future__ import annotations

from .cases import EVIL, EVIL_CHUNKS, MARK, Refusal, chunk, chunked

_SIZE = "RFC 9112 7.1: chunk-size = 1*HEXDIG and nothing else"
_DATA = "RFC 9112 7.1: chunk-data ends with CRLF, exactly where its size says"
_EXT = "RFC 9112 7.1.1: chunk-ext is a list of tokens with values; some read beyond it (CVE-2025-43859, TERM.EXT)"
_TRAILER = "RFC 9112 7.1.2: trailers are field lines"
_LARGE = (400, 413, 431)
_ABC = chunk(b"abc")


def _body(id_: str, body: bytes, why: str, statuses: tuple[int, ...] = (400,)) -> Refusal:
    """A body refused while it streams."""
    return Refusal(f"chunk-{id_}", why, chunked(body), statuses, in_body=True)


def _size(id_: str, size: bytes, statuses: tuple[int, ...] = (400,)) -> Refusal:
    """A size line in front of three bytes, after a clean chunk."""
    return _body(f"size-{id_}", _ABC + size + b"\r\nabc\r\n" + EVIL_CHUNKS, _SIZE, statuses)


def _ext(id_: str, ext: bytes, statuses: tuple[int, ...] = (400,)) -> Refusal:
    """A chunk extension."""
    return _body(f"ext-{id_}", b"3;" + ext + b"\r\nabc\r\n" + EVIL_CHUNKS, _EXT, statuses)


def _trailer(id_: str, trailers: bytes, statuses: tuple[int, ...] = (400,)) -> Refusal:
    """A trailer section, with its own end."""
    return _body(f"trailer-{id_}", _ABC + b"0\r\n" + trailers, _TRAILER, statuses)


SIZES = (
    _size("0x", b"0x3"),
    _size("x", b"x3"),
    _size("plus", b"+3"),
    _size("minus", b"-3"),
    _size("minus-0", b"-0"),
    _size("underscore", b"0_3"),
    _size("empty", b""),
    _size("letter", b"g"),
    _size("letter-after", b"3g"),
    _size("word", b"three"),
    _size("point", b"3.0"),
    _size("comma", b"3,3"),
    _size("quoted", b'"3"'),
    _size("space-before", b" 3"),
    _size("space-after", b"3 "),
    _size("space-inside", b"0 3"),
    _size("tab-before", b"\t3"),
    _size("tab-after", b"3\t"),
    _size("vt", b"\x0b3"),
    _size("nul-before", b"\x003"),
    _size("nul-after", b"3\x00"),
    _size("nbsp", b"3\xa0"),
    _size("fullwidth", b"\xef\xbc\x93"),
    _size("brackets", b"[3]"),
    _size("colon", b"3:"),
    _size("h", b"3h"),
    _size("2^63", b"8000000000000003", _LARGE),
    _size("2^64-1", b"ffffffffffffffff", _LARGE),
    _size("2^64", b"10000000000000000", _LARGE),
    _size("2^64+3", b"10000000000000003", _LARGE),
    _size("2^32+3", b"100000003", _LARGE),
    _size("2^128+3", b"100000000000000000000000000000003", _LARGE),
    _size("1000-digits", b"f" * 1000, _LARGE),
    _size("20000-zeros", b"0" * 20000 + b"3", _LARGE),
    _body("size-lf", b"3\nabc\r\n" + EVIL_CHUNKS, _SIZE),
    _body("size-cr", b"3\rabc\r\n" + EVIL_CHUNKS, _SIZE),
    _body("size-cr-cr", b"3\r\r\nabc\r\n" + EVIL_CHUNKS, _SIZE),
    _body("size-cr-x", b"3\rX\nabc\r\n" + EVIL_CHUNKS, _SIZE),
    _body("size-lf-cr", b"3\n\rabc\r\n" + EVIL_CHUNKS, _SIZE),
    _body("size-crlf-first", b"\r\n" + EVIL_CHUNKS, _SIZE),
    _body("size-first-0x", b"0x3\r\nabc\r\n" + EVIL_CHUNKS, _SIZE),
    _body("size-first-endless", b"0" * 40000, _SIZE, _LARGE),
    _body("last-lf", _ABC + b"0\n\r\n" + EVIL, _SIZE),
    _body("last-lf-lf", _ABC + b"0\n\n" + EVIL, _SIZE),
    _body("last-end-lf", _ABC + b"0\r\n\n" + EVIL, _SIZE),
    _body("last-end-cr", _ABC + b"0\r\n\rX\n" + EVIL, _SIZE),
    _body("last-space", _ABC + b"0 \r\n\r\n" + EVIL, _SIZE),
    _body("last-plus", _ABC + b"+0\r\n\r\n" + EVIL, _SIZE),
    _body("last-0x", _ABC + b"0x0\r\n\r\n" + EVIL, _SIZE),
    _body("last-minus", _ABC + b"-0\r\n\r\n" + EVIL, _SIZE),
)

DATA = (
    _body("data-long", b"3\r\nabcd\r\n" + EVIL_CHUNKS, _DATA),
    _body("data-long-2", b"3\r\nabcde\r\n" + EVIL_CHUNKS, _DATA),
    _body("data-short", b"3\r\nab\r\n" + EVIL_CHUNKS, _DATA),
    _body("data-no-crlf", b"3\r\nabc" + EVIL_CHUNKS, _DATA),
    _body("data-lf", b"3\r\nabc\n" + EVIL_CHUNKS, _DATA),
    _body("data-lf-lf", b"3\r\nabc\n\n" + EVIL_CHUNKS, _DATA),
    _body("data-cr", b"3\r\nabc\r" + EVIL_CHUNKS, _DATA),
    _body("data-lf-cr", b"3\r\nabc\n\r" + EVIL_CHUNKS, _DATA),
    _body("data-cr-cr", b"3\r\nabc\r\r\n" + EVIL_CHUNKS, _DATA),
    _body("data-two-bytes", b"3\r\nabcXX" + EVIL_CHUNKS, _DATA),
    _body("data-space", b"3\r\nabc \r\n" + EVIL_CHUNKS, _DATA),
    _body("data-crlf-crlf", b"3\r\nabc\r\n\r\n" + EVIL_CHUNKS, _DATA),
    _body("data-none", b"GET /smuggled-" + MARK + b" HTTP/1.1\r\n\r\n", _SIZE),
)

EXTENSIONS = (
    _ext("lf", b"a\nb"),
    _ext("lf-first", b"\nabc"),
    _ext("cr", b"a\rb"),
    _ext("cr-end", b"a\r"),
    _ext("lf-value", b"a=b\nc"),
    _ext("lf-quoted", b'a="b\nc"'),
    _ext("cr-quoted", b'a="b\rc"'),
    _ext("crlf-quoted", b'a="b\r\nc"'),
    _ext("nul", b"a\x00b"),
    _ext("nul-quoted", b'a="\x00"'),
    _ext("del", b"a\x7f"),
    _ext("vt", b"\x0ba"),
    _ext("quote-open", b'a="b'),
    _ext("no-token", b"a@=b"),
    _ext("no-name", b"=b"),
    _ext("empty-name", b";a"),
    _ext("oversized", b"a=" + b"b" * 20000, _LARGE),
    _ext("oversized-many", b";".join([b"a"] * 10000), _LARGE),
    _body("ext-endless", b"3;" + b"a" * 40000, _EXT, _LARGE),
    _body("ext-last-lf", _ABC + b"0;a\n\r\n" + EVIL, _EXT),
    _body("ext-last-nul", _ABC + b"0;\x00\r\n\r\n" + EVIL, _EXT),
    _body("ext-bare-lf", b"2;\nxx\r\n" + EVIL_CHUNKS, _EXT),
)

TRAILERS = (
    _trailer("lf", b"X-A: b\n\r\n" + EVIL),
    _trailer("lf-end", b"X-A: b\r\n\n" + EVIL),
    _trailer("lf-all", b"X-A: b\n\n" + EVIL),
    _trailer("cr", b"X-A: b\rX-B: c\r\n\r\n" + EVIL),
    _trailer("nul", b"X-A: \x00\r\n\r\n" + EVIL),
    _trailer("control", b"X-A: \x01\r\n\r\n" + EVIL),
    _trailer("no-colon", b"X-A\r\n\r\n" + EVIL),
    _trailer("empty-name", b": b\r\n\r\n" + EVIL),
    _trailer("space-colon", b"X-A : b\r\n\r\n" + EVIL),
    _trailer("bad-name", b"X A: b\r\n\r\n" + EVIL),
    _trailer("fold", b"X-A: b\r\n c\r\n\r\n" + EVIL),
    _trailer("fold-first", b" X-A: b\r\n\r\n" + EVIL),
    _trailer("request", b"GET /" + EVIL + b" HTTP/1.1\r\n\r\n"),
    _trailer("many", b"".join(b"X-%d: b\r\n" % n for n in range(2000)) + b"\r\n" + EVIL, _LARGE),
    _trailer("huge", b"X-A: " + b"b" * 65536 + b"\r\n\r\n" + EVIL, _LARGE),
    _trailer("endless", b"X-A: " + b"b" * 65536, _LARGE),
)

# Fields a trailer may not carry (RFC 9110 section 6.5.1): dropped or refused, but never forwarded.
FORBIDDEN_TRAILERS = (
    b"Content-Length: 5",
    b"Transfer-Encoding: chunked",
    b"Host: evil.test",
    b"Connection: close",
    b"Authorization: Bearer x",
    b"Cookie: a=b",
    b"Expect: 100-continue",
    b"Upgrade: websocket",
    b"X-Forwarded-For: 6.6.6.6",
    b"Forwarded: for=6.6.6.6",
    b"Via: 1.1 evil",
    b"X-Request-Id: evil",
    b"Content-Encoding: gzip",
    b"Content-Type: text/html",
    b"TE: trailers",
    b"Trailer: X-A",
    b"content_length: 5",
)

REFUSALS = (*SIZES, *DATA, *EXTENSIONS, *TRAILERS)
