"""The gateway's own objects on transports that are lists: all that a request passes but uvloop and the kernel."""

import os
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bench.measure.profiles import PROFILES
from bench.measure.servers import SMALL_BODY
from gatewayd import config as configuration
from gatewayd.app.access import Gatekeeper
from gatewayd.app.graph import build_application, build_tree
from gatewayd.app.services import ServiceBuilder
from gatewayd.core.forwarded import TrustedPeers
from gatewayd.http.channel import ServerChannel
from gatewayd.http.connection import UpstreamConnection
from gatewayd.http.deadlines import Deadlines
from gatewayd.http.listener import Census, Listener
from gatewayd.pipeline.application import Application
from gatewayd.pipeline.route import Route
from gatewayd.routes.tree import RouteTree
from gatewayd.telemetry.metrics import Metrics

# What wrk sends and nginx answers in `bench/run --only small`.
REQUEST = b"GET /small HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: gatewayd-bench\r\nAccept: */*\r\n\r\n"
ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Mon, 23 Nov 2026 08:00:00 GMT\r\nContent-Type: application/json\r\n"
    b"Content-Length: 200\r\nConnection: keep-alive\r\n\r\n"
) + SMALL_BODY.encode()


class Wire:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.write: Callable[[bytes], None] = self.written.append

    def getPeer(self) -> IPv4Address:
        """The far end."""
        return IPv4Address("TCP", "127.0.0.1", 50000)

    def getHost(self) -> IPv4Address:
        """The near end."""
        return IPv4Address("TCP", "127.0.0.1", 8080)

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Whatever else a transport is asked to do is done already."""
        return _nothing


def _nothing(*_: object) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class InMemory:
    """One client connection and one upstream connection of a whole gateway."""

    application: Application
    tree: RouteTree[Route]
    channel: ServerChannel
    client: Wire
    connection: UpstreamConnection
    service: Wire
    metrics: Metrics

    def exchange(self) -> None:
        """One request in, one answer out."""
        self.client.written.clear()
        self.service.written.clear()
        self.channel.dataReceived(REQUEST)
        self.connection.dataReceived(ANSWER)


def build(log: Callable[[dict[str, object]], None] | None = None) -> InMemory:
    """The gateway of the profile `proxy`, with or without a log."""
    with tempfile.TemporaryDirectory(prefix="gatewayd-bench-") as folder:
        file = Path(folder) / "gatewayd.yaml"
        file.write_text(PROFILES["proxy"](8080, 9000, 1))
        config = configuration.load(file, os.environ)
    clock: IReactorTime = Clock()
    deadlines, metrics, wires = Deadlines(clock, time.monotonic), Metrics(), (Wire(), Wire())
    connection = UpstreamConnection(deadlines, time.monotonic)
    connection.makeConnection(_as_transport(wires[1]))

    def dial(*_: object) -> Deferred[UpstreamConnection]:
        return succeed(connection)

    keeper = Gatekeeper(config, metrics, clock, time.monotonic, time.time, random.random)
    builder = ServiceBuilder(metrics, dial, deadlines, time.monotonic, random.random, keeper.fields.answers)
    services = builder.build(config)
    tree = build_tree(config, services, metrics, keeper.access, random.random)
    application = build_application(
        config,
        tree,
        metrics,
        log,
        now=time.monotonic,
        wall_clock=time.time,
        clock=clock,
        deadlines=deadlines,
        hygiene=keeper.hygiene,
        access=keeper.access,
        random=random.random,
    )
    listener = Listener(
        "bench",
        application,
        limits=config.limits,
        timeouts=config.timeouts,
        trusted=TrustedPeers(),
        deadlines=deadlines,
        census=Census(_nothing),
        now=time.monotonic,
        fields=keeper.fields.requests,
    )
    channel = listener.buildProtocol(None)
    channel.makeConnection(_as_transport(wires[0]))
    made = InMemory(application, tree, channel, wires[0], connection, wires[1], metrics)
    made.exchange()
    answered = b"".join(wires[0].written)
    if not (answered.startswith(b"HTTP/1.1 200 ") and answered.endswith(SMALL_BODY.encode())):
        raise RuntimeError(f"the gateway in memory answered {answered[:300]!r}")
    return made


def _as_transport(wire: Wire) -> Any:
    """A wire where the types ask for a transport of Twisted's."""
    return wire
