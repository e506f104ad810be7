"""A client's connection: bytes in, requests out one at a time, answers back in order (RFC 9112 section 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from twisted.internet.interfaces import IProtocol, IPushProducer, ITCPTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from gatewayd.core.messages import HeaderSection
from gatewayd.core.reasons import (
    BODY_TIMEOUT,
    CLIENT_CLOSED,
    CLIENT_STALLED,
    HEAD_TIMEOUT,
    HEAD_TOO_LARGE,
    SHUTTING_DOWN,
    TARGET_TOO_LONG,
    Reason,
    Refused,
)
from gatewayd.http.deadlines import NEVER
from gatewayd.http.heads import judge_incomplete, parse_request_head
from gatewayd.http.inbound import PIPELINED, InboundBody
from gatewayd.http.writer import ResponseWriter

if TYPE_CHECKING:
    from gatewayd.core.forwarded import Peer
    from gatewayd.http.listener import Listener

_LINGER = 2.0  # seconds a client may go on sending after its last answer; nginx's lingering_timeout is 5
_LINGER_BYTES = 1 << 20
_PIPELINED_BYTES = 65536


class Exchange(Protocol):
    """What the channel knows of a request in progress."""

    def start(self) -> None:
        """Begin; may end before it returns."""

    def cancel(self, reason: Reason) -> None:
        """The client is gone, or must go: stop everything; nothing can be sent any more."""

    def fail(self, refused: Refused) -> None:
        """The rest of the request cannot be had."""


class Source(Protocol):
    """Where an answer's body comes from."""

    def pause(self) -> None:
        """The client reads too slowly."""

    def resume(self) -> None:
        """The client has caught up."""


class Tunnel(Protocol):
    """The far end of an upgraded connection."""

    def tunnel_data(self, data: bytes) -> None:
        """Bytes from the client."""


@implementer(IProtocol, IPushProducer)
class ServerChannel:
    """Serves one client connection.

    One exchange is in progress at a time; what arrives behind it is kept, up to a bound, and read when its turn comes.
    As the transport's producer the channel is paused while the client does not read its answers: then the source of
    the answer is paused in turn, and no further request is begun.
    """

    __slots__ = (
        "_blocked",
        "_buffer",
        "_closing",
        "_discarded",
        "_gone",
        "_holds",
        "_requests",
        "_section",
        "_since",
        "_taking",
        "body",
        "deadline",
        "exchange",
        "listener",
        "peer",
        "source",
        "transport",
        "tunnel",
        "writer",
    )

    transport: ITCPTransport
    peer: Peer
    writer: ResponseWriter

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.exchange: Exchange | None = None
        self.body: InboundBody | None = None  # the body of the request at hand, while it is incomplete
        self.tunnel: Tunnel | None = None
        self.source: Source | None = None  # where the answer's body comes from
        self.deadline = NEVER
        self._buffer = b""
        self._since = 0.0  # when the first byte of the request at hand came
        self._requests = 0
        self._section: HeaderSection | None = None  # of the request before, which the next one mostly repeats
        self._holds = 0
        self._discarded = 0
        self._blocked = self._closing = self._gone = self._taking = False

    # What the transport calls.

    def makeConnection(self, transport: ITCPTransport) -> None:
        """Begin, if the limits allow another connection."""
        self.transport = transport
        self.writer = ResponseWriter(transport)
        self.connectionMade()

    def connectionMade(self) -> None:
        """Register with the listener, or close."""
        if not self.listener.admit(self):
            self._closing = self._gone = True
            self.transport.abortConnection()
            return
        self.transport.registerProducer(self, True)
        self.deadline = self.listener.now() + self.listener.timeouts.request_head
        self.listener.deadlines.watch(self)

    def dataReceived(self, data: bytes) -> None:
        """Bytes from the client."""
        if self.body is not None:
            self._feed(data)
        elif self.tunnel is not None:
            self.tunnel.tunnel_data(data)
        elif self._closing:
            self._discarded += len(data)
            if self._discarded > _LINGER_BYTES:
                self.abort()
        elif self._buffer:
            self._buffer += data
            if self.exchange is None:
                self._take()
            elif len(self._buffer) > _PIPELINED_BYTES:
                self.hold(PIPELINED)
        else:
            self._buffer = data
            if self.exchange is None:
                self._since = self.listener.now()
                self._take()

    def connectionLost(self, reason: Failure) -> None:
        """The client is gone; so is whatever it asked for."""
        if self._gone:
            return
        self._gone = self._closing = True
        self.listener.deadlines.forget(self)
        self.listener.leave(self)
        if self.exchange is not None:
            self.exchange.cancel(CLIENT_CLOSED)

    def pauseProducing(self) -> None:
        """The client reads more slowly than we write."""
        self._blocked = True
        self.deadline = self.listener.now() + self.listener.timeouts.send
        if self.source is not None:
            self.source.pause()

    def resumeProducing(self) -> None:
        """The client has caught up."""
        self._blocked = False
        self._rearm()
        if self.source is not None:
            self.source.resume()
        self._take()

    def stopProducing(self) -> None:
        """The transport is closing; connectionLost says the rest."""

    # Requests.

    def _take(self) -> None:
        """Begin the requests in the buffer, one after another, until one has to be waited for."""
        if self._taking:
            return
        self._taking = True
        try:
            while (
                self._buffer
                and self.exchange is None
                and self.body is None
                and not self._closing
                and not self._blocked
                and self._begin()
            ):
                pass
        except Refused as refused:
            self._closing = True
            self.listener.refuse(self, refused, self._since)
        finally:
            self._taking = False

    def _begin(self) -> bool:
        """Begin the request at the start of the buffer; False if its head is still incomplete."""
        data = self._buffer
        limits = self.listener.limits
        if data.startswith(b"\r\n"):  # one empty line before a request line is allowed (RFC 9112 section 2.2)
            data = data[2:]
        end = data.find(b"\r\n\r\n")
        if end < 0 or end > limits.head_size:
            judge_incomplete(data, limits.head_size, limits.target_size)
            self.deadline = self._since + self.listener.timeouts.request_head
            return False
        head = parse_request_head(data[:end], self._section)
        self._section = section = head.section
        if len(head.target) > limits.target_size:
            raise Refused(TARGET_TOO_LONG, f"A target may have {limits.target_size} bytes.")
        if len(head.fields) > limits.head_fields:
            raise Refused(HEAD_TOO_LARGE, f"A request may have {limits.head_fields} fields.")
        self._buffer = data[end + 4 :]
        self.deadline = NEVER
        if section.chunked or section.length:
            self.body = body = InboundBody(self, section.length, section.expects_continue and head.version == 1)
            self.exchange = exchange = self.listener.serve(self, head, body, self._since)
            exchange.start()
            self._rearm()
            if self._buffer and self.body is not None:
                data, self._buffer = self._buffer, b""
                self._feed(data)
        else:
            self.exchange = exchange = self.listener.serve(self, head, None, self._since)
            exchange.start()
        return True

    def _feed(self, data: bytes) -> None:
        """Bytes of the body at hand, and perhaps of what lies behind it."""
        body = self.body
        assert body is not None
        try:
            rest = body.feed(data)
        except Refused as refused:
            if self.exchange is not None:
                self.exchange.fail(refused)
            else:
                self.close()
            return
        if not body.complete:
            self._rearm()
            return
        self.body = None
        self._rearm()
        if rest:
            self._buffer += rest
            self._since = self.listener.now()
        if self.exchange is None:
            self._take()

    def ended(self, keep_alive: bool) -> None:
        """The exchange is over and its answer written: go on with the next request, or close."""
        self.exchange = self.source = self.tunnel = None
        self._requests += 1
        if self._gone:
            return
        if not keep_alive or (self.body is not None and not self.body.discard()):
            self.close()
            return
        self._rearm()
        if self._buffer:
            self._since = self.listener.now()
            if self._holds:
                self.release(PIPELINED)
            self._take()

    @property
    def persistent(self) -> bool:
        """Whether another request may follow the one at hand on this connection."""
        return (
            not self._closing
            and not self.listener.draining
            and self._requests + 1 < self.listener.limits.requests_per_connection
            and (self.body is None or self.body.discardable)
        )

    # Flow and time.

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
            if not self._holds:
                self.transport.resumeProducing()
            self._rearm()

    def _rearm(self) -> None:
        """Set the deadline for what the client has to do next, if it has to do anything."""
        timeouts = self.listener.timeouts
        if self._closing or self._blocked:
            return
        if self._holds:
            self.deadline = NEVER
        elif self.body is not None:
            self.deadline = self.listener.now() + timeouts.request_body
        else:
            self.deadline = self.listener.now() + timeouts.keepalive if self.exchange is None else NEVER

    def expired(self, now: float) -> None:
        """The client did not do what it had to in time."""
        self.deadline = NEVER
        exchange = self.exchange
        if self._closing or self._blocked:
            if exchange is not None:
                exchange.cancel(CLIENT_STALLED)
            self.abort()
        elif self.body is not None and exchange is not None:
            exchange.fail(Refused(BODY_TIMEOUT))
        elif exchange is None and self._buffer:
            self._closing = True
            self.listener.refuse(self, Refused(HEAD_TIMEOUT), self._since)
        elif exchange is None:
            self.close()

    # Writing beside the writer, and closing.

    def write_interim(self, head: bytes) -> None:
        """Send a 1xx response's whole head."""
        if not self.writer.started and not self._gone:
            self.transport.write(head)

    def begin_tunnel(self, tunnel: Tunnel, source: Source) -> None:
        """From now on the client's bytes go to `tunnel`, beginning with those that came early."""
        self.tunnel, self.source = tunnel, source
        early, self._buffer = self._buffer, b""
        self.release(PIPELINED)
        if early:
            tunnel.tunnel_data(early)

    def drain(self) -> None:
        """The gateway stops: close as soon as nothing is in progress."""
        if self.exchange is None and not self._closing:
            self.close()

    def expel(self) -> None:
        """The gateway stops now: whatever is in progress is broken off."""
        if self.exchange is not None:
            self.exchange.cancel(SHUTTING_DOWN)
        self.abort()

    def close(self) -> None:
        """Send what was written, and close; a client that may still be sending is first heard out.

        Closing a socket with unread bytes would reset the connection and could take the last answer with it
        (RFC 9112 section 9.6).
        """
        self._closing = True
        if self._gone:
            return
        self.transport.unregisterProducer()
        if self.body is not None or self._buffer:
            self.body, self._buffer = None, b""
            if self._holds:
                self._holds = 0
                self.transport.resumeProducing()
            self.transport.loseWriteConnection()
            self.deadline = self.listener.now() + _LINGER
        else:
            self.transport.loseConnection()
            self.deadline = self.listener.now() + self.listener.timeouts.send

    def abort(self) -> None:
        """Reset the connection, so that the client sees its answer broken off."""
        self._closing = True
        if not self._gone:
            self.transport.unregisterProducer()
            self.transport.abortConnection()
