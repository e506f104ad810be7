"""A request's body that may have to be sent again, to another target or on another connection."""

from __future__ import annotations

from gatewayd.http.inbound import InboundBody
from gatewayd.http.interfaces import BodySink

_MOST_PIECES = 64  # kept apart: they are as small as the client likes, and each costs some 40 bytes more


class Replay:
    """Stands between a request's body and the connection that sends it, and keeps what passes.

    Each connection in turn that opens it gets the body from its beginning, and the rest as it comes; `detach` is called
    in between. That is possible while the body has not grown beyond `most` bytes, as `replayable` tells: then the copy
    is given up, and the body flows on to the connection that has it.
    """

    __slots__ = ("_body", "_kept", "_room", "_sink", "chunked")

    _sink: BodySink  # from `open` on

    def __init__(self, body: InboundBody, most: int) -> None:
        self._body = body
        self._room = most  # bytes
        self._kept: list[bytes] | None = []
        self.chunked = body.chunked

    @property
    def replayable(self) -> bool:
        """Whether all that was handed on is kept."""
        return self._kept is not None

    @property
    def whole(self) -> bytes | None:
        """The body, if it was sent to its end and all of it is kept."""
        kept, body = self._kept, self._body
        return b"".join(kept) if kept is not None and body.opened and body.complete else None

    def open(self, sink: BodySink) -> None:
        """Hand the body to `sink`, from its beginning; must not be called once it is not replayable."""
        kept = self._kept
        if kept is None:
            raise RuntimeError("the beginning of the body is gone")
        self._sink = sink
        for data in kept:
            sink.body_data(data)
        self._body.open(self)

    def detach(self) -> None:
        """The connection is gone, or needs no more; what still comes waits for the next."""
        self._body.detach()
        self._body.release()  # it may have been full, and will not say any more that it no longer is

    # What the connection calls (gatewayd.http.connection.RequestBody).

    def hold(self) -> None:
        """The connection is full: read no further from the client."""
        if not self._body.complete:  # or nobody would release it: a connection is done with a body that has ended
            self._body.hold()

    def release(self) -> None:
        """The connection takes data again."""
        self._body.release()

    # What the body calls (gatewayd.http.interfaces.BodySink).

    def body_data(self, data: bytes) -> None:
        """Keep it, and hand it on."""
        kept = self._kept
        if kept is not None:
            self._room -= len(data)
            if self._room >= 0:
                kept.append(data)
                if len(kept) > _MOST_PIECES:
                    self._kept = [b"".join(kept)]
            else:
                self._kept = None
        self._sink.body_data(data)

    def body_end(self, trailers: bytes) -> None:
        """Hand it on."""
        self._sink.body_end(trailers)
