"""The world of the channel's tests, its clients by TLS: what they send and receive is what it is without."""

from __future__ import annotations

import contextlib
import ssl
import tempfile
from functools import cache
from pathlib import Path

from twisted.internet.interfaces import IAddress, IProtocol
from twisted.internet.task import Clock

from gatewayd.core.forwarded import TrustedPeers
from gatewayd.http.listener import Proxied
from gatewayd.http.tls.contexts import Pair, ServerSettings, server_context
from gatewayd.http.tls.handshakes import Handshakes
from gatewayd.http.tls.server import TlsListener
from tests.harness.certificates import Authority

from .script import Bounds, World
from .wire import HERE, THERE, Wire

HANDSHAKE = 10.0


class Kept:
    """A context."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context


@cache
def contexts() -> tuple[Kept, ssl.SSLContext]:
    """That of a server, and that of a client that trusts it; the same for all tests."""
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        issued = authority.issue("gw.test")
        server = server_context(ServerSettings(pairs=[Pair(issued.cert_file, issued.key_file)]))
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.load_verify_locations(authority.file)
    return Kept(server), client


class TlsWire(Wire):
    """A wire whose test speaks TLS: it shakes hands at once unless it is `silent`, as a client unless `serving`."""

    def __init__(
        self,
        protocol: IProtocol,
        clock: Clock,
        context: ssl.SSLContext,
        *,
        peer: IAddress = THERE,
        host: IAddress = HERE,
        silent: bool = False,
        serving: bool = False,
    ) -> None:
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        name = None if serving else "gw.test"
        self.tls = context.wrap_bio(self._in, self._out, server_side=serving, server_hostname=name)
        self._plain = bytearray()
        self.ended = False  # by close_notify
        super().__init__(protocol, clock, peer=peer, host=host)
        if not silent:
            self.shake()

    def shake(self) -> None:
        """Shake hands, both sides in turn."""
        for _ in range(4):
            with contextlib.suppress(ssl.SSLWantReadError):
                self.tls.do_handshake()
            self._send()
            self._in.write(super().take())
            if self.lost or self.was_reset:
                return

    @property
    def received(self) -> bytes:
        """What the peer has read so far."""
        self._in.write(super().take())
        try:
            while data := self.tls.read(16_384):
                self._plain += data
            self.ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.ended = True
        return bytes(self._plain)

    def take(self) -> bytes:
        """What the peer has read since the last look."""
        received = self.received
        self._plain.clear()
        return received

    def deliver(self, *pieces: bytes) -> None:
        """Send `pieces`, each of which is one record and one read."""
        for piece in pieces:
            if piece:
                with contextlib.suppress(ssl.SSLWantReadError):  # it was not let in
                    self.tls.write(piece)
            self._send()

    def deliver_raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        super().deliver(data)

    def feed(self) -> None:
        """Let TLS have what came, without looking for what is in it."""
        self._in.write(super().take())

    def raw(self) -> bytes:
        """What came, as it is."""
        return super().take()

    def finish(self) -> None:
        """Send close_notify and FIN."""
        with contextlib.suppress(ssl.SSLError):
            self.tls.unwrap()
        self._send()
        super().finish()

    def cut(self) -> None:
        """Send FIN without TLS's own end."""
        super().finish()

    def records(self) -> bytes:
        """The records that wait to be sent."""
        return self._out.read()

    def _send(self) -> None:
        if self._out.pending:
            super().deliver(self._out.read())


class TlsWorld(World):
    """A listener that speaks TLS, and its clients."""

    def __init__(
        self,
        bounds: Bounds | None = None,
        trusted: TrustedPeers | None = None,
        handshakes: int = 100,
        proxied: Proxied | None = None,
    ) -> None:
        super().__init__(bounds, trusted)
        self.handshakes = Handshakes(handshakes, lambda function: self.clock.callLater(0, function), self.clock.seconds)
        self.tls_listener = self.listener = TlsListener(
            "http",
            self.application,
            contexts=contexts()[0],
            handshakes=self.handshakes,
            handshake_timeout=HANDSHAKE,
            limits=self.bounds,
            timeouts=self.bounds,
            trusted=trusted or TrustedPeers(),
            deadlines=self.deadlines,
            census=self.census,
            now=self.clock.seconds,
            proxied=proxied,
        )

    def connect(self, peer: IAddress = THERE, host: IAddress = HERE) -> TlsWire:
        """One more client, that has shaken hands."""
        return TlsWire(self.listener.buildProtocol(None), self.clock, contexts()[1], peer=peer, host=host)

    def silent(self, peer: IAddress = THERE) -> TlsWire:
        """One more client, that has not said anything yet."""
        return TlsWire(self.listener.buildProtocol(None), self.clock, contexts()[1], peer=peer, silent=True)
