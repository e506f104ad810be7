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

    __slots__ = ("_dial", "_dialing", "_idle", "_limits", "_now", "_open", "_retired", "_waiters", "_watch", "closed")

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
        self._waiters: deque[Waiter[C]] = deque()  # the first of them for a connection that is being opened
        self._retired = False
        self.closed = False

    def counts(self) -> tuple[int, int, int]:
        """Connections in use (those being opened included), idle connections, and requests that wait."""
        idle, dialing = len(self._idle), len(self._dialing)
        return len(self._open) + dialing - idle, idle, max(0, len(self._waiters) - dialing)

    def take(self) -> C | None:
        """An idle connection, or None; does not wait."""
        if self._idle:
            connection = self._idle.pop()
            connection.deadline = NEVER
            return connection
        return None

    async def acquire(self, limit: float = NEVER) -> C:
        """A connection, where `take` had none: newly opened, or the first that is free before that.

        `limit` is when the request must be over. Raises `Refused`: the target cannot be reached, the queue is full or
        too slow, or there is no time left.
        """
        if self.closed:
            raise Refused(SHUTTING_DOWN)
        waiters, limits = self._waiters, self._limits
        waiter: Waiter[C] = Waiter(limit, Refused(TOTAL_TIMEOUT))
        if self._has_room():
            waiters.append(waiter)
            self._connect()
        elif len(waiters) - len(self._dialing) >= limits.waiters:
            raise Refused(POOL_EXHAUSTED, "Too many requests already wait for the service.")
        else:
            if (patience := self._now() + limits.wait) < limit:
                waiter = Waiter(patience, Refused(POOL_EXHAUSTED, "No connection to the service became free in time."))
            waiters.append(waiter)
        self._watch.watch(waiter)
        try:
            return await waiter
        except BaseException:
            if waiter.done and waiter.value is not None:
                self.release(waiter.value)  # handed over in the very moment the request was cancelled
            raise
        finally:
            self._watch.forget(waiter)
            if waiter in waiters:
                waiters.remove(waiter)

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
        if self._retired:
            connection.abort()
            return
        connection.deadline = self._now() + self._limits.idle
        self._idle.append(connection)

    def retire(self) -> None:
        """Keep no connection longer than somebody needs it: the target is on its way out. Whoever waits is served."""
        self._retired = True
        for connection in list(self._idle):
            connection.abort()

    def close(self) -> None:
        """Lend no more; idle connections are closed now, others when they come back. Nobody waits any longer."""
        self.closed = True
        for connection in list(self._idle):
            connection.abort()
        for dialing in list(self._dialing):
            dialing.cancel()
        self._turn_away(Refused(SHUTTING_DOWN))

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
        """Open a connection if more requests wait than connections are being opened."""
        if len(self._waiters) > len(self._dialing) and not self.closed and self._has_room():
            self._connect()

    def _connect(self) -> None:
        """Open a connection for whoever is first in the queue once it stands; where nobody is left, it is idle."""
        dialing = self._dial()
        self._dialing.add(dialing)

        def opened(connection: C) -> None:
            self._dialing.discard(dialing)
            if not connection.reusable:
                self._unreachable(Refused(UPSTREAM_RESET))  # closed before anybody could send on it
                return
            self._open.add(connection)
            connection.on_closed = self._lost
            self.release(connection)

        def failed(failure: Failure) -> None:
            self._dialing.discard(dialing)
            assert failure.value is not None
            self._unreachable(failure.value)

        dialing.addCallbacks(opened, failed)

    def _unreachable(self, error: BaseException) -> None:
        """A connection could not be opened: the first in the queue is told, and the place goes to the next.

        Where no other connection is open or being opened, what failed for one fails for all.
        """
        if self._waiters and not self.closed:
            self._waiters.popleft().fail(error)
            if self._open or self._dialing:
                self._serve_queue()
            else:
                self._turn_away(error)

    def _turn_away(self, error: BaseException) -> None:
        """Nobody in the queue gets a connection."""
        waiting = list(self._waiters)
        self._waiters.clear()
        for waiter in waiting:
            waiter.fail(error)
