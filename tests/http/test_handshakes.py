"""The share of a process that handshakes may take."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gatewayd.http.tls.handshakes import Handshakes


class Loop:
    """Turns that come when the test says so, and a clock that only steps move."""

    def __init__(self, most: int = 10) -> None:
        self.soon: list[Callable[[], None]] = []
        self.time = 0.0
        self.steps: list[str] = []
        self.handshakes = Handshakes(most, self.soon.append, lambda: self.time)

    def turn(self) -> list[str]:
        """The steps of one turn."""
        soon, self.soon[:] = list(self.soon), []
        before = len(self.steps)
        for call in soon:
            call()
        return self.steps[before:]


class Step:
    """A handshake that takes its time."""

    def __init__(self, loop: Loop, name: str, seconds: float = 0.0) -> None:
        self._loop = loop
        self._name = name
        self._seconds = seconds

    def go_on(self) -> None:
        """Take it."""
        self._loop.time += self._seconds
        self._loop.steps.append(self._name)


def test_only_so_many_at_once() -> None:
    """Those beyond are turned away until one is over."""
    handshakes = Loop(2).handshakes
    assert [handshakes.enter() for _ in range(3)] == [True, True, False]
    handshakes.leave()
    assert handshakes.enter()
    assert not handshakes.enter()


def test_cheap_steps_share_a_turn() -> None:
    """They are taken in the order of asking."""
    loop = Loop()
    for name in "abc":
        loop.handshakes.ask(Step(loop, name))
    assert loop.steps == []
    assert loop.turn() == ["a", "b", "c"]
    assert loop.turn() == []


def test_costly_steps_are_spread_over_turns() -> None:
    """What does not fit into a turn's share waits for the next, so that a flood leaves time for everything else."""
    loop = Loop()
    for name in "abcd":
        loop.handshakes.ask(Step(loop, name, seconds=0.0015))
    assert loop.turn() == ["a", "b"]
    loop.handshakes.ask(Step(loop, "e"))
    assert loop.turn() == ["c", "d"]
    assert loop.turn() == ["e"]
    assert loop.turn() == []


def test_one_that_fails_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake in one handshake is logged, and the next go on."""
    loop = Loop()
    told: list[object] = []

    class Failing:
        def go_on(self) -> None:
            raise ZeroDivisionError

    class Noting:
        def failure(self, event: object, what: str) -> None:
            told.append(event)

    monkeypatch.setattr(Handshakes, "_log", Noting())
    loop.handshakes.ask(Failing())
    loop.handshakes.ask(Step(loop, "a"))
    assert loop.turn() == ["a"]
    assert len(told) == 1
