"""uvloop's transports behind Twisted's interfaces.

A protocol of this room knows only `ITransport`, `IPushProducer` and `IConsumer`. On a reactor that runs on an asyncio
loop it gets a `LoopTransport`: incoming bytes go straight to `dataReceived`, with no frame of ours in between, and
outgoing ones leave at the end of the loop's turn (`gatewayd.http.outbox`). On any other reactor it gets that reactor's
own transport, and on neither does it notice the difference.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterable
from typing import Any, cast

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IAddress, IConsumer, IProtocol, IPushProducer, ITransport
from twisted.python.failure import Failure
from zope.interface import implementer

from gatewayd.http.outbox import Outbox

_DONE = Failure(ConnectionDone())
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: no time to send what is left, so closing sends RST instead of FIN
_MOST_PIECES = 16  # writes kept until the end of a turn: beyond them the loop has to say whether to pause
HIGH_WATER = 65536  # bytes a transport may hold unsent before it asks its producer to pause


def _address(info: Any) -> IAddress:
    """What a socket calls its name, as Twisted's address object."""
    if isinstance(info, tuple):
        kind = IPv4Address if len(info) == 2 else IPv6Address
        return kind("TCP", info[0], info[1])
    return UNIXAddress(info or None)


@implementer(ITransport, IConsumer, IPushProducer)
class LoopTransport(asyncio.Protocol):
    """One connection of an asyncio loop, seen by `protocol` as an `ITransport` that is also an `IConsumer`."""

    __slots__ = (
        "_full",
        "_loop_transport",
        "_lost",
        "_outbox",
        "_producer",
        "_protocol",
        "_unsent",
        "data_received",
        "disconnecting",
    )

    def __init__(self, protocol: IProtocol, outbox: Outbox) -> None:
        self._protocol = protocol
        self._outbox = outbox
        self._unsent: list[bytes] = []  # written in this turn
        self._producer: IPushProducer | None = None
        self._full = False  # more than HIGH_WATER is unsent
        self._lost = False
        self.disconnecting = False
        self.data_received = protocol.dataReceived  # type: ignore[method-assign]  # looked up by the loop once, before connection_made

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Tell the protocol."""
        self._loop_transport = transport = cast(asyncio.Transport, transport)
        transport.set_write_buffer_limits(high=HIGH_WATER)
        self._protocol.makeConnection(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the protocol: an orderly end as ConnectionDone, everything else as ConnectionLost."""
        self.disconnecting = self._lost = True
        self._producer = None
        self._protocol.connectionLost(_DONE if exc is None else Failure(ConnectionLost(str(exc))))
        del self.data_received  # it refers to the protocol, which refers to this transport

    def eof_received(self) -> bool:
        """Close: a peer that stops sending has gone, as on Twisted's own transports. It gets what is written."""
        self.flush()
        return False

    def pause_writing(self) -> None:
        """Pass on that the peer reads more slowly than we write."""
        self._full = True
        if self._producer is not None:
            self._producer.pauseProducing()

    def resume_writing(self) -> None:
        """Pass on that the peer has caught up."""
        self._full = False
        if self._producer is not None:
            self._producer.resumeProducing()

    # What the protocol calls.

    def write(self, data: bytes) -> None:
        """Send `data` at the end of this turn, or at once after many others; nothing once the connection is lost."""
        unsent = self._unsent
        if not unsent:
            self._outbox.add(self)
        unsent.append(data)
        if len(unsent) > _MOST_PIECES:
            self.flush()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Send all of `data`."""
        for piece in data:
            self.write(piece)

    def flush(self) -> None:
        """Send what was written in this turn."""
        unsent, self._unsent = self._unsent, []
        if not unsent or self.disconnecting or self._loop_transport.is_closing():
            return
        if len(unsent) == 1:
            self._loop_transport.write(unsent[0])
        else:
            self._loop_transport.writelines(unsent)

    def send(self, data: bytes) -> None:
        """Send `data` now; for whoever keeps what is written until the end of the turn itself."""
        if not (self.disconnecting or self._loop_transport.is_closing()):
            self._loop_transport.write(data)

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None:  # type: ignore[override]
        """Let `producer` (a push producer) know when to pause and resume."""
        self._producer = producer
        if self._full:  # since a producer before this one; the loop says so only once
            producer.pauseProducing()

    def unregisterProducer(self) -> None:
        """Leave the producer alone from now on."""
        self._producer = None

    def pauseProducing(self) -> None:
        """Stop reading."""
        if not self.disconnecting:
            self._loop_transport.pause_reading()

    def resumeProducing(self) -> None:
        """Read again."""
        if not self.disconnecting:
            self._loop_transport.resume_reading()

    def stopProducing(self) -> None:
        """Close."""
        self.loseConnection()

    def loseConnection(self) -> None:
        """Close once what was written is sent."""
        self.flush()
        self.disconnecting = True
        self._loop_transport.close()

    def abortConnection(self) -> None:
        """Close at once, with a reset: to a peer that reads until the end, a FIN would look like a whole answer.

        asyncio and uvloop know no reset, hence the socket option. Unix sockets have none: their peer sees an end.
        """
        self.disconnecting = True
        if not self._lost:  # later the descriptor may be another connection's
            options = self._loop_transport.get_extra_info("socket")
            options.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._loop_transport.abort()

    def loseWriteConnection(self) -> None:
        """Send what was written and then FIN; keep reading. Nothing once the connection is being closed or reset."""
        self.flush()
        if not self.disconnecting and self._loop_transport.can_write_eof():
            self._loop_transport.write_eof()

    def getPeer(self) -> IAddress:
        """Whom we talk to."""
        return _address(self._loop_transport.get_extra_info("peername"))

    def getHost(self) -> IAddress:
        """Our end."""
        return _address(self._loop_transport.get_extra_info("sockname"))
