"""The operational log: what a line holds, and what nobody can put into one."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.logger import ILogObserver, LogEvent, Logger, LogLevel, globalLogPublisher
from twisted.python import log as legacy
from zope.interface import implementer

from gatewayd.telemetry.log import as_json, as_text, bridge_standard_library, observer_for


class Terminal(StringIO):
    """A stream that says a person reads it."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def line(stream: StringIO) -> dict[str, object]:
    """The only line of the stream, as JSON."""
    text = stream.getvalue()
    assert text.count("\n") == 1
    document = json.loads(text)
    assert isinstance(document, dict)
    return document


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


def test_an_event_is_one_json_object() -> None:
    """Time in UTC, level, namespace, message, then the simple fields; objects stay in the message."""
    stream = StringIO()
    log = Logger("gatewayd.http", observer=observer_for(stream))
    log.warn(
        "refused {peer}: {cause}", peer="192.0.2.1", cause=b"limit\xff", count=3, ratio=float("nan"), thing=object()
    )
    document = line(stream)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(document.pop("time")))
    assert list(document.items())[:2] == [("level", "warn"), ("namespace", "gatewayd.http")]
    assert document == {
        "level": "warn",
        "namespace": "gatewayd.http",
        "message": "refused 192.0.2.1: b'limit\\xff'",
        "peer": "192.0.2.1",
        "cause": "limit\\xff",
        "count": 3,
        "ratio": "nan",
    }


def test_a_failure_keeps_its_traceback() -> None:
    """An exception adds its type and text and where it came from."""
    stream = StringIO()
    log = Logger("gatewayd.app", observer=observer_for(stream))
    try:
        raise ValueError("no such thing")
    except ValueError:
        log.failure("the start failed")
    document = line(stream)
    assert document["level"] == "critical"
    assert document["message"] == "the start failed"
    assert document["error"] == "ValueError: no such thing"
    assert "test_a_failure_keeps_its_traceback" in str(document["traceback"])


def test_the_level_is_a_floor() -> None:
    """Events below the level are left out."""
    stream = StringIO()
    log = Logger("gatewayd", observer=observer_for(stream, level="warn"))
    log.debug("no")
    log.info("no")
    log.warn("yes")
    assert line(stream)["message"] == "yes"


def test_the_messages_of_older_code_come_through() -> None:
    """`twisted.python.log.msg`, as some libraries still use it, is an event like others, without its odd fields."""
    stream = StringIO()
    observer = observer_for(stream)
    globalLogPublisher.addObserver(observer)
    try:
        legacy.msg("old", "style", system="txredisapi")
    finally:
        globalLogPublisher.removeObserver(observer)
    document = line(stream)
    assert document["message"] == "old style"
    assert set(document) == {"time", "level", "namespace", "message"}


def test_a_terminal_gets_lines_for_people() -> None:
    """Time of day, level, where, what; in colour unless NO_COLOR says otherwise."""
    for environ, expected in (
        ({}, "\x1b[33mwarn    \x1b[0m gatewayd.http: slow\n"),
        ({"NO_COLOR": "1"}, "warn     gatewayd.http: slow\n"),
    ):
        stream = Terminal()
        Logger("gatewayd.http", observer=observer_for(stream, environ=environ)).warn("slow")
        moment, _, rest = stream.getvalue().partition(" ")
        assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3}", moment)
        assert rest == expected


def test_a_terminal_shows_tracebacks_indented() -> None:
    """A traceback follows its message, set off from the lines of other events."""
    stream = Terminal()
    log = Logger("gatewayd", observer=observer_for(stream, environ={"NO_COLOR": "1"}))
    try:
        raise ValueError("odd")
    except ValueError:
        log.failure("failed")
    first, *others = stream.getvalue().splitlines()
    assert first.endswith("gatewayd: failed")
    assert others[-1].endswith("ValueError: odd")
    assert all(text.startswith("    ") for text in others)


@given(st.text())
def test_what_is_quoted_can_not_forge_lines_or_steer_a_terminal(text: str) -> None:
    """Whatever a message quotes, JSON stays one line of ASCII and a terminal sees no control character."""
    event: LogEvent = {"log_format": "{quoted}", "quoted": text, "log_level": LogLevel.info, "log_namespace": "n"}
    document = as_json(event)
    assert document.isascii()
    assert document.count("\n") == 1
    assert json.loads(document)["quoted"] == text
    shown = as_text(event, colours=False)
    shown.encode("utf-8")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown)
    assert all(later.startswith("    ") for later in shown.rstrip("\n").split("\n")[1:])


def test_the_standard_library_is_bridged(published: list[LogEvent]) -> None:
    """What a library logs through `logging` arrives under its name and level, until it is undone."""
    undo = bridge_standard_library()
    library = logging.getLogger("asyncio")
    try:
        library.debug("below the level")
        library.error("callback took %s s", 2.5)
        try:
            raise KeyError("k")
        except KeyError:
            library.warning("odd", exc_info=True)
    finally:
        undo()
    library.error("after")
    ours = [event for event in published if event["log_namespace"] == "asyncio"]
    documents = [json.loads(as_json(event)) for event in ours]
    assert [(one["level"], one["message"]) for one in documents] == [("error", "callback took 2.5 s"), ("warn", "odd")]
    assert documents[1]["error"] == "KeyError: 'k'"


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


def test_factories_are_no_news() -> None:
    """Twisted's word on the factory of every fetch is left out, in whichever namespace; what follows it is not."""
    stream = StringIO()
    log = Logger("twisted.web.client._HTTP11ClientFactory", observer=observer_for(stream))
    log.info("Starting factory {factory!r}", factory=object())
    log.info("Stopping factory {factory!r}", factory=object())
    log.warn("no answer")
    assert line(stream)["message"] == "no answer"
