"""Request lines that are none: versions, separators, methods, other protocols (RFC 9112 section 3)."""

from __future__ import annotations

from .cases import HOST, LAST, MARK, SMUGGLED, Refusal, chunk, request

_VERSION = "RFC 9112 2.3: HTTP-version is case-sensitive HTTP/DIGIT.DIGIT; the gateway speaks 1.0 and 1.1"
_SPACES = "RFC 9112 3: single spaces; lenient splitting makes two targets out of one"
_METHOD = "RFC 9110 9.1: a method is a token"
_OTHER = "another protocol on this port"
_FIELDS = b"\r\n" + HOST + b"\r\n\r\n"
_PATH = b"/" + MARK

# A TLS 1.2 ClientHello's first bytes; the random is the mark.
CLIENT_HELLO = (
    b"\x16\x03\x01\x00\x3f\x01\x00\x00\x3b\x03\x03" + MARK * 4 + b"\x00\x00\x02\x00\x2f\x01\x00\x00\x10" + b"\x00" * 16
)
CLIENT_HELLO_LF = CLIENT_HELLO.replace(b"\x00" * 16, b"\n" * 16)


def _version(id_: str, version: bytes, *, tail: bytes = SMUGGLED) -> Refusal:
    """A request of another version, or of none."""
    return Refusal(f"version-{id_}", _VERSION, request(version=version), (400, 505), tail)


def _line(id_: str, line: bytes, why: str = _SPACES, statuses: tuple[int, ...] = (400,)) -> Refusal:
    """A whole request line."""
    return Refusal(f"line-{id_}", why, line + _FIELDS, statuses)


def _method(id_: str, method: bytes, statuses: tuple[int, ...] = (400,)) -> Refusal:
    """A method that is no token."""
    return Refusal(f"method-{id_}", _METHOD, request(method=method), statuses)


VERSIONS = (
    Refusal("version-0.9", "HTTP/0.9 has no fields, so it has no Host", b"GET " + _PATH + b"\r\n", (400, 505)),
    Refusal("version-0.9-fields", "a request line without version", b"GET " + _PATH + _FIELDS, (400, 505)),
    Refusal("version-0.9-space", "a request line without version", b"GET " + _PATH + b" " + _FIELDS, (400, 505)),
    Refusal("version-0.9-lf", "HTTP/0.9 with a bare LF", b"GET " + _PATH + b"\n", (400, 505)),
    _version("0.9-named", b"HTTP/0.9"),
    _version("1.2", b"HTTP/1.2"),
    _version("1.9", b"HTTP/1.9"),
    _version("2.0", b"HTTP/2.0"),
    _version("2", b"HTTP/2"),
    _version("3", b"HTTP/3"),
    _version("3.0", b"HTTP/3.0"),
    _version("9.9", b"HTTP/9.9"),
    _version("0.0", b"HTTP/0.0"),
    _version("1", b"HTTP/1"),
    _version("1.", b"HTTP/1."),
    _version(".1", b"HTTP/.1"),
    _version("1.10", b"HTTP/1.10"),
    _version("11", b"HTTP/11"),
    _version("01.1", b"HTTP/01.1"),
    _version("1.01", b"HTTP/1.01"),
    _version("1.1.1", b"HTTP/1.1.1"),
    _version("comma", b"HTTP/1,1"),
    _version("letter", b"HTTP/1.x"),
    _version("letter-after", b"HTTP/1.1x"),
    _version("plus", b"HTTP/+1.1"),
    _version("minus", b"HTTP/1.-1"),
    _version("lower", b"http/1.1"),
    _version("mixed", b"Http/1.1"),
    _version("no-slash", b"HTTP1.1"),
    _version("space-inside", b"HTTP/ 1.1"),
    _version("space-slash", b"HTTP /1.1"),
    _version("space-after", b"HTTP/1.1 "),
    _version("tab-after", b"HTTP/1.1\t"),
    _version("https", b"HTTPS/1.1"),
    _version("shttp", b"S-HTTP/1.1"),
    _version("rtsp", b"RTSP/1.0"),
    _version("ice", b"ICE/1.0"),
    _version("sip", b"SIP/2.0"),
    _version("nul", b"HTTP/1.1\x00"),
    _version("slash-twice", b"HTTP//1.1"),
    _version("fullwidth", b"HTTP/\xef\xbc\x91.1"),
)

LINES = (
    _line("two-spaces-first", b"GET  " + _PATH + b" HTTP/1.1"),
    _line("two-spaces-second", b"GET " + _PATH + b"  HTTP/1.1"),
    _line("tab-first", b"GET\t" + _PATH + b" HTTP/1.1"),
    _line("tab-second", b"GET " + _PATH + b"\tHTTP/1.1"),
    _line("tabs", b"GET\t" + _PATH + b"\tHTTP/1.1"),
    _line("space-tab", b"GET \t" + _PATH + b" HTTP/1.1"),
    _line("vt", b"GET\x0b" + _PATH + b" HTTP/1.1"),
    _line("ff", b"GET " + _PATH + b"\x0cHTTP/1.1"),
    _line("nbsp", b"GET\xa0" + _PATH + b" HTTP/1.1"),
    _line("leading-space", b" GET " + _PATH + b" HTTP/1.1"),
    _line("leading-tab", b"\tGET " + _PATH + b" HTTP/1.1"),
    _line("space-in-target", b"GET " + _PATH + b" x HTTP/1.1"),
    _line("two-versions", b"GET " + _PATH + b" HTTP/1.1 HTTP/1.1"),
    _line("hidden-version", b"GET " + _PATH + b" HTTP/1.1/../x HTTP/1.0", statuses=(400, 505)),
    _line("no-target", b"GET HTTP/1.1", statuses=(400, 505)),
    _line("no-target-space", b"GET  HTTP/1.1"),
    _line("no-method", _PATH + b" HTTP/1.1", statuses=(400, 505)),
    _line("method-only", b"GET", statuses=(400, 505)),
    _line("empty-parts", b"  ", statuses=(400, 505)),
    _line("status-line", b"HTTP/1.1 200 OK", statuses=(400, 505)),
    _line("nul-in-line", b"GET " + _PATH + b"\x00 HTTP/1.1"),
    _line("bom", b"\xef\xbb\xbfGET " + _PATH + b" HTTP/1.1"),
    Refusal("line-colon", "a field where the request line belongs", HOST + b"\r\nX-A: " + MARK + b"\r\n\r\n"),
)

METHODS = (
    _method("parenthesis", b"GE(T"),
    _method("at", b"GET@"),
    _method("slash", b"GET/x"),
    _method("colon", b"GET:"),
    _method("comma", b"GET,POST"),
    _method("quote", b'"GET"'),
    _method("brackets", b"[GET]"),
    _method("nul", b"GET\x00"),
    _method("nul-first", b"\x00GET"),
    _method("bell", b"G\x07T"),
    _method("del", b"GET\x7f"),
    _method("latin1", b"G\xc9T"),
    _method("escape", b"\x1b[2J"),
    _method("empty", b""),
    _method("long", b"M" * 2000, (400, 414, 431, 501)),
)

OTHERS = (
    Refusal(
        "other-h2-preface",
        "RFC 9113 3.4: chosen so that HTTP/1.1 servers refuse it",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00",
        (400, 505),
    ),
    Refusal("other-pri", "PRI is reserved (RFC 9113 11.6)", request(method=b"PRI", target=b"*"), (400, 405, 501, 505)),
    Refusal("other-tls", _OTHER, CLIENT_HELLO, (400,)),
    Refusal("other-tls-alone", "refused at once, not after the head's time limit", CLIENT_HELLO, (400,), tail=b""),
    Refusal("other-tls-lf", _OTHER, CLIENT_HELLO_LF, (400,), tail=b""),
    Refusal("other-sslv2", _OTHER, b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10" + MARK, (400,)),
    Refusal("other-ssh", _OTHER, b"SSH-2.0-OpenSSH_9.2 " + MARK + b"\r\n", (400, 505)),
    Refusal("other-socks5", _OTHER, b"\x05\x01\x00" + MARK + b"\r\n", (400,)),
    Refusal("other-socks4", _OTHER, b"\x04\x01\x00P\x7f\x00\x00\x01" + MARK + b"\x00", (400,)),
    Refusal("other-proxy-v1", _OTHER, b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n" + request(), (400, 505)),
    Refusal("other-proxy-v2", _OTHER, b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + MARK + b"\x00" * 4, (400,)),
    Refusal("other-smtp", _OTHER, b"EHLO " + MARK + b"\r\nMAIL FROM:<a@b>\r\n", (400, 505)),
    Refusal("other-redis", _OTHER, b"*1\r\n$8\r\n" + MARK + b"\r\n", (400, 505)),
    Refusal("other-chunk", "what is left of somebody else's body", chunk(MARK) + LAST, (400, 505)),
    Refusal("other-nuls", _OTHER, b"\x00" * 64 + MARK, (400,)),
    Refusal("other-high", _OTHER, b"\xff" * 64 + MARK, (400,)),
)

REFUSALS = (*VERSIONS, *LINES, *METHODS, *OTHERS)
