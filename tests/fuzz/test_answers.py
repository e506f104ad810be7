"""Answers: the same bytes, whole, in pieces or one by one, are the same answers or the same failure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.messages import ResponseHead
from gatewayd.core.reasons import Refused
from gatewayd.http.answer import AnswerReader
from tests.wire.corpus.answer_bodies import BODIES
from tests.wire.corpus.answers import MALFORMED

from .mutations import CUTS, messages, pieces

CORPUS = tuple(case.data for case in (*BODIES, *MALFORMED) if 0 < len(case.data) < 600)


class Reading:
    """Reads answers as a connection does, one after another for as long as the bytes last."""

    def __init__(self, bodiless: bool) -> None:
        self._bodiless = bodiless
        self._reader = AnswerReader(self)
        self._in_body = False
        self._body = b""
        self.told: list[tuple[object, ...]] = []
        self.over = False
        self._reader.expect(bodiless)

    def take(self, data: bytes) -> None:
        """One read."""
        if self.over:
            return
        try:
            if self._in_body:
                self._reader.read_body(data)
            else:
                self._reader.read_head(data)
        except Refused as refused:
            self._end("refused", refused.reason.slug)

    def interim(self, head: ResponseHead) -> bool:
        """A 1xx."""
        self.told.append(("interim", head.status, head.section.lines))
        return True

    def switched(self, head: ResponseHead, rest: bytes) -> None:
        """101: what follows is not ours to judge."""
        self._end("switched", head.section.upgrade)

    def answered(self, head: ResponseHead, data: bytes) -> None:
        """A head."""
        self.told.append(("head", head.status, head.section.lines))
        self._in_body = True
        self._reader.read_body(data)

    def body(self, data: bytes) -> None:
        """Bytes of the body."""
        self._body += data

    def ended(self, rest: bytes) -> None:
        """One answer is whole; what follows would close the connection, here it is read as the next answer."""
        self.told.append(("body", self._body, self._reader.trailers))
        self._body = b""
        self._in_body = False
        self._reader.expect(self._bodiless)
        if rest:
            self.take(rest)

    def outcome(self) -> list[tuple[object, ...]]:
        """What was read, with the body so far."""
        return [*self.told, ("open", self._body)] if not self.over else self.told

    def _end(self, *what: object) -> None:
        # How much of a body gets through before its fault is seen depends on how it arrives.
        self.told.append(what)
        self.over = True


def read(parts: Iterable[bytes], bodiless: bool) -> list[tuple[object, ...]]:
    """What `parts` are as answers."""
    reading = Reading(bodiless)
    for part in parts:
        reading.take(part)
    return reading.outcome()


@given(messages(CORPUS), CUTS, st.booleans())
def test_pieces_make_no_difference(data: bytes, cuts: Sequence[int], bodiless: bool) -> None:
    """Whole, cut anywhere, and byte by byte: the same heads, bodies and trailers, and the same end."""
    whole = read([data] if data else [], bodiless)
    assert read(pieces(data, cuts), bodiless) == whole
    assert read((data[at : at + 1] for at in range(len(data))), bodiless) == whole
