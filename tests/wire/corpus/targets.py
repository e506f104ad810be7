"""Targets and hosts: where a request may not be aimed (RFC 9112 section 3.2, RFC 3986)."""

from __future__ import annotations

from .cases import HOST, MARK, Refusal, request

_HOST = "RFC 9112 3.2: exactly one Host, and it is a valid authority"
_FORM = "RFC 9112 3.2: none of the target forms this method may use"
_DIFFER = "two authorities: the one that is checked must be the one that is served"
_ESCAPE = "two programs read this path in two ways"
_CHAR = "RFC 3986 3.3: not a character of a URI"


def _host(id_: str, value: bytes, why: str = _HOST) -> Refusal:
    """A Host that names nothing, or too much."""
    return Refusal(f"host-{id_}", why, request(host=b"Host:" + value))


def _target(id_: str, target: bytes, why: str = _FORM, statuses: tuple[int, ...] = (400,)) -> Refusal:
    """A target no service may see."""
    return Refusal(f"target-{id_}", why, request(target=target), statuses)


def _path(id_: str, path: bytes, why: str = _ESCAPE) -> Refusal:
    """A path with two readings."""
    return Refusal(f"path-{id_}", why, request(target=b"/" + MARK + path))


HOSTS = (
    Refusal("host-missing", _HOST, request(host=None)),
    Refusal("host-missing-fields", _HOST, request(b"X-A: b", host=None)),
    Refusal("host-twice", _HOST, request(HOST)),
    Refusal("host-differing", _HOST, request(b"Host: evil.test")),
    Refusal("host-case", _HOST, request(b"HOST: evil.test")),
    Refusal("host-second-empty", _HOST, request(b"Host:")),
    Refusal("host-apart", _HOST, request(b"X-A: b", b"X-B: c", b"host: evil.test")),
    Refusal("host-1.0-twice", _HOST, request(b"Host: evil.test", version=b"HTTP/1.0")),
    _host("empty", b"", "no host to route on or to send on"),
    _host("blank", b"   "),
    _host("space", b" gw .test"),
    _host("tab", b" gw\ttest"),
    _host("two", b" gw.test evil.test"),
    _host("userinfo", b" user@gw.test"),
    _host("userinfo-password", b" user:pw@gw.test"),
    _host("path", b" gw.test/x"),
    _host("query", b" gw.test?x"),
    _host("fragment", b" gw.test#x"),
    _host("backslash", b" gw.test\\x"),
    _host("scheme", b" http://gw.test"),
    _host("comma", b" gw.test, evil.test"),
    _host("comma-tight", b" gw.test,evil.test"),
    _host("quoted", b' "gw.test"'),
    _host("angle", b" <gw.test>"),
    _host("port-word", b" gw.test:http"),
    _host("port-plus", b" gw.test:+80"),
    _host("port-minus", b" gw.test:-1"),
    _host("port-99999", b" gw.test:99999"),
    _host("port-2^32", b" gw.test:4294967376"),
    _host("port-twice", b" gw.test:80:80"),
    _host("port-space", b" gw.test: 80"),
    _host("port-only", b" :80"),
    _host("port-userinfo", b" gw.test:80@evil.test"),
    _host("bracket-open", b" [::1"),
    _host("bracket-close", b" ::1]"),
    _host("bracket-none", b" ::1"),
    _host("bracket-name", b" [gw.test]"),
    _host("bracket-empty", b" []"),
    _host("bracket-after", b" [::1]x"),
    _host("bracket-before", b" x[::1]"),
    _host("bracket-zone", b" [fe80::1%25eth0]", "a zone is local to its host (RFC 9110 has no zone ids)"),
    _host("nul", b" gw.test\x00"),
    _host("del", b" gw.test\x7f"),
    _host("high", b" gw\xe9.test"),
    _host("utf8", " gẅ.test".encode()),
    _host("escape", b" gw%2etest", "the name is not decoded, so it must not need to be"),
    _host("escape-nul", b" gw.test%00.evil.test"),
    _host("bar", b" gw|test"),
    _host("caret", b" gw^test"),
    _host("long", b" " + b"a" * 5000, "longer than any name"),
)

FORMS = (
    _target("connect", b"gw.test:443", statuses=(400,)),
    Refusal(
        "connect",
        _FORM,
        request(method=b"CONNECT", target=b"gw.test:443", host=b"Host: gw.test:443\r\nX-A: " + MARK),
        (400, 405, 501),
    ),
    Refusal("connect-path", _FORM, request(method=b"CONNECT"), (400, 405, 501)),
    Refusal(
        "connect-loopback",
        "an open proxy",
        request(b"X-A: " + MARK, method=b"CONNECT", target=b"127.0.0.1:22"),
        (400, 405, 501),
    ),
    Refusal(
        "connect-1.0",
        _FORM,
        request(b"X-A: " + MARK, method=b"CONNECT", target=b"gw.test:443", version=b"HTTP/1.0"),
        (400, 405, 501),
    ),
    Refusal("asterisk-get", "RFC 9112 3.2.4: only OPTIONS", request(b"X-A: " + MARK, target=b"*")),
    Refusal("asterisk-post", "RFC 9112 3.2.4: only OPTIONS", request(b"X-A: " + MARK, method=b"POST", target=b"*")),
    Refusal("asterisk-path", _FORM, request(method=b"OPTIONS", target=b"*/" + MARK)),
    _target("no-slash", MARK),
    _target("relative", b"../" + MARK),
    _target("query-only", b"?" + MARK),
    _target("backslash-first", b"\\" + MARK),
    _target("encoded-slash-first", b"%2f" + MARK),
    _target("differs", b"http://evil.test/" + MARK, _DIFFER),
    _target("differs-port", b"http://gw.test:81/" + MARK, _DIFFER),
    _target("differs-sub", b"http://gw.test.evil.test/" + MARK, _DIFFER),
    _target("userinfo", b"http://user@gw.test/" + MARK, "RFC 9110 4.2.4: userinfo is an error"),
    _target("userinfo-host", b"http://gw.test@evil.test/" + MARK, _DIFFER),
    _target("userinfo-port", b"http://gw.test:80@evil.test/" + MARK, _DIFFER),
    _target("no-authority", b"http:///" + MARK),
    _target("one-slash", b"http:/gw.test/" + MARK),
    _target("no-slashes", b"http:gw.test/" + MARK),
    _target("bad-port", b"http://gw.test:x/" + MARK),
    _target("huge-port", b"http://gw.test:65616/" + MARK),
    _target("bad-bracket", b"http://[::1/" + MARK),
    _target("ftp", b"ftp://gw.test/" + MARK),
    _target("file", b"file:///" + MARK),
    _target("gopher", b"gopher://gw.test/" + MARK),
    _target("javascript", b"javascript:" + MARK),
    _target("ws", b"ws://gw.test/" + MARK),
    _target("backslash-host", b"http://gw.test\\@evil.test/" + MARK, _DIFFER),
    _target("fragment-host", b"http://gw.test#@evil.test/" + MARK, _DIFFER),
    Refusal(
        "target-absolute-no-host",
        "RFC 9112 3.2: Host is needed in any case",
        request(target=b"http://gw.test/" + MARK, host=None),
    ),
    Refusal("target-absolute-dots", _ESCAPE, request(target=b"http://gw.test/../" + MARK)),
)

PATHS = (
    *(
        _path(f"char-{byte:02x}", b"/a" + bytes((byte,)) + b"b", _CHAR)
        for byte in (0x00, 0x01, 0x07, 0x08, 0x0B, 0x1B, 0x23, 0x5C, 0x7F, 0x80, 0xA0, 0xE9, 0xFF)
    ),
    _path("utf8", "/é".encode(), _CHAR),
    _path("overlong-slash", b"/..\xc0\xafx", _CHAR),
    _path("fragment", b"#x", "CVE-2023-45539: a fragment in a target"),
    _path("fragment-query", b"?a=b#c", "CVE-2023-45539: a fragment in a target"),
    _path("query-nul", b"?a=\x00", _CHAR),
    _path("query-high", b"?a=\xff", _CHAR),
    _path("query-cr", b"?a=\r", _CHAR),
    _path("query-lf", b"?a=\nb", _CHAR),
    _path("slash", b"/a%2fb"),
    _path("slash-upper", b"/a%2Fb"),
    _path("slash-dots", b"/..%2fb"),
    _path("backslash", b"/a%5cb"),
    _path("backslash-upper", b"/a%5Cb"),
    _path("backslash-dots", b"/..%5cb"),
    _path("raw-backslash-dots", b"/..\\b"),
    _path("nul", b"/a%00b"),
    _path("nul-extension", b"/a%00.png"),
    _path("dots", b"/../../b"),
    _path("dots-end", b"/../.."),
    _path("dots-encoded", b"/%2e%2e/b"),
    _path("dots-encoded-upper", b"/%2E%2E/b"),
    _path("dots-encoded-half", b"/.%2e/b"),
    _path("dots-encoded-half-first", b"/%2e./b"),
    _path("dots-encoded-slash", b"/%2e%2e%2fb"),
    _path("dot-encoded", b"/%2e/b"),
    _path("percent-zz", b"/%zz", "RFC 3986 2.1: percent and two hexadecimal digits"),
    _path("percent-end", b"/a%", "RFC 3986 2.1"),
    _path("percent-one", b"/a%2", "RFC 3986 2.1"),
    _path("percent-slash", b"/a%/b", "RFC 3986 2.1"),
    _path("percent-u", b"/%u0041", "IIS's own escape, unknown to RFC 3986"),
    _path("percent-u-slash", b"/%u2215x", "IIS's own escape, unknown to RFC 3986"),
    _path("percent-x", b"/%0xff", "RFC 3986 2.1"),
    _path("percent-space", b"/%+2f", "RFC 3986 2.1"),
    Refusal("path-root-dots", _ESCAPE, request(target=b"/../" + MARK)),
    Refusal("path-root-dots-encoded", _ESCAPE, request(target=b"/%2e%2e/" + MARK)),
    Refusal("path-root-backslash", _CHAR, request(target=b"/\\evil.test/" + MARK)),
)

REFUSALS = (*HOSTS, *FORMS, *PATHS)
