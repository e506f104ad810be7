"""The notification service's live half: Server-Sent Events (WHATWG HTML section 9.2) and a WebSocket that echoes."""

from __future__ import annotations

import json
from typing import Protocol, cast

from twisted.internet.interfaces import IPushProducer, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.internet.tcp import Connection
from twisted.python.failure import Failure
from twisted.web.server import NOT_DONE_YET, Request
from twisted.web.websocket import WebSocketResource, WebSocketTransport
from zope.interface import implementer

from gatewayd.demo.catalogue import Offer
from gatewayd.demo.draw import KNOWN_IDS
from gatewayd.demo.replies import JsonResource, refuse

INTERVAL = 0.5  # seconds between two events
_HEARTBEAT_EVERY = 10  # events


@implementer(IPushProducer)
class EventStream:
    """Sends `request` one event at each tick until the client goes, or until `limit` events were sent."""

    def __init__(self, request: Request, offer: Offer, first: int, limit: int | None) -> None:
        self._request = request
        self._offer = offer
        self._next = first
        self._last = None if limit is None else first + limit - 1
        self._paused = False
        self._ticks = LoopingCall(self._tick)

    def start(self, clock: IReactorTime) -> None:
        """Send the first event now."""
        self._ticks.clock = clock
        self._request.registerProducer(self, True)
        self._request.write(b"retry: 1000\n\n")
        self._ticks.start(INTERVAL)

    def _tick(self) -> None:
        """One event, if the client keeps up; ticks it cannot take are lost, as they would be on a live feed."""
        if self._paused:
            return
        record = self._offer.record((self._next - 1) % KNOWN_IDS + 1)
        self._request.write(b"id: %d\nevent: notification\ndata: %s\n\n" % (self._next, json.dumps(record).encode()))
        if self._next % _HEARTBEAT_EVERY == 0:
            self._request.write(b": heartbeat\n\n")
        self._next += 1
        if self._last is not None and self._next > self._last:
            self._ticks.stop()
            self._request.unregisterProducer()
            self._request.finish()

    def pauseProducing(self) -> None:
        """The client does not keep up."""
        self._paused = True

    def resumeProducing(self) -> None:
        """The client read what it was sent."""
        self._paused = False

    def stopProducing(self) -> None:
        """The client went away."""
        self._ticks.stop()


def _number(value: bytes | None) -> int | None:
    """A non-negative integer, or None for anything else."""
    return int(value) if value is not None and value.isdigit() and len(value) < 10 else None


class Stream(JsonResource):
    """GET answers events without end; `?limit=3` ends after three, and Last-Event-ID goes on where it says."""

    isLeaf = True

    def __init__(self, offer: Offer, clock: IReactorTime) -> None:
        super().__init__()
        self._offer = offer
        self._clock = clock

    def render_GET(self, request: Request) -> int:
        """Begin to stream."""
        request.setHeader(b"content-type", b"text/event-stream")
        request.setHeader(b"cache-control", b"no-cache")
        if request.method == b"HEAD":
            request.finish()
            return NOT_DONE_YET
        limit = _number((request.args or {}).get(b"limit", [b""])[-1])
        first = (_number(request.getHeader(b"last-event-id")) or 0) + 1
        EventStream(request, self._offer, first, limit or None).start(self._clock)
        return NOT_DONE_YET


class _Wire(Protocol):
    """The byte half of a `WebSocketTransport`."""

    transport: Connection


@implementer(IPushProducer)
class _Brake:
    """Stops reading from a connection while what was written to it is not read: an echo must not grow."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def pauseProducing(self) -> None:
        """The peer does not read its echoes."""
        self._connection.pauseProducing()

    def resumeProducing(self) -> None:
        """The peer read them; a connection that is closing must not wait for its producer any more."""
        if self._connection.disconnecting:
            self._connection.unregisterProducer()
        else:
            self._connection.resumeProducing()

    def stopProducing(self) -> None:
        """The connection is lost."""


class EchoProtocol:
    """Sends every message back as it came."""

    _transport: WebSocketTransport

    def negotiationStarted(self, transport: WebSocketTransport) -> None:
        """Take the connection over from the HTTP channel, whose producer would otherwise stay registered."""
        self._transport = transport
        connection = cast(_Wire, transport).transport
        connection.unregisterProducer()
        connection.registerProducer(_Brake(connection), True)

    def negotiationFinished(self) -> None:
        """The handshake is done."""

    def textMessageReceived(self, message: str) -> None:
        """Text."""
        self._transport.sendTextMessage(message)

    def bytesMessageReceived(self, data: bytes | bytearray) -> None:
        """Bytes."""
        self._transport.sendBytesMessage(bytes(data))

    def pongReceived(self, payload: bytes) -> None:
        """An answer to a ping; none are sent."""

    def connectionLost(self, reason: Failure) -> None:
        """The peer went away."""


class EchoFactory:
    """One `EchoProtocol` for each connection."""

    def buildProtocol(self, request: Request) -> EchoProtocol:
        """A new echo."""
        return EchoProtocol()


class EchoSocket(JsonResource):
    """A WebSocket (RFC 6455) that echoes; anything but an upgrade is told so."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self._socket = WebSocketResource(EchoFactory())

    def render_GET(self, request: Request) -> bytes | int:
        """Upgrade, or 426 (RFC 9110 section 15.5.22)."""
        if (request.getHeader(b"upgrade") or b"").lower() != b"websocket":
            request.setHeader(b"upgrade", b"websocket")
            return refuse(request, 426, "upgrade-required", "This is a WebSocket; connect with an Upgrade")
        return self._socket.render_GET(request)
