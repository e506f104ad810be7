"""Bodies that have to be there whole before anybody may see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatewayd.core.reasons import BODY_TOO_LARGE, Refused
from gatewayd.core.slot import Slot
from gatewayd.http.interfaces import BodySink

if TYPE_CHECKING:
    from gatewayd.pipeline.exchange import Exchange


class Gathered:
    """A body that has come whole; it is sent, as often as it is asked for, in the framing it came in."""

    __slots__ = ("chunked", "data", "trailers")

    replayable = True

    def __init__(self, data: bytes, chunked: bool, trailers: bytes = b"") -> None:
        self.data = data
        self.chunked = chunked
        self.trailers = trailers

    @property
    def whole(self) -> bytes:
        """All of it."""
        return self.data

    def open(self, sink: BodySink) -> None:
        """Hand it over."""
        if self.data:
            sink.body_data(self.data)
        sink.body_end(self.trailers)

    def detach(self) -> None:
        """It stays where it is."""

    def hold(self) -> None:
        """It is in memory: no source can be paused."""

    def release(self) -> None:
        """Nothing was paused."""


class _Gathering:
    """Where a body is gathered."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.ended: Slot[bytes] = Slot()

    def body_data(self, data: bytes) -> None:
        """Keep it."""
        self.pieces.append(data)

    def body_end(self, trailers: bytes) -> None:
        """That was all."""
        self.ended.resolve(trailers)


async def gather(exchange: Exchange, most: int) -> bytes:
    """The request's body, once it has come whole; it is sent on from memory. Raises `Refused` beyond `most` bytes."""
    body, head = exchange.body, exchange.head
    assert head is not None
    if body is None:
        return b""
    if exchange.upload is not None and exchange.upload.whole is not None:
        return exchange.upload.whole
    if (head.section.length or 0) > most:
        raise Refused(BODY_TOO_LARGE, f"The route takes at most {most} bytes.")
    body.limit = most if body.limit is None else min(most, body.limit)
    gathering = _Gathering()
    body.open(gathering)
    trailers = await gathering.ended
    body.detach()
    data = b"".join(gathering.pieces)
    exchange.upload = Gathered(data, body.chunked, trailers)
    return data
