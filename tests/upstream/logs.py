"""What is logged while a test runs, as lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher


class Log:
    """The lines logged, each with its level."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def told(self) -> list[str]:
        """Those since the last time."""
        told, self.lines = self.lines, []
        return told


@contextmanager
def logged() -> Iterator[Log]:
    """A log that is written as long as this lasts; Twisted's own lines are left out."""
    log = Log()

    def observe(event: LogEvent) -> None:
        if event["log_namespace"].startswith("gatewayd"):
            log.lines.append(f"{event['log_level'].name}: {formatEvent(event)}")

    globalLogPublisher.addObserver(cast(ILogObserver, observe))
    try:
        yield log
    finally:
        globalLogPublisher.removeObserver(cast(ILogObserver, observe))
