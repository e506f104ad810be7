"""What all requests of a process share, and where each of them is observed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from copy import copy
from email.utils import formatdate
from itertools import count
from typing import Protocol

from twisted.internet.interfaces import IReactorTime

from gatewayd.core.messages import RequestHead, Role
from gatewayd.core.reasons import Refused
from gatewayd.core.shedding import Shedder
from gatewayd.http.channel import ServerChannel
from gatewayd.http.inbound import InboundBody
from gatewayd.pipeline.chain import Check
from gatewayd.pipeline.exchange import Exchange
from gatewayd.pipeline.finish import Finish
from gatewayd.pipeline.record import Recorder, unfinished
from gatewayd.pipeline.route import Counters, Route

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._\-+/=:@]{1,128}")


class Ledger(Counters, Protocol):
    """The counters the pipeline writes beside those of routes and services."""

    overhead: Callable[[float], None]

    def violation(self, kind: str) -> None:
        """Count a blocked request."""

    def abort(self, reason: str) -> None:
        """Count an unfinished request."""


class Located(Protocol):
    """A leaf of the route tree."""

    @property
    def payload(self) -> Route:
        """What the leaf stands for."""


class Application:
    """Serves the requests of every listener.

    `locate` finds the route of a head or raises `Refused`. `shedder` decides what is refused while the gateway is
    overloaded; it is asked only while it feels pressure. `hygiene` looks at requests with suspect fields, `finish` says
    what answers to requests without a route tell browsers, and `unrouted` what such requests have to pass, `preflights`
    what preflights have to.
    `now` is what times and deadlines are measured in, `clock` wakes us, and `hasten` asks for a deadline to be kept
    more exactly than others. `record` writes the access log, if there is one.
    `accepts_timeouts` says whether believed peers may shorten a request's time.
    """

    def __init__(
        self,
        locate: Callable[[RequestHead], Located],
        *,
        pseudonym: str,
        metrics: Ledger,
        record: Recorder | None,
        now: Callable[[], float],
        wall_clock: Callable[[], float],
        clock: IReactorTime,
        hasten: Callable[[float], None],
        shedder: Shedder,
        hygiene: Callable[[Exchange], None],
        finish: Finish | None = None,
        unrouted: Check | None = None,
        preflights: Check | None = None,
        accepts_timeouts: bool,
        random: Callable[[], float],
    ) -> None:
        self.locate = locate
        self.pseudonym = pseudonym.encode("ascii")
        self.metrics = metrics
        self.now = now
        self.wall_clock = wall_clock
        self.clock = clock
        self.hasten = hasten
        self.shedder = shedder
        self.hygiene = hygiene
        self.finish = finish
        self.unrouted = unrouted
        self.preflights = preflights
        self.accepts_timeouts = accepts_timeouts
        self.random = random
        self._record = record
        self._unmatched = metrics.route()
        self._overhead = metrics.overhead
        self._ids = count(1)
        self._id_prefix = os.urandom(8).hex().encode()
        self._date = b""
        self._date_until = -1.0

    def leading(self, locate: Callable[[RequestHead], Located]) -> Application:
        """The same, but that `locate` finds the routes."""
        other = copy(self)
        other.locate = locate
        return other

    def serve(self, channel: ServerChannel, head: RequestHead, body: InboundBody | None, since: float) -> Exchange:
        """An exchange for a whole head."""
        request_id = self._identify(head) if channel.peer.trusted else b"%b%016x" % (self._id_prefix, next(self._ids))
        return Exchange(self, channel, head, body, since, request_id)

    def refuse(self, channel: ServerChannel, refused: Refused, since: float) -> None:
        """Answer bytes that are no request."""
        Exchange(self, channel, None, None, since, self._new_id()).raised(refused)

    def _new_id(self) -> bytes:
        """An id for a request: unique by the process's random part, readable by its count."""
        return b"%b%016x" % (self._id_prefix, next(self._ids))

    def _identify(self, head: RequestHead) -> bytes:
        """The id that a believed peer gave its request, if it is one, else a new one."""
        for field in head.section.special:
            if field.role is Role.REQUEST_ID and _REQUEST_ID.fullmatch(field.value):
                return field.value
        return self._new_id()

    def date(self) -> bytes:
        """The Date of a response generated now (RFC 9110 section 6.6.1), made once a second."""
        now = self.now()
        if now >= self._date_until:
            wall = self.wall_clock()
            self._date = formatdate(wall, usegmt=True).encode()
            self._date_until = now + 1 - wall % 1
        return self._date

    def observe(self, exchange: Exchange) -> None:
        """The one place where a finished request is counted and logged; sizes are those of bodies."""
        seconds = self.now() - exchange.since
        head, body = exchange.head, exchange.body
        received = body.received if body is not None else 0
        sent = exchange.channel.writer.sent
        tunnel = exchange.tunnel
        if tunnel is None:
            self._overhead(seconds - exchange.upstream_time)
        else:
            received += tunnel.received
            sent += tunnel.sent
        counters = exchange.counters
        if counters is not None:
            counters.in_progress -= 1
        else:
            counters = self._unmatched.method(head.method if head is not None else b"_OTHER")
        counters.finish(exchange.status, seconds, received, sent)
        if exchange.reason is not None and (cause := unfinished(exchange.reason, exchange.status)):
            self.metrics.abort(cause)
        if self._record is not None:
            self._record(exchange, seconds, received, sent)
