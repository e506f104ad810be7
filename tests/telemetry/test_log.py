"""Where the operational log goes, in which form, and what comes into it from the standard library."""

from __future__ import annotations

import json
import logging
import os
import pty
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.python import log as legacy
from zope.interface import implementer

from gatewayd.core.redaction import Redactor
from gatewayd.telemetry.forms import as_json, as_prefixed, as_prefixed_json, as_syslog, as_text
from gatewayd.telemetry.line import Line, line_of
from gatewayd.telemetry.log import bridge_standard_library, heed, to_descriptor, to_file
from gatewayd.telemetry.operational import Destination

LINE: Line = {
    "time": "2026-11-23T08:00:00.250Z",
    "level": "warn",
    "event": "target.ejected",
    "namespace": "gatewayd.services",
    "message": "orders: passed over",
    "service": "orders",
    "why": 'status "500"',
}
FAILED: Line = {**LINE, "error": "ValueError: odd", "traceback": "Traceback\n  File x\nValueError: odd\n"}


@pytest.fixture
def published() -> Iterator[list[LogEvent]]:
    """What reaches twisted.logger meanwhile."""
    events: list[LogEvent] = []

    @implementer(ILogObserver)
    def keep(event: LogEvent) -> None:
        events.append(event)

    globalLogPublisher.addObserver(keep)
    yield events
    globalLogPublisher.removeObserver(keep)


def written(destination: Destination, fd: int) -> str:
    """What reaches the other end of a pipe or a terminal when `LINE` is written."""
    destination.sink.write(destination.form(LINE))
    return os.read(fd, 65536).decode()


def test_a_pipe_gets_json() -> None:
    """For machines; the descriptor is shared and stays open."""
    reader, writer = os.pipe()
    try:
        assert json.loads(written(to_descriptor(writer), reader)) == LINE
        assert written(to_descriptor(writer, "text", {}), reader).endswith(
            " warn     gatewayd.services: orders: passed over\n"
        )
    finally:
        os.close(reader)
        os.close(writer)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "\x1b[33mwarn    \x1b[0m gatewayd.services: orders: passed over\r\n"),
        ({"NO_COLOR": "1"}, "warn     gatewayd.services: orders: passed over\r\n"),
    ],
)
def test_a_terminal_gets_lines_for_people(environ: dict[str, str], expected: str) -> None:
    """Time of day, level, where, what; in colour unless NO_COLOR says otherwise; JSON where it is asked for."""
    ours, theirs = pty.openpty()
    try:
        moment, _, rest = written(to_descriptor(theirs, "auto", environ), ours).partition(" ")
        assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3}", moment)
        assert rest == expected
        assert json.loads(written(to_descriptor(theirs, "json", environ), ours)) == LINE
    finally:
        os.close(ours)
        os.close(theirs)


def test_tracebacks_are_set_off() -> None:
    """A traceback follows its message, apart from the lines of other events."""
    first, *others = as_text(False)(FAILED).decode().splitlines()
    assert first.endswith("gatewayd.services: orders: passed over")
    assert others == ["    Traceback", "      File x", "    ValueError: odd"]


def test_the_journal_without_its_socket_gets_priorities(tmp_path: Path) -> None:
    """Each line begins with its priority and has no time: the journal has one. JSON only where it is asked for."""
    with open(tmp_path / "stream", "w+b") as stream:
        status = os.fstat(stream.fileno())
        environ = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        auto = to_descriptor(stream.fileno(), "auto", environ, str(tmp_path / "none"))
        assert auto.form is as_prefixed
        assert to_descriptor(stream.fileno(), "json", environ).form is as_prefixed_json
    assert as_prefixed(FAILED).decode().splitlines() == [
        "<4>gatewayd.services: orders: passed over",
        "<4>    Traceback",
        "<4>      File x",
        "<4>    ValueError: odd",
    ]
    assert as_prefixed_json(LINE).startswith(b'<4>{"time"')


def test_syslog() -> None:
    """Priority and facility, local time, who, the text on one line, and the fields behind it."""
    text = as_syslog("gw", lambda: 42)(FAILED).decode()
    start, _, rest = text.partition(" gw[42]: ")
    assert re.fullmatch(r"<12>[A-Z][a-z]{2} [ 1-3]\d \d\d:\d\d:\d\d", start)
    assert rest == ('orders: passed over: ValueError: odd [event=target.ejected service=orders why="status \\"500\\""]')
    assert "\n" not in text
    assert len(as_syslog("gw", lambda: 42)({**LINE, "message": "x" * 10_000})) <= 2048


def test_a_file(tmp_path: Path) -> None:
    """Nobody else on the machine reads it; it is there from the first line on."""
    destination = to_file(str(tmp_path / "g.log"))
    destination.sink.write(destination.form(LINE))
    destination.sink.close()
    assert json.loads((tmp_path / "g.log").read_text()) == LINE
    assert (tmp_path / "g.log").stat().st_mode & 0o007 == 0
    with pytest.raises(FileNotFoundError):
        to_file(str(tmp_path / "none" / "g.log"))


@given(st.text())
def test_what_is_quoted_can_not_forge_lines_or_steer_a_terminal(text: str) -> None:
    """Whatever a message quotes, JSON stays one line of ASCII and a terminal sees no control character."""
    line: Line = {**LINE, "message": text}
    assert as_json(line).isascii()
    assert as_json(line).count(b"\n") == 1
    assert json.loads(as_json(line))["message"] == text
    shown = as_text(False)(line).decode()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown)
    assert all(later.startswith("    ") for later in shown.rstrip("\n").split("\n")[1:])
    assert b"\n" not in as_syslog("gw", lambda: 1)(line)
    assert all(part.startswith(b"<4>") for part in as_prefixed(line).rstrip(b"\n").split(b"\n"))


def lines_of(events: list[LogEvent], namespace: str) -> list[dict[str, Any]]:
    """What is written of a namespace's events."""
    return [line_of(event, Redactor()) for event in events if event["log_namespace"] == namespace]


def test_the_messages_of_older_code_come_through(published: list[LogEvent]) -> None:
    """`twisted.python.log.msg`, as some libraries still use it, is an event like others, without its odd fields."""
    legacy.msg("old", "style", system="txredisapi")
    (line,) = lines_of(published, "log_legacy")
    assert line["message"] == "old style"
    assert set(line) == {"time", "level", "event", "namespace", "message"}


def test_the_standard_library_is_bridged(published: list[LogEvent]) -> None:
    """What a library logs through `logging` arrives under its name and level, until it is undone."""
    undo = bridge_standard_library()
    library = logging.getLogger("asyncio")
    try:
        library.debug("below the level")
        heed("debug")
        library.debug("callback took %s s", 1.5)
        heed("warn")
        library.info("below the level")
        library.error("callback took %s s", 2.5)
        try:
            raise KeyError("k")
        except KeyError:
            library.warning("odd", exc_info=True)
    finally:
        undo()
    library.error("after")
    lines = lines_of(published, "asyncio")
    assert [(one["level"], one["message"]) for one in lines] == [
        ("debug", "callback took 1.5 s"),
        ("error", "callback took 2.5 s"),
        ("warn", "odd"),
    ]
    assert lines[2]["error"] == "KeyError: 'k'"


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (0, "debug"),
        (5, "debug"),
        (10, "debug"),
        (25, "info"),
        (30, "warn"),
        (40, "error"),
        (50, "critical"),
        (99, "critical"),
    ],
)
def test_levels_of_the_standard_library_map_down(published: list[LogEvent], number: int, name: str) -> None:
    """A level between two of ours is the lower one; none is out of range."""
    undo = bridge_standard_library(logging.NOTSET + 1)
    try:
        logging.getLogger("some.library").handle(
            logging.LogRecord("some.library", number, __file__, 1, "text", None, None)
        )
    finally:
        undo()
    assert [event["log_level"].name for event in published if event["log_namespace"] == "some.library"] == [name]
