"""Whatever happens to a pool in whatever order: its bounds hold, and nobody waits who could be served."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gatewayd.core.reasons import CONNECT_FAILED, CONNECT_TIMEOUT, POOL_EXHAUSTED, SHUTTING_DOWN, UPSTREAM_RESET
from tests.upstream.fakes import Connection, Limits, Request, World

CHOICE = st.integers(min_value=0, max_value=50)


class PoolMachine(RuleBasedStateMachine):
    """Requests, dials, connections and time in any order; the model is who has what."""

    @initialize(connections=st.integers(1, 3), waiters=st.integers(0, 3), late=st.booleans())
    def begin(self, connections: int, waiters: int, late: bool) -> None:
        """A pool with small limits."""
        self.limits = Limits(connections=connections, waiters=waiters, wait=5.0, idle=20.0, requests=3)
        self.world = World(self.limits)
        self.world.late = late
        self.pool = self.world.pool
        self.closed = self.retired = False
        self.pending: list[Request] = []  # in the order they came
        self.lent: list[Connection] = []
        self.idle: list[Connection] = []  # the one lent next is last

    # What the model knows of the pool's doings after each rule.

    def _note(self) -> None:
        """Move requests that got something from the pending ones; connections go to those who came first."""
        got = [request for request in self.pending if request.connection is not None]
        assert got == self.pending[: len(got)]
        for request in [request for request in self.pending if not request.pending]:
            self.pending.remove(request)
            if request.connection is not None:
                self._lend(request.connection)

    def _lend(self, connection: Connection) -> None:
        assert not connection.closed
        assert connection not in self.lent, "one connection for two requests"
        if connection in self.idle:
            self.idle.remove(connection)
        self.lent.append(connection)

    def _known(self) -> list[Connection]:
        """Every connection that stands."""
        return [dial.connection for dial in self.world.dials if dial.made and not dial.connection.closed]

    # What requests do.

    @rule()
    def ask(self) -> None:
        """A request takes an idle connection, the one used last, or asks for one."""
        taken = self.pool.take()
        assert taken is (self.idle[-1] if self.idle else None)
        if taken is not None:
            assert taken.deadline == float("inf")
            self._lend(taken)
            return
        request = self.world.request()
        self.pending.append(request)
        if self.closed:
            assert request.refused is SHUTTING_DOWN
        elif not request.pending:
            assert request.refused is POOL_EXHAUSTED
        self._note()

    @precondition(lambda self: self.lent)
    @rule(which=CHOICE, reusable=st.booleans())
    def give_back(self, which: int, reusable: bool) -> None:
        """A request is over; its connection may be used up or not fit for another."""
        connection = self.lent.pop(which % len(self.lent))
        connection.served += 1
        connection.reusable = connection.reusable and reusable
        kept = connection.reusable and connection.served < self.limits.requests and not self.closed
        self.pool.release(connection)
        taken_up = any(request.connection is connection for request in self.pending)
        kept = kept and (taken_up or not self.retired)
        assert connection.closed is not kept
        self._note()
        if kept and not taken_up:
            self.idle.append(connection)
            assert connection.deadline == self.world.clock.seconds() + self.limits.idle

    @precondition(lambda self: self.pending)
    @rule(which=CHOICE)
    def give_up(self, which: int) -> None:
        """A client goes away while its request waits."""
        request = self.pending.pop(which % len(self.pending))
        request.give_up()
        assert not request.pending

    # What services do.

    @precondition(lambda self: self.world.dialing())
    @rule(which=CHOICE)
    def connect(self, which: int) -> None:
        """A connection stands; it goes to one who waits or is idle."""
        dialing = self.world.dialing()
        connection = dialing[which % len(dialing)].succeed()
        taken_up = any(request.connection is connection for request in self.pending)
        self._note()
        if not taken_up and not connection.closed:
            self.idle.append(connection)

    @precondition(lambda self: self.world.dialing())
    @rule(which=CHOICE, reason=st.sampled_from([CONNECT_FAILED, CONNECT_TIMEOUT, UPSTREAM_RESET]))
    def refuse(self, which: int, reason: object) -> None:
        """A connection cannot be had, or is closed as soon as it stands."""
        dialing = self.world.dialing()
        dial = dialing[which % len(dialing)]
        if reason is UPSTREAM_RESET:
            dial.connection.lose()
            dial.succeed()
        elif dial.cancelled:
            dial.settle()
        else:
            dial.fail(reason)  # type: ignore[arg-type]
        told = [request for request in self.pending if not request.pending]
        assert {request.refused for request in told} <= {reason}
        self._note()

    @precondition(lambda self: self.lent or self.idle)
    @rule(which=CHOICE)
    def lose(self, which: int) -> None:
        """A service closes a connection, used or idle; what is in use is given back nevertheless."""
        both = [*self.lent, *self.idle]
        connection = both[which % len(both)]
        connection.lose()
        if connection in self.idle:
            self.idle.remove(connection)
        else:
            self.lent.remove(connection)
            self.pool.release(connection)
        self._note()

    @rule(seconds=st.sampled_from([1.0, 5.0, 20.0]))
    def pass_time(self, seconds: float) -> None:
        """Waits and idle connections come to their ends."""
        self.world.pass_time(seconds)
        now = self.world.clock.seconds()
        for connection in [connection for connection in self.idle if connection.deadline <= now]:
            self.idle.remove(connection)
            connection.abort()
        self._note()

    @rule()
    def retire(self) -> None:
        """The target is on its way out: nobody is turned away, and what nobody needs is closed."""
        self.retired = True
        self.pool.retire()
        self._note()
        assert all(connection.closed for connection in self.idle)
        self.idle.clear()

    @precondition(lambda self: not self.closed)
    @rule()
    def close(self) -> None:
        """The gateway stops."""
        self.closed = True
        self.pool.close()
        self._note()
        assert all(connection.closed for connection in self.idle)
        self.idle.clear()

    # What must hold at any time.

    @invariant()
    def bounds_hold(self) -> None:
        """Never more connections than allowed, closed ones and dials included; never more waiters."""
        if hasattr(self, "pool"):
            assert len(self._known()) + len(self.world.dialing()) <= self.limits.connections
            assert self.pool.counts()[2] <= self.limits.waiters

    @invariant()
    def counts_are_true(self) -> None:
        """In use, idle and waiting are what the model has."""
        if hasattr(self, "pool"):
            in_use, idle, waiting = self.pool.counts()
            assert in_use == len(self.lent) + len(self.world.dialing())
            assert idle == len(self.idle)
            assert not (self.retired and self.idle)
            assert waiting == max(0, len(self.pending) - len(self.world.dialing()))
            assert sorted(connection.number for connection in self._known()) == sorted(
                connection.number for connection in [*self.lent, *self.idle]
            ), "a connection stands that nobody has"
            assert len(self.world.watched) == len(self.pending), "a watch is left behind"

    @invariant()
    def nobody_is_stranded(self) -> None:
        """Whoever waits does so because nothing is free, and either a connection is being opened or none may be."""
        if hasattr(self, "pool") and self.pending:
            assert not self.closed
            assert not self.idle
            dialing = len(self.world.dialing())
            assert len(self.pending) <= dialing or len(self.lent) + dialing == self.limits.connections

    def teardown(self) -> None:
        """When everything that goes on ends, nobody waits any more and nothing is left."""
        if not hasattr(self, "pool"):
            return
        while self.lent or self.world.dialing():
            if self.lent:
                self.give_back(0, True)
            else:
                self.connect(0)
        assert not self.pending
        assert self.pool.counts() == (0, len(self.idle), 0)


PoolMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestPool = PoolMachine.TestCase
TestPool.__doc__ = "The pool keeps its bounds and strands nobody, in any order of events."
