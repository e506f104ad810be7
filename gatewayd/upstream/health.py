"""Active checks: whether a target is well, asked at intervals beside the requests it gets."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Set
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Protocol, TypeAlias

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
from twisted.internet.interfaces import IDelayedCall, IProtocolFactory, IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Protocol as Connection
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.client import URI, Agent, HTTPConnectionPool, ResponseDone, ResponseFailed, ResponseNeverReceived
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

from gatewayd.upstream.answer import CallFailed
from gatewayd.upstream.unpacked import Unpacked

MOST_READ = 64 * 1024  # bytes of an answer's body that are looked through

_log = Logger()

Probe: TypeAlias = Callable[[], Coroutine[Any, Any, str]]
"""Asks a target once: answers the empty text where all is well, else in one phrase what is not."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a service's targets are checked; times in seconds.

    `path` is asked for by `method`; without one, a connection that can be opened is enough. The answer must have one of
    `statuses`, and `body` somewhere in its first 64 KiB. `timeout` covers connection, head and body. `jitter` is how
    far an interval may stray, as a share of it. `port` and `host` stand in for those of the target.
    """

    path: str | None = None
    method: str = "GET"
    interval: float = 10.0
    jitter: float = 0.1
    timeout: float = 2.0
    statuses: Set[int] = frozenset(range(200, 300))
    body: bytes = b""
    port: int | None = None
    host: str = ""


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


class HealthCheck:
    """Asks one target by `probe`, again and again from `start` to `stop`, and never twice at once.

    `on_result` gets whether it is well, how long the answer took in seconds, and what is wrong in one phrase.
    """

    __slots__ = ("_asking", "_call", "_clock", "_on_result", "_probe", "_random", "_settings")

    def __init__(
        self,
        probe: Probe,
        settings: Settings,
        clock: IReactorTime,
        on_result: Callable[[bool, float, str], None],
        random: Callable[[], float],
    ) -> None:
        self._probe = probe
        self._settings = settings
        self._clock = clock
        self._on_result = on_result
        self._random = random
        self._call: IDelayedCall | None = None
        self._asking: Deferred[str] | None = None

    def start(self) -> None:
        """Begin, at a random moment of the first interval: the checks of many targets spread."""
        self._call = self._clock.callLater(self._settings.interval * self._random(), self._ask)

    def stop(self) -> None:
        """Ask no more. A check in flight is cancelled, and what came of it is not told."""
        call, asking = self._call, self._asking
        self._call = self._asking = None
        if call is not None:
            call.cancel()
        if asking is not None:
            asking.cancel()

    def _ask(self) -> None:
        self._call = None
        began = self._clock.seconds()
        self._asking = asking = Deferred.fromCoroutine(self._probe())
        asking.addTimeout(self._settings.timeout, self._clock, onTimeoutCancel=_too_late)
        asking.addErrback(self._broken, asking)
        asking.addCallback(self._answered, asking, began)
        asking.addErrback(lambda failure: _log.failure("what follows from a check failed", failure))

    def _broken(self, failure: Failure, asking: Deferred[str]) -> str:
        """A probe that raised: cancelled by `stop`, or a bug."""
        if self._asking is asking:
            _log.failure("a health check failed", failure)
        return "the check itself failed"

    def _answered(self, fault: str, asking: Deferred[str], began: float) -> None:
        if self._asking is not asking:
            return
        self._asking = None
        now, settings = self._clock.seconds(), self._settings
        due = began + settings.interval * (1.0 + settings.jitter * (2.0 * self._random() - 1.0))
        self._call = self._clock.callLater(max(0.0, due - now), self._ask)
        self._on_result(not fault, now - began, fault)


def probe(reactor: Any, address: Where, settings: Settings) -> Probe:
    """What a check of the target at `address` asks."""
    port = settings.port or address.port
    endpoint: IStreamClientEndpoint
    if address.kind == "unix":
        endpoint = UNIXClientEndpoint(reactor, address.path, settings.timeout)
        host = "localhost"
    else:
        endpoint = _tcp(address.host)(reactor, address.host, port, settings.timeout)
        host = f"[{address.host}]" if ":" in address.host else address.host
        host = host if port == 80 else f"{host}:{port}"
    endpoint = _Quiet(endpoint)
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


def _too_late(result: object, timeout: float) -> str:
    """What is wrong with a target whose check had to be cancelled."""
    return f"no answer in {timeout:g} s"


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
    return os.strerror(error.osError).lower() if isinstance(error.osError, int) else "no connection"
