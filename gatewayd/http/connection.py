"""A connection to a service: one request out, one answer in, and again (RFC 9112 from the client's side)."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IProtocol, IPushProducer, ITCPTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from gatewayd.core.messages import HeaderSection, ResponseHead
from gatewayd.core.reasons import (
    IDLE_TIMEOUT,
    RESPONSE_TIMEOUT,
    TOTAL_TIMEOUT,
    UPSTREAM_MALFORMED,
    UPSTREAM_RESET,
    UPSTREAM_TRUNCATED,
    Refused,
)
from gatewayd.core.slot import Slot
from gatewayd.http import chunked
from gatewayd.http.deadlines import NEVER, Deadlines
from gatewayd.http.heads import parse_response_head

if TYPE_CHECKING:
    from gatewayd.http.inbound import InboundBody

_HEAD_SIZE = 65536  # an answer's head; services are trusted with more than clients are
_MOST_INTERIM = 32
_NO_BODY = frozenset({204, 304})


class Phase(Enum):
    """Where a connection stands."""

    IDLE = auto()
    AWAITING_HEAD = auto()
    BODY = auto()
    TUNNEL = auto()
    CLOSED = auto()


class StaleConnection(Exception):
    """A reused connection was closed by the service before a byte of an answer came."""


class AnswerSink(Protocol):
    """Where an answer's body goes."""

    def write(self, data: bytes) -> None:
        """The next bytes of the body, never empty."""

    def flush(self) -> None:
        """Nothing more came with this read."""


class Upload(Protocol):
    """Where the bytes that we send come from."""

    def hold(self) -> None:
        """The service reads too slowly."""

    def release(self) -> None:
        """The service has caught up."""


class RequestTimeouts(Protocol):
    """Seconds, None for no bound.

    `response` runs from the request's end to the answer's head, `idle` between two reads or writes of a body, `tunnel`
    between two movements of an upgraded connection.
    """

    @property
    def response(self) -> float | None: ...
    @property
    def idle(self) -> float | None: ...
    @property
    def tunnel(self) -> float | None: ...


@implementer(IProtocol, IPushProducer)
class UpstreamConnection:
    """Carries one exchange at a time. `served` counts those before it, so 0 means a fresh connection.

    `on_closed(connection)` is called once, when the connection is closed, whoever closed it.
    """

    __slots__ = (
        "_answer",
        "_buffer",
        "_chunks",
        "_decoder",
        "_ended",
        "_expects_no_body",
        "_interim",
        "_left",
        "_limit",
        "_now",
        "_on_interim",
        "_paused",
        "_phase",
        "_request_done",
        "_section",
        "_sink",
        "_timeouts",
        "_upgrade",
        "_upload",
        "_watch",
        "deadline",
        "on_closed",
        "reusable",
        "served",
        "trailers",
        "transport",
    )

    transport: ITCPTransport

    def __init__(self, deadlines: Deadlines, now: Callable[[], float]) -> None:
        self._watch = deadlines
        self._now = now
        self._phase = Phase.IDLE
        self._buffer = b""
        self._answer: Slot[ResponseHead] = Slot()
        self._ended: Slot[None] = Slot()
        self._sink: AnswerSink | None = None
        self._upload: Upload | None = None
        self._chunks = False
        self._decoder: chunked.ChunkedDecoder | None = None
        self._left: int | None = 0
        self._paused = False
        self._section: HeaderSection | None = None  # of the answer before, which the next one often repeats
        self.on_closed: Callable[[UpstreamConnection], None] = _nobody
        self.deadline = NEVER
        self.reusable = True
        self.served = 0
        self.trailers = b""

    # The exchange, from our side.

    def send(
        self,
        head: bytes,
        *,
        body: InboundBody | None,
        timeouts: RequestTimeouts,
        limit: float,
        without_body: bool,
        upgrade: bool,
        on_interim: Callable[[ResponseHead], None],
    ) -> Slot[ResponseHead]:
        """Send a request, and its body as it comes; the slot gets the head of the final answer.

        `limit` is the time by which all must be over; `without_body` says that the answer will have none (HEAD).
        The slot fails with `StaleConnection`, or with `Refused` and the reason.
        """
        self._phase = Phase.AWAITING_HEAD
        self._answer = answer = Slot()
        self._ended = Slot()
        self._timeouts = timeouts
        self._limit = limit
        self._expects_no_body = without_body
        self._upgrade = upgrade
        self._on_interim = on_interim
        self._interim = 0
        self.transport.write(head)
        if body is None:
            self._request_done = True
            self._await(timeouts.response)
        else:
            self._request_done = False
            self._upload = body
            self._chunks = body.chunked
            self.deadline = limit
            self.transport.registerProducer(self, True)
            body.open(self)
        return answer

    def relay(self, sink: AnswerSink) -> Slot[None]:
        """Let the answer's body flow to `sink`; the slot resolves at its end, with `trailers` set."""
        self._sink = sink
        if self._buffer and self._phase is Phase.BODY:
            data, self._buffer = self._buffer, b""
            self.transport.resumeProducing()
            self._take_body(data)
        return self._ended

    def tunnel(self, upload: Upload, sink: AnswerSink) -> Slot[None]:
        """After 101: whatever comes goes to `sink`, until the slot resolves when the service closes or is silent."""
        self._sink = sink
        self._upload = upload
        self.transport.registerProducer(self, True)
        self._await(self._timeouts.tunnel)
        if self._buffer:
            sink.write(self._buffer)
            self._buffer = b""
        return self._ended

    def tunnel_data(self, data: bytes) -> None:
        """Send bytes of the other protocol."""
        if self._phase is Phase.TUNNEL:
            self._await(self._timeouts.tunnel)
            self.transport.write(data)

    def abort(self) -> None:
        """Close at once, whatever is in progress; the slots of this exchange never resolve."""
        self._answer = Slot()
        self._ended = Slot()
        self._sink = None
        if self._phase is not Phase.CLOSED:
            self.transport.abortConnection()
            self._close()

    # The request's body (gatewayd.http.inbound.BodySink), and its pace.

    def body_data(self, data: bytes) -> None:
        """Send body bytes in the request's framing."""
        if self._phase is not Phase.CLOSED:
            self.transport.write(chunked.encode(data) if self._chunks else data)

    def body_end(self, trailers: bytes) -> None:
        """End the request."""
        if self._phase is Phase.CLOSED:
            return
        if self._chunks:
            self.transport.write(chunked.encode_last(trailers))
        self.transport.unregisterProducer()
        self._upload = None
        self._request_done = True
        if self._phase is Phase.AWAITING_HEAD:
            self._await(self._timeouts.response)

    def pauseProducing(self) -> None:
        """The service reads too slowly."""
        if self._upload is not None:
            self._upload.hold()
            if self._phase is not Phase.TUNNEL:
                self._await(self._timeouts.idle)

    def resumeProducing(self) -> None:
        """The service has caught up."""
        if self._upload is not None:
            self._upload.release()
            if self._phase is not Phase.TUNNEL:
                self.deadline = self._limit

    def stopProducing(self) -> None:
        """The transport is closing; connectionLost says the rest."""

    # What the transport calls.

    def makeConnection(self, transport: ITCPTransport) -> None:
        """The connection stands."""
        self.transport = transport
        self._watch.watch(self)

    def connectionMade(self) -> None:
        """Part of IProtocol; makeConnection does all there is to do."""

    def dataReceived(self, data: bytes) -> None:
        """Bytes of an answer."""
        phase = self._phase
        if phase is Phase.BODY:
            if self._sink is None:
                self._buffer += data
            else:
                self._take_body(data)
        elif phase is Phase.AWAITING_HEAD:
            if self._buffer:
                data = self._buffer + data
                self._buffer = b""
            try:
                self._take_head(data)
            except Refused as refused:
                self._fail(refused)
        elif phase is Phase.TUNNEL and self._sink is not None:
            self._await(self._timeouts.tunnel)
            self._sink.write(data)
        elif phase is not Phase.CLOSED:
            self.abort()  # bytes nobody asked for: whoever came next would read them as its answer

    def connectionLost(self, reason: Failure) -> None:
        """The service closed, or we did."""
        phase, answer, ended = self._phase, self._answer, self._ended
        whole = phase is Phase.BODY and self._left is None and self._decoder is None and reason.check(ConnectionDone)
        self._close()
        if phase is Phase.AWAITING_HEAD:
            stale = self.served > 0 and not self._buffer and not self._interim
            answer.fail(StaleConnection() if stale else Refused(UPSTREAM_RESET))
        elif whole or phase is Phase.TUNNEL:
            ended.resolve(None)
        elif phase is Phase.BODY:
            ended.fail(Refused(UPSTREAM_TRUNCATED))

    # Answers.

    def _take_head(self, data: bytes) -> None:
        """Read heads from the start of `data` until the final one."""
        while True:
            end = data.find(b"\r\n\r\n")
            if end < 0 or end > _HEAD_SIZE:
                if len(data) > _HEAD_SIZE:
                    raise Refused(UPSTREAM_MALFORMED, "The answer's head is too large.")
                self._buffer = data
                return
            head = parse_response_head(data[:end], self._section)
            self._section = section = head.section
            data = data[end + 4 :]
            if head.status >= 200:
                break
            if head.status == 101:
                self._switch(head, data)
                return
            self._interim += 1
            if self._interim > _MOST_INTERIM:
                raise Refused(UPSTREAM_MALFORMED, "The answer has too many interim responses.")
            self._on_interim(head)
            if self._phase is not Phase.AWAITING_HEAD:
                return
        self._decoder = None
        self.reusable = head.keep_alive
        if self._expects_no_body or head.status in _NO_BODY:
            self._left = 0
        elif section.chunked:
            self._decoder = chunked.ChunkedDecoder()
            self._left = None
        else:
            self._left = section.length
            if self._left is None:
                self.reusable = False
        self._phase = Phase.BODY
        self._answer.resolve(head)
        if self._sink is not None:
            self._take_body(data)
        elif self._phase is Phase.BODY:
            self._buffer = data
            self.deadline = self._limit
            self.transport.pauseProducing()

    def _switch(self, head: ResponseHead, data: bytes) -> None:
        """101: from now on the connection belongs to another protocol, if we asked for it."""
        if not self._upgrade or head.section.upgrade is None:
            raise Refused(UPSTREAM_MALFORMED, "The service switched protocols without being asked.")
        self._phase = Phase.TUNNEL
        self.reusable = False
        self._limit = NEVER
        self._buffer = data
        self._answer.resolve(head)

    def _take_body(self, data: bytes) -> None:
        """Pass on what belongs to the body; go idle at its end."""
        sink = self._sink
        assert sink is not None
        rest = b""
        if self._decoder is not None:
            try:
                data = self._decoder.feed(data)
            except Refused:
                self._fail(Refused(UPSTREAM_MALFORMED, "The answer's chunks are malformed."))
                return
            finished = self._decoder.finished
            rest = self._decoder.rest
        elif self._left is not None:
            left = self._left
            if len(data) > left:
                data, rest = data[:left], data[left:]
            self._left = left - len(data)
            finished = not self._left
        else:
            finished = False
        if data:
            sink.write(data)
        if finished:
            self._finish(rest)
        else:
            if not self._paused:
                self._await(self._timeouts.idle)
            sink.flush()

    def _finish(self, rest: bytes) -> None:
        """The answer is whole."""
        self._sink = None
        self.trailers = self._decoder.trailers if self._decoder is not None else b""
        if rest or not self._request_done:
            self.reusable = False
        if self._paused:
            self.resume()
        self._phase = Phase.IDLE
        self.deadline = NEVER
        self.served += 1
        self._ended.resolve(None)

    def _fail(self, refused: Refused) -> None:
        """End the exchange and the connection with `refused`."""
        slot: Slot[ResponseHead] | Slot[None] = (
            self._answer if self._phase is Phase.AWAITING_HEAD else self._ended
        )
        self.abort()
        slot.fail(refused)

    def _close(self) -> None:
        """Note the end of the connection, once."""
        if self._phase is not Phase.CLOSED:
            self._phase = Phase.CLOSED
            self.reusable = False
            self.deadline = NEVER
            self._watch.forget(self)
            self._upload = None
            self.on_closed(self)

    # The answer's pace and time.

    def pause(self) -> None:
        """Read no further: the client is full."""
        self._paused = True
        self.deadline = self._limit
        self.transport.pauseProducing()

    def resume(self) -> None:
        """Read again."""
        self._paused = False
        if self._phase is not Phase.CLOSED:
            self.transport.resumeProducing()
            self._await(self._timeouts.idle)

    def _await(self, seconds: float | None) -> None:
        """Expect the service's next move within `seconds`, and everything by the limit."""
        limit = self._limit
        due = self._now() + seconds if seconds is not None else NEVER
        self.deadline = due if due < limit else limit

    def expired(self, now: float) -> None:
        """The service did not make its next move in time; an idle connection is simply closed."""
        if self._phase is Phase.IDLE:
            self.abort()
        elif self._phase is Phase.TUNNEL:
            ended = self._ended
            self.abort()
            ended.resolve(None)
        elif now >= self._limit:
            self._fail(Refused(TOTAL_TIMEOUT))
        elif self._phase is Phase.AWAITING_HEAD and self._request_done:
            self._fail(Refused(RESPONSE_TIMEOUT))
        else:
            self._fail(Refused(IDLE_TIMEOUT))


def _nobody(connection: UpstreamConnection) -> None:
    """Stands in until a pool takes the connection."""
