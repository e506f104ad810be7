"""A list of records, its items and what can be done to them: the ordinary half of every service."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict

from twisted.web.http import CACHED
from twisted.web.resource import Resource
from twisted.web.server import Request

from gatewayd.demo.body import KEPT, body_of
from gatewayd.demo.catalogue import Offer
from gatewayd.demo.draw import KNOWN_IDS
from gatewayd.demo.records import Record
from gatewayd.demo.replies import JsonResource, answer, refuse, text_of

_REMEMBERED = 256  # records that were posted and can be fetched; older ones are forgotten
_PAGE = 20
_LARGEST_PAGE = 100
_JSON_NAMES = {bool: "true or false", int: "an integer", str: "a string", list: "an array", dict: "an object"}


class BadRecord(Exception):
    """What was sent is not a record; the message says why."""


class Records:
    """Every record of one kind: the made-up ones and those posted since the start."""

    def __init__(self, offer: Offer) -> None:
        self.offer = offer
        self._example = offer.record(1)
        self._posted: OrderedDict[int, Record] = OrderedDict()
        self._next = KNOWN_IDS + 1

    def get(self, name: bytes) -> Record | None:
        """The record whose id is written as `name`, or None."""
        if not name.isdigit() or name.startswith(b"0") or len(name) > 9:
            return None
        number = int(name)
        return self._posted.get(number) or (self.offer.record(number) if number <= KNOWN_IDS else None)

    def page(self, offset: int, limit: int) -> list[Record]:
        """The made-up records after the first `offset`, at most `limit`."""
        return [self.offer.record(number) for number in range(offset + 1, min(offset + limit, KNOWN_IDS) + 1)]

    def read(self, body: bytes) -> Record:
        """The fields in a JSON `body`: known ones only, each of the type it has in every record of this kind."""
        try:
            given = json.loads(body)
        except ValueError as problem:
            raise BadRecord(f"The body is not JSON: {problem}") from problem
        if not isinstance(given, dict):
            raise BadRecord("The body must be a JSON object")
        for name, value in given.items():
            if name not in self._example or name == "id":
                fields = ", ".join(field for field in self._example if field != "id")
                raise BadRecord(f"There is no field {name!r} to set; the fields are {fields}")
            wanted = type(self._example[name])
            if type(value) is not wanted:
                raise BadRecord(f"{name} must be {_JSON_NAMES[wanted]}")
        return given

    def add(self, given: Record) -> Record:
        """A new record with the fields `given`, the others made up."""
        if missing := [name for name in self.offer.required if name not in given]:
            raise BadRecord(f"Missing: {', '.join(missing)}")
        record = self._posted[self._next] = {**self.offer.record(self._next), **given}
        self._next += 1
        if len(self._posted) > _REMEMBERED:
            self._posted.popitem(last=False)
        return record


def _read_body(records: Records, request: Request) -> Record:
    """The fields in the body of `request`."""
    body = body_of(request)
    if not body.complete:
        raise BadRecord(f"A record is at most {KEPT} bytes long")
    return records.read(body.beginning)


def _count(request: Request, name: bytes, default: int, largest: int) -> int:
    """A number of the query; the default where it is missing or nonsense."""
    value = (request.args or {}).get(name, [b""])[-1]
    return min(int(value), largest) if value.isdigit() and len(value) < 10 else default


class Collection(JsonResource):
    """All records of one kind: GET lists them by `offset` and `limit`, POST adds one."""

    def __init__(self, offer: Offer) -> None:
        super().__init__()
        self.records = Records(offer)

    def getChild(self, path: bytes, request: Request) -> Resource:
        """An item, an action, or the collection itself under a trailing slash."""
        if not path:
            return self
        if text_of(path) in self.records.offer.actions:
            return Action(self.records.offer)
        if (record := self.records.get(path)) is not None:
            return Item(self.records, record)
        return UnknownItem(self.records.offer)

    def render_GET(self, request: Request) -> bytes:
        """One page of records."""
        offset = _count(request, b"offset", 0, KNOWN_IDS)
        limit = _count(request, b"limit", _PAGE, _LARGEST_PAGE)
        items = self.records.page(offset, limit)
        return answer(request, 200, {"items": items, "offset": offset, "limit": limit, "total": KNOWN_IDS})

    def render_POST(self, request: Request) -> bytes:
        """Add a record: 201 and where it is, or 422 and what is wrong with it."""
        try:
            record = self.records.add(_read_body(self.records, request))
        except BadRecord as problem:
            return refuse(request, 422, "invalid-record", str(problem))
        request.setHeader(b"location", f"/api/v1/{self.records.offer.paths[0]}/{record['id']}".encode())
        return answer(request, 201, record)


class Item(JsonResource):
    """One record: GET reads it, with an entity tag; PUT and PATCH answer how it would look."""

    def __init__(self, records: Records, record: Record) -> None:
        super().__init__()
        self.records = records
        self.record = record

    def getChild(self, path: bytes, request: Request) -> Resource:
        """What can be done to it."""
        if text_of(path) in self.records.offer.actions:
            return Action(self.records.offer, self.record)
        return super().getChild(path, request)

    def render_GET(self, request: Request) -> bytes:
        """The record, or 304 where the client has it (RFC 9110 section 13.1.2)."""
        body = answer(request, 200, self.record)
        if request.setETag(b'"%s"' % hashlib.sha256(body).hexdigest()[:16].encode()) is CACHED:
            return b""
        return body

    def render_PUT(self, request: Request) -> bytes:
        """The record with the fields given."""
        try:
            return answer(request, 200, {**self.record, **_read_body(self.records, request)})
        except BadRecord as problem:
            return refuse(request, 422, "invalid-record", str(problem))

    render_PATCH = render_PUT

    def render_DELETE(self, request: Request) -> bytes:
        """204, without removing anything: the demo's records are always there."""
        request.setResponseCode(204)
        return b""


class UnknownItem(JsonResource):
    """An id nobody has."""

    isLeaf = True

    def __init__(self, offer: Offer) -> None:
        super().__init__()
        self._kind = offer.kind.replace("_", " ")

    def render(self, request: Request) -> bytes | int:
        """404, whatever the method."""
        return refuse(request, 404, "not-found", f"No {self._kind} here; ids are 1 to {KNOWN_IDS} and what was posted")


class Action(JsonResource):
    """Something to do, with one record or with none."""

    isLeaf = True

    def __init__(self, offer: Offer, record: Record | None = None) -> None:
        super().__init__()
        self._offer = offer
        self._record = record

    def render_POST(self, request: Request) -> bytes:
        """202, and what was asked for."""
        action = text_of(request.path.rstrip(b"/").rpartition(b"/")[2])
        accepted: Record = {"service": self._offer.name, "action": action, "accepted": True}
        if self._record is not None:
            accepted[self._offer.kind] = self._record
        return answer(request, 202, accepted)
