"""A client's connection below HTTP: its admission, its pace both ways, and its end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, cast

from gatewayd.http.deadlines import NEVER
from gatewayd.http.interfaces import Source, StreamTransport
from gatewayd.http.writer import ResponseWriter

if TYPE_CHECKING:
    from gatewayd.core.forwarded import Peer
    from gatewayd.http.channel import ServerChannel
    from gatewayd.http.inbound import InboundBody
    from gatewayd.http.listener import Listener

_LINGER = 2.0  # seconds a client may go on sending after its last answer; nginx's lingering_timeout is 5
_LINGER_BYTES = 1 << 20
LAST_CHANCE = 1.0  # seconds that a connection has for its first request while the gateway stops


class ClientConnection(ABC):
    """What `ServerChannel` stands on. As its transport's producer it is paused while the client does not read."""

    __slots__ = (
        "_aborted",
        "_blocked",
        "_buffer",
        "_closing",
        "_discarded",
        "_gone",
        "_holds",
        "_lingering",
        "body",
        "deadline",
        "listener",
        "peer",
        "source",
        "transport",
        "writer",
    )

    transport: StreamTransport
    peer: Peer
    writer: ResponseWriter

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.body: InboundBody | None = None  # the body of the request at hand, while it is incomplete
        self.source: Source | None = None  # where the answer's body comes from
        self.deadline = NEVER
        self._buffer = b""  # bytes that wait for their turn
        self._holds = 0
        self._discarded = 0
        self._blocked = False  # the client does not read
        self._closing = False  # no further request is begun
        self._lingering = False  # everything is written, and the client may still be sending
        self._aborted = False
        self._gone = False

    def makeConnection(self, transport: Any) -> None:
        """Begin on a `StreamTransport`, if the limits allow another connection."""
        self.transport = transport
        self.writer = ResponseWriter(transport)
        self.connectionMade()

    def connectionMade(self) -> None:
        """Register with the listener, or close."""
        if not self.listener.admit(cast("ServerChannel", self)):
            self._closing = self._gone = True
            self.transport.abortConnection()
            return
        self.transport.registerProducer(cast("ServerChannel", self), True)
        patience = LAST_CHANCE if self.listener.draining else self.listener.timeouts.request_head
        self.deadline = self.listener.now() + patience
        self.listener.deadlines.watch(self)

    def hold(self, cause: int) -> None:
        """Read no further until `cause` (a bit of `gatewayd.http.inbound`) is released."""
        if not self._holds:
            self.transport.pauseProducing()
        self._holds |= cause
        self._rearm()

    def release(self, cause: int) -> None:
        """Read again, if nothing else holds."""
        if self._holds & cause:
            self._holds &= ~cause
            if not self._holds and not self._gone:
                self.transport.resumeProducing()
            self._rearm()

    def let_go(self) -> None:
        """The client is gone, and its answer comes to an end all the same: nothing holds that up any more."""
        if self._blocked and self.source is not None:
            self._blocked = False
            self.source.resume()

    @abstractmethod
    def _rearm(self) -> None:
        """Set the deadline for what the client has to do next, if it has to do anything."""

    @abstractmethod
    def expired(self, now: float) -> None:
        """The client did not do what it had to in time."""

    def write_interim(self, head: bytes) -> None:
        """Send a 1xx response's whole head."""
        if not self.writer.started and not self._gone:
            self.transport.write(head)

    def close(self) -> None:
        """Send what was written, and close; a client that may still be sending is first heard out.

        Closing a socket with unread bytes would reset the connection and could take the last answer with it
        (RFC 9112 section 9.6).
        """
        self._closing = True
        if self._gone or self._aborted:
            return
        self.transport.unregisterProducer()
        if self.body is not None or self._buffer:
            self.body, self._buffer = None, b""
            if self._holds:
                self._holds = 0
                self.transport.resumeProducing()
            self.transport.loseWriteConnection()
            self._lingering = True
            self.deadline = self.listener.now() + _LINGER
        else:
            self.transport.loseConnection()
            self.deadline = self.listener.now() + self.listener.timeouts.send

    def _discard(self, data: bytes) -> None:
        """Bytes that come after the last answer. Too many are left unread: a reset now could take the answer along."""
        self._discarded += len(data)
        if self._discarded > _LINGER_BYTES:
            self.transport.pauseProducing()

    def abort(self) -> None:
        """Reset the connection, so that the client sees its answer broken off."""
        self._closing = True
        if not self._gone and not self._aborted:
            self._aborted = True
            self.transport.unregisterProducer()
            self.transport.abortConnection()
