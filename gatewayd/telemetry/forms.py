"""The forms that a line is written in: JSON, text for a terminal, and what journald and syslog take."""

from __future__ import annotations

import json
import re
import struct
import time
from collections.abc import Callable
from datetime import datetime

from gatewayd.telemetry.line import Line

Form = Callable[[Line], bytes]

PRIORITIES = {"critical": 2, "error": 3, "warn": 4, "info": 6, "debug": 7}  # of syslog (RFC 5424 section 6.2.1)
_USER = 1 << 3  # the facility of user-level messages, as Python's and twistd's syslog have it
_COLOURS = {"debug": "2", "info": "32", "warn": "33", "error": "31", "critical": "1;31"}
# Everything a terminal might obey, except the line feed.
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_NAME = re.compile(r"[^A-Z0-9_]")
_SHOWN = frozenset({"time", "level", "event", "namespace", "message", "error", "traceback"})
_LONGEST = 2048  # bytes of a syslog message: what every receiver takes (RFC 5424 section 6.1)


def as_json(line: Line) -> bytes:
    """One object of ASCII on one line, whatever the values hold."""
    return json.dumps(line).encode("ascii") + b"\n"


def as_text(colours: bool) -> Form:
    """For a terminal, in local time. What is quoted can neither forge a line nor steer the terminal."""

    def form(line: Line) -> bytes:
        moment = datetime.fromisoformat(str(line["time"])).astimezone().strftime("%H:%M:%S.%f")[:-3]
        level = str(line["level"])
        name = f"{level:<8}"
        if colours:
            name = f"\x1b[{_COLOURS.get(level, '0')}m{name}\x1b[0m"
        return f"{moment} {name} {line['namespace']}: {shown(_whole(line))}\n".encode()

    return form


def as_prefixed(line: Line) -> bytes:
    """For whoever keeps time and priority itself: sd-daemon(3) has the priority in front of each line of text."""
    prefix = f"<{PRIORITIES.get(str(line['level']), 6)}>"
    return f"{prefix}{line['namespace']}: {shown(_whole(line))}".replace("\n", f"\n{prefix}").encode() + b"\n"


def as_prefixed_json(line: Line) -> bytes:
    """JSON, with the priority in front."""
    return b"<%d>%b" % (PRIORITIES.get(str(line["level"]), 6), as_json(line))


def as_journal(line: Line) -> bytes:
    """A datagram of journald's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): each field by itself."""
    fields = [
        ("MESSAGE", _whole(line)),
        ("PRIORITY", str(PRIORITIES.get(str(line["level"]), 6))),
        ("SYSLOG_IDENTIFIER", "gatewayd"),
    ]
    for name, value in line.items():
        if name not in ("time", "level", "message", "traceback") and value is not None:
            fields.append((f"GATEWAYD_{_NAME.sub('_', name.upper())}"[:64], str(value)))
    return b"".join(_journal_field(name, value) for name, value in fields)


def _journal_field(name: str, value: str) -> bytes:
    """Text on one line as it is, other text with its length in front (64 bits, little-endian)."""
    data = value.encode("utf-8", "backslashreplace")
    if b"\n" not in data:
        return b"%b=%b\n" % (name.encode(), data)
    return b"%b\n%b%b\n" % (name.encode(), struct.pack("<Q", len(data)), data)


def as_syslog(prefix: str, pid: Callable[[], int]) -> Form:
    """A datagram as syslogd takes it on this machine (RFC 3164): priority, local time, who, and the text on one line.

    Behind the message stand the event and its fields.
    """

    def form(line: Line) -> bytes:
        priority = _USER | PRIORITIES.get(str(line["level"]), 6)
        moment = datetime.fromisoformat(str(line["time"])).astimezone()
        stamp = f"{moment:%b} {moment.day:2} {moment:%H:%M:%S}"
        fields = " ".join(f"{name}={_quoted(value)}" for name, value in line.items() if name not in _SHOWN)
        error = f": {line['error']}" if "error" in line else ""
        text = f"{line['message']}{error} [event={line['event']}{' ' if fields else ''}{fields}]"
        text = shown(text).replace("\n    ", " ")
        start = f"<{priority}>{stamp} {prefix}[{pid()}]: "
        return (start + text).encode("utf-8", "backslashreplace")[:_LONGEST]

    return form


def _quoted(value: object) -> str:
    """A value as one word."""
    text = str(value)
    return json.dumps(text) if not text or re.search(r"[\s\"=\]]", text) else text


def _whole(line: Line) -> str:
    """The message, with the exception's traceback."""
    message = str(line["message"])
    if "traceback" in line:
        trace = str(line["traceback"]).rstrip()
        return f"{message}\n{trace}" if message else trace
    return message


def shown(text: str) -> str:
    """Text that can be shown to people: lines after the first are set off, and nothing in it steers a terminal."""
    text = _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\n", "\n    ")


def clockwork(wall: Callable[[], float]) -> Callable[[], str]:
    """What tells the time in RFC 3339, in UTC to the millisecond; `wall` is the time in seconds since 1970.

    A text is good for all who ask within its millisecond, and most of it for its second.
    """
    last, second, prefix, text = -1, -1, "", ""

    def moment() -> str:
        nonlocal last, second, prefix, text
        milliseconds = int(wall() * 1000.0)
        if milliseconds != last:
            last = milliseconds
            if milliseconds // 1000 != second:
                second = milliseconds // 1000
                prefix = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))
            text = f"{prefix}{milliseconds % 1000:03}Z"
        return text

    return moment
