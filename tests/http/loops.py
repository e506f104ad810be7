"""A loop's transports that only note what they are told, and turns that end when a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.interfaces import IProtocol, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from gatewayd.http.outbox import Outbox
from gatewayd.http.transport import LoopTransport

TCP4 = {"peername": ("192.0.2.1", 50000), "sockname": ("192.0.2.80", 80)}
TCP6 = {"peername": ("2001:db8::1", 50000, 0, 0), "sockname": ("::1", 80, 0, 0)}
UNIX = {"peername": "", "sockname": "/run/s"}


class Options:
    """The socket of a loop transport."""

    def __init__(self, calls: list[Any]) -> None:
        self._calls = calls

    def setsockopt(self, level: int, name: int, value: bytes) -> None:
        """Note it."""
        self._calls.append((level, name, value))


class Noting(asyncio.Transport):
    """Notes what it is told, in order."""

    def __init__(self, names: dict[str, Any]) -> None:
        super().__init__(names)
        self.calls: list[Any] = []
        self.high: int | None = None
        self._closing = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """The names of both ends, and the socket."""
        return Options(self.calls) if name == "socket" else super().get_extra_info(name, default)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Keep it."""
        self.high = high

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Note it; refuse after the end, as asyncio does."""
        if "write_eof" in self.calls:
            raise RuntimeError("Cannot call write() after write_eof()")
        self.calls.append(bytes(data))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Note them."""
        self.calls.append([bytes(data) for data in list_of_data])

    def is_closing(self) -> bool:
        """Whether it was told to close."""
        return self._closing

    def can_write_eof(self) -> bool:
        """Always."""
        return True

    def write_eof(self) -> None:
        """Note it."""
        self.calls.append("write_eof")

    def close(self) -> None:
        """Note it."""
        self._closing = True
        self.calls.append("close")

    def abort(self) -> None:
        """Note it."""
        self._closing = True
        self.calls.append("abort")

    def pause_reading(self) -> None:
        """Note it."""
        self.calls.append("pause_reading")

    def resume_reading(self) -> None:
        """Note it."""
        self.calls.append("resume_reading")


class Ends(Protocol):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.data: list[bytes] = []
        self.reasons: list[Failure] = []

    def dataReceived(self, data: bytes) -> None:
        """Keep it."""
        self.data.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Keep it."""
        self.reasons.append(reason)


@implementer(IPushProducer)
class Pacer:
    """A producer that notes."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def pauseProducing(self) -> None:
        """Note it."""
        self.calls.append("pause")

    def resumeProducing(self) -> None:
        """Note it."""
        self.calls.append("resume")

    def stopProducing(self) -> None:
        """Note it."""
        self.calls.append("stop")


class Loop:
    """Connections of one loop, whose turns end when the test says so."""

    def __init__(self) -> None:
        self._soon: list[Callable[[], None]] = []
        self.outbox = Outbox(self._soon.append)

    def connect(self, names: dict[str, Any] | None = None) -> tuple[LoopTransport, Noting, Ends]:
        """One more connection: as the protocol sees it, as the loop does, and the protocol."""
        protocol = Ends()
        transport = LoopTransport(IProtocol(protocol), self.outbox)
        noting = Noting(names or TCP4)
        transport.connection_made(noting)
        return transport, noting, protocol

    def end_turn(self) -> int:
        """Call what was to be called soon; returns how much that was."""
        soon, self._soon[:] = list(self._soon), []
        for call in soon:
            call()
        return len(soon)
