"""Long answers, sent as fast as the client reads and no faster."""

from __future__ import annotations

from collections.abc import Iterator

from twisted.internet.interfaces import IPushProducer
from twisted.web.server import Request
from zope.interface import implementer

BLOCK = 65536


@implementer(IPushProducer)
class Sending:
    """Writes the pieces of an answer to `request` and finishes it; holds while the connection's buffer is full."""

    def __init__(self, request: Request, pieces: Iterator[bytes]) -> None:
        self._request = request
        self._pieces = pieces
        self._running = False

    def start(self) -> None:
        """Send until the pieces end or the client goes."""
        self._request.registerProducer(self, True)
        self.resumeProducing()

    def resumeProducing(self) -> None:
        """Write until told to pause, which happens inside `write`."""
        self._running = True
        while self._running:
            piece = next(self._pieces, None)
            if piece is None:
                self._running = False
                self._request.unregisterProducer()
                self._request.finish()
                return
            self._request.write(piece)

    def pauseProducing(self) -> None:
        """The connection's buffer is full."""
        self._running = False

    def stopProducing(self) -> None:
        """The client went away."""
        self._running = False
        self._pieces = iter(())


def blocks(length: int) -> Iterator[bytes]:
    """`length` bytes, the same at every call and no two blocks alike, so that a lost or swapped one shows."""
    filler = bytes(range(256)) * (BLOCK // 256)
    for index in range(-(-length // BLOCK)):
        block = index.to_bytes(8, "big") + filler[8:]
        yield block[: min(BLOCK, length - index * BLOCK)]
