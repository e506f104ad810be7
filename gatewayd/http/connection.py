"""A connection to a service: one request out, one answer in, and again (RFC 9112 from the client's side)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IProtocol, IPushProducer
from twisted.python.failure import Failure
from zope.interface import implementer

from gatewayd.core.messages import ResponseHead
from gatewayd.core.reasons import (
    UPSTREAM_MALFORMED,
    UPSTREAM_RESET,
    UPSTREAM_TLS,
    UPSTREAM_TRUNCATED,
    Refused,
)
from gatewayd.core.slot import Slot
from gatewayd.http import chunked
from gatewayd.http.answer import AnswerReader
from gatewayd.http.deadlines import NEVER, Deadlines
from gatewayd.http.fieldtable import FieldTable
from gatewayd.http.interfaces import AnswerSink, Asker, BodySink, RequestTimeouts, Upload
from gatewayd.http.link import Phase, ServiceLink
from gatewayd.http.sections import RESPONSES
from gatewayd.http.tls.client import TlsLost

_IDLE, _AWAITING_HEAD, _BODY, _TUNNEL, _CLOSED = Phase


class RequestBody(Upload, Protocol):
    """A request's body, as `gatewayd.http.inbound.InboundBody` is one."""

    chunked: bool

    def open(self, sink: BodySink) -> None:
        """Hand what is there to `sink`, and what still comes."""


class StaleConnection(Exception):
    """A reused connection was closed by the service before a byte of an answer came."""


@implementer(IProtocol, IPushProducer)
class UpstreamConnection(ServiceLink):
    """Carries one exchange at a time. `served` counts those before it, so 0 means a fresh connection.

    `reusable` tells, once an exchange has ended, whether another may follow. `whole` is the answer's body where it came
    together with the head; then there is nothing to relay. `asked` is when the last byte of a request with a body was
    sent, `NEVER` before that.
    """

    __slots__ = ("_asker", "_chunks", "_early", "_reader", "_sink", "_upgrade", "asked", "served", "whole")

    _asker: Asker

    def __init__(self, deadlines: Deadlines, now: Callable[[], float], fields: FieldTable = RESPONSES) -> None:
        """`fields` judges the field lines of answers."""
        super().__init__(deadlines, now)
        self._reader = AnswerReader(self, fields)
        self._sink: AnswerSink | None = None
        self._early: bytes | None = None  # bytes behind a head, while nobody takes the body yet
        self._chunks = False
        self._upgrade: bytes | None = None
        self.asked = NEVER
        self.served = 0
        self.whole: bytes | None = None

    @property
    def trailers(self) -> bytes:
        """The field lines behind the answer's last chunk."""
        return self._reader.trailers

    # The exchange, from our side.

    def send(
        self,
        head: bytes,
        body: RequestBody | None,
        timeouts: RequestTimeouts,
        limit: float,
        bodiless: bool,
        upgrade: bytes | None,
        asker: Asker,
    ) -> Slot[ResponseHead]:
        """Send a request, and its body as it comes; the slot gets the head of the final answer.

        `limit` is the time by which all must be over, `bodiless` says that the answer will have no body (to HEAD), and
        `upgrade` the protocols the request asks for; `asker` hears of interim answers.
        The slot fails with `StaleConnection`, or with `Refused` and the reason.
        """
        self._phase = _AWAITING_HEAD
        answer: Slot[ResponseHead] = Slot()
        self._answer = answer
        self._timeouts = timeouts
        self._limit = limit
        self._upgrade = upgrade
        self.whole = None
        self._full = self.held_up = False
        self._asker = asker
        self._reader.expect(bodiless)
        self.transport.write(head)
        if body is None:
            self._await(timeouts.response)
        else:
            self.asked = NEVER
            self._upload = body
            self._chunks = body.chunked
            self.deadline = limit
            self.transport.registerProducer(self, True)
            body.open(self)
        return answer

    def relay(self, sink: AnswerSink) -> Slot[None]:
        """Let the answer's body flow to `sink`; the slot resolves at its end, with `trailers` set."""
        self._sink = sink
        ended: Slot[None] = Slot()
        self._ended = ended
        data, self._early = self._early, None
        if self._phase is _CLOSED:
            ended.fail(Refused(UPSTREAM_TRUNCATED))
        elif data is not None:
            if not self._paused:
                self.transport.resumeProducing()
            self._take_body(data)
        return ended

    def extend(self, limit: float) -> None:
        """Let the exchange be over by `limit` from now on; called between the answer's head and `relay`.

        So that what bounds the wait for the head need not bound the rest.
        """
        if self._phase is _BODY:
            self._limit = self.deadline = limit

    def tunnel(self, upload: Upload, sink: AnswerSink) -> Slot[None]:
        """After 101: whatever comes goes to `sink`, until the slot resolves when the service closes or is silent."""
        self._sink = sink
        self._ended = Slot()
        self._upload = upload
        self.transport.registerProducer(self, True)
        self._await(self._timeouts.tunnel)
        data, self._early = self._early, None
        if data:
            sink.write(data)
        return self._ended

    def tunnel_data(self, data: bytes) -> None:
        """Send bytes of the other protocol."""
        if self._phase is _TUNNEL:
            self._await(self._timeouts.tunnel)
            self.transport.write(data)

    def abort(self) -> None:
        """Close at once, whatever is in progress; the slots of this exchange never resolve."""
        self._sink = None
        super().abort()

    # The request's body (gatewayd.http.interfaces.BodySink), and its pace.

    def body_data(self, data: bytes) -> None:
        """Send body bytes in the request's framing."""
        if self._phase is not _CLOSED:
            self.transport.write(chunked.encode(data) if self._chunks else data)

    def body_end(self, trailers: bytes) -> None:
        """End the request."""
        if self._phase is _CLOSED:
            return
        if self._chunks:
            self.transport.write(chunked.encode_last(trailers))
        self.transport.unregisterProducer()
        self._upload = None
        self.asked = self._now()
        if self._phase is _AWAITING_HEAD:
            self._await(self._timeouts.response)

    # What the transport calls.

    def dataReceived(self, data: bytes) -> None:
        """Bytes of an answer."""
        phase = self._phase
        if phase is _AWAITING_HEAD:
            try:
                self._reader.read_head(data)
            except Refused as refused:
                self._fail(refused)
        elif phase is _BODY:
            if self._sink is None:
                self._early = (self._early or b"") + data
            else:
                self._take_body(data)
        elif phase is _TUNNEL:
            if self._sink is None:
                self._early = (self._early or b"") + data
            else:
                self._await(self._timeouts.tunnel)
                self._sink.write(data)
        elif phase is _IDLE:
            self.abort()  # bytes nobody asked for: whoever came next would read them as its answer

    def connectionLost(self, reason: Failure) -> None:
        """The service closed, or we did."""
        phase, answer, ended = self._phase, self._answer, self._ended
        self._close()
        self._sink = None
        if phase is _AWAITING_HEAD:
            stale = self.served > 0 and not self._reader.begun
            broken = Refused(UPSTREAM_TLS if reason.check(TlsLost) else UPSTREAM_RESET)
            answer.fail(StaleConnection() if stale else broken)
        elif phase is _TUNNEL or (phase is _BODY and self._reader.until_close and reason.check(ConnectionDone)):
            ended.resolve(None)
        elif phase is _BODY:
            ended.fail(Refused(UPSTREAM_TRUNCATED))

    # What the reader calls (gatewayd.http.answer.AnswerListener).

    def interim(self, head: ResponseHead) -> bool:
        """Pass on a 1xx."""
        self._asker.interim(head)
        return self._phase is _AWAITING_HEAD

    def switched(self, head: ResponseHead, rest: bytes) -> None:
        """101: from now on the connection belongs to another protocol, if we asked for it."""
        section, offered = head.section, self._upgrade
        if (
            offered is None
            or not head.version
            or not section.upgrading
            or section.upgrade is None
            or section.upgrade.lower() not in [protocol.strip() for protocol in offered.lower().split(b",")]
        ):
            raise Refused(UPSTREAM_MALFORMED, "The service switched protocols without being asked.")
        self._phase = _TUNNEL
        self.reusable = False
        self._limit = self.deadline = NEVER
        self._early = rest
        self._answer.resolve(head)

    def answered(self, head: ResponseHead, data: bytes) -> None:
        """The head of the answer: hand it over, and go on with the body if somebody takes it at once."""
        left = self._reader.left
        if left is not None and len(data) >= left and self._upload is None:
            # The whole answer came in one read, as small ones do: its head is handed over with the body at hand.
            self.whole = data[:left]
            self.reusable = head.keep_alive and len(data) == left
            self._idle()
            self._answer.resolve(head)
            return
        self.reusable = head.keep_alive and not self._reader.until_close
        self._phase = _BODY
        self._answer.resolve(head)
        if self._sink is not None:
            self._take_body(data)
        elif self._phase is _BODY:
            self._early = data
            self.deadline = self._limit
            self.transport.pauseProducing()

    def body(self, data: bytes) -> None:
        """Bytes of the body."""
        if self._sink is not None:
            self._sink.write(data)

    def ended(self, rest: bytes) -> None:
        """The answer is whole: go idle."""
        self._sink = None
        if rest or self._upload is not None:
            self.reusable = False
        if self._paused:
            self.resume()
        self._idle()
        self._ended.resolve(None)

    def _idle(self) -> None:
        """The exchange is over, as far as the service is concerned."""
        self._phase = _IDLE
        self.deadline = NEVER
        self.served += 1

    def _take_body(self, data: bytes) -> None:
        """Read body bytes, and wait for more if they are not the last."""
        try:
            finished = self._reader.read_body(data)
        except Refused as refused:
            self._fail(refused)
            return
        if not finished and self._sink is not None:
            if not self._paused:
                self._await(self._timeouts.idle)
            self._sink.flush()
