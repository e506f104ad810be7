"""One connection an upstream accepted: every byte it received, and the verbs its script answers with."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from .client import PATIENCE, abort
from .reader import ByteReader, Ended, Fields, Framing, Garbled, Head, framing_of

# What a strict upstream takes as a request line from a gateway: origin-form only, no doubtful bytes in it.
_REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) (/[\x21\x22\x24-\x7e]*|\*) HTTP/1\.1")
RECORDED = 16 << 20  # bytes kept of each connection; all are counted


@dataclass(slots=True)
class Request:
    """A request as the upstream read it. `body` and `trailers` are filled as they are read, `complete` at their end."""

    method: bytes
    target: bytes
    head: Head
    framing: Framing
    body: bytearray = field(default_factory=bytearray)
    body_size: int = 0
    trailers: Fields = ()
    complete: bool = False

    @property
    def path(self) -> bytes:
        """The target without its query."""
        return self.target.partition(b"?")[0]

    def get(self, name: bytes) -> bytes | None:
        """The only value of the field `name` (lower case), or None; a repeated one raises `Garbled`."""
        return self.head.get(name)

    def get_all(self, name: bytes) -> list[bytes]:
        """Every value of the field `name` (lower case)."""
        return self.head.get_all(name)


class UpstreamConnection:
    """What one accepted connection received, and how a script answers on it. `serial` counts from 0.

    `ended` tells how the peer went (eof or reset; local, if it was this end), `garbled` what it sent that is no clean
    HTTP; both None before.
    """

    def __init__(self, sock: socket.socket, serial: int, changed: threading.Condition) -> None:
        self.sock = sock
        self.serial = serial
        self.received = bytearray()
        self.received_size = 0
        self.sent_size = 0
        self.requests: list[Request] = []
        self.ended: str | None = None
        self.garbled: str | None = None
        self.closed = False
        self.leaving = False
        self._changed = changed
        self._reader = ByteReader(self._receive)
        sock.settimeout(60.0)

    def _receive(self) -> bytes:
        try:
            data = self.sock.recv(262144)
        except OSError as error:
            with self._changed:
                self.ended = "local" if self.closed or self.leaving else "reset"
                self._changed.notify_all()
            raise ConnectionResetError("the gateway reset the connection") from error
        with self._changed:
            self.received_size += len(data)
            if len(self.received) < RECORDED:
                self.received += data
            if not data:
                self.ended = "local" if self.leaving else "eof"
            self._changed.notify_all()
        return data

    def note(self) -> None:
        """Wakes whoever waits for a change."""
        with self._changed:
            self._changed.notify_all()

    # reading

    def read_request_head(self) -> Request | None:
        """The next request's head; None where the gateway closed in between. Raises `Garbled`."""
        head = self._reader.head()
        if head is None:
            return None
        match = _REQUEST_LINE.fullmatch(head.start_line)
        if match is None:
            raise Garbled(f"not a request line: {head.start_line!r}")
        if len(head.get_all(b"host")) != 1:
            raise Garbled(f"not exactly one Host: {head.raw!r}")
        request = Request(match[1], match[2], head, framing_of(head, default=Framing("none")))
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
        return request

    def pieces(self, request: Request) -> Iterator[bytes]:
        """The body as it comes; kept in `request.body` up to a limit. Raises `Ended` where the gateway aborts it."""
        for piece in self._reader.pieces(request.framing):
            with self._changed:
                request.body_size += len(piece)
                if len(request.body) < RECORDED:
                    request.body += piece
                self._changed.notify_all()
            yield piece
        with self._changed:
            request.trailers, request.complete = self._reader.trailers, True
            self._changed.notify_all()

    def read_body(self, request: Request) -> bytes:
        """The whole body (its recorded part)."""
        for _ in self.pieces(request):
            continue
        return bytes(request.body)

    def read_raw(self) -> bytes:
        """Some bytes as they come, no HTTP asked for; b"" at the end."""
        if not self._reader.buffer and not self._reader.fill():
            return b""
        return self._reader.take(len(self._reader.buffer))

    def wait_end(self) -> None:
        """Reads (and records) until the gateway ends the connection."""
        try:
            while self.read_raw():
                continue
        except ConnectionError:
            return

    # writing

    def send(self, data: bytes) -> None:
        """Sends everything. A gateway that has gone is no error here: `ended` tells."""
        try:
            self.sock.sendall(data)
        except OSError:
            self.close()
            return
        with self._changed:
            self.sent_size += len(data)
            self._changed.notify_all()

    def send_each(self, data: bytes) -> None:
        """Sends byte by byte, a segment each."""
        for at in range(len(data)):
            self.send(data[at : at + 1])

    def send_until_blocked(self, data: bytes, *, patience: float = 0.5) -> int:
        """Sends `data` until the gateway takes no more for `patience` seconds; how many bytes went."""
        self.sock.settimeout(patience)
        sent = 0
        try:
            while sent < len(data):
                sent += self.sock.send(memoryview(data)[sent : sent + 65536])
        except TimeoutError:
            pass
        finally:
            self.sock.settimeout(60.0)
        with self._changed:
            self.sent_size += sent
            self._changed.notify_all()
        return sent

    def wait_for(self, event: threading.Event) -> None:
        """Stalls until `event` is set; fails after the harness's patience, so that nothing hangs."""
        if not event.wait(PATIENCE * 2):
            raise AssertionError("nobody released the stalled upstream")

    def close(self) -> None:
        """Closes both ways with a FIN (the kernel makes it a RST where unread bytes wait)."""
        self.closed = True
        with contextlib.suppress(OSError):  # not connected any more: nothing to say goodbye to
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        self.note()

    def hang_up(self) -> None:
        """Ends it both ways from another thread than its own, which is woken by that, and closes."""
        self.leaving = True
        with contextlib.suppress(OSError):  # closed already
            self.sock.shutdown(socket.SHUT_RDWR)

    def finish(self) -> None:
        """Says that nothing more will be sent (half-close); goes on reading."""
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Goes away with a RST."""
        self.closed = True
        abort(self.sock)
        self.note()


__all__ = ["Ended", "Request", "UpstreamConnection"]
