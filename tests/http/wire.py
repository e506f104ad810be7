"""A TCP connection in memory: one end is the transport of a protocol under test, the other one is the test."""

from __future__ import annotations

from collections import deque

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IAddress, IProtocol, IPushProducer
from twisted.internet.task import Clock
from twisted.python.failure import Failure

HIGH_WATER = 65536  # as gatewayd.http.transport and Twisted's FileDescriptor have it
HERE = IPv4Address("TCP", "192.0.2.80", 8080)
THERE = IPv4Address("TCP", "192.0.2.1", 50000)


class Wire:
    """Behaves as Twisted's TCP transports do, and is as unforgiving as asyncio's where those are lenient.

    What the protocol asks for takes effect on `clock`'s next turn, never inside the protocol's call; only a producer is
    paused from within `write`, as everywhere.
    """

    def __init__(
        self, protocol: IProtocol, clock: Clock, *, peer: IAddress = THERE, host: IAddress = HERE, connect: bool = True
    ) -> None:
        self.protocol = protocol
        self._clock = clock
        self._peer, self._host = peer, host
        self._received = bytearray()  # what the peer has read
        self._unsent = bytearray()  # what it has not
        self._incoming: deque[bytes | None] = deque()  # what it sent and nobody read; None is its FIN
        self._producer: IPushProducer | None = None
        self._producer_paused = False
        self._stalled = False
        self._shut = False  # loseWriteConnection
        self.disconnecting = False
        self.reading = True
        self.fin = False  # the peer saw the end of our bytes
        self.was_reset = False  # the peer saw a reset
        self.lost = False  # the protocol was told
        if connect:
            protocol.makeConnection(self)  # type: ignore[arg-type]  # a StreamTransport
            self.turn()

    # What the protocol calls.

    def write(self, data: bytes) -> None:
        """Send bytes."""
        assert isinstance(data, bytes)
        if self._shut:
            raise RuntimeError("write after loseWriteConnection")  # asyncio's transports raise this too
        if self.lost or self.was_reset:
            return
        self._unsent += data
        self._carry()
        if len(self._unsent) > HIGH_WATER and self._producer is not None and not self._producer_paused:
            self._producer_paused = True
            self._producer.pauseProducing()

    def loseConnection(self) -> None:
        """Close once what was written is sent and the producer is done."""
        self.disconnecting = True
        self._later()

    def loseWriteConnection(self) -> None:
        """Send FIN once what was written is sent."""
        self._shut = True
        self._later()

    def abortConnection(self) -> None:
        """Reset."""
        if self.lost or (self.fin and not self._shut):
            return
        self.was_reset = self.disconnecting = True
        self._unsent.clear()
        self._later()

    def pauseProducing(self) -> None:
        """Stop reading."""
        self.reading = False

    def resumeProducing(self) -> None:
        """Read again, from the next turn on."""
        self.reading = True
        self._later()

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None:
        """Pause `producer` while the peer does not read."""
        assert streaming
        if self._producer is not None:
            raise RuntimeError("there is a producer already")
        self._producer, self._producer_paused = producer, False

    def unregisterProducer(self) -> None:
        """Leave the producer alone."""
        self._producer = None
        self._later()

    def getPeer(self) -> IAddress:
        """The test's end."""
        return self._peer

    def getHost(self) -> IAddress:
        """The protocol's end."""
        return self._host

    # What the peer, that is the test, does and sees.

    @property
    def received(self) -> bytes:
        """What the peer has read so far."""
        return bytes(self._received)

    def take(self) -> bytes:
        """What the peer has read since the last look."""
        data = bytes(self._received)
        self._received.clear()
        return data

    @property
    def unsent(self) -> int:
        """Bytes written that the peer has not read."""
        return len(self._unsent)

    def deliver(self, *pieces: bytes) -> None:
        """Send `pieces`, each of which is one read."""
        for piece in pieces:
            self._incoming.append(piece)
            self.turn()

    def finish(self) -> None:
        """Send FIN."""
        self._incoming.append(None)
        self.turn()

    def reset(self) -> None:
        """Send RST: it is seen whether the protocol reads or not."""
        self._tell(ConnectionLost())
        self.turn()

    def stall(self) -> None:
        """Stop reading."""
        self._stalled = True

    def read_on(self) -> None:
        """Read everything, and go on reading."""
        self._stalled = False
        self.turn()

    def turn(self) -> None:
        """Let happen what waits for the next turn of the reactor."""
        self._advance()
        self._clock.advance(0)

    # What goes on in between.

    def _later(self) -> None:
        self._clock.callLater(0, self._advance)

    def _advance(self) -> None:
        """One turn."""
        self._carry()
        if self.lost:
            return
        if self.was_reset:
            self._tell(ConnectionAborted())
        elif self.disconnecting and not self._unsent and self._producer is None:
            self.fin = True
            self._tell(ConnectionDone())
        else:
            self._read()

    def _carry(self) -> None:
        """Bring written bytes to the peer, as far as it reads."""
        if self._stalled or self.was_reset:
            return
        self._received += self._unsent
        self._unsent.clear()
        if self._shut:
            self.fin = True
        if self._producer_paused and self._producer is not None:
            self._producer_paused = False
            self._producer.resumeProducing()

    def _read(self) -> None:
        """Hand over what came, while the protocol reads."""
        while self._incoming and self.reading and not self.disconnecting and not self.lost:
            data = self._incoming.popleft()
            if data is None:
                self._tell(ConnectionDone())
            else:
                self.protocol.dataReceived(data)

    def _tell(self, error: Exception) -> None:
        """Tell the protocol, once, that the connection is no more."""
        if not self.lost:
            self.lost = True
            self._producer = None
            self._unsent.clear()
            self.protocol.connectionLost(Failure(error))
