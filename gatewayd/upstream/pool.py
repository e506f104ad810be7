"""Connections to one target: as many as allowed, reused while they last, and a bounded queue for those who wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gatewayd.core.reasons import POOL_EXHAUSTED, SHUTTING_DOWN, Refused
from gatewayd.core.slot import Slot


class Pooled(Protocol):
    """What the pool knows of a connection."""

    deadline: float
    reusable: bool
    served: int
    on_closed: Callable[..., None]

    def abort(self) -> None:
        """Close at once; calls `on_closed`."""


class PoolLimits(Protocol):
    """Bounds per target; `wait` and `idle` in seconds, `requests` per connection."""

    @property
    def connections(self) -> int:
        """Connections open at once."""

    @property
    def waiters(self) -> int:
        """Requests that may wait for one."""

    @property
    def wait(self) -> float:
        """How long a request waits, in seconds."""

    @property
    def idle(self) -> float:
        """How long an unused connection stays, in seconds."""

    @property
    def requests(self) -> int:
        """Requests sent on one connection."""


C = TypeVar("C", bound=Pooled)


class Waiter(Slot[C]):
    """A request in the queue; gives up at its deadline (see `gatewayd.http.deadlines`)."""

    def __init__(self, deadline: float) -> None:
        super().__init__()
        self.deadline = deadline

    def expired(self, now: float) -> None:
        """Stop waiting."""
        self.deadline = float("inf")
        self.fail(Refused(POOL_EXHAUSTED, "No connection to the service became free in time."))


class Watch(Protocol):
    """Calls `expired` of a waiter when its time has come."""

    def watch(self, item: Waiter[C], /) -> object:
        """From now on."""

    def forget(self, item: Waiter[C], /) -> object:
        """No longer."""


class Pool(Generic[C]):
    """Lends connections; whoever gets one gives it back with `release`, or aborts it.

    `dial` opens a connection and fails with `Refused` where that is impossible. The connection used last is lent
    first, so that a quiet service's surplus connections grow old and are closed.
    """

    __slots__ = ("_dial", "_dialing", "_idle", "_limits", "_now", "_open", "_waiters", "_watch", "closed")

    def __init__(
        self, limits: PoolLimits, dial: Callable[[], Deferred[C]], watch: Watch, now: Callable[[], float]
    ) -> None:
        self._limits = limits
        self._dial = dial
        self._watch = watch
        self._now = now
        self._idle: list[C] = []
        self._open: set[C] = set()
        self._dialing: set[Deferred[C]] = set()
        self._waiters: deque[Waiter[C]] = deque()
        self.closed = False

    def counts(self) -> tuple[int, int, int]:
        """Connections in use (those being opened included), idle connections, and requests that wait."""
        idle = len(self._idle)
        return len(self._open) + len(self._dialing) - idle, idle, len(self._waiters)

    def take(self) -> C | None:
        """An idle connection, or None; does not wait."""
        if self._idle:
            connection = self._idle.pop()
            connection.deadline = float("inf")
            return connection
        return None

    async def acquire(self) -> C:
        """A connection, newly opened or waited for.

        Raises `Refused`: the target cannot be reached, or the queue is full or too slow.
        """
        if self.closed:
            raise Refused(SHUTTING_DOWN)
        limits = self._limits
        if len(self._open) + len(self._dialing) < limits.connections:
            return await self.open()
        if len(self._waiters) >= limits.waiters:
            raise Refused(POOL_EXHAUSTED, "Too many requests already wait for the service.")
        waiter: Waiter[C] = Waiter(self._now() + limits.wait)
        self._waiters.append(waiter)
        self._watch.watch(waiter)
        try:
            return await waiter
        except BaseException:
            if waiter.done and waiter.value is not None:
                self.release(waiter.value)  # handed over in the very moment the request was cancelled
            raise
        finally:
            self._watch.forget(waiter)
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    async def open(self) -> C:
        """A connection of its own, opened now: for a request whose reused connection had gone stale."""
        dialing = self._dial()
        self._dialing.add(dialing)
        try:
            connection = await dialing
        except Refused as refused:
            self._dialing.discard(dialing)
            self._unreachable(refused)
            raise
        finally:
            self._dialing.discard(dialing)
        self._adopt(connection)
        return connection

    def release(self, connection: C) -> None:
        """Take back a connection whose exchange is over."""
        if not connection.reusable or connection.served >= self._limits.requests or self.closed:
            connection.abort()
            return
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done:
                waiter.resolve(connection)
                return
        connection.deadline = self._now() + self._limits.idle
        self._idle.append(connection)

    def close(self) -> None:
        """Lend no more; idle connections are closed now, others when they come back."""
        self.closed = True
        for connection in list(self._idle):
            connection.abort()
        for dialing in list(self._dialing):
            dialing.cancel()

    def _adopt(self, connection: C) -> None:
        """Count a new connection until it is closed."""
        self._open.add(connection)
        connection.on_closed = self._lost

    def _lost(self, connection: C) -> None:
        """A connection is closed: its place may go to one who waits."""
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if self._waiters and not self.closed:
            self._open_for_waiter()

    def _open_for_waiter(self) -> None:
        """Open a connection for the first in the queue."""
        dialing = self._dial()
        self._dialing.add(dialing)

        def opened(connection: C) -> None:
            self._dialing.discard(dialing)
            self._adopt(connection)
            self.release(connection)

        def failed(failure: Failure) -> None:
            self._dialing.discard(dialing)
            assert failure.value is not None
            self._unreachable(failure.value)

        dialing.addCallbacks(opened, failed)

    def _unreachable(self, error: BaseException) -> None:
        """A connection could not be opened: where none is open either, nobody needs to wait for one."""
        if not self._open and not self._dialing:
            while self._waiters:
                self._waiters.popleft().fail(error)
