"""Responses on their way to a client: one framing per response, the head leaving together with the first bytes."""

from __future__ import annotations

from enum import Enum, auto

from gatewayd.http import chunked
from gatewayd.http.interfaces import StreamTransport

JOIN_UP_TO = 16384  # bytes of body worth copying behind the head, so that both leave in one write


class Framing(Enum):
    """How a response's end will be known to the client (RFC 9112 section 6.3)."""

    NONE = auto()  # no body: HEAD, 1xx, 204, 304
    LENGTH = auto()
    CHUNKED = auto()
    CLOSE = auto()  # for HTTP/1.0 clients


_NONE, _CHUNKED = Framing.NONE, Framing.CHUNKED


class ResponseWriter:
    """Writes one response after another. `started` from its head on; `sent` counts its body's bytes."""

    __slots__ = ("_framing", "_pending", "_transport", "sent", "started")

    def __init__(self, transport: StreamTransport) -> None:
        self._transport = transport
        self._framing = Framing.NONE
        self._pending = b""
        self.sent = 0
        self.started = False

    def reset(self) -> None:
        """Ready for the next response."""
        self.sent = 0
        self.started = False

    def begin(self, head: bytes, framing: Framing) -> None:
        """Take a whole head, empty line included; it leaves with the first body bytes or at `flush`."""
        self._pending = head
        self._framing = framing
        self.started = True

    def write(self, data: bytes) -> None:
        """Send body bytes (not empty); dropped where the response has no body."""
        framing = self._framing
        if framing is _NONE:
            return
        self.sent += len(data)
        if framing is _CHUNKED:
            data = chunked.encode(data)
        if self._pending:
            if len(data) <= JOIN_UP_TO:
                data = self._pending + data
                self._pending = b""
            else:
                self.flush()
        self._transport.write(data)

    def whole(self, answer: bytes, length: int) -> None:
        """Send a response that is complete: its head, with Content-Length or none, and as much of a body."""
        self.started = True
        self.sent = length
        self._transport.write(answer)

    def end(self, trailers: bytes = b"") -> None:
        """Send what ends the response."""
        if self._framing is _CHUNKED:
            self._pending += chunked.encode_last(trailers)
        if self._pending:
            self.flush()

    def flush(self) -> None:
        """Send the head if it still waits for its body."""
        pending, self._pending = self._pending, b""
        if pending:
            self._transport.write(pending)
