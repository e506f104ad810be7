"""Deadlines: one sweep for everything that can run out of time."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

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
