"""A store whose Redis is the test: connections are made, answered and lost as the test says, on its clock."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionRefusedError
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from gatewayd.config.models.address import Address
from gatewayd.stores import Unavailable
from gatewayd.stores.redis import RedisStore, Settings
from gatewayd.stores.redis.wire import encode
from tests.stores.observers import Counts

PING = encode(b"PING")
WRITES = encode(b"PERSIST", b"gw:_")  # how a new connection finds out whether it may


class Wire(StringTransport):
    """The test's end of a connection."""

    def __init__(self, clock: MemoryReactorClock) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.clock = clock
        self.protocol: Any = None
        self.closed = False
        self.writes: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Keep what is written, each piece for itself."""
        self.writes.append(data)

    def take(self) -> bytes:
        """What was written since the last look."""
        taken = b"".join(self.writes)
        self.writes.clear()
        return taken

    def answer(self, data: bytes) -> None:
        """Redis writes something."""
        self.protocol.dataReceived(data)

    def answer_all(self) -> None:
        """Redis answers whatever was not answered yet, as it does to PING."""
        self.writes.clear()
        self.answer(b"+PONG\r\n" * len(self.redis.waiting))

    @property
    def redis(self) -> Any:
        """The protocol of our end, without what the endpoint has put around it."""
        return self.protocol._wrappedProtocol

    def abortConnection(self) -> None:
        """Our end gives up; that takes effect in the next turn, as it does with sockets."""
        if not self.closed:
            self.closed = True
            self.clock.callLater(0, self.protocol.connectionLost, Failure(ConnectionAborted()))

    def lose(self) -> None:
        """Redis closes the connection."""
        self.closed = True
        self.protocol.connectionLost(Failure(ConnectionDone()))


class World:
    """A store of two connections, and what it told."""

    def __init__(self, **options: Any) -> None:
        self.clock: Any = MemoryReactorClock()
        self.counts = Counts()
        self.changes: list[tuple[bool, str]] = []
        self.results: list[object] = []
        settings = {"address": Address("tcp", "127.0.0.1", 6379), "connections": 2, "connect_timeout": 2.0}
        self.store = RedisStore(
            Settings(**{**settings, **options}), self.clock, lambda: 0.5, self.counts, self._changed
        )
        self.first = self.store.start()
        self.wires: list[Wire] = []

    def _changed(self, up: bool, why: str) -> None:
        self.changes.append((up, why))

    @property
    def dialled(self) -> int:
        """How many connections were asked for so far."""
        return len(self.clock.tcpClients)

    def connect(self, number: int, *, welcome: bool = True) -> Wire:
        """The connection that was asked for with this number is made; with `welcome` its PING is answered."""
        factory = self.clock.tcpClients[number][2]
        wire = Wire(self.clock)
        wire.protocol = factory.buildProtocol(None)
        wire.protocol.makeConnection(wire)
        self.wires.append(wire)
        if welcome:
            assert wire.take() == PING
            wire.answer(b"+PONG\r\n")
            assert wire.take() == WRITES
            wire.answer(b":0\r\n")
        return wire

    def refuse(self, number: int) -> None:
        """The connection that was asked for with this number is refused."""
        factory = self.clock.tcpClients[number][2]
        factory.clientConnectionFailed(None, Failure(ConnectionRefusedError(osError=111)))

    def up(self) -> tuple[Wire, Wire]:
        """Both connections are there, and nothing is under way."""
        wires = self.connect(0), self.connect(1)
        self.turn()
        for wire in wires:
            wire.answer_all()
        assert self.store.waiting == 0
        return wires

    def call(self, call: Deferred[Any]) -> Deferred[Any]:
        """Keep the answer in `results`, or the kind of failure."""
        return call.addCallbacks(self.results.append, self._failed)

    def _failed(self, failure: Failure) -> None:
        failure.trap(Unavailable)
        assert isinstance(failure.value, Unavailable)
        self.results.append(failure.value.kind)

    def get(self, *keys: bytes) -> None:
        """Ask for keys, all in one turn, and let the turn end."""
        for key in keys:
            self.call(self.store.get(key))
        self.turn()

    def turn(self) -> None:
        """One turn of the reactor."""
        self.clock.advance(0)

    def taken(self) -> list[object]:
        """The results since the last look."""
        taken = list(self.results)
        self.results.clear()
        return taken

    def stop(self) -> None:
        """Stop the store, and see that nothing is left."""
        stopped = Deferred.fromCoroutine(self.store.stop())
        self.turn()
        self.turn()
        assert stopped.called
        assert self.clock.getDelayedCalls() == []
        assert all(wire.closed for wire in self.wires)
