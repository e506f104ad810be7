"""Checks in time: when a target is asked, what is told of the answer, and that a stop leaves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, cast

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher

from gatewayd.upstream.health import HealthCheck, Settings


class Result(NamedTuple):
    """What the check told, and when."""

    at: float
    ok: bool
    seconds: float
    why: str


class World:
    """A check of a target that answers when it is told to."""

    def __init__(self, *, random: float = 0.5, timeout: float = 2.0) -> None:
        self.clock = Clock()
        self.random = random
        self.asked: list[float] = []
        self.answers: list[Deferred[str]] = []
        self.cancelled = 0
        self.results: list[Result] = []
        self.then: Callable[[], None] = lambda: None
        settings = Settings(interval=10.0, jitter=0.1, timeout=timeout)
        self.check = HealthCheck(self._probe, settings, self.clock, self._told, lambda: self.random)

    async def _probe(self) -> str:
        self.asked.append(self.clock.seconds())
        self.answers.append(Deferred())
        try:
            return await self.answers[-1]
        except CancelledError:
            self.cancelled += 1
            raise

    def _told(self, ok: bool, seconds: float, why: str) -> None:
        self.results.append(Result(self.clock.seconds(), ok, seconds, why))
        self.then()

    def pass_time(self, seconds: float) -> None:
        """Move the clock."""
        self.clock.advance(seconds)

    def answer(self, fault: str = "") -> None:
        """The target answers the check in flight."""
        self.answers[-1].callback(fault)


@pytest.fixture
def log() -> Iterator[list[LogEvent]]:
    """What the test makes the check log as a failure."""
    events: list[LogEvent] = []

    def observe(event: LogEvent) -> None:
        if "log_failure" in event:
            events.append(event)

    globalLogPublisher.addObserver(cast(ILogObserver, observe))
    yield events
    globalLogPublisher.removeObserver(cast(ILogObserver, observe))


@pytest.mark.parametrize(("random", "first"), [(0.0, 0.0), (0.25, 2.5), (0.999, 9.99)])
def test_the_first_comes_at_a_random_moment(random: float, first: float) -> None:
    """Somewhere within the first interval."""
    world = World(random=random)
    world.check.start()
    world.pass_time(first - 1e-6 if first else 0.0)
    assert world.asked == ([] if first else [0.0])
    world.pass_time(1e-6)
    assert world.asked == [pytest.approx(first)]
    world.check.stop()


@pytest.mark.parametrize(("random", "pause"), [(0.0, 9.0), (0.5, 10.0), (0.75, 10.5)])
def test_intervals(random: float, pause: float) -> None:
    """They count from the beginning of a check, and stray by chance to both sides."""
    world = World(random=0.0)
    world.check.start()
    world.pass_time(0)
    world.random = random
    world.pass_time(1.5)
    world.answer()
    world.pass_time(pause - 1.5 - 1e-6)
    assert world.asked == [0.0]
    world.pass_time(2e-6)
    assert len(world.asked) == 2
    world.check.stop()


def test_results() -> None:
    """Whether all is well, how long it took, and what is wrong."""
    world = World(random=0.5)
    world.check.start()
    world.pass_time(5)
    world.pass_time(0.25)
    world.answer()
    world.pass_time(9.75)
    world.pass_time(0.5)
    world.answer("status 503")
    assert world.results == [Result(5.25, True, 0.25, ""), Result(15.5, False, 0.5, "status 503")]
    world.check.stop()
    assert world.clock.getDelayedCalls() == []


def test_too_late() -> None:
    """A check that takes longer than its timeout is cancelled, and no moment before."""
    world = World(random=0.0, timeout=2.5)
    world.check.start()
    world.pass_time(0)
    world.pass_time(2.5 - 1e-6)
    assert (world.cancelled, world.results) == (0, [])
    world.pass_time(1e-6)
    assert world.cancelled == 1
    assert world.results == [Result(2.5, False, 2.5, "no answer in 2.5 s")]
    world.check.stop()


def test_never_two_at_once() -> None:
    """Where a check may take longer than the interval, the next one begins at its end."""
    world = World(random=0.5, timeout=60.0)
    world.check.start()
    world.pass_time(5)
    world.pass_time(29)
    assert world.asked == [5.0]
    world.answer()
    world.pass_time(0)
    assert world.asked == [5.0, 34.0]
    world.check.stop()


def test_stopped_between_checks() -> None:
    """Nothing comes after."""
    world = World()
    world.check.start()
    world.check.stop()
    assert world.clock.getDelayedCalls() == []
    world.check.stop()


def test_stopped_in_the_middle(log: list[LogEvent]) -> None:
    """The check in flight is cancelled, nothing is told, and nothing is left."""
    world = World(random=0.0)
    world.check.start()
    world.pass_time(0)
    world.check.stop()
    assert (world.cancelled, world.results, world.clock.getDelayedCalls(), log) == (1, [], [], [])


def test_stopped_by_its_result() -> None:
    """Whoever hears of a result may stop the check then and there."""
    world = World(random=0.0)
    world.then = world.check.stop
    world.check.start()
    world.pass_time(0)
    world.answer("status 500")
    assert len(world.results) == 1
    assert world.clock.getDelayedCalls() == []


def test_a_broken_probe(log: list[LogEvent]) -> None:
    """A bug in the probe is logged, counts as a bad result, and the checks go on."""
    world = World(random=0.0)
    world.check.start()
    world.pass_time(0)
    world.answers[-1].errback(ZeroDivisionError())
    assert world.results == [Result(0.0, False, 0.0, "the check itself failed")]
    assert [event["log_failure"].type for event in log] == [ZeroDivisionError]
    world.pass_time(9)
    assert len(world.asked) == 2
    world.check.stop()


def test_a_broken_listener(log: list[LogEvent]) -> None:
    """What raises when it is told does not end the checks."""
    world = World(random=0.0)

    def fail() -> None:
        raise ZeroDivisionError

    world.then = fail
    world.check.start()
    world.pass_time(0)
    world.answer()
    assert [event["log_failure"].type for event in log] == [ZeroDivisionError]
    world.pass_time(9)
    assert len(world.asked) == 2
    world.check.stop()
