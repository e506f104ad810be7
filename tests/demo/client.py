"""A client over real sockets that reads until the server closes."""

from __future__ import annotations

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from tests.demo.pipe import Reply


class Line(Protocol):
    """Gathers what comes; `ended` fires with all of it when the connection is closed, and fails when it is reset."""

    def __init__(self) -> None:
        self.received = b""
        self.ended: Deferred[bytes] = Deferred()
        self._awaited: tuple[int, Deferred[bytes]] | None = None

    def dataReceived(self, data: bytes) -> None:
        """Keep it."""
        self.received += data
        if self._awaited is not None and len(self.received) >= self._awaited[0]:
            (size, waiting), self._awaited = self._awaited, None
            taken, self.received = self.received[:size], self.received[size:]
            waiting.callback(taken)

    def read(self, size: int) -> Deferred[bytes]:
        """The next `size` bytes."""
        waiting: Deferred[bytes] = Deferred()
        self._awaited = (size, waiting)
        self.dataReceived(b"")
        return waiting

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell who waits."""
        if reason.check(type(connectionDone.value)):
            self.ended.callback(self.received)
        else:
            self.ended.errback(reason)


async def dial(port: int) -> Line:
    """A connection to `port` of loopback."""
    line = Line()
    await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", port), line)
    return line


async def ask(port: int, method: str, path: str) -> Reply:
    """One request on a connection of its own."""
    line = await dial(port)
    assert line.transport is not None
    line.transport.write(f"{method} {path} HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n\r\n".encode())
    head, _, body = (await line.ended).partition(b"\r\n\r\n")
    status, *fields = head.decode().split("\r\n")
    pairs = (field.split(": ", 1) for field in fields)
    return Reply(int(status.split(" ")[1]), {name.lower(): value for name, value in pairs}, body)
