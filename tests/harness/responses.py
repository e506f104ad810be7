"""A response as the client saw it, and the rules that say where it ends (RFC 9112 section 6.3)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .reader import ByteReader, Ended, Fields, Framing, Garbled, Head, framing_of

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2}) ([\t \x21-\x7e\x80-\xff]*)")


@dataclass(frozen=True, slots=True)
class Response:
    """One final response. `complete` is False where the connection ended in the middle of its body."""

    status: int
    reason: bytes
    minor: int
    head: Head
    framing: Framing
    body: bytes
    trailers: Fields
    complete: bool
    interim: tuple[Head, ...] = ()

    def get(self, name: bytes) -> bytes | None:
        """The only value of the field `name` (lower case), or None."""
        return self.head.get(name)

    def get_all(self, name: bytes) -> list[bytes]:
        """Every value of the field `name` (lower case)."""
        return self.head.get_all(name)

    @property
    def problem(self) -> dict[str, Any]:
        """The problem document (RFC 9457) in the body; raises `Garbled` where there is none."""
        if self.get(b"content-type") != b"application/problem+json":
            raise Garbled(f"not a problem document: {self.head.raw!r} {self.body[:200]!r}")
        document = json.loads(self.body)
        if not isinstance(document, dict):
            raise Garbled(f"not a problem document: {self.body!r}")
        return document


@dataclass(frozen=True, slots=True)
class ResponseStart:
    """A final response's head, the interim heads before it, and how its body is framed."""

    status: int
    reason: bytes
    minor: int
    head: Head
    framing: Framing
    interim: tuple[Head, ...]


def status_of(head: Head) -> tuple[int, bytes, int]:
    """Status, phrase and minor version of a status line; raises `Garbled`."""
    match = _STATUS_LINE.fullmatch(head.start_line)
    if match is None:
        raise Garbled(f"not a status line: {head.start_line!r}")
    return int(match[2]), match[3], int(match[1])


def read_start(reader: ByteReader, method: bytes = b"GET", *, stop_at_interim: bool = False) -> ResponseStart:
    """Reads the next final head (or the next head at all) answering a `method` request; raises `Ended`."""
    interim: list[Head] = []
    while True:
        head = reader.head()
        if head is None:
            raise Ended
        status, reason, minor = status_of(head)
        if 100 <= status < 200 and status != 101:
            if framing_of(head, default=Framing("none")).kind != "none":
                raise Garbled(f"an interim response with a body: {head.raw!r}")
            if not stop_at_interim:
                interim.append(head)
                continue
        framing = framing_of(head, default=Framing("close"))
        if method == b"HEAD" or status < 200 or status in (204, 304) or (method == b"CONNECT" and status < 300):
            if status in (101, 204) and (head.get(b"content-length") or head.get(b"transfer-encoding")):
                raise Garbled(f"{status} with a framing field: {head.raw!r}")
            framing = Framing("none")
        return ResponseStart(status, reason, minor, head, framing, tuple(interim))


def read_response(reader: ByteReader, method: bytes = b"GET") -> Response:
    """Reads the next whole response; one whose body is cut short comes back with `complete` False."""
    start = read_start(reader, method)
    body = bytearray()
    complete = True
    try:
        for piece in reader.pieces(start.framing):
            body += piece
    except (Ended, ConnectionError):
        complete = False
    return Response(
        start.status,
        start.reason,
        start.minor,
        start.head,
        start.framing,
        bytes(body),
        reader.trailers,
        complete,
        start.interim,
    )


def read_all(data: bytes, methods: tuple[bytes, ...] = (b"GET",)) -> Iterator[Response]:
    """Every response in `data`, which was all there came; the n-th answers the n-th of `methods` (then GET)."""
    pieces = [data]
    reader = ByteReader(lambda: pieces.pop() if pieces else b"")
    count = 0
    while reader.buffer or reader.fill():
        yield read_response(reader, methods[count] if count < len(methods) else b"GET")
        count += 1
