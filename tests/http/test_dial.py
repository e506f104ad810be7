"""Opening connections: what succeeds, what cannot, and what takes too long; on whichever reactor the tests run."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import DNSLookupError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from gatewayd.core.reasons import CONNECT_FAILED, CONNECT_TIMEOUT, Refused
from gatewayd.http.connection import UpstreamConnection
from gatewayd.http.deadlines import NEVER, Deadlines
from gatewayd.http.dial import Unresolved, _translate, dialer
from tests.harness import refusing_port, silent_port

from .service import ASK, OK, Patience

PATIENCE = 10.0


class Where(NamedTuple):
    """An address to dial."""

    kind: str = "tcp"
    host: str = "127.0.0.1"
    port: int = 0
    path: str = ""


def where(address: str) -> Where:
    """The address that `host:port` names."""
    host, _, port = address.rpartition(":")
    return Where(host=host, port=int(port))


class Attempt:
    """A connection that is being opened; `deadlines` shows whether it is watched."""

    def __init__(self, where: Where, timeout: float = PATIENCE) -> None:
        clock = IReactorTime(reactor)
        self.deadlines = Deadlines(clock, clock.seconds)
        self.connection = UpstreamConnection(self.deadlines, clock.seconds)
        self.interims = 0
        self.dialing: Deferred[UpstreamConnection] = dialer(reactor)(where, timeout, self.connection)

    def interim(self, answer: object) -> None:
        """Count a 1xx."""
        self.interims += 1


async def until(condition: Callable[[], bool]) -> None:
    """Let the reactor turn until `condition` holds."""
    for _ in range(2000):
        if condition():
            return
        await deferLater(reactor, 0.002)
    raise AssertionError("it never came to pass")


@pytest.mark.parametrize("kind", ["tcp", "name", "six", "unix"])
@pytest_twisted.ensureDeferred
async def test_connects(kind: str, tmp_path: Path) -> None:
    """A dial gives the very connection it was handed, which speaks to the service, and is closed in order."""
    family = {"six": socket.AF_INET6, "unix": socket.AF_UNIX}.get(kind, socket.AF_INET)
    path = str(tmp_path / "s")
    with socket.socket(family) as listening:
        listening.bind(path if kind == "unix" else ("::1" if kind == "six" else "127.0.0.1", 0))
        listening.listen()
        if kind == "unix":
            attempt = Attempt(Where("unix", path=path))
        else:
            name, port = listening.getsockname()[:2]
            attempt = Attempt(Where(host="localhost" if kind == "name" else name, port=port))
        connection = await attempt.dialing
        assert connection is attempt.connection
        assert len(attempt.deadlines) == 1
        service, _ = listening.accept()
        with service:
            answer = connection.send(ASK, None, Patience(), NEVER, False, None, attempt)
            service.setblocking(False)
            received = b""

            def asked() -> bool:
                nonlocal received
                try:
                    received += service.recv(1000)
                except BlockingIOError:
                    return False
                return received == ASK

            await until(asked)
            service.sendall(OK)
            await until(lambda: answer.done)
            assert connection.whole == b"hello"
            connection.abort()
            await until(lambda: len(attempt.deadlines) == 0)
            service.settimeout(PATIENCE)
            assert service.recv(1000) == b"", "an end, and no reset"


@pytest_twisted.ensureDeferred
async def test_nobody_there(tmp_path: Path) -> None:
    """An address where nobody listens, and a socket file that does not exist, cannot be reached."""
    with refusing_port() as address:
        addresses = [where(address), Where("unix", path=str(tmp_path / "nobody"))]
        for address_ in addresses:
            attempt = Attempt(address_)
            with pytest.raises(Refused) as caught:
                await attempt.dialing
            assert caught.value.reason is CONNECT_FAILED
            assert len(attempt.deadlines) == 0


@pytest_twisted.ensureDeferred
async def test_too_slow() -> None:
    """An address that does not answer in time is told apart from one where nobody is."""
    with silent_port() as address:
        attempt = Attempt(where(address), timeout=0.05)
        with pytest.raises(Refused) as caught:
            await attempt.dialing
    assert caught.value.reason is CONNECT_TIMEOUT
    assert len(attempt.deadlines) == 0


@pytest_twisted.ensureDeferred
async def test_given_up() -> None:
    """A dial that is cancelled leaves no connection behind."""
    with silent_port() as address:
        attempt = Attempt(where(address))
        failures: list[object] = []
        attempt.dialing.addErrback(failures.append)
        attempt.dialing.cancel()
        await until(lambda: bool(failures))
    assert len(attempt.deadlines) == 0


@pytest_twisted.ensureDeferred
async def test_closed_at_once() -> None:
    """A service that closes what it accepts, before anybody asked, gives a connection that says it is of no use."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        attempt = Attempt(where(f"127.0.0.1:{listening.getsockname()[1]}"))
        closed: list[object] = []
        attempt.connection.on_closed = closed.append
        listening.setblocking(False)
        accepted: list[socket.socket] = []

        def taken() -> bool:
            try:
                accepted.append(listening.accept()[0])
            except BlockingIOError:
                return False
            return True

        await until(taken)
        accepted[0].close()
        await attempt.dialing
        await until(lambda: bool(closed))
    assert not attempt.connection.reusable
    assert len(attempt.deadlines) == 0


@pytest.mark.parametrize("error", [socket.gaierror(-2, "Name or service not known"), DNSLookupError()])
def test_a_name_without_an_address(error: Exception) -> None:
    """For the client it is a service that cannot be reached, as any other; metrics tell it apart."""
    translated = _translate(Failure(error)).value
    assert isinstance(translated, Unresolved)
    assert translated.reason is CONNECT_FAILED
