"""What a client was sent, read as answers: whole ones, and whether the last one is."""

from __future__ import annotations

from collections.abc import Sequence


class Garbled(Exception):
    """The bytes are no answers, or there are more of them than requests."""


def read_answers(data: bytes, methods: Sequence[bytes]) -> bool:
    """Whether `data` ends where an answer ends. `methods` are those of the requests, in order.

    Interim answers belong to the answer behind them; behind a 101 everything is allowed. Raises `Garbled`.
    """
    left = list(methods)
    while data:
        head, end, data = data.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 "):
            raise Garbled(head)
        if not end:
            return False
        status = int(head.split(b" ", 2)[1])
        if status == 101:
            return True
        if 100 <= status < 200:
            if not data:
                return False
            continue
        if not left:
            raise Garbled("an answer to no request")
        method = left.pop(0)
        # Where no request was understood, nobody knows that it was to be HEAD.
        bodiless = status in (204, 304) or (method == b"HEAD" and not data.startswith(b'{"type":'))
        rest = _behind_body(head, data, bodiless=bodiless)
        if rest is None:
            return False
        data = rest
    return True


def _behind_body(head: bytes, data: bytes, *, bodiless: bool) -> bytes | None:
    """What follows the body; None where the body is incomplete."""
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    if bodiless:
        return data
    if fields.get(b"transfer-encoding") == b"chunked":
        return _behind_chunks(data)
    length = int(fields[b"content-length"])
    return data[length:] if len(data) >= length else None


def _behind_chunks(data: bytes) -> bytes | None:
    """What follows the chunks and trailers."""
    while True:
        line, end, data = data.partition(b"\r\n")
        if not end:
            return None
        size = int(line, 16)
        if size:
            if len(data) < size + 2:
                return None
            if data[size : size + 2] != b"\r\n":
                raise Garbled(data)
            data = data[size + 2 :]
            continue
        while True:
            line, end, data = data.partition(b"\r\n")
            if not end:
                return None
            if not line:
                return data
