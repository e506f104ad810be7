"""Where calls to Redis are taken: whether one may be made at all, and what becomes of it.

Whoever asks never waits longer than the time limit, and not at all where that would be in vain.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from gatewayd.core.backoff import Backoff
from gatewayd.core.breaker import Breaker, Rejected, State, Transition
from gatewayd.core.breaker import Settings as BreakerSettings
from gatewayd.core.outcomes import Outcome
from gatewayd.stores.interface import Kind, Unavailable
from gatewayd.stores.redis.calls import Again, Batch, Call
from gatewayd.stores.redis.faults import NOT_YET, STOPPED, Fault
from gatewayd.stores.redis.link import Link
from gatewayd.stores.redis.settings import Settings
from gatewayd.stores.redis.standing import Standing
from gatewayd.stores.redis.way import Way
from gatewayd.stores.redis.wire import encode

HEARTBEAT = 5.0  # seconds between two PINGs: they notice what goes wrong while nobody asks for anything
DOUBT = 0.25  # seconds until the next one where there was no answer

# A batch counts as one call. What this costs is at most one time limit for those who ask while it is not open yet.
BREAKER = BreakerSettings(
    calls=None, seconds=10.0, minimum=20, failure_rate=0.5, consecutive=3, probes=1, ramp=0.0,
    open=Backoff(base=0.5, factor=2.0, cap=5.0, jitter=0.2),
)  # fmt: skip
_BUSY = Fault("other", "too many calls wait for an answer")
_PING = encode(b"PING")


class Observer(Protocol):
    """Who counts; see redis_command_duration_seconds and redis_errors_total."""

    def command(self, family: str) -> Callable[[float], object]:
        """Where the durations of a family of commands go, in seconds."""

    def error(self, kind: Kind) -> object:
        """A call failed."""


class Desk:
    """Takes calls, from `start` to `stop`.

    `connected` of `wanted` connections are usable. `on_change` is told whether Redis is up and, if not, why: at first,
    and whenever that changes. `waiting` calls have no answer.
    """

    def __init__(
        self,
        settings: Settings,
        reactor: Any,
        random: Callable[[], float],
        observer: Observer,
        on_change: Callable[[bool, str], object],
    ) -> None:
        self._settings = settings
        self._reactor = reactor
        self._observer = observer
        self._way = Way(settings, reactor)
        self._standing = Standing(str(self._way), on_change)
        patience = max(settings.connect_timeout, 2.0 * settings.timeout)
        self._links = [Link(self._way.connect, self, reactor, random, patience) for _ in range(settings.connections)]
        self._ready: list[Link] = []
        self._batch: Batch | None = None  # of this turn
        self._sending: IDelayedCall | None = None
        self._sent: deque[tuple[Batch, Link]] = deque()
        self._expiring: IDelayedCall | None = None
        self._pulse: IDelayedCall | None = None
        self._first: Deferred[None] | None = None
        self._fault = NOT_YET
        self.breaker = Breaker(BREAKER, random, self._breaker_moved)
        self.wanted = settings.connections
        self.patience = settings.timeout
        self.waiting = 0

    def __repr__(self) -> str:
        """Where, and whether it is up."""
        state = "up" if self.up else f"away: {self._fault.why}"
        return f"<{type(self).__name__} {self._way}: {state}, {self.connected} of {self.wanted} connections>"

    @property
    def up(self) -> bool:
        """Whether a call is likely to be answered."""
        return self._standing.up and self._pulse is not None

    @property
    def connected(self) -> int:
        """How many connections are usable."""
        return len(self._ready)

    def start(self) -> Deferred[None]:
        """Begin to connect. The Deferred fires when there is a connection, or cannot be one for now; never fails."""
        first: Deferred[None] = Deferred()
        self._first = first
        self._pulse = self._reactor.callLater(HEARTBEAT, self._beat)
        for link in self._links:
            link.start()
        return first

    async def stop(self) -> None:
        """Close all connections; what is under way fails."""
        pulse, self._pulse = self._pulse, None
        if pulse is None:
            return
        pulse.cancel()
        batch, self._batch = self._batch, None
        if batch is not None:
            assert self._sending is not None
            self._sending.cancel()
            self._lose(batch, STOPPED)
        for link in self._links:
            await link.stop()
        if self._expiring is not None:
            self._expiring.cancel()
            self._expiring = None
        self._settle()

    # Calls.

    def _take(
        self,
        observe: Callable[[float], object],
        payload: bytes,
        convert: Callable[[Any], Any] | None = None,
        again: Again | None = None,
        scripted: bool = False,
    ) -> Deferred[Any]:
        """Send `payload` at the end of this turn; see `Call` for the rest."""
        batch = self._batch
        if batch is None or self.waiting >= self._settings.waiters:
            try:
                batch = self._open()
            except Unavailable as unavailable:
                self._observer.error(unavailable.kind)
                return fail(unavailable)
        call = Call(batch, observe, convert, again, scripted)
        answer = call.answer
        assert answer is not None
        batch.calls.append(call)
        batch.parts.append(payload)
        batch.left += 1
        self.waiting += 1
        return answer

    def _open(self) -> Batch:
        """The batch of this turn. Raises `Unavailable` where there is no use in one, or no room in it."""
        if self.waiting >= self._settings.waiters:
            raise Unavailable(_BUSY.kind, _BUSY.why)
        if not self._ready or self._pulse is None:
            raise Unavailable(self._fault.kind, self._fault.why)
        now = self._reactor.seconds()
        try:
            permit = self.breaker.permit(now)
        except Rejected:
            raise Unavailable(self._fault.kind, self._fault.why) from None
        self._batch = batch = Batch(self, permit, now, now + self._settings.timeout)
        self._sending = self._reactor.callLater(0, self._send)
        return batch

    def _send(self) -> None:
        """Write what was asked for in this turn, on the connection that has the least to do."""
        batch, self._batch, self._sending = self._batch, None, None
        assert batch is not None
        if not self._ready:
            self._lose(batch, self._fault)
            return
        now = self._reactor.seconds()
        link = min(self._ready, key=_load)
        assert link.connection is not None
        link.connection.send([(call, now) for call in batch.calls], b"".join(batch.parts))
        self._sent.append((batch, link))
        if self._expiring is None:
            self._expiring = self._reactor.callLater(max(0.0, batch.deadline - now), self._expire)

    def _lose(self, batch: Batch, fault: Fault) -> None:
        """A batch that cannot be sent tells nothing about Redis."""
        self.waiting -= len(batch.calls)
        batch.outcome = Outcome.ABANDONED
        batch.fail(fault, self._reactor.seconds())

    def _expire(self) -> None:
        """Fail what has waited for too long, and come back for the next."""
        self._expiring = None
        now, sent = self._reactor.seconds(), self._sent
        while sent:
            batch, link = sent[0]
            if batch.left:
                left = batch.deadline - now
                if left > 0.0:
                    self._expiring = self._reactor.callLater(left, self._expire)
                    return
                batch.expire(now)
                link.doubt()
                self._hurry(now)
            sent.popleft()

    def _hurry(self, now: float) -> None:
        """There was no answer: see whether that goes on, also where nobody asks."""
        closed = self.breaker.state is State.CLOSED  # else there is a time for the next
        if closed and self._pulse is not None and self._pulse.getTime() > now + DOUBT:
            self._pulse.reset(DOUBT)

    def failed(self, fault: Fault) -> None:
        """A call failed."""
        self._observer.error(fault.kind)
        if fault.kind in ("timeout", "connection"):
            self._fault = fault
        else:
            self._standing.complain(fault)

    def astray(self, fault: Fault) -> None:
        """The server is not one to ask any more: all connections lead there."""
        links, self._ready = self._ready, []
        self._fault = fault
        for link in links:
            assert link.connection is not None
            link.connection.give_up(fault)
        self._judge()

    def done(self, batch: Batch, now: float) -> None:
        """A batch has come to its end."""
        batch.calls.clear()
        batch.permit.report(batch.outcome, now)

    # Whether Redis is up.

    def link_up(self, link: Link) -> None:
        """There is one more connection."""
        self._ready.append(link)
        self._judge()
        self._ping()
        self._settle()

    def link_down(self, link: Link, fault: Fault) -> None:
        """There is one less, or still none."""
        if link in self._ready:
            self._ready.remove(link)
        self._fault = fault
        self._judge()
        self._settle()

    def _breaker_moved(self, transition: Transition) -> None:
        if transition.after is State.OPEN and self._pulse is not None:
            self._pulse.reset(transition.open_for)
        self._judge()

    def _judge(self) -> None:
        """Tell when Redis comes or goes."""
        if self._pulse is not None:
            self._standing.judge(bool(self._ready) and self.breaker.state is State.CLOSED, self._fault)

    def _settle(self) -> None:
        """Who waits for the first attempt need wait no longer."""
        first, self._first = self._first, None
        if first is not None:
            first.callback(None)

    def _beat(self) -> None:
        """See how Redis is."""
        self._pulse = self._reactor.callLater(HEARTBEAT, self._beat)
        self._ping()

    def _ping(self) -> None:
        """Ask something, if that may be; what comes of it shows in the breaker."""
        if self._ready and self.breaker.admits(self._reactor.seconds()):
            self._take(_ignore, _PING).addErrback(_known)


def _load(link: Link) -> int:
    """How many calls wait for an answer on a connection."""
    assert link.connection is not None
    return len(link.connection.waiting)


def _ignore(seconds: float) -> None:
    """PINGs are nobody's."""


def _known(failure: Failure) -> None:
    """Whatever happened was counted and told."""
    failure.trap(Unavailable)
