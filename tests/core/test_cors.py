"""CORS: which origins are allowed, what look-alikes are not, and what browsers are told."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.cors import PREFLIGHT_VARY, Cors, Origins, is_preflight, origin_of, vary_line

SHOP = Cors(
    ["https://shop.example.com", "https://*.example.com", "http://localhost:3000", "https://*.dev.test:8443"],
    methods=["GET", "PUT", "DELETE"],
    headers=["Authorization", "X-Team"],
    expose=["X-Request-Id"],
    credentials=True,
    max_age=600,
)


@pytest.mark.parametrize(
    "origin",
    [
        b"https://shop.example.com",
        b"https://a.example.com",
        b"https://a.b-c.example.com",
        b"https://xn--bcher-kva.example.com",
        b"http://localhost:3000",
        b"https://a.dev.test:8443",
    ],
)
def test_allowed(origin: bytes) -> None:
    """Exact origins and subdomains are echoed, with credentials."""
    assert SHOP.judge(origin) == (
        b"Access-Control-Allow-Origin: " + origin + b"\r\n"
        b"Access-Control-Allow-Credentials: true\r\n"
        b"Access-Control-Expose-Headers: X-Request-Id\r\n"
    )


@pytest.mark.parametrize(
    "origin",
    [
        b"",
        b"*",
        b"null",
        b"NULL",
        b"https://example.com",  # the suffix itself is not below it
        b"https://evil-example.com",
        b"https://evilexample.com",
        b"https://example.com.evil.net",
        b"https://shop.example.com.evil.net",
        b"https://evil.net/.example.com",
        b"https://evil.net?.example.com",
        b"https://evil.net#.example.com",
        b"https://evil.net\\.example.com",
        b"https://evil.net:443.example.com",
        b"https://evil.net%2f.example.com",
        b"https://user@a.example.com",
        b"https://a.example.com@evil.net",
        b"https://user:a.example.com",
        b"https://shop.example.com:443",
        b"https://shop.example.com:8443",
        b"https://a.example.com:80",
        b"https://a.dev.test",
        b"https://a.dev.test:84430",
        b"http://shop.example.com",
        b"http://a.example.com",
        b"http://localhost",
        b"http://localhost:30000",
        b"https://localhost:3000",
        b"wss://shop.example.com",
        b"ftp://a.example.com",
        b"shop.example.com",
        b"//shop.example.com",
        b"https:shop.example.com",
        b"HTTPS://shop.example.com",
        b"https://SHOP.example.com",
        b"https://a.EXAMPLE.com",
        b"https://shop.example.com.",
        b"https://a.example.com.",
        b"https://shop.example.com/",
        b"https://a.example.com/",
        b"https://.example.com",
        b"https://a..example.com",
        b"https://-.example.com",
        b"https://-a.example.com",
        b"https://a-.example.com",
        b"https://*.example.com",
        b"https://axexample.com",
        b"https://a.examplexcom",
        b"https://a .example.com",
        b" https://shop.example.com",
        b"https://shop.example.com ",
        b"https://shop.example.com\n",
        b"https://a.example.com\r\nX: y",
        b"https://a\x00.example.com",
        b"https://\xc3\xa9.example.com",
        b"https://shop.example.com, https://evil.net",
        b"https://shop.example.com https://evil.net",
        b"https://evil.net, https://a.example.com",
        b"https://" + b"a" * 400 + b".example.com",
        b"https://" + b"a." * 200 + b"example.com",
    ],
)
def test_refused(origin: bytes) -> None:
    """Look-alikes of any kind get no field, neither to a request nor to a preflight."""
    assert SHOP.judge(origin) is None
    assert SHOP.preflight(origin, b"GET", None) is None


LABEL = re.compile(rb"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?")


@given(st.text(st.sampled_from("ab-._:/@?#\\*A 0\n"), max_size=12), st.sampled_from(["", ".", "-", "x"]))
def test_wildcards_stand_for_labels(front: str, glue: str) -> None:
    """What stands before the suffix is labels and dots, or the origin is refused."""
    origin = f"https://{front}{glue}example.com".encode()
    labels = f"{front}{glue}".encode().split(b".")
    expected = len(labels) > 1 and labels.pop() == b"" and all(LABEL.fullmatch(label) for label in labels)
    assert (origin in Origins(["https://*.example.com"])) == expected


@given(st.binary(max_size=60))
def test_nothing_but_an_origin_is_echoed(origin: bytes) -> None:
    """Whatever a client calls its origin, no bytes of it get into the answer that were not in the configuration."""
    assert SHOP.judge(origin) is None


@pytest.mark.parametrize("glue", ["a", "-", "a-", "a.", "_"])
def test_time_is_bounded(glue: str) -> None:
    """An origin of any length is refused after looking at 320 bytes at most."""
    assert f"https://{glue * 100_000}".encode() not in Origins(["https://*.example.com"])
    assert f"https://{glue * 100}!".encode() not in Origins(["https://*.example.com"])


def test_preflight() -> None:
    """A preflight is told what is allowed, and which of its headers."""
    assert SHOP.preflight(b"https://a.example.com", b"PUT", b"authorization,x-team") == (
        b"Access-Control-Allow-Origin: https://a.example.com\r\n"
        b"Access-Control-Allow-Credentials: true\r\n"
        b"Access-Control-Allow-Methods: DELETE, GET, PUT\r\n"
        b"Access-Control-Max-Age: 600\r\n"
        b"Access-Control-Allow-Headers: authorization, x-team\r\n"
    )
    assert SHOP.preflight(b"https://a.example.com", b"GET", None) is not None
    assert SHOP.preflight(b"https://a.example.com", b"GET", b" , ,") is not None


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        (b"POST", None),
        (b"put", None),
        (b"", None),
        (b"PUT, POST", None),
        (b"PUT", b"x-other"),
        (b"PUT", b"authorization, x-other"),
        (b"PUT", b"x-team\r\nset-cookie: a"),
        (b"PUT", b"x team"),
        (b"PUT", b",".join([b"x-team"] * 66)),
    ],
)
def test_preflights_refused(method: bytes, headers: bytes | None) -> None:
    """A method or header that is not allowed gets no field at all."""
    assert SHOP.preflight(b"https://shop.example.com", method, headers) is None


def test_any_header() -> None:
    """With "*" every header may be sent, named one by one, as the literal leaves Authorization out."""
    policy = Cors(["https://a.test"], headers=["*"])
    lines = policy.preflight(b"https://a.test", b"GET", b"authorization, x-a")
    assert lines is not None
    assert lines.endswith(b"Access-Control-Allow-Headers: authorization, x-a\r\n")
    assert policy.preflight(b"https://a.test", b"GET", b"a b") is None
    assert policy.preflight(b"https://a.test", b"GET", b"\xff") is None


def test_any_origin() -> None:
    """With "*" the answer is the same for all and does not vary; null is included, credentials are not."""
    policy = Cors(["*"])
    assert policy.judge(b"https://whoever.test") == b"Access-Control-Allow-Origin: *\r\n"
    assert policy.judge(b"null") == b"Access-Control-Allow-Origin: *\r\n"
    assert not policy.varies
    assert SHOP.varies


def test_null() -> None:
    """The null origin is allowed only where it is listed."""
    assert Cors(["null"]).judge(b"null") == b"Access-Control-Allow-Origin: null\r\n"
    assert Cors(["null"]).judge(b"Null") is None


@pytest.mark.parametrize("origins", [["*"], ["null"], ["https://a.test", "*"], ["https://a.test", "null"]])
def test_credentials_need_named_origins(origins: list[str]) -> None:
    """Credentials for everyone are refused when the policy is made."""
    with pytest.raises(ValueError, match="credentials need origins by name"):
        Cors(origins, credentials=True)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "example.com",
        "https://",
        "https://*",
        "https://a.*.com",
        "https://*a.com",
        "https://*.*.com",
        "https://A.test",
        "https://a.test/",
        "https://a.test.",
        "https://a.test:443",
        "http://a.test:80",
        "https://a.test:0",
        "https://a.test:99999",
        "https://user@a.test",
        "https://*.10.0.0.1",
        "https://*.[::1]",
        "https://a.test\n",
        "null ",
    ],
)
def test_no_origins(origin: str) -> None:
    """What no browser would send as its origin is refused when the policy is made."""
    with pytest.raises(ValueError, match=r"not an origin|port that browsers|before an address"):
        Cors([origin])


@pytest.mark.parametrize("origin", ["http://[::1]:3000", "http://10.0.0.1", "https://localhost", "app://x"])
def test_origins(origin: str) -> None:
    """Addresses and schemes of apps are origins."""
    assert Cors([origin]).judge(origin.encode()) is not None


@pytest.mark.parametrize("text", ["", "x y", "a,b", "GET\r\n", "é"])
def test_no_names(text: str) -> None:
    """Methods and header names have to be tokens: nothing else may get into a field line."""
    with pytest.raises(ValueError, match="neither a method nor a header name"):
        Cors(["https://a.test"], methods=[text])
    with pytest.raises(ValueError, match="neither a method nor a header name"):
        Cors(["https://a.test"], headers=[text])
    with pytest.raises(ValueError, match="neither a method nor a header name"):
        Cors(["https://a.test"], expose=[text])


def test_is_preflight() -> None:
    """A preflight is an OPTIONS that asks: everything else goes to the service."""
    assert is_preflight(b"OPTIONS", b"https://a.test", b"GET")
    assert not is_preflight(b"OPTIONS", None, b"GET")
    assert not is_preflight(b"OPTIONS", b"https://a.test", None)
    assert not is_preflight(b"GET", b"https://a.test", b"GET")


@pytest.mark.parametrize(
    ("values", "wanted", "line"),
    [
        ([], b"Origin", b"Vary: Origin\r\n"),
        ([b"Accept-Encoding"], b"Origin", b"Vary: Origin\r\n"),
        ([b"accept-encoding,  ORIGIN"], b"Origin", b""),
        ([b"Accept", b"origin"], b"Origin", b""),
        ([b"*"], b"Origin", b""),
        ([b"Accept, *"], b"Origin", b""),
        ([b"X-Origin"], b"Origin", b"Vary: Origin\r\n"),
        ([], PREFLIGHT_VARY, b"Vary: " + PREFLIGHT_VARY + b"\r\n"),
        ([b"Origin"], PREFLIGHT_VARY, b"Vary: Access-Control-Request-Method, Access-Control-Request-Headers\r\n"),
    ],
)
def test_vary(values: list[bytes], wanted: bytes, line: bytes) -> None:
    """An answer varies by what it already says and by what we need, each name once."""
    assert vary_line(values, wanted) == line


@pytest.mark.parametrize(
    ("scheme", "authority", "origin"),
    [
        (b"https", b"Shop.Example", b"https://shop.example"),
        (b"https", b"shop.example:443", b"https://shop.example"),
        (b"https", b"shop.example:0443", b"https://shop.example"),
        (b"https", b"shop.example:80", b"https://shop.example:80"),
        (b"http", b"shop.example:80", b"http://shop.example"),
        (b"http", b"[::1]:8080", b"http://[::1]:8080"),
        (b"http", b"[::1]", b"http://[::1]"),
        (b"http", b"shop.example:", b"http://shop.example"),
    ],
)
def test_origin_of(scheme: bytes, authority: bytes, origin: bytes) -> None:
    """An authority's origin is in lower case, without the scheme's own port."""
    assert origin_of(scheme, authority) == origin
