"""Connections to one target: as many as allowed, reused while they last, and a bounded queue for those who wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gatewayd.core.reasons import POOL_EXHAUSTED, SHUTTING_DOWN, TOTAL_TIMEOUT, UPSTREAM_RESET, Refused
from gatewayd.core.slot import Slot

NEVER = float("inf")


class Pooled(Protocol):
    """What the pool knows of a connection; a closed one is not `reusable`."""

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
    """A request that has no connection yet; gives up with `refused` at its deadline (see `gatewayd.http.deadlines`)."""

    def __init__(self, deadline: float, refused: Refused) -> None:
        super().__init__()
        self.deadline = deadline
        self._refused = refused

    def expired(self, now: float) -> None:
        """Stop waiting."""
        self.deadline = NEVER
        self.fail(self._refused)


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
        self._dialing: dict[Deferred[C], Waiter[C] | None] = {}  # and for whom, if not for the queue
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
            connection.deadline = NEVER
            return connection
        return None

    async def acquire(self, limit: float = NEVER) -> C:
        """A connection, newly opened or waited for; `limit` is when the request must be over.

        Raises `Refused`: the target cannot be reached, the queue is full or too slow, or there is no time left.
        """
        if self.closed:
            raise Refused(SHUTTING_DOWN)
        limits = self._limits
        waiter: Waiter[C] = Waiter(limit, Refused(TOTAL_TIMEOUT))
        if self._has_room():
            self._connect(waiter)
        elif len(self._waiters) >= limits.waiters:
            raise Refused(POOL_EXHAUSTED, "Too many requests already wait for the service.")
        else:
            if (patience := self._now() + limits.wait) < limit:
                waiter = Waiter(patience, Refused(POOL_EXHAUSTED, "No connection to the service became free in time."))
            self._waiters.append(waiter)
        self._watch.watch(waiter)
        try:
            return await waiter
        except BaseException as error:
            if waiter.done and waiter.value is not None:
                self.release(waiter.value)  # handed over in the very moment the request was cancelled
            waiter.fail(error)  # a connection that is being opened for it goes to another request, or is idle
            raise
        finally:
            self._watch.forget(waiter)
            if waiter in self._waiters:
                self._waiters.remove(waiter)

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
        """Lend no more; idle connections are closed now, others when they come back. Nobody waits any longer."""
        self.closed = True
        for connection in list(self._idle):
            connection.abort()
        refused = Refused(SHUTTING_DOWN)
        self._turn_away(refused)
        for dialing, waiter in list(self._dialing.items()):
            if waiter is not None:
                waiter.fail(refused)
            dialing.cancel()

    def _lost(self, connection: C) -> None:
        """A connection is closed: its place may go to one who waits."""
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._serve_queue()

    def _has_room(self) -> bool:
        """Whether another connection may be opened."""
        return len(self._open) + len(self._dialing) < self._limits.connections

    def _serve_queue(self) -> None:
        """Open a connection for the queue, if there is somebody in it."""
        if self._waiters and not self.closed and self._has_room():
            self._connect(None)

    def _connect(self, waiter: Waiter[C] | None) -> None:
        """Open a connection for `waiter`, or for whoever is first in the queue once it stands."""
        dialing = self._dial()
        self._dialing[dialing] = waiter

        def opened(connection: C) -> None:
            del self._dialing[dialing]
            if not connection.reusable:
                self._unreachable(Refused(UPSTREAM_RESET), waiter)  # closed before anybody could send on it
                return
            self._open.add(connection)
            connection.on_closed = self._lost
            if waiter is None or waiter.done:
                self.release(connection)
            else:
                waiter.resolve(connection)

        def failed(failure: Failure) -> None:
            del self._dialing[dialing]
            assert failure.value is not None
            self._unreachable(failure.value, waiter)

        dialing.addCallbacks(opened, failed)

    def _unreachable(self, error: BaseException, waiter: Waiter[C] | None) -> None:
        """No connection for `waiter`, or for the first in the queue: it is told, and its place goes to the next.

        Where no other connection is open or being opened, what failed for one fails for all.
        """
        if waiter is None and self._waiters:
            waiter = self._waiters.popleft()
        if waiter is not None:
            waiter.fail(error)  # no news to one that gave up
        if isinstance(error, Refused) and not self._open and not self._dialing:
            self._turn_away(error)
        else:
            self._serve_queue()

    def _turn_away(self, error: BaseException) -> None:
        """Nobody in the queue gets a connection."""
        waiting = list(self._waiters)
        self._waiters.clear()
        for waiter in waiting:
            waiter.fail(error)
