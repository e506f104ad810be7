"""A loopback port that can be closed and opened again without anybody taking it meanwhile."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

from twisted.internet.interfaces import IListeningPort, IReactorSocket, IReactorTCP, IReactorTime

from gatewayd.demo.site import QuietSite

HOST = "127.0.0.1"
_BACKLOG = 1024


class IDemoReactor(IReactorTCP, IReactorSocket, IReactorTime):
    """What the platform needs of a reactor."""


class Listener:
    """Serves `site` on a port of 127.0.0.1 chosen free, or on `port`.

    While closed it keeps the port bound without listening: connections are refused, and neither another program nor
    the source port of an outgoing connection can take it (a client that keeps connecting to a free port of the
    ephemeral range may even end up connected to itself).
    """

    def __init__(self, reactor: IReactorSocket, site: QuietSite, port: int = 0) -> None:
        self._reactor = reactor
        self._site = site
        self._listening: IListeningPort | None = None
        self._bound: socket.socket | None = _bind(port)
        self.port: int = self._bound.getsockname()[1]

    def open(self) -> None:
        """Listen, if not listening; OSError where somebody took the port after all."""
        if self._listening is not None:
            return
        bound, self._bound = self._bound or _bind(self.port), None
        with bound:  # the reactor listens on a duplicate
            bound.listen(_BACKLOG)
            site: Any = self._site  # a factory of channels, which Twisted's types do not count as one of protocols
            self._listening = self._reactor.adoptStreamPort(bound.fileno(), socket.AF_INET, site)

    async def close(self) -> None:
        """Stop listening and reset every connection, but keep the port."""
        if self._listening is not None:
            await self._stop()
            with suppress(OSError):  # taken in between: `open` tries again
                self._bound = _bind(self.port)

    async def release(self) -> None:
        """Close for good."""
        await self._stop()
        if self._bound is not None:
            self._bound.close()
            self._bound = None

    async def _stop(self) -> None:
        """Stop listening and reset every connection."""
        listening, self._listening = self._listening, None
        if listening is not None:
            stopped = listening.stopListening()
            if stopped is not None:
                await stopped
            self._site.abort_connections()


def _bind(port: int) -> socket.socket:
    """A socket bound to `port` of loopback, not listening."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setblocking(False)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((HOST, port))
    except OSError:
        bound.close()
        raise
    return bound
