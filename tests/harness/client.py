"""A client that sends what it is told, byte for byte, and tells exactly what came back and how it ended."""

from __future__ import annotations

import selectors
import socket
import ssl
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from .reader import ByteReader, Ended, Garbled
from .responses import Response, ResponseStart, read_all, read_response, read_start

PATIENCE = 8.0  # seconds until a silent peer fails a test instead of hanging it


def connect(address: str, *, timeout: float = PATIENCE, receive_buffer: int | None = None) -> socket.socket:
    """Connects to `host:port`, `[v6]:port` or `unix:/path`; the buffer size is set first, so that it counts."""
    if address.startswith("unix:"):
        sock = socket.socket(socket.AF_UNIX)
        target: str | tuple[str, int] = address.removeprefix("unix:")
    else:
        host, _, port = address.rpartition(":")
        sock = socket.socket(socket.AF_INET6 if host.startswith("[") else socket.AF_INET)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        target = (host.strip("[]"), int(port))
    if receive_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(timeout)
    try:
        sock.connect(target)
    except OSError:
        sock.close()
        raise
    return sock


def abort(sock: socket.socket) -> None:
    """Closes with a RST instead of a FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class Client:
    """One connection, read and written step by step; every wait ends after `timeout` seconds with TimeoutError."""

    def __init__(
        self,
        address: str,
        *,
        timeout: float = PATIENCE,
        receive_buffer: int | None = None,
        tls: ssl.SSLContext | None = None,
        server_name: str | None = None,
    ) -> None:
        """With `tls` the connection is by TLS, to whoever is called `server_name`; raises `ssl.SSLError`."""
        self.sock = connect(address, timeout=timeout, receive_buffer=receive_buffer)
        if tls is not None:
            self.sock = tls.wrap_socket(self.sock, server_hostname=server_name)
        self.reader = ByteReader(lambda: self.sock.recv(65536))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sock.close()

    def send(self, data: bytes) -> None:
        """Sends everything; raises OSError where the peer does not take it."""
        self.sock.sendall(data)

    def send_each(self, data: bytes) -> None:
        """Sends byte by byte, a segment each."""
        for at in range(len(data)):
            self.sock.sendall(data[at : at + 1])

    def response(self, method: bytes = b"GET") -> Response:
        """The next final response, whole."""
        return read_response(self.reader, method)

    def start(self, method: bytes = b"GET") -> ResponseStart:
        """The next final response's head; its body stays in `reader`."""
        return read_start(self.reader, method)

    def interim(self) -> ResponseStart:
        """The next head, interim or final."""
        return read_start(self.reader, stop_at_interim=True)

    def ask(self, request: bytes, method: bytes = b"GET") -> Response:
        """Sends `request` and reads its response."""
        self.send(request)
        return self.response(method)

    def finish(self) -> None:
        """Says that nothing more will be sent (half-close)."""
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Goes away with a RST."""
        abort(self.sock)

    def ending(self) -> str:
        """How the peer ends the connection from here: closed, reset, or open if it does not."""
        try:
            if not self.reader.buffer and not self.reader.fill():
                return "closed"
        except ConnectionError:
            return "reset"
        except TimeoutError:
            return "open"
        raise Garbled(f"bytes where the end was due: {bytes(self.reader.buffer)[:300]!r}")


@dataclass(frozen=True, slots=True)
class Conversation:
    """All that came back, and how it ended: closed or reset by the peer, or still open."""

    received: bytes
    end: str
    methods: tuple[bytes, ...] = (b"GET",)

    @property
    def responses(self) -> list[Response]:
        """The responses in `received`; raises `Garbled` where it holds anything else."""
        return list(read_all(self.received, self.methods))


def raw(
    address: str,
    data: bytes | Iterable[bytes],
    *,
    methods: tuple[bytes, ...] = (b"GET",),
    wanted: int | None = None,
    timeout: float = PATIENCE,
) -> Conversation:
    """Sends `data` (each item of an iterable as a segment of its own) while reading, until the peer ends it.

    With `wanted` it returns as soon as that many final responses are whole (end is then "open"). `timeout` is in
    seconds without a byte either way. A peer that stops reading is no error: what it said counts.
    """
    pieces = iter([data] if isinstance(data, bytes) else data)
    received = bytearray()
    pending = memoryview(next(pieces, b""))
    with connect(address) as sock, selectors.DefaultSelector() as selector:
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if not pending:
                pending = memoryview(next(pieces, b""))
                if not pending:
                    selector.modify(sock, selectors.EVENT_READ)
            for _, events in selector.select(max(0.0, deadline - time.monotonic())):
                deadline = time.monotonic() + timeout
                if events & selectors.EVENT_READ:
                    try:
                        piece = sock.recv(65536)
                    except ConnectionError:
                        return Conversation(bytes(received), "reset", methods)
                    if not piece:
                        return Conversation(bytes(received), "closed", methods)
                    received += piece
                    if wanted is not None and _answered(bytes(received), methods, wanted):
                        return Conversation(bytes(received), "open", methods)
                elif pending:
                    try:
                        pending = pending[sock.send(pending) :]
                    except ConnectionError:
                        pending, pieces = memoryview(b""), iter(())
    return Conversation(bytes(received), "open", methods)


def _answered(data: bytes, methods: tuple[bytes, ...], wanted: int) -> bool:
    """Whether `data` holds `wanted` whole responses that are not delimited by the connection's end."""
    try:
        whole = [r for r in read_all(data, methods) if r.complete and r.framing.kind != "close"]
    except (Ended, Garbled):  # a response's beginning only; the next read decides
        return False
    return len(whole) >= wanted
