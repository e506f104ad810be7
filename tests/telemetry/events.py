"""An operational log that keeps what it writes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from threading import Event
from typing import Any

from twisted.logger import LogEvent

from gatewayd.log import Event as Told
from gatewayd.telemetry.forms import Form, as_json
from gatewayd.telemetry.operational import Destination, LogSettings, OperationalLog
from gatewayd.telemetry.sinks import QueuedSink


class Shelf:
    """An outlet that keeps messages, and loses them where a test says so."""

    def __init__(self) -> None:
        self.cause = ""
        self.broken = ""
        self.messages: list[bytes] = []
        self.calls: list[str] = []

    def open(self) -> None:
        """Remember the call."""
        self.calls.append("open")

    def write(self, batch: Sequence[bytes], stopping: Event) -> int:
        """Keep a batch."""
        if self.broken:
            self.cause = self.broken
            return len(batch)
        self.messages += batch
        return 0

    def reopen(self) -> None:
        """Remember the call."""
        self.calls.append("reopen")

    def rotate(self) -> None:
        """Remember the call."""
        self.calls.append("rotate")

    def close(self) -> None:
        """Remember the call."""
        self.calls.append("close")

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Everything written, as JSON."""
        return [json.loads(message) for message in self.messages]

    @property
    def said(self) -> list[str]:
        """The messages."""
        return [line["message"] for line in self.lines]


class Kept:
    """A log, the shelves it writes to, and what time it is."""

    def __init__(self, settings: LogSettings | None = None, form: Form = as_json, audit: bool = False) -> None:
        self.shelf, self.audited = Shelf(), Shelf()
        self.now = 1_000_000.0
        self.log = OperationalLog(Destination(QueuedSink(self.shelf), form), settings, wall=lambda: self.now)
        if audit:
            self.log.audit = Destination(QueuedSink(self.audited), form, "audit")

    def tell(self, event: Told, about: object = None, **fields: object) -> None:
        """An event of the vocabulary."""
        self.raw({"log_event": event, "log_format": event.text, "log_about": about, **fields}, event.level)

    def raw(self, event: Mapping[str, Any], level: str = "info", namespace: str = "gatewayd.test") -> None:
        """Any event."""
        made: LogEvent = {
            "log_time": self.now,
            "log_namespace": namespace,
            "log_level": Named(level),
            "log_format": "",
            **event,
        }
        self.log(made)


class Named:
    """A level."""

    def __init__(self, name: str) -> None:
        self.name = name
