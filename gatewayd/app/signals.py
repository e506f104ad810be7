"""What the gateway does on signals: TERM and INT drain, a second one stops at once, HUP reopens the access log."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from twisted.internet.error import ReactorNotRunning


class Signals:
    """Handlers in place of the reactor's, which would make `twistd` end by the signal instead of with status 0.

    `hurry` ends a drain at once, `reopen` opens log files anew.
    """

    def __init__(self, reactor: Any, hurry: Callable[[], None], reopen: Callable[[], None]) -> None:
        self._reactor = reactor
        self._hurry = hurry
        self._reopen = reopen
        self._stopping = False

    def install_hangup(self) -> None:
        """Handle HUP; call before anything else, since an unhandled one ends the process."""
        signal.signal(signal.SIGHUP, self._hung_up)

    def install(self) -> None:
        """Handle TERM and INT; call once the reactor runs, since it installs its own handlers as it starts."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._told_to_stop)

    def _hung_up(self, number: int, frame: FrameType | None) -> None:
        """In the signal handler: leave the work to the reactor."""
        self._reactor.callFromThread(self._reopen)

    def _told_to_stop(self, number: int, frame: FrameType | None) -> None:
        """In the signal handler: leave the work to the reactor."""
        self._reactor.callFromThread(self._stop)

    def _stop(self) -> None:
        """Drain; when asked again, stop at once."""
        if self._stopping:
            self._hurry()
            return
        self._stopping = True
        try:
            self._reactor.stop()
        except ReactorNotRunning:  # twistd's own doing: it stops the reactor where it was started with a signal
            self._hurry()
