"""The operational log: one JSON object a line, or lines for people where a terminal reads them.

Both are `twisted.logger` observers; what libraries log through the standard library comes through as well.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any, TextIO, cast

from twisted.logger import (
    FileLogObserver,
    FilteringLogObserver,
    ILogFilterPredicate,
    ILogObserver,
    LogEvent,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    PredicateResult,
    formatEvent,
)
from twisted.python.failure import Failure
from twisted.python.logfile import LogFile
from zope.interface import provider

# What older parts of Twisted put into every event: the message has it already, or it means nothing outside.
_LEGACY = frozenset({"failure", "format", "isError", "message", "printed", "system", "time", "why"})
_OURS = frozenset({"time", "level", "namespace", "message", "error", "traceback"})
# Everything a terminal might obey, except the line feed.
_PORT = re.compile(
    r" starting on \S+\Z|\A\((TCP|UDP|UNIX|None) Port .* Closed\)\Z"
    r"|\A(Starting|Stopping) (protocol <twisted\.names\.|factory )"
)
# What Twisted says of every connection's factory, whatever namespace that is in.
_FACTORY = frozenset({"Starting factory {factory!r}", "Stopping factory {factory!r}"})
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_COLOURS = {"debug": "2", "info": "32", "warn": "33", "error": "31", "critical": "1;31"}


def observer_for(stream: TextIO, level: str = "info", environ: Mapping[str, str] = os.environ) -> ILogObserver:
    """An observer that writes events of at least `level` to `stream`: for people on a terminal, else as JSON.

    Colours are left out where NO_COLOR is set (https://no-color.org). Writing is synchronous: the last lines before a
    crash matter most.
    """
    if stream.isatty():
        colours = not environ.get("NO_COLOR")
        writer = FileLogObserver(stream, lambda event: as_text(event, colours))
    else:
        writer = FileLogObserver(stream, as_json)
    return FilteringLogObserver(writer, [_no_port, LogLevelFilterPredicate(LogLevel.lookupByName(level))])


def observer_for_file(file: LogFile, level: str = "info") -> ILogObserver:
    """An observer that writes events of at least `level` to a file that rotates, as JSON."""
    writer = FileLogObserver(cast(TextIO, file), as_json)
    return FilteringLogObserver(writer, [_no_port, LogLevelFilterPredicate(LogLevel.lookupByName(level))])


@provider(ILogFilterPredicate)
def _no_port(event: LogEvent) -> Any:
    """Leave out what Twisted says of each port and factory: the gateway says where it listens, once."""
    if event.get("log_format") in _FACTORY:
        return PredicateResult.no
    if event.get("log_namespace") == "log_legacy" and _PORT.search(formatEvent(event)):
        return PredicateResult.no
    return PredicateResult.maybe


def as_json(event: LogEvent) -> str:
    """The event as a line of ASCII JSON: time, level, namespace, message, its simple fields, error and traceback."""
    document: dict[str, object] = {
        "time": _moment(event).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": _level(event),
        "namespace": _namespace(event),
        "message": formatEvent(event),
        **dict(_fields(event)),
    }
    failure = event.get("log_failure")
    if isinstance(failure, Failure):
        document["error"] = _error(failure)
        document["traceback"] = failure.getTraceback()
    return json.dumps(document) + "\n"


def as_text(event: LogEvent, colours: bool) -> str:
    """The event for a terminal, in local time. What it quotes can neither forge a line nor steer the terminal."""
    moment = _moment(event).astimezone().strftime("%H:%M:%S.%f")[:-3]
    level = _level(event)
    text = formatEvent(event)
    failure = event.get("log_failure")
    if isinstance(failure, Failure):
        text = f"{text}\n{failure.getTraceback().rstrip()}" if text else failure.getTraceback().rstrip()
    text = _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)
    text = text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\n", "\n    ")
    name = f"{level:<8}"
    if colours:
        name = f"\x1b[{_COLOURS.get(level, '0')}m{name}\x1b[0m"
    return f"{moment} {name} {_namespace(event)}: {text}\n"


class StandardLibraryBridge(logging.Handler):
    """Passes what is logged through `logging` on to `twisted.logger`, under the same name and level."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one record on, with its exception."""
        try:
            text = record.getMessage()
        except Exception:
            self.handleError(record)
            return
        log = Logger(namespace=record.name)
        level = _TWISTED_LEVELS[max(1, min(record.levelno // 10, 5))]
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            log.emit(level, "{log_text}", log_text=text, log_failure=Failure(error, type(error), error.__traceback__))
        else:
            log.emit(level, "{log_text}", log_text=text)


_TWISTED_LEVELS = {
    1: LogLevel.debug,
    2: LogLevel.info,
    3: LogLevel.warn,
    4: LogLevel.error,
    5: LogLevel.critical,
}


def bridge_standard_library(level: int = logging.INFO) -> Callable[[], None]:
    """Pass on what anything logs through `logging` from `level` up. Answers a function that undoes it."""
    root = logging.getLogger()
    bridge = StandardLibraryBridge()
    before = root.level

    def undo() -> None:
        root.removeHandler(bridge)
        root.setLevel(before)

    root.addHandler(bridge)
    root.setLevel(level)
    return undo


def _moment(event: LogEvent) -> datetime:
    return datetime.fromtimestamp(event.get("log_time", 0.0), UTC)


def _level(event: LogEvent) -> str:
    level = event.get("log_level", LogLevel.info)
    return str(level.name)


def _namespace(event: LogEvent) -> str:
    return str(event.get("log_namespace", ""))


def _error(failure: Failure) -> str:
    return f"{getattr(failure.type, '__qualname__', failure.type)}: {failure.getErrorMessage()}"


def _fields(event: LogEvent) -> Iterator[tuple[str, object]]:
    """The event's own fields that are plain values; objects stay in the message."""
    for name, value in event.items():
        if name.startswith("log_") or name in _LEGACY or name in _OURS:
            continue
        if isinstance(value, bytes):
            yield name, value.decode("utf-8", "backslashreplace")
        elif isinstance(value, float) and not isfinite(value):
            yield name, str(value)  # JSON has no such numbers
        elif value is None or isinstance(value, str | int | float):
            yield name, value
