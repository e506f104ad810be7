"""What the cache of a route hears of an answer on its way: its head before anybody else, and its body beside it."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

from gatewayd.core.caching import (
    UNCONDITIONAL,
    Asked,
    Entry,
    Key,
    Pass,
    Store,
    Update,
    forwarded_line,
    invalidated,
    on_response,
    stands_in,
)
from gatewayd.core.caching.entry import section_of
from gatewayd.core.messages import Field, RequestHead, ResponseHead, Role
from gatewayd.http.sections import forwarded
from gatewayd.pipeline.flights import Flight, Flights, Landed, Landing

if TYPE_CHECKING:
    from gatewayd.http.interfaces import AnswerSink
    from gatewayd.pipeline.edits import Edits
    from gatewayd.pipeline.kept import Kept

FORWARDED = frozenset({Role.END_TO_END, Role.NOTED, Role.DATE})
_LOCATIONS = frozenset({b"location", b"content-location"})


class Recording:
    """Listens to the answer to one request. `taken` is a kept answer that stands in for it, `status` its own status.

    `requested` is when it was asked for, in seconds since 1970. `validated` is the kept answer whose validators were
    sent, `flight` what others wait for, both None for nothing; `flights` learn from it whether that makes sense, None
    for a request that nobody else could wait for. `why` is why the service is asked (RFC 9211).
    """

    __slots__ = (
        "_asked",
        "_detail",
        "_entry",
        "_flight",
        "_flights",
        "_kept",
        "_key",
        "_left",
        "_marks",
        "_parts",
        "_requested",
        "_writer",
        "status",
        "taken",
        "validated",
        "why",
    )

    def __init__(
        self,
        kept: Kept,
        asked: Asked,
        key: Key,
        why: str,
        validated: Entry | None,
        flight: Flight | None,
        flights: Flights | None,
    ) -> None:
        self._kept = kept
        self._asked = asked
        self._key = key
        self._flight = flight
        self._flights = flights
        self._requested = kept.wall()
        self._marks = kept.marks()
        self._entry: Entry | None = None
        self._parts: list[bytes] = []
        self._left = kept.most
        self._detail = ""
        self._writer: AnswerSink | None = None
        self.why = why
        self.validated = validated
        self.taken: Entry | None = None
        self.status: int | None = None

    def takes(self, answer: ResponseHead, edits: Edits | None) -> bool:
        """The head has come, to be changed by `edits`: whether a kept answer is sent instead, and this one dropped."""
        kept, now, validated = self._kept, self._kept.wall(), self.validated
        self.status = answer.status
        if validated is not None and stands_in(validated, answer.status, now):
            self._take(validated, validated)
            return True
        if edits is not None:
            answer = edited(answer, edits)
        outcome = on_response(self._asked, answer, self._requested, now, kept.policy, validated)
        if isinstance(outcome, Update):
            stays = outcome.keep and kept.put(self._key, outcome.entry, self._marks, instead=validated)
            if not stays and validated is not None:
                kept.drop(self._key, validated)
            self._take(outcome.entry, Landing.LOOK if stays else Landing.ALONE)
            return True
        if isinstance(outcome, Store):
            length = answer.section.length
            if length is not None and length > self._left:
                outcome = Pass("too-large")
            else:
                self._entry = outcome.entry
        if isinstance(outcome, Pass):
            if outcome.outdated and validated is not None:
                kept.drop(self._key, validated)
            self._give_up(outcome.reason)
        if self._asked.bypass:
            locations = [field.value for field in answer.section.fields if field.name in _LOCATIONS]
            for url in invalidated(self._asked.method, answer.status, self._key.url, locations):
                kept.responses.invalidate(url)
        return False

    def told(self) -> bytes:
        """What the cache did, as a line of the answer's head."""
        return forwarded_line(self._kept.name, self.why, stored=self._entry is not None, detail=self._detail)

    def tee(self, writer: AnswerSink) -> AnswerSink:
        """Where the body goes: to `writer`, and what is to be kept is noted on the way."""
        if self._entry is None:
            return writer
        self._writer = writer
        return self

    def write(self, data: bytes) -> None:
        """The next bytes of the body: sent, and kept as long as there are not too many."""
        assert self._writer is not None
        self._writer.write(data)
        if self._entry is not None:
            self._left -= len(data)
            if self._left < 0:
                self._give_up("too-large")
            else:
                self._parts.append(data)

    def flush(self) -> None:
        """Nothing more came with this read."""
        assert self._writer is not None
        self._writer.flush()

    def ended(self) -> None:
        """The answer is whole, and sent: keep it."""
        entry = self._entry
        if entry is None:
            return
        entry.complete(b"".join(self._parts))
        stays = self._kept.put(self._key, entry, self._marks, instead=self.validated)
        if self._flights is not None:
            self._flights.learn(self._key.text, shared=True)
        if self._flight is not None:
            self._flight.land(Landing.LOOK if stays else Landing.ALONE)

    def _take(self, entry: Entry, landed: Landed) -> None:
        """A kept answer is sent instead."""
        self.taken = entry
        if self._flight is not None:
            self._flight.land(landed)

    def _give_up(self, why: str) -> None:
        """The answer is not kept: whoever waits for it had better go too."""
        self._entry = None
        self._parts.clear()
        self._detail = why
        if self._flights is not None and self.status is not None and self.status < 500:
            self._flights.learn(self._key.text, shared=False)
        if self._flight is not None:
            self._flight.land(Landing.ALONE)


def edited(answer: ResponseHead, edits: Edits) -> ResponseHead:
    """An answer's head with the route's changes."""
    section = answer.section
    gone = section.nominated | edits.gone
    fields = [field for field in section.fields if field.role in FORWARDED and field.name not in gone]
    fields += _fields(edits.instead(section))
    return ResponseHead(answer.version, answer.status, answer.line, section_of(fields, section.length))


def _fields(lines: bytes) -> list[Field]:
    """The fields of lines that the gateway wrote itself."""
    fields = []
    for line in lines.split(b"\r\n")[:-1]:
        name, _, value = line.partition(b":")
        fields.append(Field(name.lower(), value.strip(), line + b"\r\n", Role.END_TO_END))
    return fields


def conditional(head: RequestHead, lines: bytes) -> RequestHead:
    """The head of a request with other conditions: what the cache asks a service on its own account."""
    section = copy(head.section)
    section.fields = fields = [field for field in section.fields if field.name not in UNCONDITIONAL] + _fields(lines)
    section.special = [field for field in fields if field.role]
    section.written = b"\r\n".join([field.line[:-2] for field in fields])
    section.count = len(fields)
    section.lines = b"".join(forwarded(section, section.nominated))
    changed = copy(head)
    changed.section = section
    return changed
