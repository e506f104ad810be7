"""Odd but legal request heads: each must pass, and reach the upstream as one clean request."""

from __future__ import annotations

from .cases import HOST, MARK, Acceptance, post, request

_PATH = b"/" + MARK
_OWS = "RFC 9112 5: optional whitespace around a value is not part of it"
_TOKEN = "RFC 9110 5.6.2: every tchar may stand in a name"
_METHOD = "RFC 9110 9.1: methods are extensible tokens"
_EQUAL = "RFC 3986 6.2.2: equivalent URIs"


def _field(id_: str, line: bytes, seen: bytes, why: str = _OWS) -> Acceptance:
    """A field line that arrives as `seen`."""
    return Acceptance(f"field-{id_}", why, request(line), present=(seen,))


def _method(method: bytes, *, or_refused: bool = False) -> Acceptance:
    """A method that is passed on."""
    name = f"method-{method.decode()}"
    return Acceptance(name, _METHOD, request(method=method), method=method, or_refused=or_refused)


def _target(id_: str, rest: bytes, *also: bytes, why: str = "RFC 3986 3.3") -> Acceptance:
    """A target that arrives as it is, or as one of `also`."""
    return Acceptance(
        f"target-{id_}", why, request(target=_PATH + rest), target=tuple(_PATH + t for t in (rest, *also))
    )


def _host(id_: str, value: bytes, *, or_refused: bool = False) -> Acceptance:
    """A Host that arrives as it is."""
    why = "RFC 9110 7.2, RFC 3986 3.2"
    return Acceptance(f"host-{id_}", why, request(host=b"Host: " + value), host=value, or_refused=or_refused)


LINES = (
    Acceptance("plain", "the plainest request there is", request()),
    Acceptance("crlf-first", "RFC 9112 2.2: one empty line before the request line", b"\r\n" + request()),
    Acceptance(
        "crlf-first-two", "RFC 9112 2.2: at least one; more may be refused", b"\r\n\r\n" + request(), or_refused=True
    ),
    Acceptance("1.0", "RFC 9112 C.1: HTTP/1.0 is still spoken", request(version=b"HTTP/1.0"), closes=True),
    Acceptance("1.0-keep-alive", "RFC 9112 C.2.2", request(b"Connection: keep-alive", version=b"HTTP/1.0")),
    Acceptance("close", "RFC 9112 9.6", request(b"Connection: close"), closes=True, absent=(b"x-a",)),
    Acceptance("close-case", "options are case-insensitive", request(b"Connection: CLOSE"), closes=True),
    Acceptance(
        "close-list", "RFC 9110 7.6.1", request(b"Connection: x-a, close", b"X-A: b"), closes=True, absent=(b"x-a",)
    ),
    Acceptance(
        "close-lines", "RFC 9110 5.3", request(b"Connection: x-a", b"Connection: close", b"X-A: b"), closes=True
    ),
    Acceptance("keep-alive", "RFC 9112 9.3", request(b"Connection: keep-alive"), absent=(b"keep-alive",)),
    Acceptance(
        "connection-empty",
        "RFC 9110 5.6.1: empty elements are ignored",
        request(b"Connection: , ,x-a,"),
        or_refused=True,
    ),
    _field("no-space", b"X-A:b", b"x-a: b"),
    _field("spaces", b"X-A:     b     ", b"x-a: b"),
    _field("tabs", b"X-A:\t\tb\t", b"x-a: b"),
    _field("inner", b"X-A: b \t c", b"x-a: b \t c"),
    _field("empty", b"X-A:", b"x-a: "),
    _field("blank", b"X-A:   ", b"x-a: "),
    _field("colon", b"X-A: b: c:d", b"x-a: b: c:d"),
    _field("obs-text", b"X-A: caf\xe9 \x80\xff", b"x-a: caf\xe9 \x80\xff", "RFC 9110 5.5: obs-text is opaque"),
    _field("punctuation", b"X-A: !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", b"x-a: !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
    _field("quoted", b'X-A: "a, b", "c\\"d"', b'x-a: "a, b", "c\\"d"'),
    _field("long", b"X-A: " + b"b" * 12000, b"x-a: " + b"b" * 12000, "below the limit of 16 KiB"),
    _field("token", b"!#$%&'*+-.^`|~09azAZ: b", b"!#$%&'*+-.^`|~09azaz: b", _TOKEN),
    _field("short", b"X: y", b"x: y", _TOKEN),
    _field("digits", b"123: 456", b"123: 456", _TOKEN),
    _field("case", b"x-MiXeD-cAsE: b", b"x-mixed-case: b", "RFC 9110 5.1: case-insensitive"),
    _field("underscore", b"my_header: b", b"my_header: b", "an ordinary name with _ collides with nothing"),
    _field("authorization", b"Authorization: Basic YTpi", b"authorization: Basic YTpi", "end to end"),
    _field("date", b"Date: Sun, 06 Nov 1994 08:49:37 GMT", b"date: Sun, 06 Nov 1994 08:49:37 GMT", "end to end"),
    Acceptance(
        "field-cookies",
        "RFC 6265: kept in order",
        request(b"Cookie: a=b", b"Cookie: c=d"),
        present=(b"cookie: a=b", b"cookie: c=d"),
    ),
    Acceptance(
        "field-repeated",
        "RFC 9110 5.3: order kept",
        request(*[b"X-A: %d" % n for n in range(5)]),
        present=(b"x-a: 0", b"x-a: 4"),
    ),
    Acceptance(
        "field-90",
        "below the limit of 100",
        request(*[b"X-%d: %d" % (n, n) for n in range(90)]),
        present=(b"x-89: 89",),
    ),
    Acceptance(
        "field-host-last",
        "order means nothing",
        request(b"X-A: b", host=b"X-B: c\r\nX-C: d\r\n" + HOST),
        present=(b"x-c: d",),
    ),
)

METHODS = (
    *map(
        _method,
        (b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"PROPFIND", b"REPORT", b"PURGE", b"M-SEARCH", b"MKCOL", b"QUERY"),
    ),
    _method(b"FOO", or_refused=True),
    _method(b"get", or_refused=True),
    _method(b"X-!#$%&'*+.^_`|~", or_refused=True),
    _method(b"TRACE", or_refused=True),
    Acceptance("head", "RFC 9110 9.3.2", request(method=b"HEAD"), method=b"HEAD"),
    Acceptance("post-no-body", "RFC 9112 6.3: no length, no body", post(), method=b"POST"),
)

TARGETS = (
    _target("query", b"?a=b&c=d"),
    _target("query-empty", b"?"),
    _target("query-marks", b"?a=b?c=d"),
    _target("query-dots", b"?a=/../b"),
    _target("query-slash", b"?a=%2f%5c%2e%2e"),
    _target("query-plus", b"?q=a+b%20c"),
    _target("query-brackets", b"?filter[a]=1", why="no URI strictly, but what every browser sends (WHATWG URL)"),
    _target("query-json", b'?q={"a":"b"}|^`', why="no URI strictly, but what every browser sends (WHATWG URL)"),
    _target("query-url", b"?u=http://evil.test/@x:80", why="a query is data"),
    _target("parameters", b"/a;v=1;w=2/b"),
    _target("sub-delims", b"/!$&'()*+,;=:@-._~"),
    _target("slashes", b"//a", b"/a", why="the path is merged or kept, never refused"),
    _target("slashes-inside", b"/a//b", b"/a/b", why="the path is merged or kept, never refused"),
    _target("slash-last", b"/a/"),
    _target("dots-three", b"/.../a"),
    _target("dot-file", b"/.well-known/x"),
    _target("dot-end", b"/a.", why="a dot at the end of a name is no dot segment"),
    _target("escape-space", b"/a%20b"),
    _target("escape-percent", b"/100%25"),
    _target("escape-twice", b"/%252e%252e%252f", why="decoded once only, so it stays a name"),
    _target("escape-utf8", b"/caf%C3%A9", b"/caf%c3%a9", why=_EQUAL),
    _target("escape-latin1", b"/caf%E9", b"/caf%e9", why="octets need not be UTF-8"),
    _target("escape-lower", b"/a%2Bb", b"/a%2bb", why=_EQUAL),
    _target("escape-marks", b"/a%3Fb%23c"),
    _target("long", b"/" + b"a" * 7000, why="below the limit of 8 KiB"),
    _target("long-query", b"?" + b"a" * 7000, why="below the limit of 8 KiB"),
    _target("many-segments", b"/a" * 500),
    Acceptance(
        "escape-unreserved",
        _EQUAL,
        request(target=_PATH + b"/%7Euser"),
        target=(_PATH + b"/~user", _PATH + b"/%7Euser"),
    ),
    Acceptance("escape-letter", _EQUAL, request(target=_PATH + b"/%41"), target=(_PATH + b"/A", _PATH + b"/%41")),
    Acceptance(
        "dots-inside",
        "RFC 3986 5.2.4: removed before anyone matches",
        request(target=_PATH + b"/a/../b"),
        target=(_PATH + b"/b",),
    ),
    Acceptance("dots-inside-end", "RFC 3986 5.2.4", request(target=_PATH + b"/a/b/.."), target=(_PATH + b"/a/",)),
    Acceptance("dot-inside", "RFC 3986 5.2.4", request(target=_PATH + b"/./a/./b"), target=(_PATH + b"/a/b",)),
    Acceptance("dots-first", "RFC 3986 5.2.4", request(target=b"/a/../" + MARK), target=(_PATH,)),
    Acceptance(
        "slashes-first",
        "absolute-path may begin with //, it names no host",
        request(target=b"//" + MARK),
        target=(_PATH, b"/" + _PATH),
    ),
    Acceptance("absolute", "RFC 9112 3.2.2", request(target=b"http://gw.test" + _PATH)),
    Acceptance(
        "absolute-query",
        "RFC 9112 3.2.2",
        request(target=b"http://gw.test" + _PATH + b"?a=b"),
        target=(_PATH + b"?a=b",),
    ),
    Acceptance(
        "absolute-case",
        "scheme and host are case-insensitive",
        request(target=b"HTTP://GW.Test" + _PATH),
        host=b"GW.Test",
    ),
    Acceptance(
        "absolute-port",
        "RFC 9112 3.2.2",
        request(target=b"http://gw.test:80" + _PATH, host=b"Host: gw.test:80"),
        host=b"gw.test:80",
    ),
    Acceptance(
        "absolute-port-default",
        "RFC 9110 4.2.3: port 80 is http's; two texts, one authority",
        request(target=b"http://gw.test:80" + _PATH),
        host=b"gw.test:80",
        or_refused=True,
    ),
    Acceptance(
        "absolute-empty-path", "RFC 9112 3.2.1", request(target=b"http://gw.test?" + MARK), target=(b"/?" + MARK,)
    ),
    Acceptance(
        "absolute-https", "TLS may end in front of us", request(target=b"https://gw.test" + _PATH), or_refused=True
    ),
    Acceptance(
        "absolute-1.0", "RFC 9112 3.2.2", request(target=b"http://gw.test" + _PATH, version=b"HTTP/1.0"), closes=True
    ),
    _host("port", b"gw.test:8080"),
    _host("upper", b"GW.Test"),
    _host("dot", b"gw.test."),
    _host("label", b"gw"),
    _host("dash", b"a--b.gw-1.test"),
    _host("underscore", b"my_service.test"),
    _host("ipv4", b"192.0.2.1"),
    _host("ipv4-port", b"192.0.2.1:80"),
    _host("ipv6", b"[2001:db8::1]"),
    _host("ipv6-port", b"[2001:db8::1]:8080"),
    _host("ipv6-v4", b"[::ffff:192.0.2.1]"),
    _host("port-empty", b"gw.test:", or_refused=True),
    _host("port-0", b"gw.test:0", or_refused=True),
    _host("sub-delims", b"a!b$c.test", or_refused=True),
    _host("long", b".".join([b"a" * 60] * 4)),
)

ACCEPTANCES = (*LINES, *METHODS, *TARGETS)
