"""One connection to Redis or a Sentinel: it introduces itself, and then takes calls, many at a time.

Importing this imports txredisapi, and that the global reactor: to be done once a reactor is installed, in a function.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, connectionDone
from twisted.python.failure import Failure
from txredisapi import BaseRedisProtocol, RedisError, ResponseError

from gatewayd.stores.redis.faults import NOT_YET, Away, Fault, disconnected, leads_astray, refused
from gatewayd.stores.redis.wire import Answer, Answers, Garbled, Refusal


class Waiting(Protocol):
    """A call that was sent."""

    def answered(self, answer: Answer, now: float, connection: Connection) -> None:
        """Redis has answered."""

    def lost(self, fault: Fault, now: float) -> None:
        """There will be none."""


class Connection(BaseRedisProtocol):  # type: ignore[misc]  # txredisapi has no types
    """Usable once `ready` fired; that fails with `Away`. Then `gone` fires when the connection is lost, with the fault.

    The introduction is txredisapi's: AUTH, SELECT, and a PING to see whether all that was good. With `master` the
    server must be one, and with a key in `ours` it must let us write: PERSIST changes nothing, and is refused where
    nothing may be changed.
    """

    def __init__(
        self,
        now: Callable[[], float],
        username: str | None,
        password: str | None,
        database: int,
        master: bool,
        ours: bytes = b"",
    ) -> None:
        super().__init__(charset=None, convertNumbers=False)
        self.ready: Deferred[None] = Deferred(lambda _: self.give_up(NOT_YET))
        self.gone: Deferred[Fault] = Deferred()
        self.fault: Fault | None = None  # why this connection is of no more use
        self.waiting: deque[tuple[Waiting, float]] = deque()  # calls without an answer, and when they were sent
        self._now = now
        self._credentials = (password, username)
        self._database = database
        self._master = master
        self._ours = ours
        self._answers = Answers()

    def connectionMade(self) -> None:
        """Introduce ourselves."""
        for option in ("setTcpNoDelay", "setTcpKeepAlive"):
            if hasattr(self.transport, option):  # unix sockets do not have them
                getattr(self.transport, option)(True)
        introduction: Deferred[None] = Deferred.fromCoroutine(self._introduce())
        introduction.addCallbacks(self._ready_now, self._unwelcome)

    async def _introduce(self) -> None:
        password, username = self._credentials
        if password is not None:
            await self.auth(password, username)
        if self._database:
            await self.select(self._database)
        await self.ping()
        if self._master and (await self.role())[0] != b"master":
            raise Away(Fault("connection", "it is not the master"))
        if self._ours:
            try:
                await self.ask("PERSIST", self._ours)
            except ResponseError as error:
                if leads_astray(_refusal(error)):
                    raise

    def _ready_now(self, _: None) -> None:
        if self.fault is None and not self.ready.called:
            self.ready.callback(None)

    def _unwelcome(self, failure: Failure) -> None:
        """The introduction failed; what txredisapi says when the connection is lost says less than `connectionLost`."""
        failure.trap(RedisError, Away)
        if failure.check(ResponseError):
            self.give_up(refused(_refusal(failure.value), scripted=False))
        elif failure.check(Away):
            self.give_up(disconnected(failure.value))

    def dataReceived(self, data: bytes, unpause: bool = False) -> None:
        """Hand the answers to those who wait for them."""
        try:
            answers = self._answers.feed(data)
        except Garbled as garbled:
            self.give_up(Fault("other", f"it does not speak Redis: {garbled}"))
            return
        if self.replyQueue.waiting:
            for answer in answers:
                self.replyReceived(ResponseError(answer.text) if isinstance(answer, Refusal) else answer)
            return
        now, waiting = self._now(), self.waiting
        for answer in answers:
            if not waiting:
                self.give_up(Fault("other", "it answers what nobody asked"))
                return
            waiting.popleft()[0].answered(answer, now, self)

    def ask(self, *words: str | bytes) -> Deferred[Any]:
        """The answer to a single command, by way of txredisapi; for connections that take no calls."""
        asked: Deferred[Any] = self.execute_command(*words)
        return asked

    def send(self, calls: Iterable[tuple[Waiting, float]], payload: bytes) -> None:
        """Send calls, with the present time beside each."""
        self.waiting.extend(calls)
        self.transport.write(payload)

    def silent_since(self) -> float | None:
        """When the oldest call without an answer was sent."""
        return self.waiting[0][1] if self.waiting else None

    def give_up(self, fault: Fault) -> None:
        """Close the connection, because of `fault`; only the first counts."""
        if self.fault is None:
            self.fault = fault
            if self.transport is not None:
                self.transport.abortConnection()

    def connectionLost(self, why: Failure = connectionDone) -> None:
        """Tell everybody who waits."""
        fault = self.fault = self.fault or disconnected(why.value)
        super().connectionLost(why)
        if not self.ready.called:
            self.ready.errback(Away(fault))
        now = self._now()
        while self.waiting:
            self.waiting.popleft()[0].lost(fault, now)
        self.gone.callback(fault)


def _refusal(error: BaseException | None) -> Refusal:
    """What Redis answered, where txredisapi made an exception of it."""
    return Refusal(str(error).encode())


class ConnectionFactory(Factory):
    """Builds one kind of connection."""

    noisy = False

    def __init__(self, *arguments: Any) -> None:
        self._arguments = arguments

    def buildProtocol(self, addr: IAddress | None) -> Connection:
        """A new connection."""
        return Connection(*self._arguments)
