"""Deadlines: one sweep for everything that can run out of time."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import cast

import pytest
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, globalLogPublisher

from gatewayd.http.deadlines import INTERVAL, NEVER, Deadlines


class Candle:
    """Runs out once, and does what it is told then."""

    def __init__(self, deadline: float, then: Callable[[], None] | None = None) -> None:
        self.deadline = deadline
        self.expirations: list[float] = []
        self._then = then

    def expired(self, now: float) -> None:
        """Note it."""
        self.deadline = NEVER
        self.expirations.append(now)
        if self._then is not None:
            self._then()


def started() -> tuple[Clock, Deadlines]:
    """A clock, and deadlines that are swept by it."""
    clock = Clock()
    deadlines = Deadlines(clock, clock.seconds)
    deadlines.start()
    return clock, deadlines


def test_boundary() -> None:
    """A deadline acts at the first sweep at or behind it."""
    clock, deadlines = started()
    exact, late = Candle(1.0), Candle(1.0 + 1e-9)
    deadlines.watch(exact)
    deadlines.watch(late)
    clock.pump([INTERVAL] * 3)
    assert (exact.expirations, late.expirations) == ([], [])
    clock.advance(INTERVAL)
    assert (exact.expirations, late.expirations) == ([1.0], [])
    clock.advance(INTERVAL)
    assert (exact.expirations, late.expirations) == ([1.0], [1.25])
    clock.pump([INTERVAL] * 8)
    assert len(exact.expirations) == 1


def test_moved() -> None:
    """Moving a deadline is an assignment, forwards and backwards."""
    clock, deadlines = started()
    candle = Candle(1.0)
    deadlines.watch(candle)
    candle.deadline = 2.0
    clock.pump([INTERVAL] * 7)
    assert candle.expirations == []
    candle.deadline = 0.0
    clock.advance(INTERVAL)
    assert candle.expirations == [2.0]


def test_forgotten() -> None:
    """What is forgotten does not expire; forgetting twice, or what was never watched, is no error."""
    clock, deadlines = started()
    candle = Candle(0.0)
    deadlines.watch(candle)
    deadlines.watch(candle)
    assert len(deadlines) == 1
    deadlines.forget(candle)
    deadlines.forget(candle)
    clock.advance(INTERVAL)
    assert candle.expirations == []
    assert len(deadlines) == 0


def test_moved_by_another_in_the_same_sweep() -> None:
    """If one expiry moves what was due as well, that one does not expire, whichever of them comes first."""
    for _ in range(8):
        clock, deadlines = started()
        candles: list[Candle] = []

        def save_the_others(candles: list[Candle] = candles) -> None:
            for candle in candles:
                candle.deadline = 100.0

        candles.extend(Candle(0.0, save_the_others) for _ in range(5))
        for candle in candles:
            deadlines.watch(candle)
        clock.advance(INTERVAL)
        assert sum(len(candle.expirations) for candle in candles) == 1


def test_new_ones_in_a_sweep() -> None:
    """What is watched or forgotten while a sweep is under way does not disturb it."""
    clock, deadlines = started()
    newcomer = Candle(0.0)

    def change_places() -> None:
        deadlines.watch(newcomer)
        deadlines.forget(candle)

    candle = Candle(0.0, change_places)
    deadlines.watch(candle)
    clock.advance(INTERVAL)
    assert newcomer.expirations == []
    clock.advance(INTERVAL)
    assert newcomer.expirations == [2 * INTERVAL]
    assert len(deadlines) == 1


def test_an_error_stops_nobody_else() -> None:
    """An action that fails is logged; the others, and the next sweeps, go on."""
    clock, deadlines = started()

    def fail() -> None:
        raise ValueError("oops")

    candles = [Candle(0.0, fail), Candle(0.0), Candle(0.0, fail)]
    for candle in candles:
        deadlines.watch(candle)
    events: list[object] = []
    observer = cast(ILogObserver, events.append)
    globalLogPublisher.addObserver(observer)
    try:
        clock.advance(INTERVAL)
    finally:
        globalLogPublisher.removeObserver(observer)
    assert [len(candle.expirations) for candle in candles] == [1, 1, 1]
    assert len(events) == 2
    candles[0].deadline = 0.0
    candles[0]._then = None
    clock.advance(INTERVAL)
    assert len(candles[0].expirations) == 2


def test_stop() -> None:
    """Stopped, nothing is left on the clock; stopping twice, or before the start, is no error."""
    clock, deadlines = started()
    candle = Candle(0.0)
    deadlines.watch(candle)
    deadlines.stop()
    deadlines.stop()
    assert clock.getDelayedCalls() == []
    clock.advance(10)
    assert candle.expirations == []
    Deadlines(clock, clock.seconds).stop()


def test_hastened() -> None:
    """A sweep that is asked for takes place in between, at its time and not before; the regular ones stay."""
    clock, deadlines = started()
    candle, other = Candle(0.375), Candle(0.4)
    deadlines.watch(candle)
    deadlines.watch(other)
    deadlines.hasten(0.375)
    clock.pump([INTERVAL, 0.0625, 0.0615])
    assert candle.expirations == []
    clock.advance(0.001)
    assert candle.expirations == [0.375]
    clock.advance(0.0625)
    assert other.expirations == []
    clock.advance(0.0625)
    assert other.expirations == [0.5]
    assert len(clock.getDelayedCalls()) == 1


@pytest.mark.parametrize("order", list(permutations([0.05, 0.1, 0.3])))
def test_hastened_more_than_once(order: tuple[float, ...]) -> None:
    """In whatever order sweeps are asked for each has its time, and one timer does."""
    clock, deadlines = started()
    candles = [Candle(when) for when in order]
    for candle in candles:
        deadlines.watch(candle)
        deadlines.hasten(candle.deadline)
    assert len(clock.getDelayedCalls()) == 2
    for when in sorted(order):
        clock.advance(when - clock.seconds())
    assert [candle.expirations for candle in candles] == [[when] for when in order]


def test_hastened_from_a_sweep() -> None:
    """What expires may ask for the next sweep."""
    clock, deadlines = started()
    second = Candle(0.125)

    def light_another() -> None:
        deadlines.watch(second)
        deadlines.hasten(0.125)

    deadlines.watch(Candle(0.0625, light_another))
    deadlines.hasten(0.0625)
    clock.pump([0.0625, 0.0625])
    assert second.expirations == [0.125]


def test_hastened_for_what_is_past() -> None:
    """A deadline that has passed already is kept with the next turn."""
    clock, deadlines = started()
    clock.advance(0.1)
    candle = Candle(0.05)
    deadlines.watch(candle)
    deadlines.hasten(0.05)
    clock.advance(0)
    assert candle.expirations == [0.1]


def test_many_hastened_at_once() -> None:
    """However many ask, there are no more sweeps than milliseconds, and none is late by more than one."""
    clock, deadlines = started()
    candles = [Candle(0.1 + number / 100_000) for number in range(1000)]
    for number in range(1000):
        candle = candles[number * 7 % 1000]
        deadlines.watch(candle)
        deadlines.hasten(candle.deadline)
    sweeps = set()
    while candles[-1].deadline != NEVER:
        clock.advance(0.0001)
        sweeps |= {when for candle in candles for when in candle.expirations}
    late = [candle.expirations[0] - 0.1 - number / 100_000 for number, candle in enumerate(candles)]
    assert 0 <= min(late) <= max(late) < 0.0021  # two microseconds' rest for each of those watched
    assert len(sweeps) < 25


def test_hastened_time_and_again() -> None:
    """Who asks for sweeps without end does not get more than one in a millisecond, or fewer where many are watched."""
    for watched, most in ((1, 101), (2000, 26)):
        clock, deadlines = started()
        for _ in range(watched):
            deadlines.watch(Candle(NEVER))
        sweeps = 0
        for step in range(1000):
            candle = Candle(step / 10_000)
            deadlines.watch(candle)
            deadlines.hasten(candle.deadline)
            clock.advance(0.0001)
            deadlines.forget(candle)
            sweeps += bool(candle.expirations)
        assert 20 <= sweeps <= most


def test_waking_too_early() -> None:
    """Where the clock that wakes us is ahead of the one that deadlines are measured in, the sweep is made up for."""
    clock = Clock()
    deadlines = Deadlines(clock, lambda: clock.seconds() - 0.0004)
    deadlines.start()
    candle = Candle(0.1)
    deadlines.watch(candle)
    deadlines.hasten(0.1)
    clock.advance(0.1004 - 1e-6)
    assert candle.expirations == []
    clock.advance(0.0011)
    assert len(candle.expirations) == 1


def test_hastened_and_stopped() -> None:
    """Before the start and after the stop nobody is woken."""
    clock = Clock()
    deadlines = Deadlines(clock, clock.seconds)
    deadlines.hasten(0.1)
    assert clock.getDelayedCalls() == []
    deadlines.start()
    deadlines.hasten(0.1)
    deadlines.watch(Candle(0.15, deadlines.stop))
    deadlines.hasten(0.15)
    deadlines.hasten(0.2)
    clock.pump([0.1, 0.05])
    assert clock.getDelayedCalls() == []
    deadlines.hasten(0.3)
    assert clock.getDelayedCalls() == []
