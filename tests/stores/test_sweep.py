"""Work in beats that are over soon, whatever there is to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from twisted.internet.task import Clock

from gatewayd.core.gcra import Rate
from gatewayd.core.ratelimits import Policy, Rule
from gatewayd.stores.entries import Entries
from gatewayd.stores.limits.local import LocalBook
from gatewayd.stores.limits.table import Room
from gatewayd.stores.sweep import BEAT, MOST, PIECE, SOON, Sweep


class World:
    """Work of which every step takes some of a beat's time; `steps` are those of each round."""

    def __init__(self, *steps: int, takes: float = MOST / 4) -> None:
        self.clock = Clock()
        self.seconds = 0.0
        self.takes = takes
        self.steps = list(steps)
        self.done: list[int] = []
        self.sweep = Sweep(self.clock, lambda: self.seconds, self._work)
        self.sweep.start()

    def _work(self) -> Iterator[None]:
        for step in range(self.steps.pop(0) if self.steps else 0):
            self.seconds += self.takes
            self.done.append(step)
            yield


def test_a_beat_that_takes_too_long() -> None:
    """Is interrupted, goes on soon where it was, and the next comes after it."""
    world = World(10, 1)
    world.clock.advance(BEAT - 0.01)
    assert world.done == []
    world.clock.advance(0.01)
    assert world.done == [0, 1, 2, 3]
    world.clock.advance(SOON)
    assert world.done == [0, 1, 2, 3, 4, 5, 6, 7]
    world.clock.advance(SOON)
    assert world.done == list(range(10))
    world.clock.advance(SOON)
    assert world.done == list(range(10))
    world.clock.advance(BEAT)
    assert world.done == [*range(10), 0]


@pytest.mark.parametrize("seconds", [0.0, BEAT, BEAT + SOON])
def test_a_stop(seconds: float) -> None:
    """Whether it waits for a beat, or in the midst of one."""
    world = World(10)
    world.clock.advance(seconds)
    world.sweep.stop()
    world.sweep.stop()
    assert world.clock.getDelayedCalls() == []


def test_keys_that_are_written_in_the_midst_of_it() -> None:
    """Stay, whoever looked at them before."""
    book = LocalBook(Rule(Policy("p"), Rate(5, 1.0, 5)), Room(1000), 1, lambda: 0.0)
    entries = Entries(1000, 1 << 20)
    keys = [b"%d" % number for number in range(5 * PIECE)]
    for key in keys:
        book.charge(key, 1, 0.0)
        entries.put(key, b"v", 10.0)
    cases: list[tuple[Iterator[None], Callable[[bytes], object], Callable[[], int]]] = [
        (book.sweep(0, 100.0), lambda key: book.charge(key, 1, 100.0), lambda: book.table.count),
        (entries.sweep(100.0), lambda key: entries.put(key, b"w", 200.0), lambda: len(entries)),
    ]
    for work, write, kept in cases:
        next(work)
        assert kept() == 4 * PIECE
        write(keys[0])
        for _ in work:
            pass
        assert kept() == 1
