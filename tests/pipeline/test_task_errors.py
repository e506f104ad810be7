"""Errors that escape a coroutine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed

from gatewayd.core.slot import Slot
from gatewayd.pipeline.task import Task


class Stop(Exception):
    """Thrown in by the tests."""


class Broken(Exception):
    """What an awaited thing fails with."""


class Story:
    """A coroutine that awaits one thing after another and notes what came of each."""

    def __init__(self, *awaited: Awaitable[Any]) -> None:
        self.notes: list[object] = []
        self.task = Task(self._run(awaited))

    async def _run(self, awaited: tuple[Awaitable[Any], ...]) -> None:
        for one in awaited:
            try:
                self.notes.append(await one)
            except Exception as error:
                self.notes.append(type(error))
        self.notes.append("end")

    def begin(self) -> Story:
        """Run to the first wait."""
        self.task.step()
        return self


def fired_slot(value: object = None, error: Exception | None = None) -> Slot[object]:
    """A slot that has its result."""
    slot: Slot[object] = Slot()
    if error is None:
        slot.resolve(value)
    else:
        slot.fail(error)
    return slot


def chained(value: object) -> Deferred[object]:
    """A Deferred whose callback returned another one, which has its result."""
    return succeed(None).addCallback(lambda _: succeed(value))


ALREADY: list[tuple[Callable[[], Awaitable[Any]], object]] = [
    (lambda: fired_slot("slot"), "slot"),
    (lambda: fired_slot(None), None),
    (lambda: fired_slot(error=Broken()), Broken),
    (lambda: succeed("deferred"), "deferred"),
    (lambda: fail(Broken()), Broken),
    (lambda: chained("chained"), "chained"),
]


def test_an_error_that_escapes_is_raised_from_whatever_woke_it() -> None:
    """And the coroutine is over: what is thrown in afterwards is nobody's."""
    slot: Slot[None] = Slot()

    async def run() -> None:
        await slot
        raise Broken

    task = Task(run())
    task.step()
    with pytest.raises(Broken):
        slot.resolve(None)
    task.throw(Stop())


def test_an_error_nobody_catches_comes_back_to_the_thrower() -> None:
    """Thrown while it waits, and not handled."""

    async def run() -> None:
        await Slot()

    task = Task(run())
    task.step()
    with pytest.raises(Stop):
        task.throw(Stop())
    task.throw(Stop())


def test_an_error_that_escapes_behind_a_deferred_is_the_deferreds() -> None:
    """It becomes the Deferred's failure, as any callback's error does, and is logged if nobody takes it."""
    deferred: Deferred[None] = Deferred()

    async def run() -> None:
        await deferred
        raise Broken

    Task(run()).step()
    deferred.callback(None)
    caught: list[object] = []
    deferred.addErrback(lambda failure: caught.append(failure.check(Broken)))
    assert caught == [Broken]
