"""Listening sockets: bound first, so that a taken port stops the start, and served once the reactor runs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.interfaces import IListeningPort

from gatewayd.http.dial import Where, event_loop
from gatewayd.http.listener import Listener
from gatewayd.http.outbox import Outbox
from gatewayd.http.transport import LoopTransport


def bind(where: Where, backlog: int) -> socket.socket:
    """A listening socket at `where`. Raises OSError.

    A unix socket's file that nobody listens on any more, left by a process that was killed, is replaced.
    """
    if where.kind == "unix":
        _remove_stale(where.path)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    else:
        listening = socket.socket(socket.AF_INET6 if ":" in where.host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if where.kind == "unix":
            listening.bind(where.path)
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if listening.family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listening.bind((where.host, where.port))
        listening.setblocking(False)
        listening.listen(backlog)
    except OSError:
        listening.close()
        raise
    return listening


def _remove_stale(path: str) -> None:
    """Remove the socket file at `path` if connecting to it is refused."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe, contextlib.suppress(BlockingIOError):
            probe.setblocking(False)  # a listener whose backlog is full is a listener, and would make us wait
            try:
                probe.connect(path)
            except ConnectionRefusedError:
                os.unlink(path)


def name_of(listening: socket.socket) -> str:
    """The address a socket is bound to, as an operator writes it."""
    name = listening.getsockname()
    if isinstance(name, str):
        return f"unix:{name}"
    return f"[{name[0]}]:{name[1]}" if len(name) == 4 else f"{name[0]}:{name[1]}"


class Served:
    """A bound socket that a listener's channels are built for, until `stop`; if `ours`, its file is removed then."""

    def __init__(
        self, reactor: Any, listening: socket.socket, listener: Listener, backlog: int, *, ours: bool = True
    ) -> None:
        self._reactor = reactor
        self._socket = listening
        self._listener = listener
        self._backlog = backlog
        self._path = listening.getsockname() if ours and listening.family == socket.AF_UNIX else None
        self._server: asyncio.AbstractServer | None = None
        self._port: IListeningPort | None = None

    def start(self) -> Deferred[None]:
        """Accept connections; fires once that is so."""
        loop = event_loop(self._reactor)
        if loop is None:
            # The reactor works on a duplicate of its own; ours stays open until stop.
            self._port = self._reactor.adoptStreamPort(self._socket.fileno(), self._socket.family, self._listener)
            return succeed(None)
        listener, outbox = self._listener, Outbox(loop.call_soon)
        listener.outbox = outbox

        def transport() -> LoopTransport:
            return LoopTransport(listener.buildProtocol(None), outbox)

        if self._socket.family == socket.AF_UNIX:
            coroutine = loop.create_unix_server(transport, sock=self._socket, backlog=self._backlog)
        else:
            coroutine = loop.create_server(transport, sock=self._socket, backlog=self._backlog)
        started: Deferred[Any] = Deferred.fromFuture(asyncio.ensure_future(coroutine, loop=loop))
        return started.addCallback(self._started)

    def _started(self, server: asyncio.AbstractServer) -> None:
        self._server = server

    def stop(self) -> Deferred[None]:
        """Accept no more; connections go on."""
        stopped: Deferred[Any] = succeed(None)
        if self._server is not None:
            self._server.close()
        elif self._port is not None:
            stopped = maybeDeferred(self._port.stopListening)
        self._socket.close()
        return stopped.addCallback(self._stopped)

    def _stopped(self, _: object) -> None:
        """Remove the socket file, unless the reactor's port has: it insists on doing so itself."""
        if self._path:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path)
