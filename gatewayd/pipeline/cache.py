"""Answers out of the cache: what is kept is given to whoever may have it, and one request fetches it for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from gatewayd.core.caching import (
    Asked,
    Entry,
    Fetch,
    Key,
    Part,
    Partition,
    Policy,
    Refuse,
    Revalidate,
    Scope,
    Serve,
    answer_of,
    decide,
    forwarded_line,
    hit_line,
    part_of,
    partition_of,
    select,
    stands_in,
    url_of,
)
from gatewayd.core.caching.deciding import validators
from gatewayd.core.guarded import folded
from gatewayd.core.messages import RequestHead
from gatewayd.core.reasons import NOT_KEPT, Refused
from gatewayd.pipeline.behind import Behind
from gatewayd.pipeline.flights import Flight, Flights, Landing
from gatewayd.pipeline.outgoing import framing_of, response_head
from gatewayd.pipeline.recording import Recording, conditional
from gatewayd.stores.responses.memory import MemoryResponses

if TYPE_CHECKING:
    from gatewayd.pipeline.exchange import Exchange
    from gatewayd.pipeline.route import Answer

_MOST_BEHIND = 64  # requests of a route that no client waits for, at a time


class CacheCounters(Protocol):
    """Counts what the cache could answer, and what it could not; `kind` is "response"."""

    def cache_hit(self, kind: str) -> None:
        """A kept answer was sent."""

    def cache_miss(self, kind: str) -> None:
        """The service was asked."""

    def cache_error(self, kind: str, operation: str) -> None:
        """The store failed."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where the answers of all routes are kept; `wall` is the time in seconds since 1970."""

    responses: MemoryResponses
    wall: Callable[[], float]
    counters: CacheCounters


class Kept:
    """How the answers of a route are kept: of a body of `most` bytes at the most, as `name` in Cache-Status."""

    __slots__ = ("counters", "most", "name", "policy", "responses", "wall")

    def __init__(self, keeping: Keeping, policy: Policy, most: int, name: bytes) -> None:
        self.responses = keeping.responses
        self.wall = keeping.wall
        self.counters = keeping.counters
        self.policy = policy
        self.most = most
        self.name = name


class Cache:
    """Answers with what is kept, and lets `first` answer what is not.

    `route` is the name of the route, `tenant` that of the field in which its requests name a tenant, if any: what is
    about another tenant than the caller's own is not kept, since nothing else would tell it apart.
    """

    __slots__ = ("_first", "_flights", "_kept", "_public", "_route", "_tenant", "behind")

    def __init__(self, first: Answer, kept: Kept, route: str, tenant: bytes | None = None) -> None:
        self._first = first
        self._kept = kept
        self._route = route
        self._public = partition_of(Scope.PUBLIC, route, None) if kept.policy.scope is Scope.PUBLIC else None
        self._tenant = None if tenant is None else folded(tenant)
        self._flights = Flights()
        self.behind = 0  # requests on their way that no client waits for

    async def __call__(self, exchange: Exchange) -> None:
        """Answer, one way or the other."""
        head, kept = exchange.head, self._kept
        assert head is not None
        partition = self._public or self._partition(exchange)
        if partition is None or (self._tenant is not None and self._elsewhere(exchange, head, self._tenant)):
            await self._first(exchange)
            return
        scheme = b"https" if exchange.channel.peer.secure_of(head) else b"http"
        key = Key(partition, url_of(scheme, head.authority or head.host, head.target))
        asked = Asked(head, kept.policy, known=exchange.caller is not None)
        flight: Flight | None = None
        waited = ""
        try:
            while True:
                entries = kept.responses.get(key)
                entry = select(entries, asked.fields) if entries else None
                verdict = decide(asked, entry, kept.wall(), others=bool(entries))
                if isinstance(verdict, Serve):
                    line = forwarded_line(kept.name, waited, collapsed=True) if waited else None
                    self._serve(exchange, verdict.entry, verdict.part, line)
                    if verdict.revalidate:
                        self._renew(exchange, asked, key, verdict.entry)
                    return
                if isinstance(verdict, Refuse):
                    raise Refused(NOT_KEPT)
                shared = isinstance(verdict, Revalidate) or verdict.store
                if not shared or flight is not None or waited or self._flights.in_vain(key.text):
                    break
                flight = self._flights.get(key.text)
                if flight is None:
                    flight = self._flights.begin(key.text)
                    break
                waited, going = verdict.why, flight
                flight = None
                landed = await going.wait(exchange.application.clock)
                if landed is Landing.ALONE:
                    break
                if landed is Landing.LEAD:
                    flight = going
                elif isinstance(landed, Entry) and landed is entry:
                    self._serve(exchange, landed, part_of(asked, landed), None)
                    return
            if verdict.why != "method":
                kept.counters.cache_miss("response")
            await self._ask(exchange, asked, key, verdict, flight)
        finally:
            if flight is not None:
                flight.pass_on()

    def _partition(self, exchange: Exchange) -> Partition | None:
        """Whose answers a caller may be given."""
        caller = exchange.caller
        return partition_of(self._kept.policy.scope, self._route, None if caller is None else caller.identity)

    def _elsewhere(self, exchange: Exchange, head: RequestHead, name: bytes) -> bool:
        """Whether a request names another tenant than its caller's own, in a field of this name or one like it."""
        own = exchange.tenant
        return any(folded(field.name) == name and field.value != own for field in head.fields)

    async def _ask(
        self, exchange: Exchange, asked: Asked, key: Key, verdict: Fetch | Revalidate, flight: Flight | None
    ) -> None:
        """Let the service answer, or what is kept in its place."""
        kept, head = self._kept, exchange.head
        assert head is not None
        validated = verdict.entry if isinstance(verdict, Revalidate) else None
        shared = isinstance(verdict, Revalidate) or verdict.store
        flights = self._flights if shared else None
        exchange.recording = recording = Recording(kept, asked, key, verdict.why, validated, flight, flights)
        if isinstance(verdict, Revalidate):
            exchange.head = conditional(head, verdict.lines)
        try:
            await self._first(exchange)
        except Refused as refused:
            if validated is None or exchange.channel.writer.started:
                raise
            if refused.reason.status < 500 or not stands_in(validated, None, kept.wall()):
                raise
            exchange.stood_in_for = refused.reason
            recording.taken = validated
            if flight is not None:
                flight.land(validated)
        finally:
            exchange.recording = None
            exchange.head = head
        taken = recording.taken
        if taken is not None:
            line = forwarded_line(kept.name, verdict.why, status=recording.status, stored=taken is not validated)
            exchange.cookie = b""
            self._serve(exchange, taken, part_of(asked, taken), line)

    def _serve(self, exchange: Exchange, entry: Entry, part: Part, line: bytes | None) -> None:
        """Send a kept answer; `line` is what Cache-Status says of it, None for a hit."""
        kept, request, writer = self._kept, exchange.head, exchange.channel.writer
        assert request is not None
        now = kept.wall()
        if line is None:
            kept.counters.cache_hit("response")
            line = hit_line(kept.name, entry.fresh_until - now)
        answer, body = answer_of(entry, part)
        exchange.status = answer.status
        framing = framing_of(request, answer)
        head = response_head(exchange, request, answer, framing, None)
        writer.begin(b"%bAge: %d\r\n%b\r\n" % (head[:-2], entry.age(now), line), framing)
        if body:
            writer.write(body)
        writer.end()

    def _renew(self, exchange: Exchange, asked: Asked, key: Key, entry: Entry) -> None:
        """Fetch a new answer behind the client's back, unless that is done already."""
        if self.behind >= _MOST_BEHIND or self._flights.get(key.text) is not None:
            return
        self.behind += 1
        flight = self._flights.begin(key.text)
        Behind(exchange, lambda copy: self._behind(cast("Exchange", copy), asked, key, entry, flight)).step()

    async def _behind(self, exchange: Exchange, asked: Asked, key: Key, entry: Entry, flight: Flight) -> None:
        """The request that fetches it."""
        try:
            await self._ask(exchange, asked, key, Revalidate(entry, validators(entry), "stale"), flight)
        finally:
            self.behind -= 1
            flight.pass_on()
