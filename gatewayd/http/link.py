"""A connection to a service below HTTP: its pace both ways, its deadlines, and its end."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Any

from gatewayd.core.messages import ResponseHead
from gatewayd.core.reasons import IDLE_TIMEOUT, RESPONSE_TIMEOUT, TOTAL_TIMEOUT, Refused
from gatewayd.core.slot import Slot
from gatewayd.http.deadlines import NEVER, Deadlines
from gatewayd.http.interfaces import RequestTimeouts, StreamTransport, Upload

_FAREWELL = 10.0  # seconds a service has to take what is unsent on a connection that is being closed in order


class Phase(Enum):
    """Where a connection stands."""

    IDLE = auto()
    AWAITING_HEAD = auto()
    BODY = auto()
    TUNNEL = auto()
    CLOSED = auto()


class ServiceLink:
    """What `UpstreamConnection` stands on.

    As its transport's producer it is paused while the service does not read what we send. `on_closed(connection)` is
    called once, when the connection is closed, whoever closed it. `held_up` tells whether the client kept the exchange
    waiting: it took the answer more slowly than the service gave it, or had not sent all when the time was over.
    """

    __slots__ = (
        "_answer",
        "_ended",
        "_full",
        "_limit",
        "_now",
        "_paused",
        "_phase",
        "_timeouts",
        "_upload",
        "_watch",
        "deadline",
        "held_up",
        "on_closed",
        "reusable",
        "transport",
    )

    transport: StreamTransport
    _timeouts: RequestTimeouts  # of the exchange at hand

    def __init__(self, deadlines: Deadlines, now: Callable[[], float]) -> None:
        self._watch = deadlines
        self._now = now
        self._phase = Phase.IDLE
        self._answer: Slot[ResponseHead] = Slot()
        self._ended: Slot[None] = Slot()
        self._upload: Upload | None = None  # while we send a body
        self._full = False  # the service does not read the request
        self._paused = False  # the client does not read the answer
        self._limit = NEVER  # when all of the exchange must be over
        self.on_closed: Callable[[Any], None] = _nobody
        self.deadline = NEVER
        self.held_up = False
        self.reusable = True

    def makeConnection(self, transport: Any) -> None:
        """The connection stands, on a `StreamTransport`."""
        self.transport = transport
        self._watch.watch(self)

    def connectionMade(self) -> None:
        """Part of IProtocol; makeConnection does all there is to do."""

    # How fast we send.

    def pauseProducing(self) -> None:
        """The service reads too slowly."""
        if self._upload is not None:
            self._full = True
            self._upload.hold()
            if self._phase is not Phase.TUNNEL:
                self._await(self._timeouts.idle)

    def resumeProducing(self) -> None:
        """The service has caught up."""
        if self._upload is not None:
            self._full = False
            self._upload.release()
            if self._phase is Phase.BODY and not self._paused:
                self._await(self._timeouts.idle)  # it answers already
            elif self._phase is not Phase.TUNNEL:
                self.deadline = self._limit

    def stopProducing(self) -> None:
        """The transport is closing; connectionLost says the rest."""

    # How fast we read, and how long we wait.

    def pause(self) -> None:
        """Read no further: the client is full."""
        self._paused = self.held_up = True
        self.deadline = self._limit
        self.transport.pauseProducing()

    def resume(self) -> None:
        """Read again."""
        self._paused = False
        if self._phase is not Phase.CLOSED:
            self.transport.resumeProducing()
            self._await(self._timeouts.tunnel if self._phase is Phase.TUNNEL else self._timeouts.idle)

    def _await(self, seconds: float | None) -> None:
        """Expect the service's next move within `seconds`, and everything by the limit."""
        due = self._limit if seconds is None else self._now() + seconds
        self.deadline = due if due < self._limit else self._limit

    def expired(self, now: float) -> None:
        """The service did not make its next move in time; an idle connection is simply closed."""
        if self._phase is Phase.CLOSED:
            self.deadline = NEVER
            self.transport.abortConnection()
        elif self._phase is Phase.IDLE:
            self.abort()
        elif self._phase is Phase.TUNNEL:
            ended = self._ended
            self.abort()
            ended.resolve(None)
        elif now >= self._limit:
            if self._upload is not None and not self._full:
                self.held_up = True
            self._fail(Refused(TOTAL_TIMEOUT))
        elif self._phase is Phase.AWAITING_HEAD and self._upload is None:
            self._fail(Refused(RESPONSE_TIMEOUT))
        else:
            self._fail(Refused(IDLE_TIMEOUT))

    # The end.

    def abort(self) -> None:
        """Close, whatever is in progress; the slots of this exchange never resolve.

        A request or an answer in progress is broken off with a reset. Where nothing is cut short, on an idle connection
        or in a tunnel, the service sees an orderly end, unless it does not take what is still unsent.
        """
        self._answer = Slot()
        self._ended = Slot()
        if self._phase is Phase.TUNNEL or (self._phase is Phase.IDLE and self._upload is None):
            self.transport.unregisterProducer()
            self.transport.loseConnection()
            self._close()
            self.deadline = self._now() + _FAREWELL
            self._watch.watch(self)
        elif self._phase is not Phase.CLOSED:
            self.transport.abortConnection()
            self._close()

    def _fail(self, refused: Refused) -> None:
        """End the exchange and the connection with `refused`."""
        slot: Slot[ResponseHead] | Slot[None] = self._answer if self._phase is Phase.AWAITING_HEAD else self._ended
        self.abort()
        slot.fail(refused)

    def _close(self) -> None:
        """Note the end of the connection, once."""
        self.deadline = NEVER
        self._watch.forget(self)
        if self._phase is not Phase.CLOSED:
            self._phase = Phase.CLOSED
            self.reusable = False
            self._upload = None
            self.on_closed(self)


def _nobody(connection: object) -> None:
    """Stands in until a pool takes the connection."""
