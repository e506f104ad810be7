"""Whatever happens at a bulkhead in whatever order: its bounds hold, and nobody waits who could be inside."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gatewayd.core.gradient import Gradient
from gatewayd.core.queueing import Order
from gatewayd.core.reasons import BULKHEAD_FULL, BULKHEAD_TIMEOUT, TOTAL_TIMEOUT
from tests.upstream.bulkheads import Limits, Request, World

CHOICE = st.integers(min_value=0, max_value=50)


class BulkheadMachine(RuleBasedStateMachine):
    """Requests come, leave and give up, and time passes; the limit is fixed, or moves with what answers took."""

    @initialize(most=st.integers(1, 4), queue=st.integers(0, 4), order=st.sampled_from(Order), adaptive=st.booleans())
    def begin(self, most: int, queue: int, order: Order, adaptive: bool) -> None:
        """A small one."""
        self.limits = Limits(most=None if adaptive else most, queue=queue, wait=1.0, order=order)
        self.gradient = Gradient(most, 3 * most) if adaptive else None
        self.world = World(self.limits, self.gradient)
        self.bulkhead = self.world.bulkhead
        self.inside: list[Request] = []
        self.pending: list[Request] = []  # in the order they came
        self.most_inside = 0

    def _note(self, *reasons: object) -> None:
        """Move those who wait no longer; whoever was refused was for one of `reasons`."""
        for request in [request for request in self.pending if not request.pending]:
            self.pending.remove(request)
            if request.inside:
                self.inside.append(request)
            else:
                assert request.refused in reasons

    @rule(limit=st.sampled_from([0.5, float("inf")]))
    def come(self, limit: float) -> None:
        """A request comes in where there is room, waits where there is room to wait, and is refused else."""
        room = self.bulkhead.active < self.bulkhead.limit
        waiting = list(self.pending)
        request = self.world.request(self.world.clock.seconds() + limit)
        if room:
            assert request.inside
            self.inside.append(request)
            return
        if len(waiting) < self.limits.queue:
            assert request.pending
        elif self.limits.order is Order.FIFO or not waiting:
            assert request.refused is BULKHEAD_FULL
            return
        else:
            assert request.pending
            assert waiting[0].refused is BULKHEAD_FULL
        self.pending.append(request)
        self._note(BULKHEAD_FULL)

    @precondition(lambda self: self.inside)
    @rule(which=CHOICE, seconds=st.sampled_from([None, 0.01, 0.01, 3.0]), dropped=st.booleans())
    def leave(self, which: int, seconds: float | None, dropped: bool) -> None:
        """A request is over; those who waited come in one after the other, in the queue's order."""
        self.inside.pop(which % len(self.inside)).leave(seconds, dropped)
        self._note()

    @precondition(lambda self: self.inside)
    @rule(seconds=st.sampled_from([0.01, 3.0]), passed=st.sampled_from([0.03, 0.3]))
    def answer_many(self, seconds: float, passed: float) -> None:
        """Enough answers for an adaptive limit to move."""
        for _ in range(12):
            self.leave(0, seconds, False)
            self.world.clock.advance(passed)
            self._note(BULKHEAD_TIMEOUT, TOTAL_TIMEOUT)
            self.come(float("inf"))
            if not self.inside:
                break

    @precondition(lambda self: self.pending)
    @rule(which=CHOICE)
    def give_up(self, which: int) -> None:
        """A client goes away while its request waits."""
        request = self.pending.pop(which % len(self.pending))
        request.give_up()
        assert not request.pending
        assert not request.inside

    @rule(seconds=st.sampled_from([0.25, 0.5, 1.0]))
    def pass_time(self, seconds: float) -> None:
        """Waits come to their ends."""
        self.world.pass_time(seconds)
        self._note(BULKHEAD_TIMEOUT, TOTAL_TIMEOUT)

    @invariant()
    def bounds_hold(self) -> None:
        """A fixed limit is never exceeded, a moving one only by those who came in before it moved; nor is the queue."""
        if not hasattr(self, "bulkhead"):
            return
        inside = len(self.inside)
        assert inside <= max(self.bulkhead.limit, self.most_inside)
        self.most_inside = inside if inside > self.bulkhead.limit else 0
        if self.limits.most is not None:
            assert self.bulkhead.limit == self.limits.most
        assert len(self.pending) <= self.limits.queue

    @invariant()
    def counts_are_true(self) -> None:
        """Inside, waiting and watched are what the model has."""
        if hasattr(self, "bulkhead"):
            assert self.world.counts() == (len(self.inside), len(self.pending), len(self.pending))

    @invariant()
    def nobody_is_stranded(self) -> None:
        """Whoever waits does so because there is no room."""
        if hasattr(self, "bulkhead") and self.pending:
            assert self.bulkhead.active >= self.bulkhead.limit

    def teardown(self) -> None:
        """When everybody leaves, everybody who waited was inside, and nothing is left."""
        if not hasattr(self, "bulkhead"):
            return
        while self.inside:
            self.leave(0, None, False)
        assert not self.pending
        assert self.world.counts() == (0, 0, 0)


BulkheadMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestBulkhead = BulkheadMachine.TestCase
TestBulkhead.__doc__ = "The bulkhead keeps its bounds and strands nobody, in any order of events."
