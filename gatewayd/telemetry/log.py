"""Where the operational log goes, and how what is logged through the standard library comes into it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from gatewayd.log.event import Level
from gatewayd.telemetry.datagrams import JOURNAL, SYSLOG, DatagramOutlet, goes_to_journal
from gatewayd.telemetry.forms import Form, as_journal, as_json, as_prefixed, as_prefixed_json, as_syslog, as_text
from gatewayd.telemetry.operational import Destination
from gatewayd.telemetry.outlets import ROTATED_AT, DescriptorOutlet, FileOutlet, is_terminal
from gatewayd.telemetry.sinks import PATIENCE, QueuedSink

Format = Literal["auto", "json", "text"]


def to_descriptor(
    fd: int, form: Format = "auto", environ: Mapping[str, str] = os.environ, journal: str = JOURNAL
) -> Destination:
    """A descriptor such as standard error: text on a terminal, else JSON.

    Where systemd has connected it to the journal, lines go there once, with their priority and without another time:
    each field by itself where journald takes that, or else, and where a form is asked for, as text that begins with the
    priority. Colours are left out where NO_COLOR is set (https://no-color.org).
    """
    if goes_to_journal(fd, environ):
        if form == "auto" and Path(journal).is_socket():
            outlet = DatagramOutlet(journal, PATIENCE, by_file=True)
            return Destination(QueuedSink(outlet, count=_one), as_journal)
        return _shared(fd, as_prefixed_json if form == "json" else as_prefixed)
    terminal = is_terminal(fd)
    if form == "text" or (form == "auto" and terminal):
        return _shared(fd, as_text(terminal and not environ.get("NO_COLOR")))
    return _shared(fd, as_json)


def to_file(path: str, form: Format = "auto", name: str = "log", *, rotates: bool = True) -> Destination:
    """A file: JSON, unless it is to be text. It `rotates` by itself, as twistd's do, or others see to that.

    It is opened at once, since nothing is to be lost before the start.
    """
    outlet = FileOutlet(path, PATIENCE, ROTATED_AT if rotates else None)
    outlet.open()
    return Destination(QueuedSink(outlet), as_text(False) if form == "text" else as_json, name)


def to_syslog(prefix: str, path: str = SYSLOG) -> Destination:
    """The syslog daemon of this machine."""
    outlet = DatagramOutlet(path, PATIENCE, by_file=False)
    return Destination(QueuedSink(outlet, count=_one), as_syslog(prefix, os.getpid))


def _shared(fd: int, form: Form) -> Destination:
    outlet = DescriptorOutlet(lambda: fd, True, PATIENCE)
    outlet.open()
    return Destination(QueuedSink(outlet), form)


def _one(message: bytes) -> int:
    return 1


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
        fields = {"log_text": text, "log_key": str(record.msg)}  # of what was said with other values, the text is alike
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            failure = Failure(error, type(error), error.__traceback__)
            log.emit(level, "{log_text}", log_failure=failure, **fields)
        else:
            log.emit(level, "{log_text}", **fields)


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


def heed(level: Level) -> None:
    """Have the standard library's loggers tell what is wanted from `level` up, if they have no level of their own."""
    logging.getLogger().setLevel(logging.WARNING if level == "warn" else level.upper())
