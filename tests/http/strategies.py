"""Bytes of HTTP messages: valid ones, odd but legal ones, and valid ones damaged in a place or two."""

from __future__ import annotations

import string
from itertools import pairwise

from hypothesis import strategies as st

TOKEN = (string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~").encode()
SCARS = (
    b"\r", b"\n", b"\r\n", b"\x00", b" ", b"\t", b":", b"\x0b", b"\x7f", b"\x80", b"%", b"/", b"..", b"#", b"a", b",",
    b"\r\n ", b"\r\n\r\n", b"0", b";", b"HTTP/1.0", b"CONNECT ", b"\r\nHost: b", b"Content-Length: 1\r\n", b"chunked",
    b"Transfer-Encoding: chunked\r\n", b"_", b"close",
)  # fmt: skip

methods = st.sampled_from([b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE", b"PROPFIND"])
tokens = st.lists(st.sampled_from(TOKEN), min_size=1, max_size=12).map(bytes)
values = st.lists(st.sampled_from(bytes([9, *range(0x20, 0x7F), *range(0x80, 0x100)])), max_size=20).map(bytes)
paths = st.lists(st.sampled_from(b"/./abc%2eE;=~[|^"), max_size=12).map(lambda rest: b"/" + bytes(rest))
queries = st.just(b"") | st.lists(st.sampled_from(b'a=b&?/%"<^`{|}~'), max_size=8).map(lambda rest: b"?" + bytes(rest))
hosts = st.sampled_from([b"a", b"A.example", b"a.example.:80", b"192.0.2.1:8080", b"[2001:db8::1]", b"x_y"])
targets = st.one_of(
    st.builds(bytes.__add__, paths, queries),
    st.builds(b"http://%b%b%b".__mod__, st.tuples(hosts, paths, queries)),
    st.sampled_from([b"*", b"a:443", b"HTTP://a", b"http://a?b", b"ftp://a/", b"a", b"/a#b"]),
)

_well_known = st.sampled_from(
    [
        b"Accept: */*",
        b"accept-encoding:gzip, br",
        b"User-Agent:\t curl/8 \t",
        b"X-Empty:",
        b"Cookie: a=b; c=\xff",
        b"Authorization: Basic eDp5",
        b"Connection: keep-alive",
        b"Connection: close, X-Empty",
        b"Connection: , Upgrade ,,",
        b"Upgrade: websocket",
        b"Upgrade: h2c",
        b"HTTP2-Settings: x",
        b"Content-Length: 0",
        b"Content-Length: 007",
        b"Content-Length: 12",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: CHUNKED ",
        b"Transfer-Encoding: gzip, chunked",
        b"Expect: 100-Continue",
        b"X-Forwarded-For: 1.2.3.4",
        b"x_forwarded_for: 1.2.3.4",
        b"Keep-Alive: timeout=5",
        b"TE: trailers",
        b"X-Request-Timeout: 1.5",
        b"Date: Thu, 01 Jan 1970 00:00:00 GMT",
    ]
)
field_lines = st.one_of(
    _well_known,
    _well_known,
    st.builds(b"Host: %b".__mod__, hosts),
    st.builds(lambda name, value: name + b":" + value, tokens, values),
)


@st.composite
def sections(draw: st.DrawFn) -> bytes:
    """A header section without its last CRLF, mostly with one Host."""
    lines = draw(st.lists(field_lines, max_size=5))
    if draw(st.integers(0, 9)):
        lines.insert(draw(st.integers(0, len(lines))), b"Host: " + draw(hosts))
    return b"\r\n".join(lines)


@st.composite
def request_lines(draw: st.DrawFn) -> bytes:
    """A request line, mostly of HTTP/1.1."""
    version = draw(st.sampled_from([b"1.1", b"1.1", b"1.1", b"1.0"]))
    return b"%b %b HTTP/%b" % (draw(methods | tokens), draw(targets), version)


scars = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 2), st.sampled_from(SCARS) | st.just(b"")), max_size=2)


def damage(data: bytes, scars: list[tuple[int, int, bytes]]) -> bytes:
    """`data` with something put in, left out or replaced at the places that `scars` name."""
    for place, cut, scar in scars:
        at = place % (len(data) + 1)
        data = data[:at] + scar + data[at + cut :]
    return data


def damaged(whole: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """What `whole` makes, damaged in up to two places."""
    return st.builds(damage, whole, scars)


blocks = st.builds(lambda line, section: line + (b"\r\n" + section if section else b""), request_lines(), sections())


def split(data: bytes, places: list[int]) -> list[bytes]:
    """`data` in pieces, cut at `places` (taken modulo its length); none of them is empty."""
    cuts = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(cuts)]


def one_by_one(data: bytes) -> list[bytes]:
    """`data` byte by byte."""
    return [data[at : at + 1] for at in range(len(data))]
