"""Tells systemd that the reactor still turns (WatchdogSec= of systemd.service(5))."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from twisted.application.service import Service
from twisted.internet import task
from twisted.internet.defer import Deferred

from gatewayd.app.notify import notify
from gatewayd.log import Log, events

_log = Log(__name__)


def interval(environ: Mapping[str, str], pid: int) -> float | None:
    """Seconds between two signs of life, half of what systemd allows; None where process `pid` is not watched."""
    if environ.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None
    allowed = environ.get("WATCHDOG_USEC", "")
    return int(allowed) / 2e6 if allowed.isdecimal() and int(allowed) else None


class Watchdog(Service):
    """Sends `WATCHDOG=1` from the reactor, so that a process whose reactor hangs is ended and started anew."""

    def __init__(self, seconds: float, clock: Any, send: Callable[[Mapping[str, str]], None] = notify) -> None:
        self._seconds = seconds
        self._send = send
        self._beating = task.LoopingCall(self._beat)
        self._beating.clock = clock
        self._broken = False

    def startService(self) -> None:
        """Begin at once: a start may take longer than the watchdog has patience."""
        super().startService()  # type: ignore[no-untyped-call]
        beating: Deferred[Any] = self._beating.start(self._seconds)
        beating.addErrback(
            lambda failure: _log.failure(events.INTERNAL_ERROR, failure, what="the beat of the watchdog")
        )

    def stopService(self) -> None:
        """End; called last, so that a long drain is not taken for a hang."""
        super().stopService()  # type: ignore[no-untyped-call]
        if self._beating.running:
            self._beating.stop()

    def _beat(self) -> None:
        """One sign of life. A socket that is broken for a moment is tried again, and told of once."""
        try:
            self._send({"WATCHDOG": "1"})
            self._broken = False
        except OSError as error:
            if not self._broken:
                _log(events.NOTIFY_FAILED, socket=os.environ.get("NOTIFY_SOCKET"), why=str(error))
            self._broken = True
