"""A breaker under the test's thumb: its time, its luck, and what it told."""

from __future__ import annotations

from typing import Any

from gatewayd.core.backoff import Backoff
from gatewayd.core.breaker import Breaker, Permit, Rejected, Settings, State, Transition
from gatewayd.core.outcomes import Outcome

FIRST = 30.0  # seconds the breaker of a `World` is open the first time


class World:
    """A breaker and the time; `settings` over ones with a cap of 300 s and no jitter."""

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("open", Backoff(FIRST, 2.0, 300.0, 0.0))
        self.settings = Settings(**settings)
        self.now = 1000.0
        self.luck = 0.5
        self.may_trip = True
        self.told: list[Transition] = []
        self.breaker = Breaker(self.settings, lambda: self.luck, self.told.append, lambda: self.may_trip)

    @property
    def state(self) -> State:
        """Where the breaker is."""
        return self.breaker.state

    def permit(self) -> Permit:
        """One call begins now."""
        return self.breaker.permit(self.now)

    def call(self, *outcomes: Outcome, seconds: float = 0.0) -> None:
        """Calls one after the other, in no time, that are said to have taken `seconds` each."""
        for outcome in outcomes:
            self.permit().report(outcome, self.now, seconds)

    def rejected(self) -> float | None:
        """When the next call may be made, if none may be made now; a call that may be made is made in vain."""
        try:
            permit = self.permit()
        except Rejected as rejected:
            return rejected.retry_after
        permit.report(Outcome.ABANDONED, self.now)
        return None

    def open(self) -> None:
        """Open by failures, from closed."""
        while self.state is State.CLOSED:
            self.call(Outcome.FAILURE)
        assert self.breaker.state is State.OPEN

    def half_open(self) -> None:
        """Open, and wait for the time of probes."""
        self.open()
        self.now = self.breaker.opened_until
        assert self.rejected() is None
        assert self.breaker.state is State.HALF_OPEN

    def ramp(self) -> None:
        """Open, and prove."""
        self.half_open()
        self.call(*[Outcome.SUCCESS] * self.settings.probes)
        assert self.breaker.state is State.RAMPING
