"""One connection to a demo site without a socket, on a clock that stands still until told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IPushProducer
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from gatewayd.demo.catalogue import CATALOGUE
from gatewayd.demo.site import QuietSite, ServiceSite

OFFERS = {offer.name: offer for offer in CATALOGUE}


class Reply(NamedTuple):
    """What came back so far; `headers` are in lower case, the last of equal ones wins."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Pipe:
    """A client of `site`, or of the service called `name`."""

    def __init__(self, name: str = "ticket", site: QuietSite | None = None) -> None:
        self.clock = Clock()
        self.site = site or ServiceSite(OFFERS[name], self.clock)
        self.transport = StringTransport()
        self._channel = self.site.buildProtocol(None)
        self._channel.makeConnection(self.transport)

    @property
    def service(self) -> ServiceSite:
        """The site of the service."""
        assert isinstance(self.site, ServiceSite)
        return self.site

    def send(self, method: str, path: str, body: bytes = b"", **fields: str) -> None:
        """Send a request; field names are written with `_` for `-`."""
        fields = {"host": "demo", "content-length": str(len(body)), **fields}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items())]
        self.feed("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def feed(self, data: bytes) -> None:
        """Send raw bytes."""
        self._channel.dataReceived(data)

    def take(self) -> bytes:
        """What came since the last look."""
        data = bytes(self.transport.value())
        self.transport.io.seek(0)
        self.transport.io.truncate()
        return data

    def ask(self, method: str, path: str, body: bytes = b"", **fields: str) -> Reply:
        """Send a request and read the answer that is there at once."""
        self.send(method, path, body, **fields)
        return self.reply()

    def reply(self) -> Reply:
        """The answer that came since the last look."""
        head, _, body = self.take().partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        pairs = (line.split(": ", 1) for line in lines)
        return Reply(int(status.split(" ")[1]), {name.lower(): value for name, value in pairs}, body)

    def _producer(self) -> IPushProducer:
        """What feeds the connection."""
        return IPushProducer(self.transport.producer)

    def limit_buffer(self, size: int) -> None:
        """Behave as a connection whose client reads nothing by itself: more than `size` bytes and the sender pauses."""
        write: Callable[[bytes], None] = self.transport.write

        def write_and_measure(data: bytes) -> None:
            write(data)
            if len(self.transport.value()) > size:
                self.fill_buffer()

        self.transport.write = write_and_measure  # type: ignore[method-assign]

    def fill_buffer(self) -> None:
        """Behave as a connection whose client stopped reading."""
        self._producer().pauseProducing()

    def drain_buffer(self) -> None:
        """Behave as a connection whose client read on."""
        self._producer().resumeProducing()

    def hang_up(self) -> None:
        """Lose the connection."""
        self._producer().stopProducing()
        self._channel.connectionLost(Failure(ConnectionDone()))
