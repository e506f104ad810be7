"""A connection to a service in memory, with someone who asks and someone who takes the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar, cast

from twisted.internet.task import Clock

from gatewayd.core.messages import ResponseHead
from gatewayd.core.slot import Slot
from gatewayd.http.channel import ServerChannel
from gatewayd.http.connection import RequestBody, UpstreamConnection
from gatewayd.http.deadlines import INTERVAL, NEVER, Deadlines
from gatewayd.http.inbound import InboundBody

from .wire import Wire

T = TypeVar("T")

ASK = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


@dataclass(frozen=True)
class Patience:
    """How long a service may take."""

    response: float | None = 10.0
    idle: float | None = 20.0
    tunnel: float | None = 60.0


class Holder:
    """In place of a client's channel: notes for which causes the client is held, and what it is told in between."""

    def __init__(self) -> None:
        self.holds = 0
        self.interim: list[bytes] = []

    def hold(self, cause: int) -> None:
        """Note it."""
        self.holds |= cause

    def release(self, cause: int) -> None:
        """Note it."""
        self.holds &= ~cause

    def write_interim(self, head: bytes) -> None:
        """Note it."""
        self.interim.append(head)


class Taker:
    """Takes an answer's body; `flushes` counts the ends of reads."""

    def __init__(self) -> None:
        self.data = b""
        self.flushes = 0

    def write(self, data: bytes) -> None:
        """Keep it."""
        assert data
        self.data += data

    def flush(self) -> None:
        """Count it."""
        self.flushes += 1


class Waiter:
    """Waits for a slot, and takes an answer's body as soon as its head is there, as the pipeline does."""

    def __init__(self, line: Line, answer: Slot[ResponseHead]) -> None:
        self._line = line
        self._answer = answer
        self.ended: Slot[None] | None = None
        if answer.done:
            self.step()
        else:
            answer.waiting = self

    def step(self) -> None:
        """The head is there, perhaps with its body, or there will be none."""
        connection, taker = self._line.connection, self._line.taker
        if self._answer.error is not None:
            return
        if connection.whole is None:
            self.ended = connection.relay(taker)
        else:
            if connection.whole:
                taker.write(connection.whole)
            self.ended = Slot()
            self.ended.resolve(None)


class Line:
    """One connection to a service. `wire` is the service's end."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.deadlines = Deadlines(self.clock, self.clock.seconds)
        self.deadlines.start()
        self.connection = UpstreamConnection(self.deadlines, self.clock.seconds)
        self.closed: list[object] = []
        self.connection.on_closed = self.closed.append
        self.wire = Wire(self.connection, self.clock)
        self.taker = Taker()
        self.client = Holder()
        self.interims: list[ResponseHead] = []
        self.waiter: Waiter | None = None

    def interim(self, answer: ResponseHead) -> None:
        """Note a 1xx."""
        self.interims.append(answer)

    def send(
        self,
        head: bytes = ASK,
        *,
        body: RequestBody | None = None,
        patience: Patience | None = None,
        limit: float = NEVER,
        bodiless: bool = False,
        upgrade: bytes | None = None,
    ) -> Slot[ResponseHead]:
        """Ask; what comes of it is the caller's to handle."""
        return self.connection.send(head, body, patience or Patience(), limit, bodiless, upgrade, self)

    def ask(self, head: bytes = ASK, **options: Any) -> Slot[ResponseHead]:
        """Ask, and take the answer's body as it comes."""
        answer = self.send(head, **options)
        self.waiter = Waiter(self, answer)
        return answer

    @property
    def ended(self) -> Slot[None]:
        """The end of the answer asked for."""
        assert self.waiter is not None
        assert self.waiter.ended is not None, "no head yet"
        return self.waiter.ended

    def upload(self, length: int | None) -> InboundBody:
        """A request's body on its way from a client."""
        return InboundBody(cast("ServerChannel", self.client), length, False)

    def advance(self, seconds: float) -> None:
        """Let time pass, sweep by sweep."""
        steps = seconds / INTERVAL
        assert steps == int(steps)
        for _ in range(int(steps)):
            self.clock.advance(INTERVAL)
            self.clock.advance(0)


def result_of(slot: Slot[T]) -> T:
    """What the slot was resolved with; raises what it failed with."""
    assert slot.done, "no result yet"
    if slot.error is not None:
        raise slot.error
    return slot.value  # type: ignore[return-value]  # T may itself be None
