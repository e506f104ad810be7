"""What the classes of this room ask of each other and of those who use them."""

from __future__ import annotations

from typing import Protocol

from twisted.internet.interfaces import IAddress, IPushProducer

from gatewayd.core.messages import ResponseHead
from gatewayd.core.reasons import Reason, Refused


class StreamTransport(Protocol):
    """What Twisted's TCP and unix transports have in common with `gatewayd.http.transport.LoopTransport`."""

    def write(self, data: bytes) -> None:
        """Send bytes, in order, as the peer takes them."""

    def loseConnection(self) -> None:
        """Close once what was written is sent."""

    def loseWriteConnection(self) -> None:
        """Send what was written and then FIN; keep reading."""

    def abortConnection(self) -> None:
        """Close at once, with a reset."""

    def pauseProducing(self) -> None:
        """Stop reading."""

    def resumeProducing(self) -> None:
        """Read again."""

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None:
        """Pause `producer` while too much is unsent."""

    def unregisterProducer(self) -> None:
        """Leave the producer alone from now on."""

    def getPeer(self) -> IAddress:
        """The other end."""

    def getHost(self) -> IAddress:
        """Our end."""


class Exchange(Protocol):
    """What a client's connection knows of a request in progress."""

    def start(self) -> None:
        """Begin; may end before it returns."""

    def cancel(self, reason: Reason) -> None:
        """The client is gone, or must go: stop everything; nothing can be sent any more."""

    def fail(self, refused: Refused) -> None:
        """The rest of the request cannot be had."""


class Source(Protocol):
    """Where an answer's body comes from."""

    def pause(self) -> None:
        """The client reads too slowly."""

    def resume(self) -> None:
        """The client has caught up."""


class Tunnel(Protocol):
    """The far end of an upgraded connection."""

    def tunnel_data(self, data: bytes) -> None:
        """Bytes from the client."""


class BodySink(Protocol):
    """Where a request's body goes. Calls `hold` and `release` of the body to slow it down."""

    def body_data(self, data: bytes) -> None:
        """The next bytes of the body, never empty."""

    def body_end(self, trailers: bytes) -> None:
        """The body is complete; `trailers` are field lines."""


class Upload(Protocol):
    """Where the bytes that we send to a service come from."""

    def hold(self) -> None:
        """The service reads too slowly."""

    def release(self) -> None:
        """The service has caught up."""


class AnswerSink(Protocol):
    """Where an answer's body goes."""

    def write(self, data: bytes) -> None:
        """The next bytes of the body, never empty."""

    def flush(self) -> None:
        """Nothing more came with this read."""


class Asker(Protocol):
    """Whose request a service answers."""

    def interim(self, answer: ResponseHead) -> None:
        """A 1xx answer other than 101 came before the final one."""


class RequestTimeouts(Protocol):
    """How long a service may take, in seconds; None for no bound."""

    @property
    def response(self) -> float | None:
        """From the request's end to the head of the answer."""

    @property
    def idle(self) -> float | None:
        """Between two reads or writes of a body."""

    @property
    def tunnel(self) -> float | None:
        """Between two movements of an upgraded connection."""


class HeadLimits(Protocol):
    """Bounds on a request's head."""

    @property
    def head_size(self) -> int:
        """Bytes of a head."""

    @property
    def head_fields(self) -> int:
        """Field lines of a head."""

    @property
    def target_size(self) -> int:
        """Bytes of a target."""


class Limits(HeadLimits, Protocol):
    """Bounds on what clients may use."""

    @property
    def connections(self) -> int:
        """Connections at once, over all listeners."""

    @property
    def connections_per_client(self) -> int:
        """Connections at once from one address."""

    @property
    def requests_per_connection(self) -> int:
        """Requests until a connection is closed."""


class ClientTimeouts(Protocol):
    """How long clients may take, in seconds."""

    @property
    def request_head(self) -> float:
        """For a whole head."""

    @property
    def request_body(self) -> float:
        """Between two reads of a body."""

    @property
    def keepalive(self) -> float:
        """Until the next request."""

    @property
    def send(self) -> float:
        """While an answer lies unread."""
