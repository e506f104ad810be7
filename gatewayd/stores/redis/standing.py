"""Whether Redis is up, for the log and for whoever acts on it: each change is told once."""

from __future__ import annotations

from collections.abc import Callable

from gatewayd.log import Event, Log, events
from gatewayd.stores.redis.faults import Fault

_MOST_TOLD = 20  # different faults that the log tells before Redis comes or goes

_log = Log(__name__)


class Standing:
    """Tells `on_change` whether Redis at `place` is up and, if not, why: at first, and whenever that changes."""

    __slots__ = ("_judged", "_on_change", "_place", "_told", "up")

    def __init__(self, place: str, on_change: Callable[[bool, str], object]) -> None:
        self._place = place
        self._on_change = on_change
        self._judged = False  # whether anything was told yet
        self._told: set[Fault] = set()  # since it came or went
        self.up = False

    def judge(self, up: bool, fault: Fault) -> None:
        """Redis is `up` or, because of `fault`, not."""
        if up is not self.up or not self._judged:
            self.up, self._judged = up, True
            self._told.clear()
            if up:
                _log(events.STORE_UP, place=self._place)
            else:
                self._told.add(fault)
                _log(events.STORE_DOWN, place=self._place, why=fault.why)
            self._on_change(up, "" if up else fault.why)
        elif not up and fault.kind == "auth":  # it came back, and somebody has to look at it
            self._tell(fault, events.STORE_STILL_DOWN)

    def complain(self, fault: Fault) -> None:
        """Redis is up, and a call failed for a reason that somebody has to look at."""
        self._tell(fault, events.STORE_UNUSABLE)

    def _tell(self, fault: Fault, event: Event) -> None:
        """Log what is wrong, once until Redis comes or goes."""
        if fault not in self._told and len(self._told) < _MOST_TOLD:
            self._told.add(fault)
            _log(event, place=self._place, why=fault.why)
