"""Responses as they are written: one framing each, and no more writes than needed."""

from __future__ import annotations

import pytest
from twisted.internet.testing import StringTransport

from gatewayd.http.writer import Framing, ResponseWriter

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class Counting(StringTransport):
    """Keeps every write."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.writes: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Keep it."""
        self.writes.append(data)
        super().write(data)  # type: ignore[no-untyped-call]

    def loseWriteConnection(self) -> None:
        """Part of every transport; nothing here closes."""


def written(framing: Framing, *pieces: bytes, trailers: bytes = b"") -> list[bytes]:
    """The writes that a response of `pieces` takes."""
    transport = Counting()
    writer = ResponseWriter(transport)
    writer.begin(HEAD, framing)
    for piece in pieces:
        writer.write(piece)
    writer.end(trailers)
    return transport.writes


@pytest.mark.parametrize(
    ("framing", "pieces", "expected"),
    [
        (Framing.LENGTH, [b"ab", b"c"], [HEAD + b"ab", b"c"]),
        (Framing.LENGTH, [], [HEAD]),
        (Framing.CLOSE, [b"ab", b"c"], [HEAD + b"ab", b"c"]),
        (Framing.CHUNKED, [b"ab", b"c" * 16], [HEAD + b"2\r\nab\r\n", b"10\r\n" + b"c" * 16 + b"\r\n", b"0\r\n\r\n"]),
        (Framing.CHUNKED, [], [HEAD + b"0\r\n\r\n"]),
        (Framing.NONE, [b"ab", b"c"], [HEAD]),
    ],
)
def test_framings(framing: Framing, pieces: list[bytes], expected: list[bytes]) -> None:
    """The head leaves with the first of the body; a response without one drops what is written to it."""
    assert written(framing, *pieces) == expected


def test_trailers() -> None:
    """Trailers stand behind the last chunk, and nowhere else."""
    assert written(Framing.CHUNKED, trailers=b"A: b\r\n") == [HEAD + b"0\r\nA: b\r\n\r\n"]
    assert written(Framing.LENGTH, b"a", trailers=b"A: b\r\n") == [HEAD + b"a"]
    assert written(Framing.NONE, trailers=b"A: b\r\n") == [HEAD]


def test_large_pieces_are_not_copied() -> None:
    """More than 16 KiB of body are written as they are, behind their head."""
    large = bytes(16385)
    writes = written(Framing.LENGTH, large)
    assert writes == [HEAD, large]
    assert writes[1] is large


def test_flush() -> None:
    """A head whose body takes its time can be sent ahead, once."""
    transport = Counting()
    writer = ResponseWriter(transport)
    writer.begin(HEAD, Framing.LENGTH)
    assert transport.writes == []
    writer.flush()
    writer.flush()
    writer.write(b"a")
    writer.end()
    assert transport.writes == [HEAD, b"a"]


def test_what_it_remembers() -> None:
    """A writer knows whether a response has begun, and how many bytes of body it sent, until it is reset."""
    writer = ResponseWriter(Counting())
    assert (writer.started, writer.sent) == (False, 0)
    writer.begin(HEAD, Framing.CHUNKED)
    assert (writer.started, writer.sent) == (True, 0)
    writer.write(b"abc")
    writer.end()
    assert (writer.started, writer.sent) == (True, 3)
    writer.reset()
    assert (writer.started, writer.sent) == (False, 0)
    writer.begin(HEAD, Framing.NONE)
    writer.write(b"dropped")
    assert writer.sent == 0
