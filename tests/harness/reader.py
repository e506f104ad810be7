"""Reads HTTP/1 messages from a stream of bytes, strictly: whatever is not exactly valid raises `Garbled`.

Kept apart from the gateway's own parser on purpose: a second opinion that shares no code with what it judges.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Fields = tuple[tuple[bytes, bytes], ...]

_VISIBLE = rb"\x21-\x7e\x80-\xff"
_FIELD = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*((?:["
    + _VISIBLE
    + rb"](?:[\t "
    + _VISIBLE
    + rb"]*["
    + _VISIBLE
    + rb"])?)?)[ \t]*"
)
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:;[\t \x21-\x7e\x80-\xff]*)?")
_HEAD_LIMIT = 4 << 20


class Garbled(AssertionError):
    """The bytes are not the HTTP they should be."""


class Ended(Exception):
    """The stream ended in the middle of something; `partial` is what had come of it."""

    def __init__(self, partial: bytes = b"") -> None:
        super().__init__(f"the stream ended after {len(partial)} bytes of it")
        self.partial = partial


@dataclass(frozen=True, slots=True)
class Head:
    """A start line and fields, names in lower case, and the very bytes they came as."""

    start_line: bytes
    fields: Fields
    raw: bytes

    def get_all(self, name: bytes) -> list[bytes]:
        """Every value of the field `name` (lower case)."""
        return [value for key, value in self.fields if key == name]

    def get(self, name: bytes) -> bytes | None:
        """The only value of the field `name`, None without one; a repeated field is an error."""
        values = self.get_all(name)
        if len(values) > 1:
            raise Garbled(f"{name!r} is there {len(values)} times: {values!r}")
        return values[0] if values else None


@dataclass(frozen=True, slots=True)
class Framing:
    """How a body is delimited: `kind` is none, length, chunked or close; `length` counts only with length."""

    kind: str
    length: int = 0


def parse_fields(block: bytes) -> Fields:
    """Splits a field block (each line ended by CRLF) into lower-case names and values; raises `Garbled`."""
    fields = []
    for line in block.split(b"\r\n")[:-1]:
        match = _FIELD.fullmatch(line)
        if match is None:
            raise Garbled(f"not a field line: {line!r}")
        fields.append((match[1].lower(), match[2]))
    return tuple(fields)


def framing_of(head: Head, *, default: Framing) -> Framing:
    """How the body behind `head` is framed; `default` where neither field says. Raises `Garbled` if it is ambiguous."""
    coding, length = head.get(b"transfer-encoding"), head.get(b"content-length")
    if coding is not None and length is not None:
        raise Garbled(f"both Content-Length and Transfer-Encoding: {head.raw!r}")
    if coding is not None:
        if coding != b"chunked":
            raise Garbled(f"Transfer-Encoding: {coding!r}")
        return Framing("chunked")
    if length is not None:
        if not re.fullmatch(rb"[0-9]{1,18}", length):
            raise Garbled(f"Content-Length: {length!r}")
        return Framing("length", int(length)) if int(length) else Framing("none")
    return default


class ByteReader:
    """Takes messages off a stream. `receive` returns some bytes, b"" at the end; its own errors pass through."""

    def __init__(self, receive: Callable[[], bytes]) -> None:
        self._receive = receive
        self.buffer = bytearray()
        self.trailers: Fields = ()

    def fill(self) -> bool:
        """Receives once; False at the end of the stream."""
        data = self._receive()
        self.buffer += data
        return bool(data)

    def take(self, count: int) -> bytes:
        """Removes `count` buffered bytes."""
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    def until(self, delimiter: bytes) -> bytes:
        """Everything up to and with `delimiter`; raises `Ended`, or `Garbled` if it does not come."""
        searched = 0
        while (at := self.buffer.find(delimiter, searched)) < 0:
            searched = max(0, len(self.buffer) - len(delimiter) + 1)
            if len(self.buffer) > _HEAD_LIMIT:
                raise Garbled(f"no {delimiter!r} in {len(self.buffer)} bytes")
            if not self.fill():
                raise Ended(self.take(len(self.buffer)))
        return self.take(at + len(delimiter))

    def exactly(self, count: int) -> bytes:
        """The next `count` bytes; raises `Ended`."""
        while len(self.buffer) < count:
            if not self.fill():
                raise Ended(self.take(len(self.buffer)))
        return self.take(count)

    def head(self) -> Head | None:
        """The next head, or None where the stream ends cleanly before it."""
        while not self.buffer:
            if not self.fill():
                return None
        raw = self.until(b"\r\n\r\n")
        start_line, _, block = raw[:-2].partition(b"\r\n")
        if re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", start_line):
            raise Garbled(f"a control character in the start line: {start_line!r}")
        return Head(start_line, parse_fields(block), raw)

    def pieces(self, framing: Framing) -> Iterator[bytes]:
        """The body as it comes, decoded; `trailers` is set at its end. Raises `Ended` where it is cut short."""
        self.trailers = ()
        if framing.kind == "length":
            yield from self._counted(framing.length)
        elif framing.kind == "chunked":
            yield from self._chunks()
        elif framing.kind == "close":
            while self.buffer or self.fill():
                yield self.take(len(self.buffer))

    def _counted(self, count: int) -> Iterator[bytes]:
        while count:
            if not self.buffer and not self.fill():
                raise Ended
            piece = self.take(min(count, len(self.buffer)))
            count -= len(piece)
            yield piece

    def _chunks(self) -> Iterator[bytes]:
        while True:
            line = self.until(b"\r\n")[:-2]
            match = _CHUNK_SIZE.fullmatch(line)
            if match is None:
                raise Garbled(f"not a chunk size: {line[:80]!r}")
            if not (size := int(match[1], 16)):
                break
            yield from self._counted(size)
            if (end := self.exactly(2)) != b"\r\n":
                raise Garbled(f"{end!r} behind a chunk")
        lines = []
        while (line := self.until(b"\r\n")) != b"\r\n":
            lines.append(line)
        self.trailers = parse_fields(b"".join(lines))
