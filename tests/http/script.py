"""Clients of a listener in memory, answered by exchanges that do what a test tells them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IAddress
from twisted.internet.task import Clock

from gatewayd.core.forwarded import TrustedPeers
from gatewayd.core.messages import RequestHead
from gatewayd.core.reasons import Reason, Refused
from gatewayd.http.channel import ServerChannel
from gatewayd.http.deadlines import INTERVAL, Deadlines
from gatewayd.http.inbound import InboundBody
from gatewayd.http.listener import Census, Listener
from gatewayd.http.tls.server import ServerTls
from gatewayd.http.writer import Framing

from .wire import HERE, THERE, Wire

GET = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"


@dataclass(frozen=True)
class Bounds:
    """Limits and timeouts of a listener in one."""

    head_size: int = 4096
    head_fields: int = 20
    target_size: int = 1024
    connections: int = 100
    connections_per_client: int = 50
    requests_per_connection: int = 1000
    request_head: float = 10.0
    request_body: float = 30.0
    keepalive: float = 75.0
    send: float = 20.0


class Sink:
    """Takes a body and keeps it."""

    def __init__(self) -> None:
        self.data = b""
        self.pieces: list[bytes] = []
        self.trailers: bytes | None = None  # None until the end

    def body_data(self, data: bytes) -> None:
        """Keep it."""
        assert self.trailers is None, "data after the end"
        assert data
        self.data += data
        self.pieces.append(data)

    def body_end(self, trailers: bytes) -> None:
        """Keep them."""
        assert self.trailers is None, "two ends"
        self.trailers = trailers


class ScriptedExchange:
    """An exchange that waits for the test to answer; errors it treats as the real one does."""

    def __init__(
        self, channel: ServerChannel, head: RequestHead | None, body: InboundBody | None, since: float
    ) -> None:
        self.channel = channel
        self._head = head
        self._body = body
        self.since = since
        self.sink = Sink()
        self.script: Callable[[ScriptedExchange], None] | None = None
        self.cancelled: Reason | None = None
        self.failed: Refused | None = None
        self.over = False

    @property
    def head(self) -> RequestHead:
        """The request's head."""
        assert self._head is not None
        return self._head

    @property
    def body(self) -> InboundBody:
        """The request's body."""
        assert self._body is not None
        return self._body

    @property
    def bodiless(self) -> bool:
        """Whether the request came without a body."""
        return self._body is None

    def start(self) -> None:
        """Do what the script says."""
        if self.script is not None:
            self.script(self)

    def cancel(self, reason: Reason) -> None:
        """Break off."""
        self.cancelled = reason
        self._break_off()

    def fail(self, refused: Refused) -> None:
        """Refuse, or break off an answer that has begun."""
        self.failed = refused
        if self.channel.writer.started:
            self._break_off()
        else:
            self.answer(status=refused.reason.status, keep_alive=not refused.reason.closes)

    def accept(self) -> None:
        """Take the body."""
        self.body.open(self.sink)

    def begin(self, length: int, status: int = 200) -> None:
        """Send a head that announces `length` bytes."""
        writer = self.channel.writer
        writer.begin(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, length), Framing.LENGTH)
        writer.flush()

    def answer(self, body: bytes = b"", *, status: int = 200, keep_alive: bool = True) -> None:
        """Send a whole answer, and end."""
        keep_alive = keep_alive and self.channel.persistent
        writer = self.channel.writer
        writer.begin(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(body)), Framing.LENGTH)
        if body:
            writer.write(body)
        writer.end()
        self.end(keep_alive)

    def end(self, keep_alive: bool = True) -> None:
        """Let the channel go on."""
        assert not self.over
        self.over = True
        self.channel.writer.reset()
        self.channel.ended(keep_alive)

    def _break_off(self) -> None:
        self.channel.abort()
        self.end(keep_alive=False)


class ScriptedApplication:
    """Keeps the exchanges it serves; `script` is what each of them does at its start."""

    def __init__(self) -> None:
        self.exchanges: list[ScriptedExchange] = []
        self.refused: list[Refused] = []
        self.script: Callable[[ScriptedExchange], None] | None = None

    def serve(
        self, channel: ServerChannel, head: RequestHead, body: InboundBody | None, since: float
    ) -> ScriptedExchange:
        """One more."""
        exchange = ScriptedExchange(channel, head, body, since)
        exchange.script = self.script
        self.exchanges.append(exchange)
        return exchange

    def refuse(self, channel: ServerChannel, refused: Refused, since: float) -> None:
        """Answer with the reason's status."""
        self.refused.append(refused)
        ScriptedExchange(channel, None, None, since).answer(status=refused.reason.status, keep_alive=False)


class World:
    """A listener on a clock that stands still until told, and its clients."""

    def __init__(self, bounds: Bounds | None = None, trusted: TrustedPeers | None = None) -> None:
        self.bounds = bounds or Bounds()
        self.clock = Clock()
        self.deadlines = Deadlines(self.clock, self.clock.seconds)
        self.deadlines.start()
        self.application = ScriptedApplication()
        self.rejected: list[str] = []
        self.census = Census(self.rejected.append)
        self.listener = Listener(
            "http",
            self.application,
            limits=self.bounds,
            timeouts=self.bounds,
            trusted=trusted or TrustedPeers(),
            deadlines=self.deadlines,
            census=self.census,
            now=self.clock.seconds,
        )

    def connect(self, peer: IAddress = THERE, host: IAddress = HERE) -> Wire:
        """One more client."""
        return Wire(self.listener.buildProtocol(None), self.clock, peer=peer, host=host)

    def connect_from(self, address: str) -> Wire:
        """One more client, from an IPv4 address."""
        return self.connect(IPv4Address("TCP", address, 50000))

    def advance(self, seconds: float) -> None:
        """Let time pass, sweep by sweep; `seconds` is a multiple of the sweep's interval."""
        steps = seconds / INTERVAL
        assert steps == int(steps)
        for _ in range(int(steps)):
            self.clock.advance(INTERVAL)
            self.clock.advance(0)

    @property
    def exchanges(self) -> list[ScriptedExchange]:
        """Those served so far."""
        return self.application.exchanges

    @property
    def last(self) -> ScriptedExchange:
        """The exchange served last."""
        return self.application.exchanges[-1]


def channel_of(wire: Wire) -> ServerChannel:
    """The channel behind a client's wire."""
    protocol = wire.protocol
    if isinstance(protocol, ServerTls):
        protocol = protocol.protocol
    assert isinstance(protocol, ServerChannel)
    return protocol
