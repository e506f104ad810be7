"""Connections, dials and requests under the test's thumb."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from gatewayd.core.reasons import CONNECT_FAILED, Reason, Refused
from gatewayd.pipeline.task import Task
from gatewayd.upstream.pool import Pool, Waiter


@dataclass(frozen=True)
class Limits:
    """What `PoolLimits` asks for."""

    connections: int = 2
    waiters: int = 3
    wait: float = 5.0
    idle: float = 60.0
    requests: int = 1000


class Connection:
    """A connection as the pool knows it; `abort` closes it, as does the peer that calls `lose`."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.deadline = 0.0
        self.reusable = True
        self.served = 0
        self._closed = False
        self.on_closed: Callable[[Any], None] = lambda connection: None

    def abort(self) -> None:
        """Close, once."""
        if not self._closed:
            self._closed = True
            self.reusable = False
            self.on_closed(self)

    lose = abort

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self._closed

    def __repr__(self) -> str:
        """For what pytest and Hypothesis print."""
        return f"<connection {self.number}{' closed' if self.closed else ''}>"


class Dial:
    """One attempt to open a connection.

    A `late` one takes its cancellation as an asyncio future does: what became of it is told afterwards.
    """

    def __init__(self, number: int, late: bool) -> None:
        self.connection = Connection(number)
        self.cancelled = False
        self.over = False
        self.made = False
        self._late = late
        self._outcome: Deferred[Connection] = Deferred()
        self.deferred: Deferred[Connection] = Deferred(self._cancel)
        if late:
            self.deferred.addCallback(lambda result: self._outcome if self.cancelled else result)

    def _cancel(self, deferred: Deferred[Connection]) -> None:
        self.cancelled = True
        if self._late:
            deferred.callback(self.connection)  # replaced by the outcome still to come, as Deferred.fromFuture does
        else:
            self.over = True

    def _end(self, result: Connection | Failure) -> None:
        self.over = True
        (self._outcome if self.cancelled else self.deferred).callback(result)

    def succeed(self) -> Connection:
        """The connection stands."""
        self.made = True
        self._end(self.connection)
        return self.connection

    def fail(self, reason: Reason = CONNECT_FAILED) -> None:
        """The target cannot be reached."""
        self._end(Failure(Refused(reason)))

    def settle(self) -> None:
        """A late cancellation comes through."""
        self._end(Failure(asyncio.CancelledError()))


class GaveUp(Exception):
    """The client is gone."""


class Request:
    """One that wants a connection: has it at once, or waits for it, or is refused."""

    def __init__(self, pool: Pool[Connection], limit: float = float("inf")) -> None:
        self.connection: Connection | None = None
        self.error: BaseException | None = None
        self._pool = pool
        self._limit = limit
        self._task = Task(self._run())
        self._task.step()

    async def _run(self) -> None:
        try:
            self.connection = await self._pool.acquire(self._limit)
        except Exception as error:
            self.error = error

    @property
    def pending(self) -> bool:
        """Whether it still waits."""
        return self.connection is None and self.error is None

    @property
    def refused(self) -> Reason | None:
        """Why it got none."""
        return self.error.reason if isinstance(self.error, Refused) else None

    def give_up(self) -> None:
        """Cancel it."""
        self._task.throw(GaveUp())


class World:
    """A pool, its dials in the order they were made, and the time."""

    def __init__(self, limits: Limits) -> None:
        self.clock = Clock()
        self.dials: list[Dial] = []
        self.late = False
        self.watched: set[Any] = set()
        self.pool: Pool[Connection] = Pool(limits, self._dial, self, self.clock.seconds)

    def _dial(self) -> Deferred[Connection]:
        self.dials.append(Dial(len(self.dials), self.late))
        return self.dials[-1].deferred

    def watch(self, item: Waiter[Any], /) -> None:
        """What the pool calls."""
        self.watched.add(item)

    def forget(self, item: Waiter[Any], /) -> None:
        """What the pool calls."""
        self.watched.discard(item)

    def pass_time(self, seconds: float) -> None:
        """Move the clock, and tell what is out of time."""
        self.clock.advance(seconds)
        now = self.clock.seconds()
        for item in [item for item in self.watched if item.deadline <= now]:
            item.expired(now)

    def dialing(self) -> list[Dial]:
        """The dials that go on."""
        return [dial for dial in self.dials if not dial.over]

    def request(self, limit: float = float("inf")) -> Request:
        """A request that comes in now and finds nothing idle."""
        return Request(self.pool, limit)

    def connected(self) -> tuple[Request, Connection]:
        """A request with a connection of its own."""
        request = self.request()
        return request, self.dials[-1].succeed()


def full(limits: Limits = Limits()) -> tuple[World, list[Request]]:
    """A pool with every connection lent."""
    world = World(limits)
    return world, [world.connected()[0] for _ in range(limits.connections)]
