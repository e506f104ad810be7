"""The Redis protocol, version 2, as bytes (https://redis.io/docs/latest/develop/reference/protocol-spec/).

txredisapi has a parser as well. It takes a turn of the reactor for every value that is longer than a line, and so
loses what is gained by sending many calls at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from gatewayd.stores.interface import Argument, Reply

LONGEST_LINE = 64 << 10  # bytes, as Redis itself has it for lines it reads
LARGEST_VALUE = 512 << 20  # bytes, `proto-max-bulk-len` of Redis
_DEEPEST = 32  # arrays within arrays

_INTEGER, _VALUE, _ARRAY, _STATUS, _ERROR = b":$*+-"


class Garbled(Exception):
    """Whoever speaks there is no Redis."""


class Refusal:
    """An error that Redis answered with: `text` begins with its code."""

    __slots__ = ("text",)

    def __init__(self, text: bytes) -> None:
        self.text = text.decode("utf-8", "backslashreplace")

    @property
    def code(self) -> str:
        """The first word, such as `NOSCRIPT`."""
        return self.text.partition(" ")[0]


Answer: TypeAlias = "Reply | Refusal"


def encode(*words: Argument) -> bytes:
    """A command."""
    return b"*%d\r\n" % len(words) + b"".join(map(_word, words))


def encode_more(begun: bytes, words: Iterable[Argument]) -> bytes:
    """The command of which `begun` is the head, its number of words included."""
    return begun + b"".join(map(_word, words))


def _word(word: Argument) -> bytes:
    text = word if isinstance(word, bytes) else b"%d" % word
    return b"$%d\r\n%b\r\n" % (len(text), text)


class Answers:
    """Makes answers of the bytes of a connection, however they are cut."""

    __slots__ = ("_arrays", "_missing", "_parts")

    def __init__(self) -> None:
        self._parts: list[bytes] = []  # that are not read yet
        self._missing = 0  # bytes that must come before it is worth a look
        self._arrays: list[tuple[list[Answer], int]] = []  # begun ones, with their lengths

    def feed(self, data: bytes) -> list[Answer]:
        """The answers that are complete with `data`. Raises `Garbled`, and is of no use afterwards."""
        if self._parts:
            self._parts.append(data)
            self._missing -= len(data)
            if self._missing > 0:
                return []
            data = b"".join(self._parts)
            self._parts.clear()
        try:
            return self._read(data)
        except ValueError:
            raise Garbled("a length or number is none") from None

    def _read(self, data: bytes) -> list[Answer]:
        answers: list[Answer] = []
        arrays = self._arrays
        at, end = 0, len(data)
        answer: Answer
        while at < end:
            stop = data.find(b"\r\n", at)
            if stop < 0:
                if end - at > LONGEST_LINE:
                    raise Garbled("a line does not end")
                self._keep(data, at, 1)
                break
            kind = data[at]
            after = stop + 2
            if kind == _INTEGER:
                answer = int(data[at + 1 : stop])
            elif kind == _VALUE:
                length = int(data[at + 1 : stop])
                if length < 0:
                    answer = None
                elif length > LARGEST_VALUE:
                    raise Garbled("a value is too large")
                else:
                    begin, after = after, after + length + 2
                    if after > end:
                        self._keep(data, at, after - end)
                        break
                    answer = data[begin : after - 2]
            elif kind == _ARRAY:
                length = int(data[at + 1 : stop])
                if length > 0:
                    if len(arrays) == _DEEPEST:
                        raise Garbled("arrays lie too deep within each other")
                    arrays.append(([], length))
                    at = after
                    continue
                answer = None if length < 0 else []
            elif kind == _STATUS:
                answer = data[at + 1 : stop]
            elif kind == _ERROR:
                answer = Refusal(data[at + 1 : stop])
            else:
                raise Garbled("an answer has no kind")
            at = after
            while arrays:
                items, length = arrays[-1]
                items.append(answer)
                if len(items) < length:
                    break
                arrays.pop()
                answer = items  # type: ignore[assignment]  # an error in an array is passed on as it is
            else:
                answers.append(answer)
        return answers

    def _keep(self, data: bytes, at: int, missing: int) -> None:
        """The rest of `data` is to be read when `missing` more bytes are there."""
        self._parts.append(data[at:])
        self._missing = missing
