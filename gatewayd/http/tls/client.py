"""TLS towards services: connections that are opened by it, and the endpoints that checks connect to."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError, ConnectionLost
from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure
from zope.interface import implementer

from gatewayd.http.outbox import Outbox
from gatewayd.http.tls.contexts import Contexts
from gatewayd.http.tls.layer import TlsLayer, reason_of


class TlsFailed(ConnectError):
    """A connection stood, and TLS on it failed; the text says why."""

    def __init__(self, why: str) -> None:
        super().__init__(string=f"TLS failed: {why}")  # type: ignore[no-untyped-call]
        self.why = why


class TlsLost(ConnectionLost):
    """TLS failed after the handshake: so it is where a service does not like the gateway's certificate (TLS 1.3)."""


class ClientTls:
    """How one place is met: by the current one of `contexts`, as `server_name`. `on_failure` is told why it failed."""

    __slots__ = ("contexts", "on_failure", "server_name")

    def __init__(self, contexts: Contexts, server_name: str, on_failure: Callable[[str], object]) -> None:
        self.contexts = contexts
        self.server_name = server_name
        self.on_failure = on_failure


class ClientLayer(TlsLayer):
    """The TLS of one connection to a service, which `protocol` gets once it stands.

    `done` fires then, or fails with `TlsFailed`; cancelling it closes the connection.
    """

    __slots__ = ("_fault", "_made", "_settings", "done")

    def __init__(self, settings: ClientTls, protocol: IProtocol, outbox: Outbox | None) -> None:
        super().__init__(outbox)
        self._settings = settings
        self._made = protocol
        self._fault = ""
        self.done: Deferred[IProtocol] = Deferred(lambda _: self.abortConnection())

    def connectionMade(self) -> None:
        """Say hello."""
        settings = self._settings
        self._wrap(settings.contexts.context, server=False, name=settings.server_name)
        self._go_on()

    def _handshake_data(self, data: bytes) -> None:
        """More of the service's part."""
        if not self.done.called:
            self._incoming.write(data)
            self._go_on()

    def _go_on(self) -> None:
        try:
            over = self._shake()
        except ssl.SSLError as error:
            self._fail(reason_of(error))
            return
        if over:
            self._stand(self._made)
            self.done.callback(self._made)

    def _fail(self, why: str) -> None:
        self._settings.on_failure(why)
        if not self.done.called:
            self.done.errback(TlsFailed(why))
        self.transport.loseConnection()  # behind the alert

    def _broken(self, error: ssl.SSLError) -> None:
        """TLS failed after the handshake."""
        self._fault = reason_of(error)
        self._settings.on_failure(self._fault)

    def _why_lost(self, reason: Failure) -> Failure:
        """What the protocol is told."""
        return Failure(TlsLost(self._fault)) if self._fault else reason

    def _handshake_lost(self, reason: Failure) -> None:
        """The service hung up instead of going on."""
        if not self.done.called:
            self._fail("the service closed the connection during the handshake")


@implementer(IStreamClientEndpoint)
class TlsEndpoint:
    """An endpoint whose connections are by TLS. That one fails is for who connects to tell, as it likes."""

    def __init__(self, endpoint: IStreamClientEndpoint, settings: ClientTls) -> None:
        self._endpoint = endpoint
        self._settings = ClientTls(settings.contexts, settings.server_name, _nobody)

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """A connection, once TLS stands."""
        connecting: Deferred[Any] = self._endpoint.connect(_Wrapping(protocolFactory, self._settings))
        return connecting.addCallback(lambda layer: layer.done)


def _nobody(why: str) -> None:
    """Stands in where nobody is told."""


class _Wrapping(Factory):
    """Builds protocols below those of another factory."""

    def __init__(self, factory: IProtocolFactory, settings: ClientTls) -> None:
        self._factory = factory
        self._settings = settings

    def buildProtocol(self, addr: IAddress) -> ClientLayer | None:  # type: ignore[override]  # an IProtocol
        """The TLS, which keeps the protocol until it stands."""
        protocol = self._factory.buildProtocol(addr)
        return None if protocol is None else ClientLayer(self._settings, protocol, None)
