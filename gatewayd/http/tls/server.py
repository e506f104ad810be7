"""TLS towards clients: who may begin it, for how long, and what becomes of those who do not."""

from __future__ import annotations

import ssl
from typing import Any

from twisted.internet.interfaces import IAddress
from twisted.python.failure import Failure

from gatewayd.core.forwarded import ClientCertificate, Peer
from gatewayd.core.proxyprotocol import BadProxyHeader, ProxyHeader
from gatewayd.http.channel import ServerChannel
from gatewayd.http.client import LAST_CHANCE
from gatewayd.http.deadlines import NEVER
from gatewayd.http.listener import Listener
from gatewayd.http.proxied import may_begin
from gatewayd.http.tls.contexts import Contexts
from gatewayd.http.tls.handshakes import Handshakes
from gatewayd.http.tls.layer import TlsLayer, reason_of
from gatewayd.log import Log, events

_HANDSHAKE = 0x16  # the first byte of what begins TLS (RFC 8446 section 5.1)
_METHODS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")  # the first byte of HTTP without TLS
_MOST_AHEAD = 131_072  # bytes that wait for their turn: a client's chain of certificates has 100 KiB at most
_LINGER = 2.0  # seconds that a client without TLS has to read its answer
_NOT_TLS = b"""HTTP/1.1 400 Bad Request\r
Content-Type: text/plain; charset=utf-8\r
Content-Length: 55\r
Connection: close\r
\r
This port speaks HTTPS: write https:// in front of it.
"""

_log = Log("gatewayd.tls")


class TlsListener(Listener):
    """A listener whose connections begin with TLS, and before that with a PROXY header where they are `proxied`.

    The next connection is served by the current one of `contexts`. `handshakes` bounds them, and each is over within
    `handshake_timeout` seconds. `identifies` says whether clients show certificates. A client counts, and is turned
    away, before the handshake.
    """

    scheme = "https"

    def __init__(
        self,
        *arguments: Any,
        contexts: Contexts,
        handshakes: Handshakes,
        handshake_timeout: float,
        identifies: bool = False,
        **keywords: Any,
    ) -> None:
        super().__init__(*arguments, **keywords)
        self.contexts = contexts
        self.handshakes = handshakes
        self.handshake_timeout = handshake_timeout
        self.identifies = identifies

    def buildProtocol(self, addr: IAddress | None) -> ServerTls:  # type: ignore[override]  # an IProtocol
        """The TLS of one client."""
        return ServerTls(self)

    def admit(self, channel: ServerChannel) -> bool:
        """The channel takes the place of its handshake, which was admitted."""
        tls = channel.transport
        assert isinstance(tls, ServerTls)
        channel.peer = tls.peer
        self.channels.discard(tls)
        self.channels.add(channel)
        return True

    def admit_handshake(self, tls: ServerTls) -> bool:
        """As `Listener.admit`, for a connection that is to begin with a handshake."""
        if not super().admit(tls):  # type: ignore[arg-type]  # of a channel, that needs what a handshake has
            return False
        if self.handshakes.enter():
            return True
        self.leave(tls)  # type: ignore[arg-type]
        self.failed()
        return False

    def failed(self) -> None:
        """Count a connection that did not come to HTTP."""
        self.rejected("tls")


class ServerTls(TlsLayer):
    """The TLS of one client; for its listener a connection without an exchange, until the handshake is over."""

    __slots__ = ("_begun", "_entered", "_heard", "_preface", "_queued", "_refused", "listener", "peer")

    peer: Peer
    exchange = None

    def __init__(self, listener: TlsListener) -> None:
        super().__init__(listener.outbox)
        self.listener = listener
        self.deadline = NEVER
        self._preface = None if listener.proxied is None else ProxyHeader()
        self._begun = False  # the first byte was looked at
        self._entered = False  # the listener counts it, and the handshake
        self._heard = False  # something came
        self._queued = False
        self._refused = False

    def connectionMade(self) -> None:
        """Register with the listener, or close."""
        listener = self.listener
        if not listener.admit_handshake(self):
            self._refused = True
            self.transport.abortConnection()
            return
        self._entered = True
        self._wrap(listener.contexts.context, server=True)
        patience = min(LAST_CHANCE, listener.handshake_timeout) if listener.draining else listener.handshake_timeout
        self.deadline = listener.now() + patience
        listener.deadlines.watch(self)

    def _handshake_data(self, data: bytes) -> None:
        """Bytes of a PROXY header, or of the handshake, or of something else."""
        if self._refused or not data:
            return
        self._heard = True
        if self._preface is not None:
            rest = self._introduce(self._preface, data)
            if not rest:
                return
            data = rest
        if not self._begun:
            self._begun = True
            if data[0] != _HANDSHAKE:
                self._refuse_stranger(data[0])
                return
        self._incoming.write(data)
        if self._incoming.pending > _MOST_AHEAD:
            self._fail("more than a handshake came")
        elif not self._queued:
            self._queued = True
            self.listener.handshakes.ask(self)

    def _introduce(self, preface: ProxyHeader, data: bytes) -> bytes:
        """Read the PROXY header; what is behind it."""
        listener = self.listener
        assert listener.proxied is not None
        try:
            if not self._begun and not may_begin(listener.proxied.version, data):
                raise BadProxyHeader
            self._begun = True
            done = preface.feed(data)
        except BadProxyHeader:
            self._refused = True
            listener.rejected("proxy_header")
            self.abortConnection()
            return b""
        if done is None:
            return b""
        self._preface, self._begun = None, False
        if done.source is not None and not listener.introduce(self, done.source, done.destination):  # type: ignore[arg-type]
            self._refused = True
            self.abortConnection()
            return b""
        return done.rest

    def go_on(self) -> None:
        """The handshake's turn."""
        self._queued = False
        if self._refused or not self._entered:
            return
        try:
            over = self._shake()
        except ssl.SSLError as error:
            self._fail(reason_of(error))
            return
        if over:
            self._leave()
            listener = self.listener
            if listener.identifies:
                shown = self._tls.getpeercert(binary_form=True)
                self.peer.certificate = None if shown is None else ClientCertificate(shown)
            self._stand(ServerChannel(listener))

    def _fail(self, why: str) -> None:
        """There will be no HTTP on this connection. Not logged for operators: anybody could fill their disks."""
        self._refused = True
        self.listener.failed()
        _log(events.HANDSHAKE_FAILED, listener=self.listener.name, client=self.peer.address, why=why)
        self.transport.loseConnection()  # behind the alert

    def _refuse_stranger(self, first: int) -> None:
        """What came is no TLS; if it is HTTP, say so."""
        self._refused = True
        self.listener.failed()
        if first not in _METHODS:
            self.abortConnection()
            return
        self.transport.write(_NOT_TLS)
        self.transport.loseWriteConnection()
        self.deadline = self.listener.now() + _LINGER

    def _broken(self, error: ssl.SSLError) -> None:
        """The client is cut off, and told by an alert."""

    def _leave(self) -> None:
        """The handshake is over, whatever came of it."""
        if self._entered:
            self._entered = False
            self.deadline = NEVER
            self.listener.deadlines.forget(self)
            self.listener.handshakes.leave()

    def _handshake_lost(self, reason: Failure) -> None:
        """The client left before the handshake was over; one that said nothing was only looking."""
        if self._entered:
            self._leave()
            self.listener.leave(self)  # type: ignore[arg-type]
            if self._heard and not self._refused:
                self.listener.failed()
        self._refused = True

    def expired(self, now: float) -> None:
        """The handshake took too long; one that has not begun was none."""
        if not self._refused:
            self._refused = True
            if self._heard:
                self.listener.rejected("tls" if self._preface is None else "slow_header")
        self.deadline = NEVER
        self.abortConnection()

    def drain(self) -> None:
        """The gateway stops: a client that was just accepted has a last chance to ask for something."""
        self.deadline = min(self.deadline, self.listener.now() + LAST_CHANCE)

    def expel(self) -> None:
        """The gateway stops now."""
        self._refused = True
        self.abortConnection()
