"""What an upstream may answer and must not: heads that are malformed, so that nothing of them can be believed."""

from __future__ import annotations

from dataclasses import dataclass

from .cases import MARK


@dataclass(frozen=True, slots=True)
class Answer:
    """Bytes an upstream answers with, and what the client must get.

    `expect` lists the outcomes allowed: "502" (a problem document), "aborted" (a response cut short visibly, or a 502
    where nothing was sent yet) or "intact" (`status`, `body`, the lines `present` and none of the names `absent`).
    `then` is what the upstream does next: keep (the connection open), close, or reset. `reusable` says whether the
    connection may serve another request.
    """

    id: str
    why: str
    data: bytes
    expect: tuple[str, ...] = ("502",)
    then: str = "keep"
    method: bytes = b"GET"
    status: int = 200
    body: bytes = b"ok"
    present: tuple[bytes, ...] = ()
    absent: tuple[bytes, ...] = ()
    trailers: tuple[bytes, ...] = ()
    reusable: bool = False


_LINE = "RFC 9112 4: status-line = HTTP-version SP 3DIGIT SP [ reason-phrase ]"
_FIELD = "RFC 9112 5: a field line is a token, a colon and a value"
_LENGTH = "RFC 9112 6.3: an invalid length in a response is unrecoverable; a proxy must answer 502"
_CODING = "RFC 9112 6.1: chunked, once and alone, is the only framing"
_OK = b"HTTP/1.1 200 OK\r\n"
_TWO = b"Content-Length: 2\r\n\r\nok"


def _line(id_: str, line: bytes, *, then: str = "keep") -> Answer:
    """A status line that is none, in front of a clean response."""
    return Answer(f"line-{id_}", _LINE, line + b"\r\nX-Leak: " + MARK + b"\r\n" + _TWO, then=then)


def _raw(id_: str, data: bytes, why: str, *, then: str = "close") -> Answer:
    """Something that is no HTTP at all."""
    return Answer(f"raw-{id_}", why, data, then=then)


def _field(id_: str, line: bytes, why: str = _FIELD, *, also: tuple[str, ...] = ()) -> Answer:
    """A field line that is none."""
    data = _OK + b"X-Leak: " + MARK + b"\r\n" + line + b"\r\n" + _TWO
    return Answer(f"field-{id_}", why, data, expect=("502", *also))


def _framing(id_: str, lines: bytes, why: str = _LENGTH, *, also: tuple[str, ...] = (), minor: bytes = b"1") -> Answer:
    """Framing fields in front of a body of two bytes."""
    data = b"HTTP/1." + minor + b" 200 OK\r\nX-Leak: " + MARK + b"\r\n" + lines + b"\r\n\r\nok"
    return Answer(f"framing-{id_}", why, data, expect=("502", *also))


LINES = (
    _line("two-digits", b"HTTP/1.1 20 OK"),
    _line("four-digits", b"HTTP/1.1 2000 OK"),
    _line("letters", b"HTTP/1.1 abc OK"),
    _line("minus", b"HTTP/1.1 -200 OK"),
    _line("plus", b"HTTP/1.1 +200 OK"),
    _line("exponent", b"HTTP/1.1 2e2 OK"),
    _line("hex", b"HTTP/1.1 0xc8 OK"),
    _line("000", b"HTTP/1.1 000 None"),
    _line("099", b"HTTP/1.1 099 None"),
    _line("no-status", b"HTTP/1.1"),
    _line("no-status-space", b"HTTP/1.1 "),
    _line("no-status-phrase", b"HTTP/1.1  OK"),
    _line("two-spaces", b"HTTP/1.1  200 OK"),
    _line("tab", b"HTTP/1.1\t200 OK"),
    _line("leading-space", b" HTTP/1.1 200 OK"),
    _line("glued", b"HTTP/1.1 200OK"),
    _line("2.0", b"HTTP/2.0 200 OK"),
    _line("2", b"HTTP/2 200 OK"),
    _line("0.9", b"HTTP/0.9 200 OK"),
    _line("1", b"HTTP/1 200 OK"),
    _line("1.10", b"HTTP/1.10 200 OK"),
    _line("lower", b"http/1.1 200 OK"),
    _line("other", b"HTP/1.1 200 OK"),
    _line("rtsp", b"RTSP/1.0 200 OK"),
    _line("icy", b"ICY 200 OK"),
    _line("no-version", b"200 OK"),
    _line("request", b"GET / HTTP/1.1"),
    _line("nul", b"HTTP/1.1 200 O\x00K"),
    _line("control", b"HTTP/1.1 200 O\x01K"),
    _line("del", b"HTTP/1.1 200 O\x7fK"),
    _line("cr", b"HTTP/1.1 200 O\rK"),
    _line("cr-end", b"HTTP/1.1 200 OK\r"),
    _line("lf", b"HTTP/1.1 200 OK\nX-A: b"),
    _line("crlf-first", b"\r\nHTTP/1.1 200 OK"),
    _line("fullwidth", b"HTTP/1.1 \xef\xbc\x92\xef\xbc\x90\xef\xbc\x90 OK"),
)

RAW = (
    _raw("nothing", b"", "closed on a fresh connection before a byte came"),
    _raw("html", b"<html><body>hello " + MARK + b"</body></html>", "HTTP/0.9"),
    _raw("text", b"hello " + MARK + b"\r\n\r\n", "HTTP/0.9"),
    _raw("ssh", b"SSH-2.0-OpenSSH_9.2\r\n", "another protocol"),
    _raw("smtp", b"220 mail.test ESMTP\r\n", "another protocol"),
    _raw("redis", b"-ERR unknown command\r\n", "another protocol"),
    _raw("tls-alert", b"\x15\x03\x01\x00\x02\x02\x28", "TLS spoken on the service's port"),
    _raw("h2-settings", b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + b"\x00" * 18, "HTTP/2 spoken on the service's port"),
    _raw("nuls", b"\x00" * 512, "noise"),
    _raw("high", bytes(range(128, 256)) * 4, "noise"),
    _raw("crlfs", b"\r\n" * 100, "empty lines"),
    _raw("lfs", b"\n" * 100, "empty lines"),
    _raw("lf-head", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "RFC 9112 2.2: bare LF throughout"),
    _raw("lf-end", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nok", "RFC 9112 2.2: a bare LF ends the head"),
    _raw("cr-head", b"HTTP/1.1 200 OK\rContent-Length: 2\r\rok", "RFC 9112 2.2: bare CR throughout"),
    _raw("head-cut", b"HTTP/1.1 200 OK\r\nContent-Le", "closed in the middle of the head"),
    _raw("head-cut-line", b"HTTP/1.1 2", "closed in the middle of the status line"),
    _raw("head-cut-end", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", "closed before the empty line"),
    _raw("head-reset", b"HTTP/1.1 200 OK\r\nContent-Le", "reset in the middle of the head", then="reset"),
    _raw("reset", b"", "reset instead of an answer", then="reset"),
    _raw(
        "interim-flood", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50000, "interim responses without end, and then nothing"
    ),
    _raw("interim-only", b"HTTP/1.1 103 Early Hints\r\n\r\n", "closed after an interim response"),
    _raw(
        "interim-bad",
        b"HTTP/1.1 103 Early Hints\r\nX A: b\r\n\r\n" + _OK + _TWO,
        "a malformed interim response",
        then="keep",
    ),
    _raw(
        "interim-body",
        b"HTTP/1.1 103 Early Hints\r\nContent-Length: 2\r\n\r\nok" + _OK + _TWO,
        "RFC 9112 6.3: 1xx has no body",
        then="keep",
    ),
    _raw("endless-line", b"HTTP/1.1 200 " + b"a" * (2 << 20), "a status line without end", then="keep"),
    _raw("endless-field", _OK + b"X-A: " + b"a" * (2 << 20), "a field without end", then="keep"),
    _raw("endless-fields", _OK + b"X-A: b\r\n" * 200000, "fields without end", then="keep"),
)

FIELDS = (
    *(
        _field(f"value-{byte:02x}", b"X-A: b" + bytes((byte,)) + b"c")
        for byte in (0x00, 0x01, 0x08, 0x0A, 0x0B, 0x0C, 0x0D, 0x1B, 0x7F)
    ),
    *(
        _field(f"name-{byte:02x}", b"X" + bytes((byte,)) + b"A: b")
        for byte in b'\x00\x01 "(),/;<=>?@[\\]{}\x7f\x80\xff'
    ),
    _field("empty-name", b": b"),
    _field("no-colon", b"X-A"),
    _field("no-colon-text", b"X-A b"),
    _field("fold", b"X-A: b\r\n c", "RFC 9112 5.2: refused or joined, never forwarded", also=("intact",)),
    _field("fold-tab", b"X-A: b\r\n\tc", "RFC 9112 5.2: refused or joined, never forwarded", also=("intact",)),
    _field("fold-length", b"X-A: b\r\n Content-Length: 5", "RFC 9112 5.2", also=("intact",)),
    _field("space-colon", b"X-A : b", "RFC 9112 5.1: refused, or the space removed", also=("intact",)),
    _field("cr-end", b"X-A: b\r"),
    _field("split", b"X-A: b\nSet-Cookie: evil=1", "response splitting"),
    _field("status-line", b"HTTP/1.1 200 OK"),
    Answer("field-leading-space", "RFC 9112 2.2", _OK + b" X-A: b\r\n" + _TWO),
    Answer("field-huge", "256 KiB in one field", _OK + b"X-A: " + b"b" * (256 << 10) + b"\r\n" + _TWO),
    Answer("field-many", "20,000 fields", _OK + b"X-A: b\r\n" * 20000 + _TWO),
)

FRAMINGS = (
    _framing(
        "both", b"Content-Length: 2\r\nTransfer-Encoding: chunked", "RFC 9112 6.3: the sign of response splitting"
    ),
    _framing(
        "both-reversed",
        b"Transfer-Encoding: chunked\r\nContent-Length: 2",
        "RFC 9112 6.3: the sign of response splitting",
    ),
    _framing("lengths-differ", b"Content-Length: 2\r\nContent-Length: 3"),
    _framing("lengths-differ-0", b"Content-Length: 0\r\nContent-Length: 2"),
    _framing(
        "lengths-equal",
        b"Content-Length: 2\r\nContent-Length: 2",
        "RFC 9110 8.6: refused or made one",
        also=("intact",),
    ),
    _framing("list-equal", b"Content-Length: 2, 2", "RFC 9110 8.6: refused or made one", also=("intact",)),
    _framing("list-differ", b"Content-Length: 2, 3"),
    _framing("plus", b"Content-Length: +2"),
    _framing("minus", b"Content-Length: -2"),
    _framing("hex", b"Content-Length: 0x2"),
    _framing("empty", b"Content-Length:"),
    _framing("word", b"Content-Length: two"),
    _framing("fraction", b"Content-Length: 2.0"),
    _framing("space", b"Content-Length: 2 2"),
    _framing("vt", b"Content-Length: \x0b2"),
    _framing("2^64", b"Content-Length: 18446744073709551616"),
    _framing("2^64+2", b"Content-Length: 18446744073709551618"),
    _framing("2^128+2", b"Content-Length: 340282366920938463463374607431768211458"),
    _framing("te-gzip", b"Transfer-Encoding: gzip", _CODING),
    _framing("te-gzip-chunked", b"Transfer-Encoding: gzip, chunked", _CODING),
    _framing("te-chunked-gzip", b"Transfer-Encoding: chunked, gzip", _CODING),
    _framing("te-chunked-twice", b"Transfer-Encoding: chunked, chunked", _CODING),
    _framing("te-two-lines", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", _CODING),
    _framing("te-identity", b"Transfer-Encoding: identity", _CODING),
    _framing("te-empty", b"Transfer-Encoding:", _CODING),
    _framing("te-unknown", b"Transfer-Encoding: xchunked", _CODING),
    _framing("te-quoted", b'Transfer-Encoding: "chunked"', _CODING),
    _framing("te-vt", b"Transfer-Encoding: \x0bchunked", _CODING),
    _framing("te-1.0", b"Transfer-Encoding: chunked", "RFC 9112 6.1: HTTP/1.0 has no transfer codings", minor=b"0"),
    _framing("te-space-colon", b"Transfer-Encoding : chunked", "RFC 9112 5.1"),
    _framing("cl-space-colon", b"Content-Length : 2", "RFC 9112 5.1: refused, or the space removed", also=("intact",)),
)

_SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + MARK

SWITCHES = (
    Answer(
        "101-unasked",
        "RFC 9110 7.8: a server must not switch unasked; a tunnel would carry other clients' bytes",
        _SWITCH,
    ),
    Answer("101-unasked-post", "RFC 9110 7.8", _SWITCH, method=b"POST"),
    Answer("101-bare", "RFC 9110 15.2.2: Upgrade is missing too", b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + MARK),
    Answer("101-after-103", "RFC 9110 7.8", b"HTTP/1.1 103 Early Hints\r\n\r\n" + _SWITCH),
    Answer("101-1.0", "RFC 9110 7.8", _SWITCH.replace(b"HTTP/1.1", b"HTTP/1.0", 1)),
)

MALFORMED = (*LINES, *RAW, *FIELDS, *FRAMINGS, *SWITCHES)
