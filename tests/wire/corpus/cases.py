"""What a case of the corpus is, and the words its payloads are written in.

Every payload carries `MARK`, replaced by a token of the same length that is unique to the run of the case, so that a
single byte of it at the upstream is found, and its Content-Length stays right.
"""

from __future__ import annotations

from dataclasses import dataclass

MARK = b"MARKMARK"
HOST = b"Host: gw.test"
# The request hidden behind a refused one: it must be neither forwarded nor answered.
SMUGGLED = b"GET /smuggled-" + MARK + b" HTTP/1.1\r\n" + HOST + b"\r\n\r\n"
# A body byte sequence that only a gateway that goes on after the error would forward.
EVIL = b"evil-" + MARK


@dataclass(frozen=True, slots=True)
class Refusal:
    """Bytes that must be refused: one of `statuses`, a problem document, then the end of the connection.

    `tail` follows the payload. With `in_body` the head is fine and the refusal comes while the body streams: then the
    upstream may have seen a beginning, which it must also have seen aborted.
    """

    id: str
    why: str
    payload: bytes
    statuses: tuple[int, ...] = (400,)
    tail: bytes = SMUGGLED
    in_body: bool = False


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Bytes that are legal, if odd: the upstream must receive exactly this, and once.

    `target` lists what it may be asked for (first the expected form; others are equivalent, RFC 3986 section 6.2.2).
    `present` are field lines it must see (name in lower case), `absent` names it must not. With `or_refused` a
    refusal is as good: the RFC lets a strict recipient reject it.
    """

    id: str
    why: str
    payload: bytes
    target: tuple[bytes, ...] = (b"/" + MARK,)
    method: bytes = b"GET"
    body: bytes = b""
    present: tuple[bytes, ...] = ()
    absent: tuple[bytes, ...] = ()
    trailers: tuple[bytes, ...] = ()
    host: bytes = b"gw.test"
    closes: bool = False
    or_refused: bool = False


def request(
    *lines: bytes,
    method: bytes = b"GET",
    target: bytes = b"/" + MARK,
    version: bytes = b"HTTP/1.1",
    host: bytes | None = HOST,
    body: bytes = b"",
) -> bytes:
    """A request of these field lines, well-formed where the arguments are."""
    start = b" ".join((method, target, version))
    fields = lines if host is None else (host, *lines)
    return b"".join(line + b"\r\n" for line in (start, *fields)) + b"\r\n" + body


def post(*lines: bytes, body: bytes = b"", version: bytes = b"HTTP/1.1") -> bytes:
    """A POST of these field lines and this body, whatever the fields say about it."""
    return request(*lines, method=b"POST", version=version, body=body)


def chunked(body: bytes, *lines: bytes) -> bytes:
    """A POST whose chunked body is `body`, as it stands."""
    return post(b"Transfer-Encoding: chunked", *lines, body=body)


def chunk(data: bytes) -> bytes:
    """One clean chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST = b"0\r\n\r\n"
EVIL_CHUNKS = chunk(EVIL) + LAST


def token(serial: int) -> bytes:
    """A replacement of `MARK`, of its length."""
    return b"m%07d" % serial
