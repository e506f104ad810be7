"""A connection in memory: what a protocol writes is collected, what it is sent arrives, in the order of real ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IAddress, IConsumer, IPushProducer, ITransport
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer


@implementer(ITransport, IConsumer)
class Wire:
    """The transport of `protocol`. As on real ones nothing comes back from within a call: it comes with the next turn.

    `ending` is how the protocol ended it: "" not at all, "closed" after what was written, "aborted" with a reset.
    `finished` says that it has sent FIN and still reads.
    """

    def __init__(self, clock: Clock, peer: IAddress | None = None, host: IAddress | None = None) -> None:
        self.written = b""
        self.ending = ""
        self.finished = False
        self._reading = True
        self.gone = False  # the protocol was told that the connection is lost
        self.producer: Any = None
        self._clock = clock
        self._protocol: Any = None
        self._peer = peer or IPv4Address("TCP", "192.0.2.7", 50000)
        self._host = host or IPv4Address("TCP", "198.51.100.1", 80)
        self._unread: list[bytes] = []

    def connect(self, protocol: Any) -> None:
        """Give the protocol its transport."""
        self._protocol = protocol
        protocol.makeConnection(self)
        self.turn()

    @property
    def reading(self) -> bool:
        """Whether the protocol wants to read."""
        return self._reading

    # What the protocol calls.

    def write(self, data: bytes) -> None:
        """Collect it, unless the connection has ended."""
        assert data
        if not self.ending and not self.gone:
            assert not self.finished
            self.written += data

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Collect all of it."""
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """An orderly end, once the producer is done."""
        self._end("closed")

    def loseWriteConnection(self) -> None:
        """FIN, and go on reading."""
        self.finished = True

    def abortConnection(self) -> None:
        """A reset."""
        self._end("aborted")

    def pauseProducing(self) -> None:
        """Read no further."""
        self._reading = False

    def resumeProducing(self) -> None:
        """Read on, from the next turn."""
        self._reading = True
        self._clock.callLater(0, self._read)

    def stopProducing(self) -> None:
        """An orderly end."""
        self.loseConnection()

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None:  # type: ignore[override]
        """Whom to pause."""
        assert streaming
        self.producer = producer

    def unregisterProducer(self) -> None:
        """Whom not to pause any more."""
        self.producer = None

    def getPeer(self) -> IAddress:
        """The other end."""
        return self._peer

    def getHost(self) -> IAddress:
        """The gateway's end."""
        return self._host

    def _end(self, how: str) -> None:
        if self.ending != "aborted":
            self.ending = how
        self._clock.callLater(0, self._lose, ConnectionDone())

    def _lose(self, error: Exception) -> None:
        if not self.gone:
            self.gone = True
            self._unread.clear()
            self._protocol.connectionLost(Failure(error))

    def _read(self) -> None:
        while self._unread and self._reading and not self.gone and not self.ending:
            self._protocol.dataReceived(self._unread.pop(0))

    # What the other end does.

    def turn(self) -> None:
        """One turn of the reactor."""
        self._clock.advance(0)

    def send(self, *pieces: bytes) -> None:
        """Bytes arrive, each piece in a read of its own; they wait while nobody reads."""
        for piece in filter(None, pieces):
            self._unread.append(piece)
            self._read()
            self.turn()

    def hang_up(self) -> None:
        """The other end closes."""
        self._lose(ConnectionDone())
        self.turn()

    def reset(self) -> None:
        """The other end resets the connection."""
        self._lose(ConnectionLost())
        self.turn()

    def fill(self) -> None:
        """The other end no longer reads, and the buffer is full."""
        if self.producer is not None:
            self.producer.pauseProducing()
        self.turn()

    def drain(self) -> None:
        """The other end has caught up."""
        if self.producer is not None:
            self.producer.resumeProducing()
        self.turn()

    def take(self) -> bytes:
        """What was written since the last call."""
        taken, self.written = self.written, b""
        return taken
