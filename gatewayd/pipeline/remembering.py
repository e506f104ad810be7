"""Answers that are kept for whoever repeats their request: noted on their way, written as bytes, and read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatewayd.core.caching.entry import section_of
from gatewayd.core.idempotency import Event, event_of
from gatewayd.core.messages import ResponseHead
from gatewayd.http.fieldtable import FieldTable
from gatewayd.pipeline.recording import FORWARDED, Recording, edited

if TYPE_CHECKING:
    from gatewayd.http.interfaces import AnswerSink
    from gatewayd.pipeline.edits import Edits

_COOKIE = b"set-cookie"


class Remembering:
    """Listens to the answer to one request, of which `most` bytes of body are kept; `beside` listens as well.

    `event` is what the answer means for the request's key, None as long as it is not whole. With `shared` somebody else
    may be given it: then no answer is kept that sets a cookie.
    """

    __slots__ = ("_beside", "_head", "_left", "_meaning", "_parts", "_shared", "_writer", "event")

    def __init__(self, most: int, beside: Recording | None, *, shared: bool) -> None:
        self._beside = beside
        self._left = most
        self._shared = shared
        self._head = b""
        self._parts: list[bytes] | None = None
        self._meaning = Event.LOSE
        self._writer: AnswerSink | None = None
        self.event: Event | None = None

    @property
    def data(self) -> bytes:
        """The answer, where it is to be kept: see `restored`."""
        return b"" if self._parts is None else b"".join([self._head, *self._parts])

    # What `Forward` tells (see `gatewayd.pipeline.recording.Recording`).

    def takes(self, answer: ResponseHead, edits: Edits | None) -> bool:
        """The head has come, to be changed by `edits`."""
        if self._beside is not None and self._beside.takes(answer, edits):
            return True
        self._meaning = event_of(answer.status)
        if self._meaning is Event.ANSWER:
            length = answer.section.length
            if edits is not None:
                answer = edited(answer, edits)
            section = answer.section
            fields = [field for field in section.fields if field.role in FORWARDED]
            fields = [field for field in fields if field.name not in section.nominated]
            cookies = self._shared and any(field.name == _COOKIE for field in fields)
            if cookies or (length is not None and length > self._left):
                self._meaning = Event.FORGO
            else:
                self._head = b"%b%b\r\n" % (answer.line, b"".join([field.line for field in fields]))
                self._parts = []
        return False

    def told(self) -> bytes:
        """More lines of the answer's head."""
        return b"" if self._beside is None else self._beside.told()

    def tee(self, writer: AnswerSink) -> AnswerSink:
        """Where the body goes: to `writer`, and what is to be kept is noted on the way."""
        if self._beside is not None:
            writer = self._beside.tee(writer)
        if self._parts is None:
            return writer
        self._writer = writer
        return self

    def write(self, data: bytes) -> None:
        """The next bytes of the body: sent, and kept as long as there are not too many."""
        assert self._writer is not None
        self._writer.write(data)
        if self._parts is not None:
            self._left -= len(data)
            if self._left < 0:
                self._parts, self._meaning = None, Event.FORGO
            else:
                self._parts.append(data)

    def flush(self) -> None:
        """Nothing more came with this read."""
        assert self._writer is not None
        self._writer.flush()

    def ended(self) -> None:
        """The answer is whole, and sent."""
        if self._beside is not None:
            self._beside.ended()
        self.event = self._meaning


def restored(data: bytes, fields: FieldTable) -> tuple[ResponseHead, bytes]:
    """The head and the body that `data` was made of. Raises `Refused` or `ValueError` for what is no answer."""
    head, _, body = data.partition(b"\r\n\r\n")
    line, *lines = head.split(b"\r\n")
    judged = [fields.get(line) or fields.judge(line) for line in lines]
    return ResponseHead(1, int(line[9:12]), line + b"\r\n", section_of(judged, len(body))), body
