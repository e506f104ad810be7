"""Two lengths, or none that is sure: Transfer-Encoding and Content-Length (RFC 9112 sections 6.1 to 6.3)."""

from __future__ import annotations

from .cases import EVIL, LAST, SMUGGLED, Refusal, chunk, post, request

_CHUNKED = chunk(b"abc") + LAST
_TE = b"Transfer-Encoding: chunked"


def _both(id_: str, *lines: bytes, body: bytes = LAST, version: bytes = b"HTTP/1.1") -> Refusal:
    """A message with Content-Length and Transfer-Encoding: nobody knows which one the next server believes."""
    why = "RFC 9112 6.1: both fields together ought to be handled as an error"
    return Refusal(f"both-{id_}", why, post(*lines, body=body, version=version))


def _coding(
    id_: str, value: bytes, why: str = "RFC 9112 6.1: chunked once, last and alone is the only framing"
) -> Refusal:
    """A Transfer-Encoding that is not exactly chunked."""
    return Refusal(f"te-{id_}", why, post(b"Transfer-Encoding:" + value, body=_CHUNKED))


def _length(id_: str, value: bytes, statuses: tuple[int, ...] = (400,)) -> Refusal:
    """A Content-Length that is not exactly one run of digits (RFC 9110 section 8.6)."""
    why = "RFC 9110 8.6: Content-Length = 1*DIGIT, and it must be representable"
    return Refusal(f"cl-{id_}", why, post(b"Content-Length:" + value, body=b"abcde"), statuses)


_SMUGGLED_CHUNK = chunk(SMUGGLED)

BOTH = (
    _both("cl-te", b"Content-Length: 6", _TE, body=LAST + b"G"),
    _both("te-cl", _TE, b"Content-Length: 4", body=_SMUGGLED_CHUNK + LAST),
    _both("cl-0", b"Content-Length: 0", _TE, body=_CHUNKED),
    _both("agreeing", b"Content-Length: 13", _TE, body=_CHUNKED),
    _both("identity", b"Content-Length: 5", b"Transfer-Encoding: identity"),
    _both("gzip", b"Content-Length: 5", b"Transfer-Encoding: gzip"),
    _both("empty-te", b"Content-Length: 5", b"Transfer-Encoding:"),
    _both("upper", b"CONTENT-LENGTH: 5", b"TRANSFER-ENCODING: CHUNKED"),
    _both("apart", b"Content-Length: 5", b"X-A: b", b"X-B: c", _TE),
    _both("obfuscated", b"Content-Length: 5", b"Transfer-Encoding: xchunked"),
    _both("vt", b"Content-Length: 5", b"Transfer-Encoding: \x0bchunked"),
    _both("space-colon", b"Content-Length: 5", b"Transfer-Encoding : chunked"),
    _both("1.0", b"Content-Length: 5", _TE, version=b"HTTP/1.0"),
    _both("two-lengths", b"Content-Length: 5", b"Content-Length: 5", _TE),
    _both("close", b"Connection: close", b"Content-Length: 5", _TE),
    Refusal(
        "both-get",
        "a GET with a body is as ambiguous as a POST",
        request(b"Content-Length: 5", _TE, body=LAST),
    ),
    Refusal(
        "both-nominated",
        "RFC 9110 7.6.1: a client cannot take Content-Length out of the message by naming it in Connection",
        post(b"Connection: Content-Length", b"Content-Length: 5", _TE, body=LAST),
    ),
)

CODINGS = (
    _coding("identity", b" identity"),
    _coding("gzip", b" gzip"),
    _coding("deflate", b" deflate"),
    _coding("unknown", b" cow"),
    _coding("chunked-gzip", b" chunked, gzip"),
    _coding("gzip-chunked", b" gzip, chunked"),
    _coding("chunked-twice", b" chunked, chunked", "RFC 9112 6.1: chunked must not be applied more than once"),
    _coding("chunked-identity", b" chunked, identity"),
    _coding("identity-chunked", b" identity, chunked"),
    _coding("x-chunked", b" x-chunked"),
    _coding("xchunked", b" xchunked"),
    _coding("chunkedx", b" chunkedx"),
    _coding("chunk", b" chunk"),
    _coding("parameter", b" chunked;q=1"),
    _coding("parameter-space", b" chunked ; a=b"),
    _coding("semicolon", b" chunked;"),
    _coding("quoted", b' "chunked"'),
    _coding("single-quoted", b" 'chunked'"),
    _coding("leading-comma", b" , chunked"),
    _coding("leading-comma-tight", b",chunked"),
    _coding("trailing-comma", b" chunked,"),
    _coding("commas", b" ,chunked,"),
    _coding("empty", b""),
    _coding("blank", b"  \t"),
    _coding("vt-before", b" \x0bchunked"),
    _coding("vt-after", b" chunked\x0b"),
    _coding("ff-before", b" \x0cchunked"),
    _coding("nul-before", b" \x00chunked"),
    _coding("nul-after", b" chunked\x00"),
    _coding("nbsp-latin1", b" \xa0chunked"),
    _coding("nbsp-utf8", b" \xc2\xa0chunked"),
    _coding("high-byte", b" \xffchunked"),
    _coding("inner-space", b" chun ked"),
    _coding("inner-tab", b" chun\tked"),
    _coding("colon", b": chunked"),
    _coding("bare-lf", b"\n chunked"),
    _coding("bare-cr", b"\rchunked"),
    _coding("fold", b"\r\n chunked", "RFC 9112 5.2: obs-fold in a request is a 400"),
    _coding("fold-tab", b"\r\n\tchunked", "RFC 9112 5.2: obs-fold in a request is a 400"),
    _coding("fold-after", b" chunked\r\n , identity", "RFC 9112 5.2: obs-fold in a request is a 400"),
    _coding("two-lines", b" chunked\r\nTransfer-Encoding: chunked"),
    _coding("two-lines-identity", b" chunked\r\nTransfer-Encoding: identity"),
    _coding("identity-two-lines", b" identity\r\nTransfer-Encoding: chunked"),
    _coding("two-lines-unknown", b" chunked\r\nTransfer-encoding: cow"),
    _coding("two-lines-empty", b" chunked\r\nTransfer-Encoding:"),
    Refusal("te-space-colon", "RFC 9112 5.1", post(b"Transfer-Encoding : chunked", body=_CHUNKED)),
    Refusal("te-tab-colon", "RFC 9112 5.1", post(b"Transfer-Encoding\t: chunked", body=_CHUNKED)),
    Refusal("te-leading-space", "RFC 9112 5.2", post(b"X-A: b", b" Transfer-Encoding: chunked", body=_CHUNKED)),
    Refusal("te-behind-lf", "RFC 9112 2.2: bare LF", post(b"X-A: b\nTransfer-Encoding: chunked", body=_CHUNKED)),
    Refusal("te-behind-cr", "RFC 9112 2.2: bare CR", post(b"X-A: b\rTransfer-Encoding: chunked", body=_CHUNKED)),
    Refusal("te-behind-nul", "RFC 9110 5.5", post(b"X-A: b\x00Transfer-Encoding: chunked", body=_CHUNKED)),
    Refusal(
        "te-1.0",
        "RFC 9112 6.1: Transfer-Encoding in HTTP/1.0 is faulty framing (CVE-2026-2835)",
        post(_TE, version=b"HTTP/1.0", body=_CHUNKED),
    ),
    Refusal(
        "te-1.0-keep-alive",
        "RFC 9112 6.1: as above, on a connection that is meant to stay",
        post(_TE, b"Connection: keep-alive", version=b"HTTP/1.0", body=_CHUNKED),
    ),
)

LENGTHS = (
    Refusal("cl-twice", "the plan: repeated Content-Length", post(*[b"Content-Length: 5"] * 2, body=b"abcde")),
    Refusal("cl-thrice", "the plan: repeated Content-Length", post(*[b"Content-Length: 5"] * 3, body=b"abcde")),
    Refusal(
        "cl-differing", "RFC 9112 6.3: unrecoverable", post(b"Content-Length: 5", b"Content-Length: 6", body=b"abcde")
    ),
    Refusal(
        "cl-differing-0", "RFC 9112 6.3: unrecoverable", post(b"Content-Length: 0", b"Content-Length: 5", body=b"abcde")
    ),
    Refusal("cl-case", "names are case-insensitive", post(b"Content-Length: 5", b"content-length: 6", body=b"abcde")),
    Refusal("cl-second-empty", "RFC 9112 6.3", post(b"Content-Length: 5", b"Content-Length:", body=b"abcde")),
    _length("list-equal", b" 5, 5"),
    _length("list-differing", b" 5, 6"),
    _length("list-0", b" 0, 5"),
    _length("list-tight", b" 5,5"),
    _length("trailing-comma", b" 5,"),
    _length("leading-comma", b" ,5"),
    _length("plus", b" +5"),
    _length("plus-0", b" +0"),
    _length("minus", b" -5"),
    _length("minus-0", b" -0"),
    _length("hex", b" 0x5"),
    _length("hex-digits", b" a"),
    _length("octal", b" 0o5"),
    _length("two-numbers", b" 5 5"),
    _length("empty", b"", (400,)),
    _length("blank", b"  ", (400,)),
    _length("fraction", b" 5.0"),
    _length("exponent", b" 5e0"),
    _length("underscore", b" 1_0"),
    _length("quoted", b' "5"'),
    _length("word", b" five"),
    _length("semicolon", b" 5;"),
    _length("vt", b" \x0b5"),
    _length("ff", b" 5\x0c"),
    _length("nul-before", b" \x005"),
    _length("nul-after", b" 5\x00"),
    _length("nbsp", b" 5\xa0"),
    _length("fullwidth", b" \xef\xbc\x95"),
    _length("arabic", b" \xd9\xa5"),
    _length("fold", b"\r\n 5"),
    _length("bare-lf", b"\n5"),
    _length("bare-cr", b" 5\rX: y"),
    _length("2^63", b" 9223372036854775808", (400, 413)),
    _length("2^64", b" 18446744073709551616", (400, 413)),
    _length("2^64+5", b" 18446744073709551621", (400, 413)),
    _length("2^128+5", b" 340282366920938463463374607431768211461", (400, 413)),
    _length("4000-digits", b" " + b"9" * 4000, (400, 413)),
    Refusal("cl-space-colon", "RFC 9112 5.1", post(b"Content-Length : 5", body=b"abcde")),
    Refusal("cl-get-twice", "a GET counts too", request(b"Content-Length: 0", b"Content-Length: 42")),
    Refusal("cl-get-minus", "a GET counts too", request(b"Content-Length: -1", body=EVIL)),
)

REFUSALS = (*BOTH, *CODINGS, *LENGTHS)
