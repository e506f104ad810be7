"""A request's body on its way from a client to whoever wants it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gatewayd.core.reasons import BODY_TOO_LARGE, Refused
from gatewayd.http.chunked import ChunkedDecoder
from gatewayd.http.interfaces import BodySink

if TYPE_CHECKING:
    from gatewayd.http.channel import ServerChannel

# Why a client is not read from, as bits; it is read again when none is left.
UNWANTED = 1  # nobody takes the body yet
SINK_FULL = 2  # the service reads more slowly than the client writes
PIPELINED = 4  # requests wait behind the one in progress

_MOST_DISCARDED = 65536
_MOST_WAITING = 65536  # bytes kept for a sink that is still to come


class _Nowhere:
    """The sink of a body that nobody wants."""

    def body_data(self, data: bytes) -> None:
        """Forget it."""

    def body_end(self, trailers: bytes) -> None:
        """Forget them."""


_NOWHERE = _Nowhere()


class InboundBody:
    """One request's body: framed, counted, limited, and held back while nobody takes it.

    Nothing flows before `open` names a sink; only then is a client that expects `100 Continue` told to go on. `opened`
    tells whether anybody was ever handed a part of it.
    """

    __slots__ = (
        "_channel",
        "_decoder",
        "_expected",
        "_left",
        "_sink",
        "_waiting",
        "chunked",
        "complete",
        "limit",
        "opened",
        "received",
    )

    def __init__(
        self,
        channel: ServerChannel,
        length: int | None,
        expected: bool,
        nominated: frozenset[bytes] = frozenset(),
        guarded: Callable[[bytes], object] = lambda name: None,
    ) -> None:
        """A body of `length` bytes, or chunked; `expected` if the client waits for 100.

        Trailers that are `nominated` by Connection, or `guarded`, are left out.
        """
        self._channel = channel
        self._decoder = ChunkedDecoder(nominated, guarded) if length is None else None
        self._left = length or 0
        self._expected = expected
        self._sink: BodySink | None = None
        self._waiting: list[bytes] = []
        self.chunked = length is None
        self.complete = False
        self.limit: int | None = None
        self.opened = False
        self.received = 0

    def open(self, sink: BodySink) -> None:
        """Accept the body: hand what arrived to `sink`, and let the rest come."""
        self._sink = sink
        self.opened = True
        waiting, self._waiting = self._waiting, []
        if self._expected and not self.received:
            self._channel.write_interim(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._expected = False
        for data in waiting:
            sink.body_data(data)
        if self.complete:
            sink.body_end(self._decoder.trailers if self._decoder else b"")
        self._channel.release(UNWANTED)

    @property
    def discardable(self) -> bool:
        """Whether the rest is little enough to be read and thrown away, to keep the connection."""
        return self.complete or (not self.chunked and self._left <= _MOST_DISCARDED and not self._expected)

    def discard(self) -> bool:
        """Nobody wants the rest: read it away if it is little; False if the connection has to be closed instead."""
        if not self.discardable:
            return False
        self._sink, self.limit = _NOWHERE, None
        self._waiting.clear()
        self._channel.release(UNWANTED | SINK_FULL)
        return True

    def detach(self) -> None:
        """The sink is gone; what still comes waits for another one or for `discard`."""
        self._sink = None

    def hold(self) -> None:
        """The sink is full: read no further from the client."""
        if not self.complete:  # or nobody would release it: a sink is done with a body that has ended
            self._channel.hold(SINK_FULL)

    def release(self) -> None:
        """The sink takes data again."""
        self._channel.release(SINK_FULL)

    def feed(self, data: bytes) -> bytes:
        """Take received bytes and return those behind the body. Raises `Refused` for bad chunks and excess."""
        rest = b""
        decoder = self._decoder
        if decoder is not None:
            data = decoder.feed(data)
            finished = decoder.finished
            if finished:
                rest = decoder.rest
        else:
            left = self._left
            if len(data) > left:
                data, rest = data[:left], data[left:]
            self._left = left - len(data)
            finished = not self._left
        self.received += len(data)
        announced = decoder.announced if decoder is not None else 0
        if self.limit is not None and self.received + announced > self.limit:
            raise Refused(BODY_TOO_LARGE, f"The route takes at most {self.limit} bytes.")
        self.complete = finished
        if data:
            if self._sink is not None:
                self._sink.body_data(data)
            else:
                self._waiting.append(data)
                if not finished and self.received > _MOST_WAITING:
                    self._channel.hold(UNWANTED)
        if finished and self._sink is not None:
            self._sink.body_end(decoder.trailers if decoder else b"")
        return rest
