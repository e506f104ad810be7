"""The states of a circuit breaker, what happens to it, and what that makes of it: one table."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """The value is how logs, metrics and the control interface call it; `gauge` is `circuit_breaker_state`."""

    gauge: int

    CLOSED = "closed", 0  # calls pass, and are judged
    RAMPING = "ramping", 0  # calls pass in growing number
    OPEN = "open", 1  # calls are refused
    HALF_OPEN = "half_open", 2  # a few calls are let through as probes
    FORCED_OPEN = "forced_open", 1  # calls are refused until somebody says otherwise
    FORCED_CLOSED = "forced_closed", 0  # calls pass, however they end
    METRICS_ONLY = "metrics_only", 0  # calls pass; the window is kept for those who look

    def __new__(cls, value: str, gauge: int) -> State:
        """Keep the gauge beside the value."""
        state = str.__new__(cls, value)
        state._value_ = value
        state.gauge = gauge
        return state


class Event(StrEnum):
    """What happens to a breaker: the first five by themselves, the others at somebody's wish."""

    TRIP = "trip"
    COOLED = "cooled"
    PROVEN = "proven"
    FAILED = "failed"
    RAMPED = "ramped"
    FORCE_OPEN = "force_open"
    FORCE_CLOSE = "force_close"
    OBSERVE = "observe"
    RESET = "reset"


# States that a breaker finds by itself, and those that somebody put it into.
AUTOMATIC = (State.CLOSED, State.RAMPING, State.OPEN, State.HALF_OPEN)
FORCED = (State.FORCED_OPEN, State.FORCED_CLOSED, State.METRICS_ONLY)

# Events at somebody's wish, and what they lead to from wherever that is not the state already.
WISHES = {
    Event.FORCE_OPEN: State.FORCED_OPEN,
    Event.FORCE_CLOSE: State.FORCED_CLOSED,
    Event.OBSERVE: State.METRICS_ONLY,
    Event.RESET: State.CLOSED,
}

# What is absent does not happen: such an event changes nothing.
TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.CLOSED, Event.TRIP): State.OPEN,
    (State.RAMPING, Event.TRIP): State.OPEN,
    (State.RAMPING, Event.RAMPED): State.CLOSED,
    (State.OPEN, Event.COOLED): State.HALF_OPEN,
    (State.HALF_OPEN, Event.FAILED): State.OPEN,
    (State.HALF_OPEN, Event.PROVEN): State.RAMPING,
    (State.HALF_OPEN, Event.RAMPED): State.CLOSED,  # proven, where there is no ramp
    **{(state, wish): after for state in State for wish, after in WISHES.items() if after is not state},
}

# The changes a breaker comes to by itself, for metrics that are to be zero before the first.
PAIRS: tuple[tuple[State, State], ...] = tuple(
    dict.fromkeys((before, after) for (before, event), after in TRANSITIONS.items() if event not in WISHES)
)
