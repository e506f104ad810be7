"""The TLS of one connection: a transport for the protocol above it, a protocol for the transport below it."""

from __future__ import annotations

import contextlib
import ssl
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IAddress, IConsumer, IProtocol, IPushProducer, ITransport
from twisted.python.failure import Failure
from zope.interface import implementer

from gatewayd.http.outbox import Outbox

_RECORD = 16_384  # bytes of plain text that a record can hold (RFC 8446 section 5.1)
_MOST_PIECES = 16  # writes kept until the end of a turn, as in gatewayd.http.transport
_MOST_UNASKED = 16_384  # bytes sent for what is no data: the answers to 600 key updates
_CUT_OFF = Failure(ConnectionLost("the peer ended the connection without the end of TLS"))
_DONE = Failure(ConnectionDone())


@implementer(IProtocol, ITransport, IConsumer, IPushProducer)
class TlsLayer(ABC):
    """TLS between `transport`, a `StreamTransport` it is connected to, and the protocol that comes once it stands.

    That protocol sees a `StreamTransport`. What it writes in one turn becomes as few records as can hold it, at the
    turn's end if there is an `outbox`. A peer that ends without TLS's own end (close_notify) may have been cut off by
    somebody else: the protocol is told of that as of a reset, so that no truncated answer passes for a whole one.
    """

    __slots__ = (
        "_closing",
        "_deliver",
        "_incoming",
        "_outbox",
        "_outgoing",
        "_over",
        "_read",
        "_send",
        "_tls",
        "_unasked",
        "_unsent",
        "deadline",
        "protocol",
        "transport",
    )

    transport: Any

    def __init__(self, outbox: Outbox | None) -> None:
        self._outbox = outbox
        self.protocol: Any = None  # there is one once the handshake is over
        self._unsent: list[bytes] = []
        self._closing = False  # we have ended our side
        self._over = False  # the peer has ended its side
        self._unasked = 0

    def _wrap(self, context: ssl.SSLContext, *, server: bool, name: str | None = None) -> None:
        """Begin TLS on what comes from below."""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=server, server_hostname=name)
        self._read = self._tls.read
        self._send = getattr(self.transport, "send", self.transport.write)

    @abstractmethod
    def _handshake_data(self, data: bytes) -> None:
        """Bytes while there is no protocol yet."""

    @abstractmethod
    def _handshake_lost(self, reason: Failure) -> None:
        """The connection ended while there was no protocol yet."""

    def _shake(self) -> bool:
        """Go on with the handshake; whether it is over. Raises `ssl.SSLError`, after the peer was told."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        finally:
            self._send_pending()
        return True

    def _stand(self, protocol: IProtocol) -> None:
        """The handshake is over: `protocol` takes the connection, and what came behind the handshake."""
        self.protocol = protocol
        self._deliver = protocol.dataReceived
        protocol.makeConnection(self)
        if self._incoming.pending and not self._closing:
            self._take(b"")

    # What the transport calls.

    def makeConnection(self, transport: Any) -> None:
        """The connection stands below."""
        self.transport = transport
        self.connectionMade()

    @abstractmethod
    def connectionMade(self) -> None:
        """Begin."""

    def dataReceived(self, data: bytes) -> None:
        """Records."""
        if self.protocol is None:
            self._handshake_data(data)
        else:
            self._take(data)

    def connectionLost(self, reason: Failure = _DONE) -> None:
        """The connection ended below."""
        protocol, self.protocol = self.protocol, None
        if protocol is None:
            self._handshake_lost(reason)
            return
        ended_by_nobody = not (self._over or self._closing) and reason.check(ConnectionDone)
        self._closing = self._over = True
        del self._deliver, self._read, self._tls  # they refer to the protocol, which refers to this
        protocol.connectionLost(self._why_lost(_CUT_OFF if ended_by_nobody else reason))

    @abstractmethod
    def _broken(self, error: ssl.SSLError) -> None:
        """What came after the handshake is not TLS, or the end of it by an alert."""

    def _why_lost(self, reason: Failure) -> Failure:
        """What the protocol is told of the end."""
        return reason

    def _take(self, data: bytes) -> None:
        """Read what is in the records that came, and hand it over in one piece, as a transport does without TLS."""
        incoming, read = self._incoming, self._read
        incoming.write(data)
        pieces: list[bytes] = []
        try:
            while piece := read(_RECORD):
                pieces.append(piece)
                if not incoming.pending:
                    break
            else:
                self._over = True  # by close_notify; what stands behind it is nothing
        except ssl.SSLWantReadError:
            self._answer_unasked()
        except ssl.SSLZeroReturnError:  # the same, once we have ended our side
            self._over = True
        except ssl.SSLError as error:
            self._broken(error)
            self._send_pending()  # the alert
            self.abortConnection()
            return
        if pieces:
            self._deliver(pieces[0] if len(pieces) == 1 else b"".join(pieces))
        if self._over and not self._closing:
            # A peer that stops sending has gone, as without TLS. It gets what is written, and nothing else.
            self.transport.unregisterProducer()
            self.loseConnection()

    def _answer_unasked(self) -> None:
        """What came was no data, or not all of a record; what TLS itself answers to that is bounded."""
        if self._outgoing.pending:
            self._unasked += self._outgoing.pending
            self._send_pending()
            if self._unasked > _MOST_UNASKED:
                self.abortConnection()

    def _send_pending(self) -> None:
        """Send the records there are."""
        if self._outgoing.pending:
            self._send(self._outgoing.read())

    # What the protocol calls.

    def write(self, data: bytes) -> None:
        """Send `data` at the end of this turn, or at once after many others; nothing once the connection is closed."""
        unsent = self._unsent
        if not unsent and self._outbox is not None:
            self._outbox.add(self)
        unsent.append(data)
        if self._outbox is None or len(unsent) > _MOST_PIECES:
            self.flush()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Send all of `data`."""
        for piece in data:
            self.write(piece)

    def flush(self) -> None:
        """Send what was written in this turn."""
        unsent, self._unsent = self._unsent, []
        if not unsent or self._closing:
            return
        data = unsent[0] if len(unsent) == 1 else b"".join(unsent)
        size, write = len(data), self._tls.write
        try:
            sent = write(data) if size else 0
            if sent < size:
                view = memoryview(data)
                while sent < size:
                    sent += write(view[sent : sent + _RECORD])
        except ssl.SSLError:
            self.abortConnection()
            return
        self._send(self._outgoing.read())

    def loseConnection(self) -> None:
        """End TLS and close once what was written is sent. Nobody waits for the peer's own end (RFC 8446, 6.1)."""
        self._end()
        self.transport.loseConnection()

    def loseWriteConnection(self) -> None:
        """Send what was written and the end of TLS; keep reading."""
        self._end()
        self.transport.loseWriteConnection()

    def _end(self) -> None:
        """Send what was written, and that no more comes."""
        self.flush()
        if not self._closing:
            self._closing = True
            with contextlib.suppress(ssl.SSLError):  # it would like to wait for the peer's end
                self._tls.unwrap()
            self._send_pending()

    def abortConnection(self) -> None:
        """Close at once, with a reset."""
        self._closing = True
        self._unsent.clear()
        self.transport.abortConnection()

    def stopProducing(self) -> None:
        """Close."""
        self.loseConnection()

    def pauseProducing(self) -> None:
        """Stop reading."""
        self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """Read again."""
        self.transport.resumeProducing()

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None:  # type: ignore[override]
        """Let `producer` know when to pause and resume: what it writes is written on within the turn."""
        self.transport.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """Leave the producer alone from now on."""
        self.transport.unregisterProducer()

    def getPeer(self) -> IAddress:
        """Whom we talk to."""
        peer: IAddress = self.transport.getPeer()
        return peer

    def getHost(self) -> IAddress:
        """Our end."""
        host: IAddress = self.transport.getHost()
        return host


def reason_of(error: ssl.SSLError) -> str:
    """Why TLS failed, in a phrase: of a certificate that is not accepted, what is wrong with it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not accepted: {error.verify_message.lower()}"
    return (error.reason or error.strerror or "the connection ended").replace("_", " ").lower()
