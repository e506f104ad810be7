"""The circuit breaker: what fails too often is left alone for a while, and comes back step by step.

`docs/resilience.md` describes it, with a diagram drawn from `TRANSITIONS`.
"""

from gatewayd.core.breaker.machine import Breaker
from gatewayd.core.breaker.permit import Permit, Rejected
from gatewayd.core.breaker.settings import Settings
from gatewayd.core.breaker.states import PAIRS, TRANSITIONS, Event, State
from gatewayd.core.breaker.transition import Transition

__all__ = [
    "PAIRS",
    "TRANSITIONS",
    "Breaker",
    "Event",
    "Permit",
    "Rejected",
    "Settings",
    "State",
    "Transition",
]
