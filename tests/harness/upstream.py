"""A server under the test's thumb: records every byte the gateway sends it and answers with scripts."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from .client import PATIENCE
from .connection import Request, UpstreamConnection
from .reader import Ended, Garbled

Script = Callable[[UpstreamConnection, Request], None]


def reply(body: bytes = b"ok", *lines: bytes, status: bytes = b"200 OK") -> bytes:
    """A plain response with Content-Length and the given field lines."""
    return b"".join((b"HTTP/1.1 ", status, b"\r\n", *(line + b"\r\n" for line in lines))) + (
        b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    )


def echo(connection: UpstreamConnection, request: Request) -> None:
    """The default answer: the request's body (or "ok"), and on which connection it came."""
    body = connection.read_body(request) or b"ok"
    answer = reply(body, b"X-Connection: %d" % connection.serial, b"X-Method: " + request.method)
    connection.send(answer[: answer.index(b"\r\n\r\n") + 4] if request.method == b"HEAD" else answer)


class RecordingUpstream:
    """Listens on loopback (`host`, `port`) or on a unix socket (`path`) and serves each connection on a thread.

    A request is answered by what `on` registered for its path, else by `answer`. Canned bytes are sent once the
    whole request was read; a script reads and sends for itself and may leave the connection open for the next one.
    `greeting` runs on each new connection before anything was read. With `tls` connections begin with that; why one
    does not is in `not_tls`.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        path: str | None = None,
        backlog: int = 128,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.tls = tls
        self.not_tls: list[str] = []
        self.changed = threading.Condition()
        self.connections: list[UpstreamConnection] = []
        self.answer: Script | bytes = echo
        self.greeting: Callable[[UpstreamConnection], None] | None = None
        self._answers: dict[bytes, Script | bytes] = {}
        self._events: list[threading.Event] = []
        self._threads: list[threading.Thread] = []
        self._failures: list[BaseException] = []
        self._host = host
        self._backlog = backlog
        self.port = 0
        if path is not None:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(path)
            self.address = f"unix:{path}"
        else:
            self._listener = self._bound(port)
            self.port = port = self._listener.getsockname()[1]
            self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.path = path
        self._listener.listen(backlog)
        self._accepting = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)

    def _bound(self, port: int) -> socket.socket:
        """A socket that has the address, and does not listen: whoever connects to it is refused."""
        sock = socket.socket(socket.AF_INET6 if ":" in self._host else socket.AF_INET)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((self._host, port))
        return sock

    @property
    def url(self) -> str:
        """The address as a target in the gateway's configuration."""
        return self.address if self.path else f"{'http' if self.tls is None else 'https'}://{self.address}"

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for event in self._events:
            event.set()
        self._leave()
        for thread in list(self._threads):
            thread.join(PATIENCE)
        if self.path is not None:
            os.unlink(self.path)
        if kind is None and self._failures:
            raise self._failures[0]

    # as a service that dies and is started again

    def go_down(self) -> None:
        """Closes every connection, and refuses new ones from now on; the address stays taken."""
        self._leave()
        self._listener = self._bound(self.port)

    def come_back(self) -> None:
        """Serves again, on the same address."""
        self._listener.listen(self._backlog)
        self._accepting = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._accepting.start()

    def _leave(self) -> None:
        with contextlib.suppress(OSError):  # it does not listen
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread in accept, which close alone does not
        self._listener.close()
        if self._accepting.ident is not None:
            self._accepting.join(PATIENCE)
        for connection in list(self.connections):
            connection.hang_up()

    # scripts

    def on(self, path: bytes, answer: Script | bytes) -> None:
        """Answers requests for `path` (the target without its query) with `answer` from now on."""
        self._answers[path] = answer

    def event(self) -> threading.Event:
        """An event for scripts to stall on; set at the latest when the upstream goes."""
        event = threading.Event()
        self._events.append(event)
        return event

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            if sock.family != socket.AF_UNIX:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.changed:
                connection = UpstreamConnection(sock, len(self.connections), self.changed)
                self.connections.append(connection)
                self.changed.notify_all()
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: UpstreamConnection) -> None:
        try:
            if self.tls is not None:
                try:
                    connection.sock = self.tls.wrap_socket(connection.sock, server_side=True)
                except (ssl.SSLError, OSError) as error:
                    self.not_tls.append(str(error))
                    connection.hang_up()
                    return
            if self.greeting is not None:
                self.greeting(connection)
            while not connection.closed and (request := connection.read_request_head()) is not None:
                answer = self._answers.get(request.path, self.answer)
                if isinstance(answer, bytes):
                    connection.read_body(request)
                    connection.send(answer)
                else:
                    answer(connection, request)
        except Garbled as error:
            connection.garbled = str(error)
        except (Ended, OSError):
            connection.note()  # the gateway went in the middle of something: `requests` and `ended` tell
        except AssertionError as error:
            self._failures.append(error)
        finally:
            if not connection.closed:
                connection.close()

    # what was seen

    def wait_for(self, predicate: Callable[[], bool], *, timeout: float = PATIENCE, why: str = "") -> None:
        """Waits until `predicate` holds; it runs at each change, and the failure tells what was seen."""
        with self.changed:
            if not self.changed.wait_for(predicate, timeout):
                last = [(c.serial, c.received_size, c.ended, c.garbled) for c in self.connections[-5:]]
                what = why or "what was waited for"
                raise AssertionError(f"{what} did not happen in {timeout} s; last connections: {last}")

    def requests(self, path: bytes | None = None) -> list[Request]:
        """The requests whose heads were read, on all connections, only those for `path` if given."""
        with self.changed:
            return [r for c in self.connections for r in c.requests if path is None or r.path == path]

    def wait_request(self, path: bytes, count: int = 1) -> Request:
        """The `count`-th complete request for `path`, once it is there."""

        def complete() -> list[Request]:
            return [r for c in self.connections for r in c.requests if r.path == path and r.complete]

        self.wait_for(lambda: len(complete()) >= count, why=f"request {count} for {path!r}")
        return complete()[count - 1]

    def connection_of(self, request: Request) -> UpstreamConnection:
        """The connection `request` came on."""
        with self.changed:
            return next(c for c in self.connections if any(r is request for r in c.requests))

    def carrying(self, mark: bytes) -> list[UpstreamConnection]:
        """The connections that received `mark` anywhere in their bytes."""
        with self.changed:
            return [c for c in self.connections if mark in c.received]

    @property
    def garbled(self) -> list[str]:
        """Everything the gateway sent here that is no clean HTTP/1.1."""
        with self.changed:
            return [c.garbled for c in self.connections if c.garbled is not None]

    @property
    def received_size(self) -> int:
        """Bytes received over all connections."""
        with self.changed:
            return sum(c.received_size for c in self.connections)


@contextmanager
def refusing_port() -> Iterator[str]:
    """An address nobody listens on, kept from everybody else while it is used."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{sock.getsockname()[1]}"


@contextmanager
def silent_port() -> Iterator[str]:
    """An address whose accept queue is full, so that the kernel drops each further SYN: connecting never ends."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        queued = []
        try:
            for _ in range(4):
                sock = socket.socket()
                sock.setblocking(False)
                sock.connect_ex(listener.getsockname())
                queued.append(sock)
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            for sock in queued:
                sock.close()
