"""The chunked transfer coding (RFC 9112 section 7.1), both ways; strict, and indifferent to how the bytes arrive."""

from __future__ import annotations

import re
from collections.abc import Callable

from gatewayd.core.reasons import HEAD_TOO_LARGE, MALFORMED_CHUNK, Refused

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_QUOTED = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"'
# Groups are repeated without possessive quantifiers, see gatewayd.core.target; every round has one way to match.
# 15 digits keep the size below 2**60; the extension grammar is the RFC's, its content is not forwarded.
_SIZE_LINE = re.compile(
    rb"([0-9A-Fa-f]{1,15})(?:[ \t]*+;[ \t]*+"
    + _TOKEN
    + rb"(?:[ \t]*+=[ \t]*+(?:"
    + _TOKEN
    + rb"|"
    + _QUOTED
    + rb"))?)*"
)
_TRAILER = re.compile(rb"(" + _TOKEN + rb"):([\t\x20-\x7e\x80-\xff]*+)")
_LONGEST_LINE = 256  # a size and its extensions; h11 allows 20 digits, Node 16 KiB in all
_LONGEST_TRAILERS = 8192

# Fields that change how a message is framed, routed or who it comes from; RFC 9110 section 6.5.1 forbids them here.
_NOT_IN_TRAILERS = frozenset(
    b"""authorization connection content-encoding content-length content-range content-type cookie expect forwarded host
    keep-alive max-forwards proxy-authenticate proxy-authorization proxy-connection set-cookie te trailer
    transfer-encoding upgrade via www-authenticate x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto
    http2-settings x-forwarded-prefix x-forwarded-server x-real-ip x-request-id x-request-timeout
    grpc-timeout""".split()
)
_NONE: frozenset[bytes] = frozenset()


def encode(data: bytes) -> bytes:
    """`data` (not empty) as one chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def encode_last(trailers: bytes) -> bytes:
    """The last chunk and the trailer section; `trailers` are whole field lines."""
    return b"0\r\n%b\r\n" % trailers


class ChunkedDecoder:
    """Takes a body's bytes as they come and gives its data.

    `feed` returns what the bytes decode to (possibly nothing). Once `finished`, `rest` holds the bytes behind the body
    and `trailers` the field lines that may be forwarded: those that Connection nominates, `nominated`, may not (RFC
    9110 section 7.6.1), nor those whose names (lower case) are `guarded`, which some servers would take for headers.
    Raises `Refused(MALFORMED_CHUNK)` at the first line that cannot belong to a chunked body.
    """

    __slots__ = ("_buffer", "_guarded", "_left", "_nominated", "_seen", "_trailing", "finished", "rest", "trailers")

    def __init__(
        self, nominated: frozenset[bytes] = _NONE, guarded: Callable[[bytes], object] = lambda name: None
    ) -> None:
        self._nominated = nominated
        self._guarded = guarded
        self._buffer = b""
        self._left = -1  # bytes to come of this chunk's data; 0: its CRLF; -1: a size line
        self._seen = 0
        self._trailing = False
        self.finished = False
        self.rest = b""
        self.trailers = b""

    @property
    def announced(self) -> int:
        """How many more bytes the chunk at hand has, by its size."""
        return max(self._left, 0)

    def feed(self, data: bytes) -> bytes:
        """The body data in `data` and in what was kept from earlier calls."""
        if self._left > len(data):  # the middle of a large chunk
            self._left -= len(data)
            return data
        if self._buffer:
            data = self._buffer + data
            self._buffer = b""
        pieces: list[bytes] = []
        at = 0
        while True:
            if self._left > 0:
                piece = data[at : at + self._left]
                at += len(piece)
                self._left -= len(piece)
                pieces.append(piece)
                if self._left:
                    break
            if self._left == 0:
                ending = data[at : at + 2]
                if ending != b"\r\n":
                    if ending not in (b"", b"\r"):
                        raise Refused(MALFORMED_CHUNK, "A chunk's data does not end where its size says.")
                    self._buffer = ending
                    break
                at += 2
                self._left = -1
            end = data.find(b"\n", at)
            line = data[at:end] if end >= 0 else data[at:]
            self._bound(line)
            if end < 0:
                self._buffer = line
                break
            if not line.endswith(b"\r"):
                raise Refused(MALFORMED_CHUNK, "A line of the chunked body ends without CRLF.")
            at = end + 1
            if self._trailing:
                if self._trailer(line[:-1]):
                    self.rest = data[at:]
                    break
            else:
                self._left = self._size(line[:-1])
                if not self._left:
                    self._trailing, self._left = True, -1
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _bound(self, line: bytes) -> None:
        """Refuse a line that holds a bare CR or grows beyond its bound, whichever comes first."""
        longest = _LONGEST_TRAILERS if self._trailing else _LONGEST_LINE
        cr = line.find(b"\r", 0, longest)
        if 0 <= cr < len(line) - 1:
            raise Refused(MALFORMED_CHUNK, "A line of the chunked body contains a bare CR.")
        if len(line) > longest:
            raise Refused(
                HEAD_TOO_LARGE if self._trailing else MALFORMED_CHUNK, "A line of the chunked body is too long."
            )

    def _size(self, line: bytes) -> int:
        """The size in a size line."""
        match = _SIZE_LINE.fullmatch(line)
        if match is None:
            raise Refused(MALFORMED_CHUNK, "A chunk's size line is malformed.")
        return int(match[1], 16)

    def _trailer(self, line: bytes) -> bool:
        """Take one line of the trailer section; True at its end. Fields not allowed here are dropped."""
        if not line:
            self.finished = True
            return True
        self._seen += len(line)
        match = _TRAILER.fullmatch(line)
        if match is None:
            raise Refused(MALFORMED_CHUNK, "A trailer field is malformed.")
        if self._seen > _LONGEST_TRAILERS:
            raise Refused(HEAD_TOO_LARGE, "The trailer section is too large.")
        name, value = match.groups()
        plain = name.lower()
        forbidden = plain.replace(b"_", b"-") in _NOT_IN_TRAILERS or plain in self._nominated
        if not forbidden and not self._guarded(plain):
            self.trailers += b"%b: %b\r\n" % (name, value.strip(b" \t"))
        return False
