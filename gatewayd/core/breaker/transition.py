"""A change of a breaker's state, and its cause in words."""

from __future__ import annotations

from dataclasses import dataclass

from gatewayd.core.breaker.settings import Settings
from gatewayd.core.breaker.states import Event, State
from gatewayd.core.window import Window

# Shares are products of floats: 7 of 100 calls are 7 %, although 0.07 * 100 is a little more than 7.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Transition:
    """From `before` to `after` because of `event`, at the time `at`, with the `cause` in words.

    `total`, `failures` and `slow` are what the window held then. A breaker that opens does so for `open_for` seconds,
    else that is 0.0. `last_failure` says how the last of the window's failures failed; empty if nobody said.
    """

    before: State
    after: State
    event: Event
    at: float
    cause: str
    total: int
    failures: int
    slow: int
    open_for: float
    last_failure: str = ""


def trip_cause(settings: Settings, window: Window, streak: int) -> str | None:
    """Why a breaker is to open after `streak` failures in a row; None if it is not."""
    limit = settings.consecutive
    if limit is not None and streak >= limit:
        return f"{streak} calls in a row failed (limit {limit})"
    total = window.total
    if total < settings.minimum:
        return None
    rate, count = settings.failure_rate, window.failures
    if rate is not None and count and count >= rate * total - _ROUNDING:
        return f"{count} of {total} calls failed ({_percent(count / total)}, limit {_percent(rate)})"
    rate, count = settings.slow_rate, window.slow
    if rate is not None and count and count >= rate * total - _ROUNDING:
        assert settings.slow_after is not None
        slow = f"took longer than {in_seconds(settings.slow_after)}"
        return f"{count} of {total} calls {slow} ({_percent(count / total)}, limit {_percent(rate)})"
    return None


def in_seconds(seconds: float) -> str:
    """A time in words."""
    return f"{round(seconds, 3):g} s"


def _percent(share: float) -> str:
    """A share in words."""
    return f"{round(100 * share, 1):g} %"
