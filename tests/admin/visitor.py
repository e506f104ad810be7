"""A visitor of the metrics port, in memory: bytes in, bytes out, time by hand."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web.server import Site

from gatewayd.admin import Readiness, admin_site
from gatewayd.telemetry import Metrics

TURN = 1e-6  # seconds on the clock from one turn of the reactor to the next


class TurningClock(Clock):
    """A clock whose calls for "now" run in the next turn, as a reactor's do; `Clock` would run them all in one go."""

    def callLater(  # type: ignore[override]
        self, when: float, what: Callable[..., object], *args: object, **kwargs: object
    ) -> IDelayedCall:
        """Schedule a call, at the earliest for the next turn."""
        return super().callLater(max(when, TURN), what, *args, **kwargs)

    def turn(self) -> None:
        """Let one turn pass."""
        self.advance(TURN)


@dataclass(frozen=True)
class Answer:
    """A response as it came; field names in lower case."""

    status: int
    fields: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body, uncompressed where it was not."""
        body = gzip.decompress(self.body) if self.fields.get("content-encoding") == "gzip" else self.body
        return body.decode()


class Port:
    """The site of a metrics port and what it was made from."""

    def __init__(self) -> None:
        self.clock = TurningClock()
        self.metrics = Metrics()
        self.readiness = Readiness()
        self.site: Site = admin_site(self.metrics, self.readiness, "1.2.3", self.clock)

    def visit(self) -> Visitor | None:
        """A new connection; None where it was refused."""
        protocol = self.site.buildProtocol(None)
        return None if protocol is None else Visitor(self, protocol)

    def ask(self, path: str, method: str = "GET", **fields: str) -> Answer:
        """One request on a connection of its own, which is closed afterwards."""
        visitor = self.visit()
        assert visitor is not None
        answer = visitor.ask(path, method, **fields)
        visitor.leave()
        return answer


class Visitor:
    """One connection."""

    def __init__(self, port: Port, protocol: object) -> None:
        self._clock = port.clock
        self.transport = StringTransport()
        self._protocol = protocol
        protocol.makeConnection(self.transport)  # type: ignore[attr-defined]

    def send(self, data: bytes) -> None:
        """Raw bytes."""
        self._protocol.dataReceived(data)  # type: ignore[attr-defined]

    def ask(self, path: str, method: str = "GET", **fields: str) -> Answer:
        """One request and its answer, however many turns of the reactor that takes."""
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
        self.send("\r\n".join([*lines, "", ""]).encode())
        for _ in range(10_000):
            if self.transport.value():
                break
            self._clock.turn()
        return self.take(head_only=method == "HEAD")

    def take(self, head_only: bool = False) -> Answer:
        """The first answer of what came, which must be all there is."""
        head, _, body = self.transport.value().partition(b"\r\n\r\n")
        self.transport.clear()
        status_line, *lines = head.decode().split("\r\n")
        fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        assert len(fields) == len(lines), f"a field came twice: {lines}"
        if head_only:
            assert body == b""
        else:
            assert len(body) == int(fields["content-length"])
        return Answer(int(status_line.split()[1]), fields, body)

    def leave(self) -> None:
        """Close the connection."""
        self._protocol.connectionLost(Failure(ConnectionDone()))  # type: ignore[attr-defined]
