"""A whole gateway in memory, built from a configuration as the real one is: requests in, bytes out, time by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from textwrap import dedent
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.python.failure import Failure
from zope.interface import provider

from gatewayd.app.access import Gatekeeper
from gatewayd.app.graph import build_application, build_tree
from gatewayd.app.services import ServiceBuilder
from gatewayd.config import load
from gatewayd.config.models.address import Address
from gatewayd.core.breaker import Breaker, State
from gatewayd.core.forwarded import TrustedPeers
from gatewayd.core.reasons import CONNECT_FAILED, Reason, Refused
from gatewayd.http.connection import UpstreamConnection
from gatewayd.http.dial import Where
from gatewayd.http.listener import Census, Listener
from gatewayd.stores.interface import Store
from gatewayd.telemetry.metrics import Metrics
from tests.pipeline.orderly import OrderlyDeadlines
from tests.pipeline.wire import Wire

START = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110
DATE = b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
NO_BODY = b"Content-Length: 0\r\n"
_REQUEST_ID = re.compile(rb"(?<=X-Request-Id: )[0-9a-f]{32}(?=\r\n)|(?<=\"request_id\":\")[0-9a-f]{32}")

# What fails here fails once: tests of breakers and retries have services of their own.
SERVICE = """
services:
  main:
    targets: ["http://127.0.0.1:9005"]
    breaker: {mode: off}
    retries: {attempts: 0}
"""
BASIC = f"""{SERVICE}
routes:
  - {{name: all, path: "/**", service: main}}
"""


@dataclass
class Dial:
    """An attempt to open a connection to a service; `where` tells to which of its targets."""

    where: Where
    timeout: float
    connection: UpstreamConnection
    wire: Wire
    outcome: Deferred[UpstreamConnection] = field(default_factory=Deferred)
    made: bool = False

    @property
    def port(self) -> int:
        """The target's port, by which tests tell targets apart."""
        assert isinstance(self.where, Address)
        return self.where.port

    def accept(self) -> Wire:
        """The service takes the connection."""
        self.made = True
        self.wire.connect(self.connection)
        self.outcome.callback(self.connection)
        return self.wire

    def refuse(self, reason: Reason = CONNECT_FAILED) -> None:
        """It does not."""
        self.outcome.errback(Failure(Refused(reason)))


class World:
    """The gateway of a configuration. Services take connections at once, unless `accepting` says otherwise.

    `random` is what the gateway draws from; a test may put numbers of its own in its place. With `draw` it is always
    that: with 0.0 targets take turns from the first on, and nobody pauses before a retry.
    """

    def __init__(
        self,
        folder: Path,
        text: str = BASIC,
        draw: float | None = None,
        clock: Clock | None = None,
        store: Store | None = None,
        **environ: str,
    ) -> None:
        path = folder / "gateway.yaml"
        path.write_text(dedent(text), encoding="utf-8")
        self.config = config = load(path, environ)
        self.clock = clock = Clock() if clock is None else clock
        self.metrics = Metrics()
        self.records: list[dict[str, Any]] = []
        self.dials: list[Dial] = []
        self.accepting = True
        self.deadlines = OrderlyDeadlines(clock, clock.seconds)
        self.random: Callable[[], float] = Random(1).random if draw is None else lambda: draw
        chance = lambda: self.random()  # noqa: E731 - looked up at each call, so that a test may replace it
        wall_clock = lambda: START + clock.seconds()  # noqa: E731
        self.keeper = keeper = Gatekeeper(config, self.metrics, clock, clock.seconds, wall_clock, chance, store)
        self.builder = ServiceBuilder(
            self.metrics, self._dial, self.deadlines, clock.seconds, chance, keeper.fields.answers
        )
        self.services = self.builder.build(config)
        tree = build_tree(config, self.services, self.metrics, keeper.access, chance)
        self.application = build_application(
            config,
            tree,
            self.metrics,
            self.records.append,
            now=clock.seconds,
            wall_clock=wall_clock,
            clock=clock,
            deadlines=self.deadlines,
            hygiene=keeper.hygiene,
            access=keeper.access,
            random=chance,
        )
        self.listener = Listener(
            "http",
            self.application,
            limits=config.limits,
            timeouts=config.timeouts,
            trusted=TrustedPeers(config.gateway.trusted_proxies),
            deadlines=self.deadlines,
            census=Census(self.metrics.reject),
            now=clock.seconds,
            fields=keeper.fields.requests,
        )
        self.deadlines.start()

    def _dial(
        self, where: Where, timeout: float, connection: UpstreamConnection, tls: object = None
    ) -> Deferred[UpstreamConnection]:
        wire = Wire(self.clock, IPv4Address("TCP", "127.0.0.1", 9005), IPv4Address("TCP", "127.0.0.1", 40000))
        dial = Dial(where, timeout, connection, wire)
        self.dials.append(dial)
        if self.accepting:
            dial.accept()
        return dial.outcome

    def client(self, peer: IAddress | None = None, host: IAddress | None = None) -> Wire:
        """A client connects."""
        wire = Wire(self.clock, peer, host)
        wire.connect(self.listener.buildProtocol(None))
        return wire

    def ask(self, *pieces: bytes) -> tuple[Wire, Wire]:
        """A client of its own sends these bytes: its wire, and the one of the service that was asked."""
        client = self.client()
        client.send(*pieces)
        return client, self.service

    @property
    def service(self) -> Wire:
        """The connection to a service that was opened last."""
        return self.dials[-1].wire

    @property
    def ports(self) -> list[int]:
        """The ports to which connections were opened, or were to be, in order."""
        return [dial.port for dial in self.dials]

    def at(self, port: int) -> Wire:
        """The connection to the target at `port` that was opened last."""
        return next(dial.wire for dial in reversed(self.dials) if dial.port == port)

    def breaker(self, port: int | None = None, service: str = "main") -> Breaker:
        """The breaker of a service, or of its target at `port`."""
        found = self.services[service]
        breaker = found.breaker
        if port is not None:
            (breaker,) = [target.ejection for target in found.targets if target.url.endswith(f":{port}")]
        assert breaker is not None
        return breaker

    def retried(self, reason: str, service: str = "main") -> float:
        """How many further attempts at a service were counted as made for `reason`."""
        return self.metric("downstream_retries_total", service=service, reason=reason)

    def pass_time(self, seconds: float) -> None:
        """Let time pass, a quarter of a second at a time, as the deadlines look at it."""
        until = self.clock.seconds() + seconds
        while (left := until - self.clock.seconds()) > 1e-9:
            self.clock.advance(min(0.25, left))

    def metric(self, name: str, **labels: str) -> float:
        """The value of one series; 0 where it does not exist."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0

    def total(self, name: str) -> float:
        """The sum of all series of `name`."""
        families = self.metrics.registry.collect()
        return sum(sample.value for family in families for sample in family.samples if sample.name == name)

    @property
    def in_progress(self) -> int:
        """How many requests are counted as being served, on all routes."""
        labels = {route.path for route in self.config.routes}
        return sum(counts.in_progress for label in labels for _, counts in self.metrics.route(label).methods())

    @property
    def record(self) -> dict[str, Any]:
        """The one access-log record there is."""
        (record,) = self.records
        return record

    def settled(self) -> None:
        """Nothing is in progress: no request counted as such, no connection lent, nobody in a queue, no probe out."""
        assert self.in_progress == 0
        for service in self.services.values():
            assert service.counts()[::2] == (0, 0)
            assert (service.active, service.budget.taken) == (0, 0)
            assert service.bulkhead is None or (service.bulkhead.active, service.bulkhead.waiting) == (0, 0)
            assert all(target.active == 0 for target in service.targets)
            for breaker in (service.breaker, *(target.ejection for target in service.targets)):
                # As many probes as it takes may be made, so all have come back.
                assert breaker is None or breaker.state is not State.HALF_OPEN or breaker.admits(self.clock.seconds())
        assert all(channel.exchange is None for channel in self.listener.channels)


@contextmanager
def failures_logged() -> Iterator[list[LogEvent]]:
    """Every failure that is logged meanwhile."""
    events: list[LogEvent] = []

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        if event.get("log_failure") is not None:
            events.append(event)

    globalLogPublisher.addObserver(observe)
    try:
        yield events
    finally:
        globalLogPublisher.removeObserver(observe)


def reason(client: Wire) -> str:
    """Why the gateway refused the last request that the client has an answer to, which is taken."""
    slug: str = json.loads(client.take().rpartition(b"\r\n\r\n")[2])["reason"]
    return slug


def plain(data: bytes) -> bytes:
    """`data` with the ids that the gateway made replaced by `<id>`."""
    return _REQUEST_ID.sub(b"<id>", data)


def get(path: bytes = b"/", *lines: bytes, method: bytes = b"GET", version: bytes = b"1.1") -> bytes:
    """A request without a body."""
    return b"".join((method, b" ", path, b" HTTP/", version, b"\r\nHost: a.test\r\n", *lines, b"\r\n"))


def ok(body: bytes = b"ok", *lines: bytes, status: bytes = b"200 OK") -> bytes:
    """An answer of a service with a Date, a length and a body."""
    return b"".join((b"HTTP/1.1 ", status, b"\r\n", DATE, *lines, b"Content-Length: %d\r\n\r\n" % len(body), body))
