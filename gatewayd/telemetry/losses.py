"""Telling operators of lines that a log lost: while it lasts once in a while, and that it is over."""

from __future__ import annotations

from collections.abc import Callable

from gatewayd.log import Log, events
from gatewayd.telemetry.sinks import Losses

REPORT_PERIOD = 10.0  # seconds between two reports of lost lines

_log = Log(__name__)


class LossWatch:
    """Looks at what the log called `name` has lost, every time it is told to."""

    __slots__ = ("_began", "_name", "_of", "_report_at", "_reported", "_trouble")

    def __init__(self, name: str, of: Callable[[], Losses]) -> None:
        self._name = name
        self._of = of
        self._reported = Losses()
        self._report_at = 0.0
        self._trouble = False
        self._began = 0  # lines lost before the trouble

    def look(self, now: float) -> None:
        """Report, at most once a period."""
        if now < self._report_at:
            return
        losses = self._of()
        if losses.total != self._reported.total or losses.cause != self._reported.cause:
            if not self._trouble:
                self._began = self._reported.total
            self._trouble = True
            self._report_at = now + REPORT_PERIOD
            self._tell(losses)
        elif self._trouble:
            self._trouble = False
            _log(events.LINES_WRITTEN_AGAIN, log=self._name, lost=losses.total - self._began)

    def last(self) -> None:
        """Report what was not reported yet: the log is closed."""
        losses = self._of()
        if losses != self._reported:
            self._tell(losses)

    def _tell(self, losses: Losses) -> None:
        _log(
            events.LINES_LOST,
            log=self._name,
            refused=losses.refused - self._reported.refused,
            failed=losses.failed - self._reported.failed,
            cause=losses.cause or "nothing",
        )
        self._reported = losses
