"""Telling events: what a module has instead of a `twisted.logger.Logger`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

if TYPE_CHECKING:
    from gatewayd.log.event import Event

_LEVELS = {level.name: level for level in LogLevel.iterconstants()}


class Log:
    """Tells events, in a namespace that levels can be set for (`log.levels`).

    Whatever observes Twisted's log gets them as `log_event`. Where an event is about a request, `about` is that: lines
    are told with its id, and with its trace if it has one.
    """

    __slots__ = ("_emit",)

    def __init__(self, namespace: str) -> None:
        self._emit = Logger(namespace).emit

    def __call__(self, event: Event, /, about: object = None, **fields: object) -> None:
        """Tell it, with all the fields that it has and no others."""
        self._emit(_LEVELS[event.level], event.text, log_event=event, log_about=about, **fields)

    def failure(self, event: Event, failure: Failure | None = None, /, about: object = None, **fields: Any) -> None:
        """Tell it with an exception: that of `failure`, or the one that is being handled."""
        failure = Failure() if failure is None else failure
        level = _LEVELS[event.level]
        self._emit(level, event.text, log_failure=failure, log_event=event, log_about=about, **fields)
