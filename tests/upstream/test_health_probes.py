"""Probes of real servers on loopback: what counts as well, and what is said where it is not."""

from __future__ import annotations

import errno
import gzip
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.internet.error import TimeoutError as ConnectTimeout
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.task import deferLater
from twisted.logger import capturedLogs
from zope.interface import implementer

from gatewayd.upstream.health import HealthCheck, Settings
from gatewayd.upstream.probes import MOST_READ, client_for, connect_probe, http_probe, probe
from tests.harness import RecordingUpstream, Request, UpstreamConnection, refusing_port, reply, silent_port

OK = Settings(path="/health", timeout=10.0)


class Where(NamedTuple):
    """An address to check."""

    kind: str = "tcp"
    host: str = "127.0.0.1"
    port: int = 0
    path: str = ""


def where(address: str) -> Where:
    """The address that `host:port` names."""
    host, _, port = address.rpartition(":")
    return Where(host=host.strip("[]"), port=int(port))


async def ask(address: Where, settings: Settings) -> str:
    """What one check of `address` comes to."""
    return await Deferred.fromCoroutine(probe(reactor, address, settings)())


async def checked(address: Where, settings: Settings) -> str:
    """What the first of a row of checks comes to, within its timeout."""
    told: Deferred[str] = Deferred()

    def result(ok: bool, seconds: float, why: str) -> None:
        told.callback(why)

    check = HealthCheck(probe(reactor, address, settings), settings, reactor, result, lambda: 0.0)
    check.start()
    why = await told
    check.stop()
    return why


@pytest_twisted.ensureDeferred
async def test_request() -> None:
    """A plain request on a connection of its own, with the target's Host."""
    with RecordingUpstream() as upstream:
        assert await ask(where(upstream.address), Settings(path="/health?deep=%2f", timeout=10.0)) == ""
        request = upstream.requests()[0]
        assert (request.method, request.target) == (b"GET", b"/health?deep=%2f")
        assert request.get(b"host") == upstream.address.encode()
        assert request.get(b"connection") == b"close"
        assert request.get(b"user-agent") == b"gatewayd"


@pytest.mark.parametrize("path", ["/health", None])
@pytest_twisted.ensureDeferred
async def test_no_line_for_each_check(path: str | None) -> None:
    """A check that goes well leaves nothing in the log: Twisted would tell of every connection, twice."""
    with RecordingUpstream() as upstream, capturedLogs() as told:
        assert await ask(where(upstream.address), Settings(path=path, timeout=10.0)) == ""
        await deferLater(reactor, 0.0, lambda: None)  # for the connection to be gone
    assert [event.get("log_format") for event in told] == []


@pytest.mark.parametrize("kind", ["six", "name", "unix", "host", "port"])
@pytest_twisted.ensureDeferred
async def test_places(kind: str, tmp_path: Path) -> None:
    """IPv6, a name, a unix socket, a Host and a port of the check's own."""
    settings = Settings(path="/", timeout=10.0, host="api.internal" if kind == "host" else "")
    path = str(tmp_path / "s") if kind == "unix" else None
    with RecordingUpstream(host="::1" if kind == "six" else "127.0.0.1", path=path) as upstream:
        address = Where("unix", path=path) if path else where(upstream.address)
        if kind == "port":
            settings = Settings(path="/", timeout=10.0, port=address.port)
            address = Where(host="127.0.0.1", port=1)
        if kind == "name":
            address = Where(host="localhost", port=address.port)
        assert await ask(address, settings) == ""
        hosts = {"unix": "localhost", "name": f"localhost:{address.port}", "host": "api.internal"}
        assert upstream.requests()[0].get(b"host") == hosts.get(kind, upstream.address).encode()


@pytest.mark.parametrize(
    ("settings", "answer", "why"),
    [
        (OK, reply(status=b"204 No Content"), ""),
        (OK, reply(status=b"503 Service Unavailable"), "status 503"),
        (OK, reply(b"", b"Location: /well", status=b"302 Found"), "status 302"),
        (Settings(path="/health", statuses={302}, timeout=10.0), reply(b"", b"Location: /well", status=b"302 F"), ""),
        (Settings(path="/health", method="HEAD", timeout=10.0), b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", ""),
        (Settings(path="/health", body=b'"UP"', timeout=10.0), reply(b'{"status": "UP"}'), ""),
        (
            Settings(path="/health", body=b'"UP"', timeout=10.0),
            reply(b'{"status": "DOWN"}'),
            "the answer lacks the text that it should have",
        ),
        (
            Settings(path="/health", body=b"UP", timeout=10.0),
            reply(gzip.compress(b"UP"), b"Content-Encoding: gzip"),
            "the answer is compressed although that was not asked for",
        ),
        (Settings(path="/health", body=b"UP", timeout=10.0), reply(b"-" * (MOST_READ - 2) + b"UP" + b"-" * 9), ""),
        (
            Settings(path="/health", body=b"UP", timeout=10.0),
            reply(b"-" * (MOST_READ - 1) + b"UP" + b"-" * 9),
            "the answer lacks the text that it should have",
        ),
        (OK, b"SMTP ready\r\n\r\n", "the answer is not valid HTTP"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_answers(settings: Settings, answer: bytes, why: str) -> None:
    """Status and body decide; a redirect is an answer like any other."""
    with RecordingUpstream() as upstream:
        upstream.answer = answer
        assert await ask(where(upstream.address), settings) == why
        assert [request.path for request in upstream.requests()] == [b"/health"]


@pytest.mark.parametrize(
    ("sent", "when"),
    [
        (b"", "without an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-", "in the middle of the answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "in the middle of the answer"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_closed(sent: bytes, when: str) -> None:
    """An answer that never comes, or not to its end, is none."""

    def stop(connection: UpstreamConnection, request: Request) -> None:
        connection.send(sent)
        connection.close()

    with RecordingUpstream() as upstream:
        upstream.answer = stop
        assert await ask(where(upstream.address), OK) == f"the connection was closed {when}"


@pytest_twisted.ensureDeferred
async def test_cookies_are_not_kept() -> None:
    """What one answer sets does not come back with the next request."""
    with RecordingUpstream() as upstream:
        upstream.answer = reply(b"", b"Set-Cookie: a=b; Path=/")
        asking = probe(reactor, where(upstream.address), OK)
        for _ in range(2):
            assert await Deferred.fromCoroutine(asking()) == ""
        assert [request.get(b"cookie") for request in upstream.requests()] == [None, None]


@pytest.mark.parametrize("settings", [OK, Settings(timeout=10.0)], ids=["request", "connect"])
@pytest_twisted.ensureDeferred
async def test_nobody_there(settings: Settings, tmp_path: Path) -> None:
    """A refused connection, and a socket that is not there."""
    with refusing_port() as address:
        assert await ask(where(address), settings) == "connection refused"
    missing = await ask(Where("unix", path=str(tmp_path / "missing")), settings)
    assert missing == "no such file or directory"


@implementer(IStreamClientEndpoint)
class Fails:
    """An endpoint that nothing can be connected to."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Fail."""
        return fail(self._error)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (DNSLookupError(), "the name has no address"),
        (ConnectTimeout(), "no connection in 10 s"),
        (ConnectError(errno.EHOSTUNREACH, "whatever"), "no route to host"),
        (ConnectError(), "no connection"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_connecting_fails(error: Exception, why: str) -> None:
    """Each cause has its phrase, whatever would have been sent."""
    endpoint = Fails(error)
    request = http_probe(client_for(reactor, endpoint), "api.internal", "/", OK, reactor)
    assert await Deferred.fromCoroutine(request()) == why
    assert await Deferred.fromCoroutine(connect_probe(endpoint, OK)()) == why


@pytest.mark.parametrize("path", ["/health", None], ids=["request", "connect"])
@pytest_twisted.ensureDeferred
async def test_no_connection(path: str | None) -> None:
    """Connecting may take as long as the whole check, and leaves nothing."""
    with silent_port() as address:
        why = await checked(where(address), Settings(path=path, timeout=0.05))
        assert why in ("no connection in 0.05 s", "no answer in 0.05 s")


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"], ids=["head", "body"])
@pytest_twisted.ensureDeferred
async def test_no_answer(sent: bytes) -> None:
    """A target that stalls before its answer, or in the middle of it, is given up; its connection is closed."""
    with RecordingUpstream() as upstream:

        def stall(connection: UpstreamConnection, request: Request) -> None:
            connection.send(sent)
            assert connection.read_request_head() is None

        upstream.answer = stall
        why = await checked(where(upstream.address), Settings(path="/health", timeout=0.1))
        assert why == "no answer in 0.1 s"
        await until_closed(upstream)


@pytest_twisted.ensureDeferred
async def test_connection_only() -> None:
    """Without a path, a connection that can be opened is enough; it is closed at once, and nothing is sent."""
    with RecordingUpstream() as upstream:
        assert await ask(where(upstream.address), Settings(timeout=10.0)) == ""
        await until_closed(upstream)
        assert upstream.received_size == 0


async def until_closed(upstream: RecordingUpstream) -> None:
    """Let the reactor turn until the upstream's only connection has ended."""
    for _ in range(2000):
        ended: list[Any] = [connection.ended for connection in upstream.connections]
        if len(ended) == 1 and ended[0]:
            return
        await deferLater(reactor, 0.002)
    raise AssertionError("the connection is still open")
