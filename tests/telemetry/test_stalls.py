"""Stalls of the event loop: each is told of once, with the place where the loop was."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from zope.interface import implementer

from gatewayd.telemetry.stalls import LOOK, PATIENCE, Stalls


@pytest.fixture
def told() -> Iterator[list[LogEvent]]:
    """What is logged meanwhile."""
    events: list[LogEvent] = []

    @implementer(ILogObserver)
    def keep(event: LogEvent) -> None:
        events.append(event)

    globalLogPublisher.addObserver(keep)
    yield events
    globalLogPublisher.removeObserver(keep)


class Watched:
    """A loop in the test's hands. The thread's looks take place in this thread, which runs and does not wait."""

    def __init__(self) -> None:
        self.now = 100.0
        self.asked: list[Callable[[], None]] = []
        self.stalls = Stalls(self.asked.append, lambda: self.now)
        self.stalls._loop = threading.get_ident()
        self.stalls._looked = self.now

    def look(self, times: int = 1, after: float = LOOK) -> None:
        """The thread looks, so many seconds after it did the last time."""
        for _ in range(times):
            self.now += after
            self.stalls._look()

    def answer(self, after: float = 0.0) -> None:
        """The loop gives the sign of life that it was asked for, so many seconds later."""
        self.now += after
        self.asked.pop()()


def test_a_loop_that_answers_is_not_told_of(told: list[LogEvent]) -> None:
    """It is asked again at the next look, one question at a time."""
    watched = Watched()
    for _ in range(3):
        watched.look()
        watched.look()
        assert len(watched.asked) == 1
        watched.answer(0.01)
    assert told == []


def test_a_loop_that_waits_is_not_asked(told: list[LogEvent]) -> None:
    """An idle gateway is not woken: its innermost place is where reactors wait. Nor is one that is not there."""
    watched = Watched()
    reading, writing = os.pipe()
    with selectors.DefaultSelector() as selector:
        selector.register(reading, selectors.EVENT_READ)
        thread = threading.Thread(target=selector.select)
        thread.start()
        watched.stalls._loop = thread.ident or 0
        while True:
            frame = sys._current_frames()[thread.ident or 0]
            if frame.f_code.co_filename.endswith("selectors.py"):
                break
        watched.look()
        os.write(writing, b".")
        thread.join()
    os.close(reading)
    os.close(writing)
    watched.look()
    assert watched.asked == []
    assert told == []


def test_a_stall_is_told_of_once(told: list[LogEvent]) -> None:
    """When it is over: how long it was, and the stack as it was seen; what follows says nothing more."""
    watched = Watched()
    watched.look(4)
    watched.answer(0.3)
    watched.look()
    watched.answer(0.005)
    (event,) = told
    assert event["seconds"] == pytest.approx(0.42)
    assert "telemetry/stalls.py:" in event["code"]
    assert event["code"].endswith(" _look")
    assert " < " in event["stack"]
    assert " test_a_stall_is_told_of_once" in event["stack"]
    assert formatEvent(event).startswith("the event loop stood still for 0.420 s (")


def test_each_stall_has_its_line(told: list[LogEvent]) -> None:
    """A second one is another one."""
    watched = Watched()
    for _ in range(2):
        watched.look(2)
        watched.answer(0.1)
    assert len(told) == 2


def test_a_stall_without_end_is_told_of_while_it_lasts(told: list[LogEvent]) -> None:
    """Once, by the thread, since the loop may never do it; if it does come back, it says so."""
    watched = Watched()
    watched.look(int(PATIENCE / LOOK) + 10)
    assert [formatEvent(event)[:32] for event in told] == ["the event loop stood still for 5"]
    watched.answer(2.0)
    assert formatEvent(told[1]).startswith("the event loop runs again after 7.")
    assert len(told) == 2


def test_a_process_that_is_not_run_has_no_stall(told: list[LogEvent]) -> None:
    """The thread did not run either, and the loop computed nothing: no code of ours is to blame."""
    watched = Watched()
    watched.look()
    watched.look(after=0.5)
    watched.answer(0.01)
    assert told == []


def test_who_computes_without_letting_anybody_look_is_told_of(told: list[LogEvent]) -> None:
    """The interpreter's lock kept the thread from running; the CPU time tells it from a machine that is busy."""
    watched = Watched()
    watched.look()
    watched.stalls._cpu -= 0.4
    watched.look(after=0.5)
    watched.answer()
    assert [event["cpu"] >= 0.4 for event in told] == [True]


def test_stopping_leaves_nothing() -> None:
    """No thread; stopping early or twice is fine, and a late answer is none."""
    asked: list[Callable[[], None]] = []
    stalls = Stalls(asked.append)
    stalls.stop()
    for _ in range(2):
        stalls.start()
        assert [thread.name for thread in threading.enumerate()].count("stalls") == 1
        stalls.stop()
        stalls.stop()
        assert "stalls" not in [thread.name for thread in threading.enumerate()]
    stalls._answer()


LOOP = """
import sys, time
from gatewayd.app.loop import install_reactor
if sys.argv[1] == "uvloop":
    install_reactor()
from twisted.internet import reactor
import json
from twisted.logger import formatEvent, globalLogPublisher
from gatewayd.telemetry.stalls import Stalls

secret = "swordfish"
FIELDS = "code", "stack", "seconds", "cpu"
globalLogPublisher.addObserver(
    lambda event: print(json.dumps({"message": formatEvent(event), **{name: event.get(name) for name in FIELDS}}))
)
stalls = Stalls(reactor.callFromThread)

def computes(password):
    until = time.monotonic() + 0.4
    while time.monotonic() < until:
        sum(range(1000))
    reactor.callLater(0.15, waits)

def waits():
    time.sleep(0.4)
    reactor.callLater(0.3, ends)

def ends():
    stalls.stop()
    reactor.stop()

reactor.callWhenRunning(stalls.start)
reactor.callLater(0.2, computes, secret)
reactor.run()
"""


@pytest.mark.parametrize("loop", ["uvloop", "twisted"])
def test_a_real_loop(loop: str) -> None:
    """Who computes and who waits are told by name and apart by their CPU time; what they were handed is not told."""
    ran = subprocess.run([sys.executable, "-c", LOOP, loop], stdout=subprocess.PIPE, check=True, timeout=60)
    assert b"swordfish" not in ran.stdout
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    stalls = [line for line in lines if "stood still" in line["message"]]
    computing = [line for line in stalls if " computes" in line["stack"]]
    waiting = [line for line in stalls if line["code"].endswith(" waits")]
    assert (len(computing), len(waiting)) == (1, 1)
    assert computing[0]["stack"] == computing[0]["code"]
    assert min(line["seconds"] for line in (*computing, *waiting)) >= 0.35
    assert waiting[0]["cpu"] < 0.2
