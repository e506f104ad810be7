"""From an event of `twisted.logger` to what a line of the operational log says, with secrets taken out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from twisted.logger import LogEvent, LogLevel, formatEvent
from twisted.python.failure import Failure

from gatewayd.core.redaction import MASK, SHORTEST, Redactor
from gatewayd.log import Event

# What older parts of Twisted put into their events: the message has it already, or it means nothing outside.
_LEGACY = frozenset({"failure", "format", "isError", "message", "printed", "system", "time", "why"})
_OURS = frozenset({"time", "level", "event", "namespace", "message", "error", "traceback"})
LIBRARY = "library"  # the event of lines that others than gatewayd wrote

Line = dict[str, object]
"""What a line says, in the order in which it is written. Values are texts, numbers and None."""


def name_of(event: LogEvent) -> str:
    """The event's name in the vocabulary; what a policy or plugin tells may bring its own."""
    told, own = event.get("log_event"), event.get("event")
    if isinstance(told, Event):
        return told.name
    return own if isinstance(own, str) else LIBRARY


def level_of(event: LogEvent) -> str:
    """The event's level."""
    return str(event.get("log_level", LogLevel.info).name)


def namespace_of(event: LogEvent) -> str:
    """Who told it."""
    return str(event.get("log_namespace", ""))


def key_of(event: LogEvent) -> object:
    """What an event has in common with those that it repeats, besides its name."""
    told = event.get("log_event")
    failure = event.get("log_failure")
    raised = failure.type if isinstance(failure, Failure) else None
    if isinstance(told, Event):
        return (*[event.get(field) for field in told.key], raised)
    return namespace_of(event), event.get("log_key", event.get("log_format")), raised


def line_of(event: LogEvent, redactor: Redactor) -> Line:
    """What is written of an event: time, level, event, namespace, message; then its fields, its request, its exception.

    Fields are plain values; objects stay in the message.
    """
    secrets = () if event.get("log_about") is None else tuple(_secrets_of(event["log_about"], redactor))
    hidden = {name: MASK for name in event if redactor.hides(name) and not name.startswith("log_")}
    line: Line = {
        "time": datetime.fromtimestamp(event.get("log_time", 0.0), UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z"),
        "level": level_of(event),
        "event": name_of(event),
        "namespace": namespace_of(event),
        "message": redactor.text(formatEvent({**event, **hidden} if hidden else event), secrets),
    }
    for name, value in _fields(event):
        line[name] = redactor.text(value, secrets) if isinstance(value, str) else value
    line.update(hidden)
    line.update(_about(event))
    failure = event.get("log_failure")
    if isinstance(failure, Failure):
        raised = f"{getattr(failure.type, '__qualname__', failure.type)}: {failure.getErrorMessage()}"
        line["error"] = redactor.text(raised, secrets)
        line["traceback"] = redactor.text(failure.getTraceback(), secrets)
    return line


def _fields(event: LogEvent) -> Iterator[tuple[str, Any]]:
    """The event's own fields that are plain values."""
    left_out = _OURS if isinstance(event.get("log_event"), Event) else _OURS | _LEGACY
    for name, value in event.items():
        if name.startswith("log_") or name in left_out:
            continue
        if isinstance(value, bytes):
            yield name, value.decode("utf-8", "backslashreplace")
        elif isinstance(value, float) and not isfinite(value):
            yield name, str(value)  # JSON has no such numbers
        elif value is None or isinstance(value, str | int | float):
            yield name, value


def _about(event: LogEvent) -> Iterator[tuple[str, object]]:
    """Which request an event is about, and its trace if it has one."""
    about = event.get("log_about")
    request_id = getattr(about, "request_id", None)
    if isinstance(request_id, bytes):
        yield "request_id", request_id.decode("latin-1")
    trace = getattr(about, "trace", None)
    if trace is not None:
        yield "trace_id", trace.trace_id
        yield "span_id", trace.span_id


def _secrets_of(about: object, redactor: Redactor) -> Iterator[str]:
    """What an exception could quote of a request that nobody is to read: its credentials, and its query."""
    head = getattr(about, "head", None)
    if head is None:
        return
    if head.query:
        yield head.query.decode("latin-1")
        yield from _values(head.query.decode("latin-1").split("&"))
    for field in head.fields:
        if field.name.decode("latin-1") in redactor.headers:
            value = field.value.decode("latin-1")
            yield value
            yield value.partition(" ")[2]
            if field.name == b"cookie":
                yield from _values(value.split("; "))


def _values(pairs: Iterable[str]) -> Iterator[str]:
    """What stands behind the equals signs, where that is long enough to be told from other text."""
    for pair in pairs:
        value = pair.partition("=")[2]
        if len(value) >= 2 * SHORTEST:
            yield value
