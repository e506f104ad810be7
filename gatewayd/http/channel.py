"""A client's connection: bytes in, requests out one at a time, answers back in order (RFC 9112 section 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.interfaces import IProtocol, IPushProducer
from twisted.python.failure import Failure
from zope.interface import implementer

from gatewayd.core.messages import HeaderSection
from gatewayd.core.reasons import (
    BODY_TIMEOUT,
    CLIENT_CLOSED,
    CLIENT_STALLED,
    HEAD_TIMEOUT,
    SHUTTING_DOWN,
    Refused,
)
from gatewayd.http.client import LAST_CHANCE, ClientConnection
from gatewayd.http.deadlines import NEVER
from gatewayd.http.heads import take_request_head
from gatewayd.http.inbound import PIPELINED, SINK_FULL, UNWANTED, InboundBody
from gatewayd.http.interfaces import Exchange, Source, Tunnel

if TYPE_CHECKING:
    from gatewayd.http.listener import Listener

_PIPELINED_BYTES = 65536


@implementer(IProtocol, IPushProducer)
class ServerChannel(ClientConnection):
    """Serves one client connection.

    One exchange is in progress at a time; what arrives behind it is kept, up to a bound, and read when its turn comes.
    As the transport's producer the channel is paused while the client does not read its answers: then the source of
    the answer is paused in turn, and no further request is begun.
    """

    __slots__ = ("_at", "_requests", "_section", "_since", "_taking", "exchange", "tunnel")

    def __init__(self, listener: Listener) -> None:
        super().__init__(listener)
        self.exchange: Exchange | None = None
        self.tunnel: Tunnel | None = None
        self._since = 0.0  # when the first byte of the request at hand came
        self._at = 0  # where in the buffer the next request begins
        self._requests = 0
        self._section: HeaderSection | None = None  # of the request before, which the next one mostly repeats
        self._taking = False

    # What the transport calls.

    def dataReceived(self, data: bytes) -> None:
        """Bytes from the client."""
        if self.body is not None:
            self._feed(data)
        elif self.tunnel is not None:
            self.tunnel.tunnel_data(data)
        elif self._closing:
            self._discard(data)
        elif self._buffer:
            self._buffer = self._rest() + data
            if self.exchange is None and not self._blocked:
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
        if self._holds and (
            len(self._buffer) - self._at <= _PIPELINED_BYTES or (self.exchange is None and not self._blocked)
        ):
            self.release(PIPELINED)

    def _begin(self) -> bool:
        """Begin the request at the start of the buffer; False if its head is still incomplete."""
        at = self._at
        head = take_request_head(self._buffer, at, self.listener.limits, self._section, self.listener.fields)
        if head is None:
            self.deadline = self._since + self.listener.timeouts.request_head
            return False
        self._section = section = head.section
        at += head.size
        if at == len(self._buffer):
            self._buffer, self._at = b"", 0
        else:
            self._at = at  # slicing for each of many pipelined requests would copy them all over and over
        self.deadline = NEVER
        if section.chunked or section.length:
            expected = section.expects_continue and head.version == 1
            guards = self.listener.guards
            self.body = body = InboundBody(self, section.length, expected, section.nominated, guards)
            self.exchange = exchange = self.listener.serve(self, head, body, self._since)
            exchange.start()
            self._rearm()
            if self._buffer and self.body is not None:
                self._feed(self._rest())
        else:
            self.exchange = exchange = self.listener.serve(self, head, None, self._since)
            exchange.start()
        return True

    def _rest(self) -> bytes:
        """What is left of the buffer, which is empty from now on."""
        rest = self._buffer[self._at :] if self._at else self._buffer
        self._buffer, self._at = b"", 0
        return rest

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
        if self._holds:  # for the body's sake only, and whoever took it has no more reason to release it
            self.release(UNWANTED | SINK_FULL)
        else:
            self._rearm()
        if rest:
            self._buffer = self._rest() + rest
            self._since = self.listener.now()
        if self.exchange is None:
            self._take()

    def ended(self, keep_alive: bool) -> None:
        """The exchange is over and its answer written: go on with the next request, or close."""
        self.exchange = self.source = self.tunnel = None
        self._requests += 1
        if self._gone:
            return
        if not keep_alive or self.listener.draining or (self.body is not None and not self.body.discard()):
            self.close()
            return
        if self._buffer or self._holds or self._blocked or self.body is not None:
            self._rearm()
        else:
            self.deadline = self.listener.now() + self.listener.timeouts.keepalive
        if self._buffer:
            self._since = self.listener.now()
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

    def _rearm(self) -> None:
        """Set the deadline for what the client has to do next, if it has to do anything."""
        timeouts = self.listener.timeouts
        if self._closing or self._blocked:
            return
        if self._holds:
            self.deadline = NEVER
        elif self.body is not None:
            self.deadline = self.listener.now() + timeouts.request_body
        elif self.exchange is not None:
            self.deadline = NEVER
        elif self._buffer:
            self.deadline = self._since + timeouts.request_head
        else:
            self.deadline = self.listener.now() + timeouts.keepalive

    def expired(self, now: float) -> None:
        """The client did not do what it had to in time."""
        self.deadline = NEVER
        exchange = self.exchange
        if self._lingering:
            self._lingering = False
            self.deadline = now + self.listener.timeouts.send
            self.transport.loseConnection()
        elif self._closing or self._blocked:
            if exchange is not None:
                exchange.cancel(CLIENT_STALLED)
            self.abort()
        elif self.body is not None and exchange is not None:
            exchange.fail(Refused(BODY_TIMEOUT))
        elif exchange is None and self._buffer:
            self._closing = True
            self.listener.rejected("slow_header")
            self.listener.refuse(self, Refused(HEAD_TIMEOUT), self._since)
        elif exchange is None:
            self.close()

    def begin_tunnel(self, tunnel: Tunnel, source: Source) -> None:
        """From now on the client's bytes go to `tunnel`, beginning with those that came early."""
        self.tunnel, self.source = tunnel, source
        early = self._rest()
        self.release(PIPELINED)
        if early:
            tunnel.tunnel_data(early)

    def drain(self) -> None:
        """The gateway stops: close as soon as nothing is in progress.

        A request that has begun to come is waited for a little, and so is the first one of a connection: it may be on
        its way, and its client has no reason to expect that a connection which was just accepted is closed.
        """
        if self.exchange is not None or self._closing:
            return
        if self._requests and not self._buffer:
            self.close()
        else:
            self.deadline = min(self.deadline, self.listener.now() + LAST_CHANCE)

    def expel(self) -> None:
        """The gateway stops now: whatever is in progress is broken off."""
        if self.exchange is not None:
            self.exchange.cancel(SHUTTING_DOWN)
        self.abort()
