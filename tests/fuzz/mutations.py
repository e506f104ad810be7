"""Messages to feed: the corpus of tests/wire, cut up, spliced and spiced with what parsers stumble over."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

SPICES = (
    b"\r\n",
    b"\n",
    b"\r",
    b"\x00",
    b"\x0b",
    b" ",
    b"\t",
    b":",
    b"\r\n ",
    b"\r\n\r\n",
    b"0\r\n\r\n",
    b"%2f",
    b"%2e",
    b"..",
    b"//",
    b"/",
    b"\xff",
    b"5",
    b"-1",
    b"0x10",
    b"ffffffffffffffff",
    b";a=b",
    b"Content-Length: 5\r\n",
    b"Content-Length: 0\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: identity\r\n",
    b"Connection: close, x-forwarded-for\r\n",
    b"Host: b\r\n",
    b"HTTP/1.0",
    b"HTTP/2.0",
    b"Expect: 100-continue\r\n",
    b"Upgrade: h2c\r\n",
)


@st.composite
def messages(draw: st.DrawFn, corpus: Sequence[bytes]) -> bytes:
    """One to three messages of `corpus` in a row, each mutated up to four times."""
    return b"".join(draw(st.lists(_mutated(corpus), min_size=1, max_size=3)))


@st.composite
def _mutated(draw: st.DrawFn, corpus: Sequence[bytes]) -> bytes:
    data = draw(st.sampled_from(corpus))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        kind = draw(st.sampled_from(("insert", "cut", "replace", "flip", "splice")))
        spice = draw(st.sampled_from(SPICES))
        if kind == "insert":
            data = data[:at] + spice + data[at:]
        elif kind == "cut":
            data = data[:at] + data[at + draw(st.integers(1, 8)) :]
        elif kind == "replace":
            data = data[:at] + spice + data[at + len(spice) :]
        elif kind == "flip" and at < len(data):
            data = data[:at] + bytes((data[at] ^ (1 << draw(st.integers(0, 7))),)) + data[at + 1 :]
        else:
            other = draw(st.sampled_from(corpus))
            data = data[:at] + other[draw(st.integers(0, len(other))) :]
    return data


def pieces(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    """`data` cut at `cuts`, modulo its length; none of the pieces is empty."""
    if not data:
        return []
    places = sorted({cut % len(data) for cut in cuts} - {0})
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


CUTS = st.lists(st.integers(0, 1 << 16), max_size=6)
