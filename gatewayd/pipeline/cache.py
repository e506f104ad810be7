"""Answers out of the cache: what is kept is given to whoever may have it, and one request fetches it for all."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, cast

from gatewayd.core.caching import (
    PLAIN,
    WHOLE,
    WISHING,
    Asked,
    Entry,
    Fetch,
    Key,
    Part,
    Partition,
    Refuse,
    Revalidate,
    Scope,
    Serve,
    answer_of,
    choose,
    decide,
    forwarded_line,
    hit_line,
    part_of,
    partition_of,
    plainness,
    stands_in,
    told_of,
    url_of,
)
from gatewayd.core.caching.deciding import validators
from gatewayd.core.guarded import folded
from gatewayd.core.messages import RequestHead
from gatewayd.core.reasons import NOT_KEPT, Refused
from gatewayd.http.writer import JOIN_UP_TO
from gatewayd.pipeline.behind import Behind
from gatewayd.pipeline.flights import Flight, Flights, Landing
from gatewayd.pipeline.kept import Kept
from gatewayd.pipeline.outgoing import framing_of, response_head
from gatewayd.pipeline.recording import Recording, conditional
from gatewayd.pipeline.task import ANSWERED

if TYPE_CHECKING:
    from gatewayd.pipeline.exchange import Exchange
    from gatewayd.pipeline.route import Answer

_MOST_BEHIND = 64  # requests of a route that no client waits for, at a time


class Cache:
    """Answers with what is kept, and lets `first` answer what is not.

    `route` is the name of the route, `tenant` that of the field in which its requests name a tenant, if any: what is
    about another tenant than the caller's own is not kept, since nothing else would tell it apart. `bare` says that the
    route tells browsers nothing of its own.
    """

    __slots__ = ("_bare", "_first", "_flights", "_kept", "_place", "_plain", "_public", "_route", "_tenant", "behind")

    def __init__(
        self, first: Answer, kept: Kept, route: str, tenant: bytes | None = None, *, bare: bool = False
    ) -> None:
        self._first = first
        self._kept = kept
        self._route = route
        self._public = partition_of(Scope.PUBLIC, route, None) if kept.policy.scope is Scope.PUBLIC else None
        self._place = f"{kept.policy.scope.value} {route}"
        self._tenant = None if tenant is None else folded(tenant)
        self._bare = bare
        self._plain = WISHING if kept.policy.ignore_client else PLAIN
        self._flights = Flights()
        self.behind = 0  # requests on their way that no client waits for

    def __call__(self, exchange: Exchange) -> Coroutine[Any, Any, None]:
        """Answer, one way or the other: at once where the answer is kept, fresh, and all that the client wants."""
        head, kept = exchange.head, self._kept
        assert head is not None
        partition = self._public or self._partition(exchange)
        if partition is None or (self._tenant is not None and self._elsewhere(exchange, head, self._tenant)):
            return self._first(exchange)
        scheme = b"https" if exchange.channel.peer.secure_of(head) else b"http"
        url = url_of(scheme, head.authority or head.host, head.target)
        entries = kept.memory.find(partition.text + url)
        if entries:
            section = head.section
            if plainness(section) >= self._plain and head.method == b"GET":
                entry = entries[0] if not entries[0].names else choose(entries, section)
                if entry is not None and (now := kept.wall()) < entry.fresh_until:
                    self._hit(exchange, head, entry, now)
                    return ANSWERED
        return self._look(exchange, head, Key(partition, url))

    def _partition(self, exchange: Exchange) -> Partition | None:
        """Whose answers a caller may be given."""
        caller = exchange.caller
        if caller is None:
            return None
        known, place = caller.partitions, self._place
        if place not in known:
            known[place] = partition_of(self._kept.policy.scope, self._route, caller.identity)
        return known[place]

    def _elsewhere(self, exchange: Exchange, head: RequestHead, name: bytes) -> bool:
        """Whether a request names another tenant than its caller's own, in a field of this name or one like it."""
        own = exchange.tenant
        return any(folded(field.name) == name and field.value != own for field in head.fields)

    async def _look(self, exchange: Exchange, head: RequestHead, key: Key) -> None:
        """Answer with what is kept if that is good enough, with what somebody else fetches, or let the service."""
        kept = self._kept
        asked = Asked(head, kept.policy, known=exchange.caller is not None)
        flight: Flight | None = None
        waited, collapsed = "", False
        try:
            while True:
                entries = kept.memory.get(key)
                entry = choose(entries, head.section) if entries else None
                verdict = decide(asked, entry, kept.wall(), others=bool(entries))
                if isinstance(verdict, Serve):
                    line = forwarded_line(kept.name, waited, collapsed=True) if collapsed else None
                    self._serve(exchange, asked, key, verdict, line)
                    return
                if isinstance(verdict, Refuse) or flight is not None or waited or not self._shareable(verdict, key):
                    break
                flight = self._flights.get(key.text)
                if flight is None:
                    flight = self._flights.begin(key.text)
                    break
                waited, going = verdict.why, flight
                flight = None
                landed = await going.wait(exchange.application.clock)
                collapsed = landed is not Landing.FOUND
                if landed is Landing.ALONE:
                    break
                if landed is Landing.LEAD:
                    flight = going
                elif isinstance(landed, Entry) and landed is entry:
                    self._send(exchange, landed, part_of(asked, landed))
                    return
            if kept.shared is not None and self._may_help(asked, verdict, key):
                found = await kept.fetch(key, head.section.fields, entry)
                if found is not None:
                    verdict = decide(asked, found, kept.wall())
                    if isinstance(verdict, Serve):
                        if flight is not None:
                            flight.land(Landing.FOUND)
                        self._serve(exchange, asked, key, verdict, None, shared=True)
                        return
            if isinstance(verdict, Refuse):
                raise Refused(NOT_KEPT)
            if verdict.why != "method":
                kept.counters.cache_miss("response")
            await self._ask(exchange, asked, key, verdict, flight)
        finally:
            if flight is not None:
                flight.pass_on()

    def _shareable(self, verdict: Fetch | Revalidate, key: Key) -> bool:
        """Whether others who ask for the same may wait for what the service answers."""
        return (isinstance(verdict, Revalidate) or verdict.store) and not self._flights.in_vain(key.text)

    def _may_help(self, asked: Asked, verdict: Fetch | Revalidate | Refuse, key: Key) -> bool:
        """Whether another gateway may have kept what this one has not."""
        if asked.bypass or self._flights.in_vain(key.text):
            return False
        return not isinstance(verdict, Revalidate) or (verdict.why == "stale" and not verdict.entry.proven)

    async def _ask(
        self, exchange: Exchange, asked: Asked, key: Key, verdict: Fetch | Revalidate, flight: Flight | None
    ) -> None:
        """Let the service answer, or what is kept in its place."""
        kept, head = self._kept, exchange.head
        assert head is not None
        validated = verdict.entry if isinstance(verdict, Revalidate) else None
        flights = self._flights if isinstance(verdict, Revalidate) or verdict.store else None
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
            self._send(exchange, taken, part_of(asked, taken), line)

    def _serve(
        self, exchange: Exchange, asked: Asked, key: Key, verdict: Serve, line: bytes | None, *, shared: bool = False
    ) -> None:
        """Send a kept answer, and have a new one fetched if it is stale."""
        self._send(exchange, verdict.entry, verdict.part, line, shared=shared)
        if verdict.revalidate:
            self._renew(exchange, asked, key, verdict.entry)

    def _hit(self, exchange: Exchange, head: RequestHead, entry: Entry, now: float) -> None:
        """Send all of a fresh answer, in one piece where nothing else is to be said."""
        answer, body, channel = entry.head, entry.body, exchange.channel
        known = self._bare and answer.forwarded and len(body) <= JOIN_UP_TO
        if not (known and head.keep_alive and head.version and channel.persistent):
            self._send(exchange, entry, WHOLE)
            return
        self._kept.counters.cache_hit("response")
        exchange.status, exchange.answer = answer.status, answer
        limits = b"" if exchange.judged is None else exchange.judged.lines
        told = told_of(entry, self._kept.name, now)
        channel.writer.whole(
            b"%b%b%bX-Request-Id: %b\r\n\r\n%b" % (answer.forwarded, told, limits, exchange.request_id, body), len(body)
        )

    def _send(
        self, exchange: Exchange, entry: Entry, part: Part, line: bytes | None = None, *, shared: bool = False
    ) -> None:
        """Send a kept answer; `line` is what Cache-Status says of it, None for a hit."""
        kept, request, writer = self._kept, exchange.head, exchange.channel.writer
        assert request is not None
        now = kept.wall()
        if line is None:
            kept.counters.cache_hit("response")
            line = hit_line(kept.name, entry.fresh_until - now, shared=shared)
        answer, body = answer_of(entry, part)
        exchange.status = answer.status
        framing = framing_of(request, answer)
        told = b"Age: %d\r\n%b" % (entry.age(now), line)
        writer.begin(response_head(exchange, request, answer, framing, None, told), framing)
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
        """The request that fetches it, unless another gateway has fetched it."""
        try:
            if self._kept.shared is not None:
                found = await self._kept.fetch(key, asked.fields, entry)
                if found is not None:
                    entry = found
                    if self._kept.wall() < found.fresh_until:
                        flight.land(Landing.FOUND)
                        return
            await self._ask(exchange, asked, key, Revalidate(entry, validators(entry), "stale"), flight)
        finally:
            self.behind -= 1
            flight.pass_on()
