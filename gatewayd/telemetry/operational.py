"""The operational log: an observer of Twisted's that judges, redacts, limits and writes every event.

What libraries log through `twisted.logger` or the standard library comes through as well.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import ILogObserver, LogEvent, formatEvent
from zope.interface import implementer

from gatewayd.core.redaction import Redactor
from gatewayd.core.repeats import Repeated, Repeats
from gatewayd.log import Log, events
from gatewayd.log.event import Level
from gatewayd.telemetry.forms import Form
from gatewayd.telemetry.levels import Levels
from gatewayd.telemetry.line import Line, key_of, level_of, line_of, name_of, namespace_of
from gatewayd.telemetry.losses import LossWatch
from gatewayd.telemetry.sinks import QueuedSink

AUDIT = "audit."  # what the names of events begin with that belong to the audit stream
_TICK = 1.0  # seconds between two looks at what repeats and what was lost
_log = Log("gatewayd.log")

# What Twisted says of each port and each connection's factory, whatever namespace that is in: the gateway says where it
# listens, once.
_PORT = re.compile(
    r" starting on \S+\Z|\A\((TCP|UDP|UNIX|None) Port .* Closed\)\Z"
    r"|\A(Starting|Stopping) (protocol <twisted\.names\.|factory )"
)
_FACTORY = frozenset({"Starting factory {factory!r}", "Stopping factory {factory!r}"})


@dataclass(slots=True)
class Destination:
    """Where lines go, and in which form."""

    sink: QueuedSink
    form: Form
    name: str = "log"
    watch: LossWatch = field(init=False)

    def __post_init__(self) -> None:
        self.watch = LossWatch(self.name, self.sink.losses)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """What is written: from which levels up, how often the same, and what is masked."""

    level: Level = "info"
    levels: Mapping[str, Level] = field(default_factory=dict)
    most: int = 20
    interval: float = 60.0
    redact: Iterable[str] = ()
    secrets: Iterable[str] = field(default=(), repr=False)


@implementer(ILogObserver)
class OperationalLog:
    """Writes events to `destination`, and those of the audit stream to one of their own if `audit` is set.

    Works from the first event on, and until the last: from `start` to `stop` a thread writes, so that nobody waits for
    a disk or a pipe. `on_level` is told the lowest level that is wanted anywhere; `wall` is what events are dated with.
    """

    def __init__(
        self,
        destination: Destination,
        settings: LogSettings | None = None,
        on_level: Callable[[Level], object] = lambda level: None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.destination = destination
        self.audit: Destination | None = None
        self._on_level = on_level
        self._lock = RLock()  # policies and libraries log from threads of theirs
        self._wall = wall
        self._clock: IReactorTime | None = None
        self._call: IDelayedCall | None = None
        self.configure(settings or LogSettings())

    def configure(self, settings: LogSettings) -> None:
        """Go by other settings from now on."""
        self.levels = Levels(settings.level, settings.levels)
        self.redactor = Redactor(settings.redact, settings.secrets)
        self._repeats = Repeats(settings.most, settings.interval)
        self._on_level(self.levels.lowest)

    def set_level(self, level: Level, namespace: str = "") -> None:
        """Write from `level` up what is told in `namespace` and below, or everywhere, until a restart."""
        self.levels.set(level, namespace)
        self._on_level(self.levels.lowest)
        _log(events.LOG_LEVEL, what=namespace or "every namespace", name=level)

    def __call__(self, event: LogEvent) -> None:
        """Write an event, or count it among its likes."""
        namespace, level = namespace_of(event), level_of(event)
        name = name_of(event)
        audited = name.startswith(AUDIT)
        if not audited and (not self.levels.takes(namespace, level) or _is_port(event)):
            return
        with self._lock:
            self._judge(event, name)

    def _judge(self, event: LogEvent, name: str) -> None:
        """Write it, unless its likes were written often enough."""
        now = event.get("log_time", 0.0)
        for repeated in self._repeats.over(now):
            self._sum_up(repeated, now)
        admitted = self._repeats.admit(name, key_of(event), now)
        if admitted is None:
            return
        line = line_of(event, self.redactor)
        if admitted.said is None:
            admitted.said = {key: line[key] for key in ("level", "namespace", "message")}
        self._write(line)

    def start(self, clock: IReactorTime) -> None:
        """Have a thread write from now on, and look after what repeats and what is lost. OSError as sinks raise it."""
        self.destination.sink.start()
        if self.audit is not None:
            self.audit.sink.start()
        self._clock = clock
        self._call = clock.callLater(_TICK, self._tick)

    def stop(self) -> None:
        """Tell what was suppressed, and write the rest; what comes afterwards is written at once."""
        if self._call is not None:
            self._call.cancel()
            self._call = None
        with self._lock:
            for repeated in self._repeats.rest():
                self._sum_up(repeated, self._wall())
            self._repeats = Repeats(0, 1.0)
        for destination in self._destinations():
            destination.sink.stop()

    def reopen(self) -> None:
        """Open files anew: they were moved away."""
        for destination in self._destinations():
            destination.sink.reopen()

    def rotate(self) -> None:
        """As twistd does on SIGUSR1: move the log's own file away, unless somebody has; reopen that of the audit."""
        self.destination.sink.rotate()
        if self.audit is not None:
            self.audit.sink.reopen()

    def _destinations(self) -> list[Destination]:
        return [self.destination] if self.audit is None else [self.audit, self.destination]

    def _write(self, line: Line) -> None:
        audited = self.audit is not None and str(line["event"]).startswith(AUDIT)
        destination = self.audit if audited else self.destination
        assert destination is not None
        destination.sink.write(destination.form(line))

    def _tick(self) -> None:
        assert self._clock is not None
        self._call = self._clock.callLater(_TICK, self._tick)
        now = self._wall()
        with self._lock:
            for repeated in self._repeats.over(now):
                self._sum_up(repeated, now)
        for destination in self._destinations():
            destination.watch.look(self._clock.seconds())

    def _sum_up(self, repeated: Repeated, now: float) -> None:
        """Say how many were not told."""
        said: Any = repeated.said
        event: LogEvent = {
            "log_time": now,
            "event": repeated.name,
            "log_namespace": said["namespace"],
            "log_format": "suppressed {told} like this in {seconds:.0f} s: {like}",
            "told": f"{repeated.suppressed:,}",
            "like": said["message"],
            "seconds": self._repeats.interval,
        }
        line = line_of(event, self.redactor)
        line["level"] = said["level"]
        del line["told"], line["like"]
        line["suppressed"] = repeated.suppressed
        self._write(line)


def _is_port(event: LogEvent) -> bool:
    """Whether Twisted says that a port or a factory has come or gone."""
    if event.get("log_format") in _FACTORY:
        return True
    return event.get("log_namespace") == "log_legacy" and _PORT.search(formatEvent(event)) is not None
