"""Opening connections to services, on whichever reactor runs."""

from __future__ import annotations

import asyncio
from socket import gaierror
from typing import Any, Protocol

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import HostnameEndpoint, UNIXClientEndpoint
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.internet.error import TimeoutError as TwistedTimeoutError
from twisted.internet.interfaces import IAddress, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from gatewayd.core.reasons import CONNECT_FAILED, CONNECT_TIMEOUT, UPSTREAM_TLS, Refused
from gatewayd.http.connection import UpstreamConnection
from gatewayd.http.outbox import Outbox
from gatewayd.http.tls.client import ClientLayer, ClientTls, TlsFailed
from gatewayd.http.transport import LoopTransport


class Unresolved(Refused):
    """A service cannot be reached because its name leads to no address: `CONNECT_FAILED`, but counted apart."""


class Where(Protocol):
    """An address: `kind` is "tcp" with `host` and `port`, or "unix" with `path`."""

    @property
    def kind(self) -> str:
        """Either `tcp` or `unix`."""

    @property
    def host(self) -> str:
        """A name or address, of TCP."""

    @property
    def port(self) -> int:
        """The port, of TCP."""

    @property
    def path(self) -> str:
        """The socket's path, of unix."""


class Dial(Protocol):
    """Opens a connection to an address within so many seconds, by TLS if it is told how.

    Fails with `Refused` (`CONNECT_FAILED`, `CONNECT_TIMEOUT`, `UPSTREAM_TLS`), with `Unresolved` where a name has no
    address.
    """

    def __call__(
        self, where: Where, timeout: float, connection: UpstreamConnection, tls: ClientTls | None = None, /
    ) -> Deferred[UpstreamConnection]:
        """The connection, connected."""


def dialer(reactor: Any) -> Dial:
    """The way to open connections on `reactor`: uvloop's transports where it has such a loop, else its endpoints."""
    loop = event_loop(reactor)
    outbox = Outbox(loop.call_soon) if loop else None

    def dial(
        where: Where, timeout: float, connection: UpstreamConnection, tls: ClientTls | None = None
    ) -> Deferred[UpstreamConnection]:
        layer = None if tls is None else ClientLayer(tls, connection, outbox)
        protocol = connection if layer is None else layer
        dialing = _on_loop(loop, outbox, where, protocol) if loop and outbox else _on_reactor(reactor, where, protocol)
        if layer is not None:
            secured = layer.done
            dialing.addCallback(lambda _: secured)
        dialing.addTimeout(timeout, reactor, onTimeoutCancel=_timed_out)
        dialing.addCallbacks(lambda _: connection, _translate)
        return dialing

    return dial


def event_loop(reactor: Any) -> asyncio.AbstractEventLoop | None:
    """The asyncio loop that `reactor` runs on, if there is one."""
    return getattr(reactor, "_asyncioEventloop", None)


def _on_loop(
    loop: asyncio.AbstractEventLoop, outbox: Outbox, where: Where, connection: UpstreamConnection | ClientLayer
) -> Deferred[Any]:
    def transport() -> LoopTransport:
        return LoopTransport(connection, outbox)

    if where.kind == "unix":
        coroutine = loop.create_unix_connection(transport, where.path)
    else:
        coroutine = loop.create_connection(transport, where.host, where.port)
    return Deferred.fromFuture(asyncio.ensure_future(coroutine, loop=loop))


def _on_reactor(reactor: Any, where: Where, connection: UpstreamConnection | ClientLayer) -> Deferred[Any]:
    endpoint: IStreamClientEndpoint
    if where.kind == "unix":
        endpoint = UNIXClientEndpoint(reactor, where.path)
    else:
        endpoint = HostnameEndpoint(reactor, where.host, where.port)
    factory = _One(connection)
    connected: Deferred[Any] = endpoint.connect(factory)
    return connected.addCallback(_without_delay)


class _One(Factory):
    """Builds the one connection that a dial is for."""

    noisy = False

    def __init__(self, connection: UpstreamConnection | ClientLayer) -> None:
        self._connection = connection

    def buildProtocol(self, addr: IAddress) -> UpstreamConnection | ClientLayer:  # type: ignore[override]  # an IProtocol
        """The connection."""
        return self._connection


def _without_delay(connection: UpstreamConnection | ClientLayer) -> None:
    """Send small writes at once, as uvloop does."""
    set_no_delay = getattr(connection.transport, "setTcpNoDelay", None)
    if set_no_delay is not None:
        set_no_delay(True)


def _timed_out(result: object, timeout: float) -> object:
    """What a dial that took longer than its limit fails with."""
    return Failure(Refused(CONNECT_TIMEOUT)) if isinstance(result, Failure) else result


def _translate(failure: Failure) -> Failure:
    """Foreign errors as ours, once, here."""
    if failure.check(Refused, CancelledError, asyncio.CancelledError):
        return failure
    if failure.check(TwistedTimeoutError, asyncio.TimeoutError, TimeoutError):
        return Failure(Refused(CONNECT_TIMEOUT))
    if failure.check(TlsFailed):
        return Failure(Refused(UPSTREAM_TLS))
    if failure.check(DNSLookupError, gaierror):
        return Failure(Unresolved(CONNECT_FAILED))
    failure.trap(OSError, ConnectError)
    return Failure(Refused(CONNECT_FAILED))
