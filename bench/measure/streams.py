"""Back-pressure: a fast sender, a slow receiver, the proxy between them, and the memory it takes meanwhile.

The receiver first reads nothing for STALL_S, then at most PACE bytes per second. Any sender on the loopback is some ten
times faster, so it is the receiver that sets the pace all the way through: a proxy that reads ahead of it has the
better part of the stream in memory when it ends, one that waits for it has a few buffers.
"""

import contextlib
import http.server
import socket
import socketserver
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from bench.measure.processes import BenchError, Child, turn
from bench.measure.servers import Server

STALL_S = 2.0
PACE = 96 << 20
SIP = 256 << 10
SAMPLE_S = 0.05
LIMIT_S = 120.0
SLOW_FROM = 1 << 20


@dataclass(frozen=True)
class Stream:
    """One long body through a proxy."""

    name: str
    subject: str
    mib: float
    seconds: float
    """The stall included."""
    base_mib: float
    """RSS before it."""
    growth_mib: float
    """Highest RSS while it ran, less base_mib."""


class RssWatch:
    """Samples the resident memory of a process until the block ends."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.base_kib = self.peak_kib = child.rss_kib()

    def _watch(self) -> None:
        while not self._done.wait(SAMPLE_S):
            self.peak_kib = max(self.peak_kib, self._child.rss_kib())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._done.set()
        self._thread.join(5)


def read_slowly(read_into: Callable[[memoryview], int | None], total: int) -> int:
    """Stall, then read at the pace until `total` bytes came or the stream ended; how many came."""
    room = memoryview(bytearray(SIP))
    time.sleep(STALL_S)
    started, got = time.monotonic(), 0
    while got < total and (count := read_into(room[: min(SIP, total - got)])):
        got += count
        elapsed = time.monotonic() - started
        if elapsed > LIMIT_S:
            break
        if (ahead := got / PACE - elapsed) > 0.005:
            time.sleep(ahead)
    return got


class SlowUpstream:
    """An HTTP server that takes large bodies slowly and answers with how many bytes it got."""

    def __init__(self) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = LIMIT_S

            def do_GET(self) -> None:
                self._answer(b"{}")

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                small = length < SLOW_FROM
                got = len(self.rfile.read(length)) if small else read_slowly(self.rfile.readinto1, length)
                self._answer(str(got).encode())

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        class Listener(socketserver.ThreadingTCPServer):
            daemon_threads = True
            block_on_close = False
            request_queue_size = 128

        self._server = Listener(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def download(server: Server, total: int) -> Stream:
    """`total` bytes from the backend's /stream, read slowly."""
    with turn(), _connected(server) as connection, RssWatch(server.child) as watch:
        started = time.monotonic()
        connection.sendall(b"GET /stream HTTP/1.1\r\nHost: bench.example\r\n\r\n")
        head, rest = _read_head(connection)
        _expect_ok(server, head)
        got = len(rest) + read_slowly(connection.recv_into, total - len(rest))
        seconds = time.monotonic() - started
    return _stream("download, slow reader", server, total, got, seconds, watch)


def upload(server: Server, total: int) -> Stream:
    """`total` bytes sent as fast as they are taken to a server in front of a SlowUpstream."""
    chunk = memoryview(bytes(SIP))
    with turn(), _connected(server) as connection, RssWatch(server.child) as watch:
        started, sent = time.monotonic(), 0
        connection.sendall(b"POST /upload HTTP/1.1\r\nHost: bench.example\r\nContent-Length: %d\r\n\r\n" % total)
        while sent < total and time.monotonic() - started < LIMIT_S:
            sent += connection.send(chunk[: min(SIP, total - sent)])
        head, rest = _read_head(connection)
        _expect_ok(server, head)
        answer = rest or connection.recv(64)
        seconds = time.monotonic() - started
    return _stream("upload, slow upstream", server, total, int(answer), seconds, watch)


def settle(server: Server, requests: int = 200) -> None:
    """Some small requests first, so that what any first request costs is not counted as growth."""
    with _connected(server) as connection:
        for _ in range(requests):
            connection.sendall(b"POST /settle HTTP/1.1\r\nHost: bench.example\r\nContent-Length: 4\r\n\r\nbody")
            head, rest = _read_head(connection)
            _expect_ok(server, head)
            while not rest:
                if not (rest := connection.recv(64)):
                    raise BenchError(f"{server.name} closed the connection\n{server.child.log_tail()}")


def _connected(server: Server) -> contextlib.closing[socket.socket]:
    return contextlib.closing(socket.create_connection(("127.0.0.1", server.port), timeout=30))


def _read_head(connection: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (received := connection.recv(4096)):
            break
        data += received
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def _expect_ok(server: Server, head: bytes) -> None:
    if not head.startswith(b"HTTP/1.1 200"):
        raise BenchError(f"{server.name} answered the stream with {head[:200]!r}\n{server.child.log_tail()}")


def _stream(name: str, server: Server, total: int, got: int, seconds: float, watch: RssWatch) -> Stream:
    if got != total:
        problem = f"{server.name}: {name}: {got} of {total} bytes arrived after {seconds:.0f} s"
        raise BenchError(f"{problem}\n{server.child.log_tail()}")
    growth = (watch.peak_kib - watch.base_kib) / 1024
    return Stream(name, server.name, total / (1 << 20), seconds, watch.base_kib / 1024, growth)
