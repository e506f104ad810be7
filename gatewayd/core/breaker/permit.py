"""The right to make one call, and the refusal of it."""

from __future__ import annotations

from typing import Protocol

from gatewayd.core.breaker.states import State
from gatewayd.core.outcomes import Outcome

_SUCCESS, _ANSWERED, _FAILURE = Outcome.SUCCESS, Outcome.ANSWERED, Outcome.FAILURE


class Rejected(Exception):
    """No call may be made. The next may be in `retry_after` seconds, 0.0 where that depends on calls under way."""

    def __init__(self, retry_after: float, state: State) -> None:
        super().__init__(f"the breaker is {state}")
        self.retry_after = retry_after
        self.state = state


class Judge(Protocol):
    """Who gave the permit, and wants to know what became of it. `noted` is how a call went, in a word."""

    noted: str

    def record(self, generation: int, outcome: Outcome, now: float, seconds: float) -> None:
        """A call permitted in `generation` came to `outcome` at `now`; it took `seconds`."""


class Permit:
    """The right to make one call; whoever has it reports exactly once how the call ended.

    A `probe` decides whether the breaker closes again. `reported` tells whether the report was made.
    """

    __slots__ = ("_began", "_generation", "_judge", "_outcome", "probe", "reported")

    _outcome: Outcome | None

    def __init__(self, judge: Judge, generation: int, began: float, probe: bool) -> None:
        self._judge = judge
        self._generation = generation
        self._began = began
        self.probe = probe
        self.reported = False

    def note(self, how: str) -> None:
        """How the call went that is reported or retracted next, in a word or two: for the log, if it is a failure."""
        self._judge.noted = how

    def report(self, outcome: Outcome, now: float, seconds: float | None = None) -> None:
        """The call ended, or at least the head of its answer came, after `seconds` (None: the time since the permit).

        Raises `RuntimeError` the second time.
        """
        if self.reported:
            raise RuntimeError("a permit reports once")
        self.reported = True
        self._outcome = outcome
        self._judge.record(self._generation, outcome, now, now - self._began if seconds is None else seconds)

    def retract(self, now: float) -> None:
        """The answer that was reported broke off at `now`: one more failure, unless it was reported as one.

        Raises `RuntimeError` the second time, or before there was a report.
        """
        outcome = self._outcome if self.reported else None
        if outcome is None:
            raise RuntimeError("a permit takes back one report")
        self._outcome = None
        if outcome is _SUCCESS or outcome is _ANSWERED:
            self._judge.record(self._generation, _FAILURE, now, 0.0)
