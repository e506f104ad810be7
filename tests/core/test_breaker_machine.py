"""Whatever happens to a breaker in whatever order: it is where a naive model of it is, and lets nobody through else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gatewayd.core.backoff import Backoff
from gatewayd.core.breaker import Event, Permit, Rejected, State
from gatewayd.core.outcomes import Outcome
from tests.core.breakers import World

CHOICE = st.integers(min_value=0, max_value=50)
BAD = (Outcome.FAILURE, Outcome.TIMEOUT)
WISHES = {
    Event.FORCE_OPEN: State.FORCED_OPEN,
    Event.FORCE_CLOSE: State.FORCED_CLOSED,
    Event.OBSERVE: State.METRICS_ONLY,
    Event.RESET: State.CLOSED,
}
SLOW_AFTER = 2.0


class BreakerMachine(RuleBasedStateMachine):
    """Calls, time and wishes in any order. The model keeps every call as it was, and works everything out anew.

    Times are multiples of 1/4 s and luck of 1/8, so that the model's arithmetic is exact.
    """

    @initialize(
        minimum=st.integers(1, 4),
        calls=st.integers(4, 6),
        failure_rate=st.sampled_from([None, 0.25, 0.5, 1.0]),
        slow_rate=st.sampled_from([None, 0.5]),
        consecutive=st.sampled_from([None, 2, 3]),
        probes=st.integers(1, 3),
        ramp=st.sampled_from([0.0, 4.0]),
    )
    def begin(self, **numbers: Any) -> None:
        """A breaker with small numbers."""
        backoff = Backoff(4.0, 2.0, 16.0, 0.5)
        self.world = World(slow_after=SLOW_AFTER, open=backoff, **numbers)
        self.numbers = self.world.settings
        self.state = State.CLOSED
        self.seen: list[tuple[Outcome, bool]] = []  # that were judged since the window was emptied last, and slowness
        self.passed = self.openings = self.rejects = self.generation = 0
        self.until = self.ramped_at = 0.0
        self.totals = dict.fromkeys(Outcome, 0)
        self.under_way: list[tuple[Permit, int]] = []  # with the generation each is of
        self.reported: list[tuple[Permit, int, Outcome]] = []

    # The model.

    def _go(self, after: State, *, keep: bool = False) -> None:
        """Change the state."""
        if after is State.OPEN:
            self.until = self.world.now + min(16.0, 4.0 * 2.0**self.openings) * (0.5 + self.world.luck)
            self.openings += 1
        elif after is not State.HALF_OPEN and after is not State.RAMPING:
            self.openings = 0
        self.ramped_at = self.world.now + self.numbers.ramp
        self.passed = 0
        self.state = after
        self.generation += 1
        if not keep:
            self.seen = []

    def _window(self) -> list[tuple[Outcome, bool]]:
        """The calls that rates are worked out from."""
        assert self.numbers.calls is not None
        return self.seen[-self.numbers.calls :]

    def _counts(self) -> tuple[int, int, int]:
        """All of them, those that failed, those that were slow."""
        window = self._window()
        return len(window), sum(outcome in BAD for outcome, _ in window), sum(slow for _, slow in window)

    def _tripped(self) -> bool:
        """Whether a rule says that it is time to open."""
        numbers, row = self.numbers, self.numbers.consecutive
        if row is not None and len(self.seen) >= row and all(outcome in BAD for outcome, _ in self.seen[-row:]):
            return True
        total, failures, slow = self._counts()
        return total >= numbers.minimum and (
            (numbers.failure_rate is not None and failures >= numbers.failure_rate * total)
            or (numbers.slow_rate is not None and slow >= numbers.slow_rate * total)
        )

    def _probing(self) -> int:
        """Probes under way."""
        return sum(permit.probe for permit, generation in self.under_way if generation == self.generation)

    def _note(self, generation: int, outcome: Outcome, slow: bool) -> None:
        """What a report makes of the model."""
        self.totals[outcome] += 1
        if generation != self.generation or outcome is Outcome.ABANDONED or self.state is State.FORCED_CLOSED:
            return
        if outcome is not Outcome.ANSWERED:
            self.seen.append((outcome, slow))
        if self.state is State.HALF_OPEN:
            if outcome in BAD or (slow and self.numbers.slow_rate is not None and outcome is Outcome.SUCCESS):
                self._go(State.OPEN)
                return
            self.passed += 1
            if self.passed == self.numbers.probes:
                self._go(State.RAMPING if self.numbers.ramp else State.CLOSED)
            return
        judged = self.state in (State.CLOSED, State.RAMPING) and outcome is not Outcome.ANSWERED
        if judged and self._tripped() and self.world.may_trip:
            self._go(State.OPEN)

    def _expected(self) -> float | None:
        """The time that a caller is told who is refused now; None if he is not. Time alone may move the model on."""
        now = self.world.now
        if self.state is State.OPEN and now >= self.until:
            self._go(State.HALF_OPEN)
        elif self.state is State.RAMPING and now >= self.ramped_at:
            self._go(State.CLOSED, keep=True)
        if self.state is State.OPEN:
            return self.until - now
        if self.state is State.FORCED_OPEN:
            return 4.0
        if self.state is State.HALF_OPEN:
            return 0.0 if self._probing() + self.passed >= self.numbers.probes else None
        if self.state is State.RAMPING:
            left = self.ramped_at - now
            return left if self.world.luck >= 0.1 + 0.9 * (4.0 - left) / 4.0 else None
        return None

    # What happens.

    @rule(quarters=st.integers(1, 60))
    def wait(self, quarters: int) -> None:
        """Time passes."""
        self.world.now += quarters / 4

    @rule(eighths=st.integers(0, 7), may_trip=st.booleans())
    def change_luck(self, eighths: int, may_trip: bool) -> None:
        """What is drawn from now on, and whether another target is there."""
        self.world.luck = eighths / 8
        self.world.may_trip = may_trip or eighths > 3

    @rule()
    def ask(self) -> None:
        """A call is permitted exactly if the model says so, and a refusal tells the exact time."""
        hopeful = self.world.breaker.admits(self.world.now)
        expected = self._expected()
        assert hopeful is (expected is None or self.state is State.RAMPING)
        if expected is None:
            permit = self.world.permit()
            assert permit.probe is (self.state is State.HALF_OPEN)
            self.under_way.append((permit, self.generation))
        else:
            self.rejects += 1
            with pytest.raises(Rejected) as caught:
                self.world.permit()
            assert (caught.value.retry_after, caught.value.state) == (expected, self.state)

    @precondition(lambda self: self.under_way)
    @rule(which=CHOICE, outcome=st.sampled_from(Outcome), seconds=st.sampled_from([0.0, SLOW_AFTER, 2.25]))
    def report(self, which: int, outcome: Outcome, seconds: float) -> None:
        """A call ends, of whatever generation; a second report of it is refused and changes nothing."""
        permit, generation = self.under_way.pop(which % len(self.under_way))
        permit.report(outcome, self.world.now, seconds)
        self._note(generation, outcome, seconds > SLOW_AFTER)
        self.reported.append((permit, generation, outcome))
        with pytest.raises(RuntimeError):
            permit.report(Outcome.FAILURE, self.world.now)

    @precondition(lambda self: self.under_way)
    @rule(outcome=st.sampled_from([Outcome.FAILURE, Outcome.SUCCESS]))
    def report_the_latest(self, outcome: Outcome) -> None:
        """Most calls are over before the state changes."""
        self.report(len(self.under_way) - 1, outcome, 0.0)

    @precondition(lambda self: self.reported)
    @rule(which=CHOICE)
    def retract(self, which: int) -> None:
        """An answer breaks off: one more failure, if it was none."""
        permit, generation, outcome = self.reported.pop(which % len(self.reported))
        permit.retract(self.world.now)
        if outcome in (Outcome.SUCCESS, Outcome.ANSWERED):
            self._note(generation, Outcome.FAILURE, False)

    @rule(event=st.sampled_from(list(WISHES)), seldom=st.integers(0, 5))
    def wish(self, event: Event, seldom: int) -> None:
        """Somebody wishes something, now and then."""
        if seldom and event is not Event.RESET:
            return
        wanted = self.state is not WISHES[event]
        assert self.world.breaker.force(event, self.world.now) is wanted
        if wanted:
            self._go(WISHES[event])

    # What always holds.

    @invariant()
    def is_where_the_model_is(self) -> None:
        """State, times, window and totals."""
        breaker, totals = self.world.breaker, self.totals
        assert (breaker.state, breaker.generation) == (self.state, self.generation)
        assert (breaker.window.total, breaker.window.failures, breaker.window.slow) == self._counts()
        assert breaker.opened_until == self.until
        assert breaker.rejects == self.rejects
        assert breaker.successes == totals[Outcome.SUCCESS]
        assert breaker.timeouts == totals[Outcome.TIMEOUT]
        assert breaker.failures == totals[Outcome.FAILURE] + totals[Outcome.TIMEOUT]

    @invariant()
    def probes_are_few(self) -> None:
        """Those under way and those that passed are together never more than may be."""
        if self.state is State.HALF_OPEN:
            assert self._probing() + self.passed <= self.numbers.probes

    @invariant()
    def every_change_is_told(self) -> None:
        """Once and in order, each from where the last one led, and counted."""
        told = self.world.told
        assert len(told) == sum(self.world.breaker.transitions.values()) == self.generation
        ends = [State.CLOSED, *(transition.after for transition in told)]
        assert [transition.before for transition in told] == ends[:-1]
        assert ends[-1] is self.state


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
