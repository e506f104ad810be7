"""What a health check asks a target: an HTTP request, or only a connection."""

from __future__ import annotations

import os
from collections.abc import Callable
from http.cookiejar import DefaultCookiePolicy
from typing import Any

from treq.client import HTTPClient
from treq.cookies import IndexableCookieJar
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import (
    HostnameEndpoint,
    TCP4ClientEndpoint,
    TCP6ClientEndpoint,
    UNIXClientEndpoint,
    connectProtocol,
)
from twisted.internet.error import ConnectError, ConnectionClosed, DNSLookupError
from twisted.internet.error import TimeoutError as ConnectTimeout
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Protocol as Connection
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.client import URI, Agent, HTTPConnectionPool, ResponseDone, ResponseFailed, ResponseNeverReceived
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

from gatewayd.upstream.answer import CallFailed
from gatewayd.upstream.health import Probe, Settings, Where
from gatewayd.upstream.unpacked import Unpacked

Secured = Callable[[IStreamClientEndpoint], IStreamClientEndpoint]
MOST_READ = 64 * 1024  # bytes of an answer's body that are looked through


def probe(reactor: Any, address: Where, settings: Settings, secured: Secured | None = None) -> Probe:
    """What a check of the target at `address` asks; by TLS where `secured` puts that on an endpoint."""
    port = settings.port or address.port
    endpoint: IStreamClientEndpoint
    if address.kind == "unix":
        endpoint = UNIXClientEndpoint(reactor, address.path, settings.timeout)
        host = "localhost"
    else:
        endpoint = _tcp(address.host)(reactor, address.host, port, settings.timeout)
        host = f"[{address.host}]" if ":" in address.host else address.host
        host = host if port == (80 if secured is None else 443) else f"{host}:{port}"
    endpoint = _Quiet(endpoint)
    if secured is not None:
        endpoint = secured(endpoint)
    if settings.path is None:
        return connect_probe(endpoint, settings)
    return http_probe(client_for(reactor, endpoint), settings.host or host, settings.path, settings, reactor)


@implementer(IStreamClientEndpoint)
class _Quiet:
    """An endpoint whose connections Twisted does not log: it has two lines for each, and checks go on for ever."""

    def __init__(self, endpoint: IStreamClientEndpoint) -> None:
        self._endpoint = endpoint

    def connect(self, protocolFactory: IProtocolFactory) -> Any:
        """A connection."""
        protocolFactory.noisy = False  # type: ignore[attr-defined]
        return self._endpoint.connect(protocolFactory)


def _tcp(host: str) -> Callable[[Any, str, int, float], IStreamClientEndpoint]:
    """The kind of endpoint for `host`: one that is an address already is spared half of a check's cost."""
    if isIPAddress(host):
        return TCP4ClientEndpoint
    return TCP6ClientEndpoint if isIPv6Address(host) else HostnameEndpoint


def connect_probe(endpoint: IStreamClientEndpoint, settings: Settings) -> Probe:
    """Opens a connection, and closes it."""

    async def connect() -> str:
        try:
            connection = await connectProtocol(endpoint, Connection())
        except (ConnectError, DNSLookupError) as error:
            return _phrase(error, settings.timeout)
        assert connection.transport is not None
        connection.transport.loseConnection()
        return ""

    return connect


def http_probe(client: HTTPClient, host: str, path: str, settings: Settings, reactor: Any) -> Probe:
    """Sends a request for `path` with the Host `host`, and judges the answer by its own: a redirect is not followed."""
    headers: dict[bytes | str, bytes | str] = {"Host": host, "User-Agent": "gatewayd"}
    url = f"http://target{path}"  # the client knows the way: see `client_for`

    async def ask() -> str:
        try:
            response = await client.request(
                settings.method,
                url,
                headers=headers,
                allow_redirects=False,
                unbuffered=True,
                reactor=reactor,
            )
            expected = response.code in settings.statuses
            body = await _read(response, MOST_READ if expected else 0)
        except CallFailed as error:
            return str(error)
        except (ConnectError, DNSLookupError, ResponseFailed) as error:
            return _phrase(error, settings.timeout)
        if not expected:
            return f"status {response.code}"
        return "" if settings.body in body else "the answer lacks the text that it should have"

    return ask


def client_for(reactor: Any, endpoint: IStreamClientEndpoint) -> HTTPClient:
    """A client that sends all its requests to `endpoint`, each on its own connection, and keeps no cookie."""
    pool = HTTPConnectionPool(reactor, persistent=False)
    agent = Agent.usingEndpointFactory(reactor, _Always(endpoint), pool)
    return HTTPClient(Unpacked(agent), IndexableCookieJar(DefaultCookiePolicy(allowed_domains=())))


@implementer(IAgentEndpointFactory)
class _Always:
    """One endpoint, whatever the URI."""

    def __init__(self, endpoint: IStreamClientEndpoint) -> None:
        self._endpoint = endpoint

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        """The endpoint."""
        return self._endpoint


def _read(response: Any, most: int) -> Deferred[bytes]:
    """The first `most` bytes of the answer's body; the connection is closed then, or if nobody waits any longer."""
    body = _Body(most)
    response.deliverBody(body)
    return body.result


class _Body(Connection):
    """Gathers a body up to a limit."""

    def __init__(self, most: int) -> None:
        self.result: Deferred[bytes] = Deferred(lambda _: self._close())
        self._most = most
        self._gathered = bytearray()

    def connectionMade(self) -> None:
        """Where nothing is wanted, that is all."""
        self.dataReceived(b"")

    def dataReceived(self, data: bytes) -> None:
        """Keep what is within the limit."""
        self._gathered += data[: self._most - len(self._gathered)]
        if len(self._gathered) >= self._most:
            self._close()
            self._end(bytes(self._gathered))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The body is complete, or broke off. Without a length, the end of the connection is that of the body."""
        self._end(bytes(self._gathered) if reason.check(ResponseDone, PotentialDataLoss) else reason)

    def _close(self) -> None:
        if self.transport is not None:
            self.transport.loseConnection()

    def _end(self, result: bytes | Failure) -> None:
        if not self.result.called:
            self.result.callback(result)


def _phrase(error: ConnectError | DNSLookupError | ResponseFailed, timeout: float) -> str:
    """What is wrong with a target that made the check fail with `error`."""
    if isinstance(error, ResponseFailed):
        if any(reason.check(ConnectionClosed) for reason in error.reasons):
            none = isinstance(error, ResponseNeverReceived)
            return f"the connection was closed {'without an' if none else 'in the middle of the'} answer"
        return "the answer is not valid HTTP"
    if isinstance(error, DNSLookupError):
        return "the name has no address"
    if isinstance(error, ConnectTimeout):
        return f"no connection in {timeout:g} s"
    if isinstance(error.osError, int):
        return os.strerror(error.osError).lower()
    return str(error.args[0]) if error.args and error.args[0] else "no connection"
