"""Answers out of bytes: heads, bodies, and where each of them ends (RFC 9112 section 6.3, from the client's side)."""

from __future__ import annotations

from typing import Protocol

from gatewayd.core.messages import ResponseHead
from gatewayd.core.reasons import UPSTREAM_MALFORMED, Refused
from gatewayd.http.chunked import ChunkedDecoder
from gatewayd.http.fieldtable import FieldTable
from gatewayd.http.heads import judge_incomplete_answer, parse_response_head
from gatewayd.http.sections import RESPONSES

_HEAD_SIZE = 65536  # services are trusted with more than clients are
_MOST_INTERIM = 32
_BODILESS = frozenset({204, 304})


class AnswerListener(Protocol):
    """Is told what an answer consists of, in order."""

    def interim(self, head: ResponseHead) -> bool:
        """A 1xx other than 101; False if nothing more is wanted."""

    def switched(self, head: ResponseHead, rest: bytes) -> None:
        """101: what follows, beginning with `rest`, is no HTTP."""

    def answered(self, head: ResponseHead, data: bytes) -> None:
        """The final head; `data` is the beginning of what follows it, for `read_body`."""

    def body(self, data: bytes) -> None:
        """The next bytes of the body, never empty."""

    def ended(self, rest: bytes) -> None:
        """The answer is whole; `rest` are bytes that do not belong to it."""


class AnswerReader:
    """Reads the answers of one connection, one after another; `expect` comes before each.

    Raises `Refused(UPSTREAM_MALFORMED)`, after which the connection is of no more use. `begun` tells whether anything
    of the answer has come; `left` how many bytes of its body have not, None where that is not known; `until_close`
    whether the body ends with the connection.
    """

    __slots__ = (
        "_bodiless",
        "_buffer",
        "_decoder",
        "_interim",
        "_last",
        "_last_head",
        "_listener",
        "_table",
        "begun",
        "left",
        "trailers",
        "until_close",
    )

    def __init__(self, listener: AnswerListener, table: FieldTable = RESPONSES) -> None:
        self._listener = listener
        self._table = table
        self._last: ResponseHead | None = None  # the answer before, whose head the next one often repeats
        self._last_head = b""  # its bytes
        self._buffer = b""
        self._decoder: ChunkedDecoder | None = None
        self.left: int | None = 0
        self._interim = 0
        self._bodiless = False
        self.begun = False
        self.until_close = False
        self.trailers = b""

    def expect(self, bodiless: bool) -> None:
        """An answer comes next; `bodiless` if it has no body whatever its head says (to HEAD)."""
        self._bodiless = bodiless
        self._interim = 0
        self.begun = False

    def read_head(self, data: bytes) -> None:
        """Take bytes while the final head is awaited."""
        self.begun = True
        if self._buffer:
            data = self._buffer + data
            self._buffer = b""
        last = self._last
        if last is not None and data.startswith(self._last_head):
            head = last
            data = data[len(self._last_head) :]
        else:
            final = self._next_head(data)
            if final is None:
                return
            head, data = final
        status, section = head.status, head.section
        self._decoder = None
        self.until_close = False
        self.trailers = b""
        if self._bodiless or status in _BODILESS:
            self.left = 0
        else:
            self.left = section.length
            if section.chunked:
                self._decoder = ChunkedDecoder(section.nominated, self._table.guarded)
            elif section.length is None:
                self.until_close = True
        self._listener.answered(head, data)

    def _next_head(self, data: bytes) -> tuple[ResponseHead, bytes] | None:
        """The final head, past interim ones, and what follows it; None if it is still to come, or 101 ended HTTP."""
        while True:
            end = data.find(b"\r\n\r\n")
            if end < 0 or end > _HEAD_SIZE:
                if len(data) > _HEAD_SIZE:
                    raise Refused(UPSTREAM_MALFORMED, "The answer's head is too large.")
                if data:
                    judge_incomplete_answer(data)
                self._buffer = data
                return None
            head = parse_response_head(data[:end], self._table)
            if head.status >= 200:
                self._last, self._last_head = head, data[: end + 4]
                return head, data[end + 4 :]
            data = data[end + 4 :]
            if head.status == 101:
                self._listener.switched(head, data)
                return None
            self._interim += 1
            if self._interim > _MOST_INTERIM:
                raise Refused(UPSTREAM_MALFORMED, "The answer has too many interim responses.")
            if not self._listener.interim(head):
                return None

    def read_body(self, data: bytes) -> bool:
        """Take bytes of the body, none of them at first where it is empty; True once it is whole."""
        rest = b""
        if self._decoder is not None:
            try:
                data = self._decoder.feed(data)
            except Refused as refused:
                raise Refused(UPSTREAM_MALFORMED, "The answer's chunks are malformed.") from refused
            finished = self._decoder.finished
            if finished:
                rest, self.trailers = self._decoder.rest, self._decoder.trailers
        elif self.left is None:
            finished = False
        else:
            left = self.left
            if len(data) > left:
                data, rest = data[:left], data[left:]
            self.left = left - len(data)
            finished = not self.left
        if data:
            self._listener.body(data)
        if finished:
            self._listener.ended(rest)
        return finished
