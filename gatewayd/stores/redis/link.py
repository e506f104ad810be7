"""One place of the pool: a connection, and when there is none the next attempt to make one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from gatewayd.core.backoff import Backoff
from gatewayd.log import Log, events
from gatewayd.stores.redis.faults import SILENT, STOPPED, Fault, disconnected

if TYPE_CHECKING:
    from gatewayd.stores.redis.connection import Connection

RETRY = Backoff(base=0.1, factor=2.0, cap=5.0, jitter=0.5)

_log = Log(__name__)


class Pool(Protocol):
    """Whoever has the places."""

    def link_up(self, link: Link) -> None:
        """There is a connection."""

    def link_down(self, link: Link, fault: Fault) -> None:
        """The connection was lost, or could not be made."""


class Link:
    """Keeps one connection, from `start` to `stop`: however it fails, it is tried again, each time a little later.

    A connection on which a call has no answer for `patience` seconds is given up, once `doubt` says so. `connection` is
    None while there is none.
    """

    __slots__ = ("_clock", "_connect", "_doubting", "_keeping", "_patience", "_pool", "_random", "_stopping",
                 "connection")  # fmt: skip

    def __init__(
        self,
        connect: Callable[[], Deferred[Connection]],
        pool: Pool,
        clock: IReactorTime,
        random: Callable[[], float],
        patience: float,
    ) -> None:
        self._connect = connect
        self._pool = pool
        self._clock = clock
        self._random = random
        self._patience = patience
        self._stopping = False
        self._keeping: Deferred[None] | None = None
        self._doubting: IDelayedCall | None = None
        self.connection: Connection | None = None

    def start(self) -> None:
        """Begin."""
        self._stopping = False
        self._keeping = Deferred.fromCoroutine(self._keep())
        self._keeping.addErrback(_report)

    async def stop(self) -> None:
        """Try no more, and close what is open."""
        keeping, self._keeping = self._keeping, None
        if keeping is not None:
            self._stopping = True
            if self.connection is None:
                keeping.cancel()
            else:
                self.connection.give_up(STOPPED)
            await keeping

    async def _keep(self) -> None:
        """Connect, wait until that is lost, and begin again."""
        failures = 0
        while True:
            try:
                connection = await self._connect()
            except CancelledError:
                raise
            except Exception as error:
                fault = disconnected(error)
            else:
                began = self._clock.seconds()
                self.connection = connection
                self._pool.link_up(self)
                fault = await connection.gone
                self.connection = None
                self._calm()
                # One that is lost as soon as it is made is no better than none.
                if self._clock.seconds() - began >= RETRY.cap:
                    failures = 0
            self._pool.link_down(self, fault)
            if self._stopping:
                return
            await deferLater(self._clock, RETRY.delay(failures, self._random()))
            failures += 1

    def doubt(self) -> None:
        """A call on this connection had no answer in time: give the connection up if that goes on."""
        connection = self.connection
        if connection is None or self._doubting is not None:
            return
        since = connection.silent_since()
        if since is not None:
            left = since + self._patience - self._clock.seconds()
            self._doubting = self._clock.callLater(max(0.0, left), self._judge, connection)

    def _judge(self, connection: Connection) -> None:
        """Give it up if it was silent all the time."""
        self._doubting = None
        since = connection.silent_since()
        if since is not None and self._clock.seconds() - since >= self._patience:
            connection.give_up(SILENT)
        else:
            self.doubt()

    def _calm(self) -> None:
        if self._doubting is not None:
            self._doubting.cancel()
            self._doubting = None


def _report(failure: Failure) -> None:
    """The end of a coroutine that ends by being cancelled, or by a mistake."""
    if not failure.check(CancelledError):
        _log.failure(events.STORE_ERROR, failure)
