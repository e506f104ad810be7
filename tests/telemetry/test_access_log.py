"""The access log: batches, what it does with odd values, what it reports."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from zope.interface import implementer

from gatewayd.telemetry.access_log import REPORT_PERIOD, AccessLog, record_as_text
from gatewayd.telemetry.sinks import Losses, NoSink


class Shelf:
    """A sink that keeps what it is given, and loses what it is told to."""

    enabled = True

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.written: list[bytes] = []
        self.lost = Losses()

    def start(self) -> None:
        """Remember the call."""
        self.calls.append("start")

    def write(self, lines: bytes) -> None:
        """Keep a batch."""
        self.calls.append("write")
        self.written.append(lines)

    def losses(self) -> Losses:
        """What the test says."""
        return self.lost

    def reopen(self) -> None:
        """Remember the call."""
        self.calls.append("reopen")

    def close(self) -> None:
        """Remember the call."""
        self.calls.append("close")


@contextmanager
def reports() -> Iterator[list[LogEvent]]:
    """What the access log says in the operational log meanwhile."""
    events: list[LogEvent] = []

    @implementer(ILogObserver)
    def keep(event: LogEvent) -> None:
        if event.get("log_namespace") == "gatewayd.telemetry.losses":
            events.append(event)

    globalLogPublisher.addObserver(keep)
    try:
        yield events
    finally:
        globalLogPublisher.removeObserver(keep)


def opened(flush_interval: float = 1.0, buffer_bytes: int = 1000) -> tuple[AccessLog, Shelf, Clock]:
    """A log that was started, its sink and its clock."""
    shelf, clock = Shelf(), Clock()
    log = AccessLog(shelf, clock, flush_interval, buffer_bytes)
    log.start()
    return log, shelf, clock


def test_records_become_lines_in_order() -> None:
    """One JSON object a line, keys as they were given."""
    log, shelf, _ = opened()
    log.add({"time": "t", "status": 200, "reason": None, "duration": 0.25})
    log.add({"time": "u", "path": "/é"})
    log.close()
    assert b"".join(shelf.written).decode().splitlines() == [
        '{"time":"t","status":200,"reason":null,"duration":0.25}',
        '{"time":"u","path":"/é"}',
    ]


def test_lines_wait_for_the_interval() -> None:
    """Nothing is written before the interval, one batch at it, nothing when there is nothing."""
    log, shelf, clock = opened(flush_interval=1.0)
    log.add({"n": 1})
    log.add({"n": 2})
    clock.advance(0.999)
    assert shelf.written == []
    clock.advance(0.001)
    assert shelf.written == [b'{"n":1}\n{"n":2}\n']
    clock.advance(1)
    assert len(shelf.written) == 1
    log.close()


def test_a_full_buffer_is_written_at_once() -> None:
    """The line that fills the buffer takes the batch along; the next starts a new one."""
    log, shelf, _ = opened(buffer_bytes=16)
    log.add({"n": 1})
    assert shelf.written == []
    log.add({"n": 2})
    assert shelf.written == [b'{"n":1}\n{"n":2}\n']
    log.add({"n": 3})
    assert len(shelf.written) == 1
    log.close()


def test_closing_writes_the_rest_and_leaves_nothing() -> None:
    """What is left is written before the sink is closed, and no timer stays."""
    log, shelf, clock = opened()
    log.add({"n": 1})
    log.close()
    assert shelf.calls == ["start", "write", "close"]
    assert clock.getDelayedCalls() == []


def test_reopening_keeps_the_order() -> None:
    """Lines added before the reopening go to the old file."""
    log, shelf, _ = opened()
    log.add({"n": 1})
    log.reopen()
    log.add({"n": 2})
    log.close()
    assert shelf.calls == ["start", "write", "reopen", "write", "close"]


def test_a_log_that_is_off_says_so_and_has_no_timer() -> None:
    """Callers can tell that records are not wanted; adding one all the same is harmless."""
    clock = Clock()
    log = AccessLog(NoSink(), clock, 1.0, 10)
    log.start()
    assert not log.enabled
    assert clock.getDelayedCalls() == []
    log.add({"n": 1})
    log.reopen()
    log.close()


@given(st.dictionaries(st.text(), st.one_of(st.text(), st.integers(-(2**63), 2**64 - 1), st.booleans(), st.none())))
def test_what_a_client_sends_cannot_forge_a_line(record: dict[str, object]) -> None:
    """Whatever the values hold, a record is exactly one line, and reads back as it was."""
    log, shelf, _ = opened()
    log.add(record)
    log.close()
    (line,) = shelf.written
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert json.loads(line) == record


@pytest.mark.parametrize("value", ["\udc80lone surrogate", 2**70, {1, 2}, b"bytes", object])
def test_odd_values_do_not_lose_the_line(value: object) -> None:
    """A value that orjson refuses is written in some form, with the rest of its record."""
    log, shelf, _ = opened()
    log.add({"status": 200, "odd": value})
    log.close()
    assert json.loads(shelf.written[0])["status"] == 200


RECORD: dict[str, object] = {
    "time": "2026-11-23T08:00:00.250Z",
    "client": "192.0.2.7",
    "method": "GET",
    "host": "api.test",
    "path": "/orders/17",
    "status": 503,
    "reason": "circuit-open",
    "tenant": "acme",
    "user": "ada",
    "service": "orders",
    "target": "http://10.0.0.5:9005",
    "duration": 0.0123456,
    "query": "page=2",
}


def test_lines_for_people() -> None:
    """When, what became of it, what it was, how long it took, why, who answered and who asked; colours by status."""
    moment, _, rest = record_as_text(False)(RECORD).decode().partition(" ")
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3}", moment)
    assert rest == (
        "503 GET api.test/orders/17?page=2 12.3 ms (circuit-open) -> orders http://10.0.0.5:9005 "
        "tenant=acme user=ada client=192.0.2.7\n"
    )
    assert b" \x1b[31m503\x1b[0m " in record_as_text(True)(RECORD)


@given(st.sampled_from(sorted(RECORD)), st.one_of(st.none(), st.text()))
def test_people_are_not_deceived(name: str, value: str | None) -> None:
    """Whatever a value holds, a record is one line, and nothing in it steers a terminal."""
    if name in ("status", "duration", "time"):
        value = None
    line = record_as_text(False)({**RECORD, name: value}).decode()
    assert line.count("\n") == 1
    assert line.endswith("\n")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", line)


def test_losses_are_reported_once_a_period() -> None:
    """However many lines are lost, the operational log hears of it once in ten seconds, and of the rest at the end."""
    log, shelf, clock = opened(flush_interval=1.0)
    with reports() as events:
        shelf.lost = Losses(refused=5)
        clock.advance(1)
        assert [(event["refused"], event["failed"]) for event in events] == [(5, 0)]
        for second in range(int(REPORT_PERIOD) - 1):
            shelf.lost = Losses(refused=5, failed=second + 1, cause="No space left on device")
            clock.advance(1)
        assert len(events) == 1
        clock.advance(1)
        assert [(event["refused"], event["failed"]) for event in events[1:]] == [(0, 9)]
        assert events[1]["cause"] == "No space left on device"
        clock.pump([1] * 20)
        assert [event["log_event"].name for event in events] == ["log.lines_lost"] * 2 + ["log.recovered"]
        assert events.pop()["lost"] == 14
        shelf.lost = Losses(refused=5, failed=10, cause="No space left on device")
        log.close()
        assert len(events) == 3
