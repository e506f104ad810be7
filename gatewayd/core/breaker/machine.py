"""A circuit breaker: who may call, and what the ends of calls make of it."""

from __future__ import annotations

from collections.abc import Callable

from gatewayd.core.breaker.permit import Permit, Rejected
from gatewayd.core.breaker.settings import Settings
from gatewayd.core.breaker.states import FORCED, TRANSITIONS, WISHES, Event, State
from gatewayd.core.breaker.transition import Transition, in_seconds, trip_cause
from gatewayd.core.outcomes import Outcome
from gatewayd.core.window import FAILURE, SLOW, SUCCESS

# Names of this module are found faster than members of an enumeration, and every call needs some of these.
_SUCCESS, _FAILURE, _TIMEOUT, _ANSWERED = Outcome.SUCCESS, Outcome.FAILURE, Outcome.TIMEOUT, Outcome.ANSWERED
_OPEN, _HALF_OPEN, _RAMPING = State.OPEN, State.HALF_OPEN, State.RAMPING
_FREE = frozenset({State.CLOSED, State.FORCED_CLOSED, State.METRICS_ONLY})
_JUDGED = frozenset({State.CLOSED, State.RAMPING})

_FIRST_SHARE = 0.1  # of the calls, which pass when a ramp begins
_NEVER = float("inf")


def _ignore(transition: Transition) -> None:
    """Nobody wants to know."""


def _always() -> bool:
    """Nothing depends on who is called."""
    return True


class Breaker:
    """Gives permits, and refuses them while what is called is down.

    `random` answers numbers from 0 to 1. `on_transition` is told every change, once it is made. A breaker opens only
    if `may_trip` agrees; where it does not, it is asked again with the next report that would open the breaker. Only
    where calls passed freely is it asked: a half-open breaker opens again by itself.

    All times are in seconds, of the clock that the callers' `now` is read from. `successes`, `failures` (`timeouts`
    are part of them) and `rejects` only ever grow, as do the numbers of `transitions`. `opened_until` is when the open
    state ends or last ended, 0.0 before the first time. `generation` changes with every transition: a report from
    before the last one changes nothing but those totals.
    """

    __slots__ = (
        "_closed_at",
        "_free",
        "_may_trip",
        "_on_transition",
        "_openings",
        "_passed",
        "_probing",
        "_ramped_at",
        "_random",
        "_slow_after",
        "_streak",
        "failures",
        "generation",
        "last_failure",
        "noted",
        "opened_until",
        "rejects",
        "settings",
        "state",
        "successes",
        "timeouts",
        "transitions",
        "window",
    )

    def __init__(
        self,
        settings: Settings,
        random: Callable[[], float],
        on_transition: Callable[[Transition], object] = _ignore,
        may_trip: Callable[[], bool] = _always,
    ) -> None:
        self.settings = settings
        self._random = random
        self._on_transition = on_transition
        self._may_trip = may_trip
        self.state = State.CLOSED
        self.generation = 0
        self.opened_until = 0.0
        self.window = settings.window()
        self.noted = ""  # how the call went that is reported next, if its permit says so
        self.last_failure = ""  # what was noted of the last failure
        self.successes = self.failures = self.timeouts = self.rejects = 0
        self.transitions: dict[tuple[State, State], int] = {}
        self._free = True  # calls pass, whatever the time and however many there are
        self._slow_after = _NEVER if settings.slow_after is None else settings.slow_after
        self._streak = 0  # failures in a row
        self._closed_at = 0.0
        self._openings = 0  # times opened in a row
        self._probing = self._passed = 0  # probes under way, and those that passed
        self._ramped_at = 0.0

    def __repr__(self) -> str:
        """In which state, and what of."""
        window = self.window
        return f"<Breaker {self.state}: of {window.total} calls {window.failures} failed, {window.slow} were slow>"

    # Who may call.

    def permit(self, now: float) -> Permit:
        """The right to make a call at `now`. Raises `Rejected`."""
        if self._free:
            return Permit(self, self.generation, now, False)
        state = self.state
        if state is _OPEN:
            left = self.opened_until - now
            if left > 0.0:
                raise self._rejected(left)
            self._move(Event.COOLED, now, "its time is over")
            return self.permit(now)
        if state is _RAMPING:
            left, ramp = self._ramped_at - now, self.settings.ramp
            if left <= 0.0:
                self._move(Event.RAMPED, now, f"all went well for {in_seconds(ramp)}")
                return self.permit(now)
            if self._random() >= 1.0 - (1.0 - _FIRST_SHARE) * left / ramp:
                raise self._rejected(left)
            return Permit(self, self.generation, now, False)
        if state is _HALF_OPEN:
            if self._probing + self._passed >= self.settings.probes:
                raise self._rejected(0.0)
            self._probing += 1
            return Permit(self, self.generation, now, True)
        raise self._rejected(self.settings.open.base)  # forced: nobody knows for how long

    def _rejected(self, retry_after: float) -> Rejected:
        """A refusal, counted."""
        self.rejects += 1
        return Rejected(retry_after, self.state)

    @property
    def ready_at(self) -> float:
        """When the open state lets a call pass again: infinity if it is forced, 0.0 if the breaker is not open."""
        if self.state is State.FORCED_OPEN:
            return _NEVER
        return self.opened_until if self.state is _OPEN else 0.0

    def admits(self, now: float) -> bool:
        """Whether a call may be made at `now`; while traffic grows, whether it may with luck."""
        if self._free:
            return True
        if self.state is _HALF_OPEN:
            return self._probing + self._passed < self.settings.probes
        return now >= self.ready_at

    # What became of calls.

    def record(self, generation: int, outcome: Outcome, now: float, seconds: float) -> None:
        """A call permitted in `generation` came to `outcome` at `now`; it took `seconds`. For permits only."""
        if outcome is _SUCCESS:
            self.successes += 1
            code = SUCCESS
        elif outcome is _FAILURE or outcome is _TIMEOUT:
            self.failures += 1
            if outcome is _TIMEOUT:
                self.timeouts += 1
            code = FAILURE
        else:
            if self.state is _HALF_OPEN and generation == self.generation:
                self._probing -= 1
                if outcome is _ANSWERED:
                    self._pass_probe(now)
            return
        if generation != self.generation or self.state is State.FORCED_CLOSED:
            return
        if seconds > self._slow_after:
            code |= SLOW
        window = self.window
        window.add(code, now)
        if code & FAILURE:
            self._streak += 1
            self.last_failure = self.noted
        else:
            self._streak = 0
        if self.state is _HALF_OPEN:
            self._judge_probe(code, outcome, now, seconds)
        elif (window.failures or window.slow) and self.state in _JUDGED:
            cause = trip_cause(self.settings, window, self._streak)
            if cause is not None and self._may_trip():
                self._move(Event.TRIP, now, cause)

    def _judge_probe(self, code: int, outcome: Outcome, now: float, seconds: float) -> None:
        """A probe succeeded or not; one that passed and was taken back comes here again."""
        if code & FAILURE:
            self._move(Event.FAILED, now, "a probe timed out" if outcome is _TIMEOUT else "a probe failed")
        elif code & SLOW and self.settings.slow_rate is not None:
            cause = f"a probe took {in_seconds(seconds)} (limit {in_seconds(self._slow_after)})"
            self._move(Event.FAILED, now, cause)
        else:
            self._probing -= 1
            self._pass_probe(now)

    def _pass_probe(self, now: float) -> None:
        """A probe passed; the last one proves that all is well."""
        self._passed += 1
        settings = self.settings
        if self._passed == settings.probes:
            event = Event.PROVEN if settings.ramp else Event.RAMPED
            self._move(event, now, f"{self._passed} of {settings.probes} probes passed")

    # Changes of state.

    def force(self, event: Event, now: float, cause: str = "somebody asked for it") -> bool:
        """Do what somebody wishes: FORCE_OPEN, FORCE_CLOSE, OBSERVE or RESET. False if there is nothing to do."""
        if event not in WISHES:
            raise ValueError(f"{event} cannot be wished for")
        if (self.state, event) not in TRANSITIONS:
            return False
        self._move(event, now, cause)
        return True

    def _move(self, event: Event, now: float, cause: str) -> None:
        """Go where `event` leads, and tell."""
        before, window = self.state, self.window
        after = TRANSITIONS[before, event]
        window.expire(now)
        total, failures, slow = window.total, window.failures, window.slow
        last_failure = self.last_failure if failures else ""
        open_for = 0.0
        if after is _OPEN:
            if before is State.CLOSED and now - self._closed_at >= self.settings.memory:
                self._openings = 0
            open_for = self.settings.open.delay(self._openings, self._random())
            self._openings += 1
            self.opened_until = now + open_for
        elif after is _HALF_OPEN:
            self._probing = self._passed = 0
        elif after is _RAMPING:
            self._ramped_at = now + self.settings.ramp
        elif after is State.CLOSED:
            self._closed_at = now
            if event is Event.RESET:
                self._openings = 0
        elif after in FORCED:
            self._openings = 0
        if before is not _RAMPING or event is not Event.RAMPED:  # what passed in the ramp counts afterwards as well
            window.clear()
            self._streak = 0
            self.last_failure = ""
        self.state = after
        self.generation += 1
        self._free = after in _FREE
        self.transitions[before, after] = self.transitions.get((before, after), 0) + 1
        transition = Transition(before, after, event, now, cause, total, failures, slow, open_for, last_failure)
        self._on_transition(transition)
