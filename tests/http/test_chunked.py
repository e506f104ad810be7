"""The chunked coding: strict, and the same however its bytes arrive."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.guarded import GuardedNames
from gatewayd.core.reasons import HEAD_TOO_LARGE, MALFORMED_CHUNK, Refused
from gatewayd.http.chunked import ChunkedDecoder, encode, encode_last

from . import strategies


def decoded(pieces: Iterable[bytes], nominated: frozenset[bytes] = frozenset()) -> object:
    """What comes of `pieces`: data, trailers and rest, the reason of a refusal, or the data of an unfinished body."""
    decoder = ChunkedDecoder(nominated)
    data = b""
    rest = b""
    for piece in pieces:
        if decoder.finished:
            rest += piece
            continue
        try:
            data += decoder.feed(piece)
        except Refused as refused:
            return refused.reason
        if decoder.finished:
            rest = decoder.rest
    return (data, decoder.trailers, rest) if decoder.finished else data


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b"0\r\n\r\n", b""),
        (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", b"hello"),
        (b"00005\r\nhello\r\n000\r\n\r\n", b"hello"),
        (b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
        (b"a\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
        (b"2\r\n\r\n\r\n0\r\n\r\n", b"\r\n"),
        (b"5\r\n0\r\n\r\n\r\n0\r\n\r\n", b"0\r\n\r\n"),
        (b"1;a\r\nx\r\n0;b\r\n\r\n", b"x"),
        (b'1 ; a = "b;\\"c" ;d=e\r\nx\r\n0\r\n\r\n', b"x"),
        (b"1;a;b;c\t;\td\r\nx\r\n0\r\n\r\n", b"x"),
        (b'1;a="\xff\t"\r\nx\r\n0\r\n\r\n', b"x"),
    ],
)
def test_bodies(body: bytes, data: bytes) -> None:
    """Sizes in either case and with leading zeros; extensions are checked and dropped."""
    for rest in (b"", b"\r\n", b"GET / HTTP/1.1\r\n"):
        assert decoded([body + rest]) == (data, b"", rest)
        assert decoded(strategies.one_by_one(body + rest)) == (data, b"", rest)


@pytest.mark.parametrize(
    "body",
    [
        b"\r\n",
        b"x\r\n",
        b"-1\r\n",
        b"+1\r\n",
        b"0x1\r\n",
        b"1_0\r\n",
        b" 1\r\n",
        b"\t1\r\n",
        b"1 \r\n",
        b"1\t\r\n",
        b"1 1\r\n",
        b"1,1\r\n",
        b"\xb9\r\n",
        b"1\n",
        b"1\rx\r\n",
        b"1\x00\r\n",
        b"1\x0b\r\n",
        b"1;\r\n",
        b"1;;a\r\n",
        b"1;a=\r\n",
        b"1;=a\r\n",
        b'1;a="\r\n',
        b'1;a="b"c\r\n',
        b"1;a b\r\n",
        b"1;a\x00\r\n",
        b"1;a=\x80\r\n",
        b'1;a="\n"\r\n',
        b"1;a\n",
        b"1;a\rb\r\n",
        b"0" * 15 + b"1\r\n",
        b"f" * 16 + b"\r\n",
        b"1" + b"0" * 15 + b"\r\n",
        b"1\r\nxx",
        b"1\r\nx\n",
        b"1\r\nx\rx",
        b"1\r\nx0\r\n\r\n",
        b"1\r\n\r\n0\r\n\r\n",
        b"0\r\n\n",
        b"0\r\n\rx",
        b"0\r\nA\r\n",
        b"0\r\n: a\r\n",
        b"0\r\nA : b\r\n",
        b"0\r\n A: b\r\n",
        b"0\r\nA: b\r\n c\r\n",
        b"0\r\nA: b\n",
        b"0\r\nA: b\rc\r\n",
        b"0\r\nA: \x00\r\n",
        b"0\r\nA: \x7f\r\n",
        b"0\r\n0\r\n\r\n",
        b"1;" + b"a" * 255,
        b"0" * 300,
    ],
)
def test_malformed(body: bytes) -> None:
    """What the grammar does not allow is refused, whole or byte by byte, as soon as its line ends or grows too long."""
    assert decoded([body]) is MALFORMED_CHUNK
    assert decoded(strategies.one_by_one(body)) is MALFORMED_CHUNK


@pytest.mark.parametrize(
    "body", [b"", b"0", b"0\r", b"0\r\n", b"0\r\nA: b", b"5\r\nhel", b"5\r\nhello", b"5\r\nhello\r"]
)
def test_unfinished(body: bytes) -> None:
    """What may still become a body is waited for, its data handed on meanwhile."""
    data = body[3:8]
    for outcome in (decoded([body]), decoded(strategies.one_by_one(body))):
        assert outcome == (data if body.startswith(b"5") else b"")


def test_nothing_is_kept_back() -> None:
    """Data is handed on as it comes, however large its chunk is."""
    decoder = ChunkedDecoder()
    assert decoder.feed(b"fffffffffffffff\r\nab") == b"ab"
    assert decoder.announced == 0xFFFFFFFFFFFFFFF - 2
    assert decoder.feed(b"c" * 1000) == b"c" * 1000
    assert decoder.announced == 0xFFFFFFFFFFFFFFF - 1002


def test_announced() -> None:
    """The rest of a chunk is known from its size line on, and none is where no chunk is at hand."""
    decoder = ChunkedDecoder()
    for data, announced in ((b"", 0), (b"5", 0), (b"\r\n", 5), (b"ab", 3), (b"cde", 0), (b"\r\n", 0), (b"0\r\n", 0)):
        decoder.feed(data)
        assert decoder.announced == announced
    decoder.feed(b"\r\n")
    assert (decoder.finished, decoder.announced) == (True, 0)


def test_trailers() -> None:
    """Trailer fields are forwarded in order, in one form; empty ones too."""
    body = b"0\r\nA:b\r\nX-Sum: \t1 2\t\r\nA:\r\n\r\nrest"
    expected = (b"", b"A: b\r\nX-Sum: 1 2\r\nA: \r\n", b"rest")
    assert decoded([body]) == decoded(strategies.one_by_one(body)) == expected


@pytest.mark.parametrize(
    "name",
    [
        b"Content-Length",
        b"TRANSFER-ENCODING",
        b"Transfer_Encoding",
        b"Host",
        b"Connection",
        b"TE",
        b"Trailer",
        b"Upgrade",
        b"Expect",
        b"Authorization",
        b"Cookie",
        b"Set-Cookie",
        b"Content-Type",
        b"Via",
        b"Forwarded",
        b"X-Forwarded-For",
        b"x_forwarded_host",
        b"X-Forwarded-Prefix",
        b"X-Forwarded-Server",
        b"X-Real-Ip",
        b"X-Request-Id",
        b"HTTP2-Settings",
    ],
)
def test_forbidden_trailers(name: bytes) -> None:
    """Fields that frame, route, authenticate or say who asks are dropped from trailers (RFC 9110 section 6.5.1)."""
    assert decoded([b"0\r\nA: 1\r\n" + name + b": 5\r\nB: 2\r\n\r\n"]) == (b"", b"A: 1\r\nB: 2\r\n", b"")


def test_nominated_trailers() -> None:
    """What Connection nominates is for one hop only, also behind the body (RFC 9110 section 7.6.1)."""
    body = b"0\r\nX-Hop: 1\r\nx-sum: 2\r\nx-hop: 3\r\n\r\n"
    assert decoded([body], frozenset({b"x-hop"})) == (b"", b"x-sum: 2\r\n", b"")


def test_guarded_trailers() -> None:
    """What only the gateway may write stands in no trailer either: some servers take those for headers."""
    decoder = ChunkedDecoder(guarded=GuardedNames().match)
    assert decoder.feed(b"0\r\nX-Tenant-Id: 1\r\nx_user.ID: 2\r\nX-Internal-A: 3\r\nX-Tenant: 4\r\n\r\n") == b""
    assert decoder.trailers == b"X-Tenant: 4\r\n"


@pytest.mark.parametrize("lines", [b"A: " + b"b" * 8190, b"A: b\r\n" * 2100, b"A:\r\n" * 4100])
def test_too_many_trailers(lines: bytes) -> None:
    """A trailer section is bounded, as one line and as many."""
    body = b"0\r\n" + lines
    assert decoded([body]) is HEAD_TOO_LARGE
    assert decoded(strategies.split(body, list(range(0, len(body), 97)))) is HEAD_TOO_LARGE


@pytest.mark.parametrize("size", [253, 254, 255, 256])
def test_longest_size_line(size: int) -> None:
    """A size line has up to 255 bytes and a CR, whichever way it comes."""
    body = b"1;" + b"a" * (size - 2) + b"\r\nx\r\n0\r\n\r\n"
    expected: object = (b"x", b"", b"") if size < 256 else MALFORMED_CHUNK
    assert decoded([body]) == decoded(strategies.one_by_one(body)) == expected


places = st.lists(st.integers(0, 300), max_size=5)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A chunked body with extensions and trailers."""
    extension = st.sampled_from([b"", b"", b";a", b' ; a="\\"\t"', b";a=b;c"])
    body = b""
    for data in draw(st.lists(st.binary(min_size=1, max_size=20), max_size=4)):
        body += b"%x%b\r\n%b\r\n" % (len(data), draw(extension), data)
    lines = draw(st.lists(strategies.field_lines, max_size=2))
    return body + b"0" + draw(extension) + b"\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


@given(
    body=bodies(),
    scars=strategies.scars,
    behind=st.binary(max_size=4),
    places=st.lists(st.integers(0, 300), max_size=5),
)
def test_arrival_changes_nothing(
    body: bytes, scars: list[tuple[int, int, bytes]], behind: bytes, places: list[int]
) -> None:
    """Whole, byte by byte or in any pieces: the same data, trailers and rest, or the same refusal."""
    stream = strategies.damage(body, scars) + behind
    whole = decoded([stream])
    assert decoded(strategies.one_by_one(stream)) == whole
    assert decoded(strategies.split(stream, places)) == whole
    assert decoded([b"", *strategies.split(stream, places), b""]) == whole


@given(
    pieces=st.lists(st.binary(min_size=1, max_size=70), max_size=5), places=st.lists(st.integers(0, 300), max_size=5)
)
def test_round_trip(pieces: list[bytes], places: list[int]) -> None:
    """What is encoded is decoded to the same data and trailers, however it travels."""
    body = b"".join(encode(piece) for piece in pieces) + encode_last(b"A: b\r\n") + b"rest"
    assert decoded(strategies.split(body, places)) == (b"".join(pieces), b"A: b\r\n", b"rest")
