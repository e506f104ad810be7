"""The coroutine of a request: what it awaits, what wakes it, and what is thrown into it at which moment."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred, fail, succeed

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


@pytest.mark.parametrize(("make", "expected"), ALREADY)
def test_what_has_its_result_is_not_waited_for(make: Callable[[], Awaitable[Any]], expected: object) -> None:
    """The coroutine goes on in the same step."""
    assert Story(make()).begin().notes == [expected, "end"]


def test_many_results_need_no_stack() -> None:
    """A coroutine may await thousands of things that are there already."""
    story = Story(*[fired_slot(n) if n % 2 else succeed(n) for n in range(5000)]).begin()
    assert story.notes == [*range(5000), "end"]


LATER: list[tuple[Callable[[], Any], Callable[[Any], None], object]] = [
    (Slot, lambda slot: slot.resolve("value"), "value"),
    (Slot, lambda slot: slot.fail(Broken()), Broken),
    (Deferred, lambda deferred: deferred.callback("value"), "value"),
    (Deferred, lambda deferred: deferred.errback(Broken()), Broken),
    (Deferred, lambda deferred: deferred.callback(None), None),
    (lambda: Deferred().addCallback(lambda value: succeed(value + "!")), lambda d: d.callback("chain"), "chain!"),
    (lambda: Deferred().addCallback(lambda _: fail(Broken())), lambda d: d.callback("chain"), Broken),
    (lambda: Deferred().addCallback(lambda _: 1 / 0), lambda d: d.callback("chain"), ZeroDivisionError),
    (lambda: Deferred().addErrback(lambda _: "cured"), lambda d: d.errback(Broken()), "cured"),
    (Deferred, lambda deferred: deferred.cancel(), CancelledError),
]


@pytest.mark.parametrize(("make", "fire", "expected"), LATER)
def test_what_comes_later_wakes_it(make: Callable[[], Any], fire: Callable[[Any], None], expected: object) -> None:
    """A value is returned where it was awaited, an error raised there; what follows is awaited in turn."""
    first, second = make(), make()
    story = Story(first, second).begin()
    assert story.notes == []
    fire(first)
    assert story.notes == [expected]
    fire(second)
    assert story.notes == [expected, expected, "end"]


def test_a_deferred_that_fires_another_way_round() -> None:
    """A Deferred that waits for another one wakes the coroutine when that one fires, and not before."""
    inner: Deferred[str] = Deferred()
    outer: Deferred[str] = Deferred()
    outer.addCallback(lambda _: inner)
    story = Story(outer).begin()
    outer.callback("ignored")
    assert story.notes == []
    inner.callback("inner")
    assert story.notes == ["inner", "end"]


def test_a_failure_keeps_its_error() -> None:
    """The very exception an operation failed with arrives in the coroutine, and the Deferred is at rest."""
    error, caught = Broken("precisely"), []
    deferred: Deferred[None] = Deferred()

    async def catch() -> None:
        try:
            await deferred
        except Broken as broken:
            caught.append(broken)

    Task(catch()).step()
    deferred.errback(error)
    assert caught == [error]
    assert deferred.result is None


@pytest.mark.parametrize("make", [Slot, Deferred])
def test_thrown_while_it_waits(make: Callable[[], Any]) -> None:
    """The error is raised where it waits, which it waits for no longer; the next wait is as usual."""
    first: Any = make()
    second: Slot[str] = Slot()
    story = Story(first, second).begin()
    story.task.throw(Stop())
    assert story.notes == [Stop]
    if isinstance(first, Slot):
        first.resolve("late")
    assert story.notes == [Stop]
    second.resolve("second")
    assert story.notes == [Stop, "second", "end"]


def test_a_deferred_given_up_is_cancelled() -> None:
    """And its outcome is nobody's business any more: neither a wake-up nor an unhandled error."""
    cancelled: list[object] = []
    deferred: Deferred[None] = Deferred(cancelled.append)
    story = Story(deferred, Slot()).begin()
    story.task.throw(Stop())
    assert cancelled == [deferred]
    assert story.notes == [Stop]
    assert deferred.result is None


def test_a_deferred_that_takes_its_time_to_be_cancelled() -> None:
    """Its late result does not wake a coroutine that waits for something else by then."""
    outcome: Deferred[str] = Deferred()
    deferred: Deferred[str] = Deferred(lambda it: it.callback("ignored"))
    deferred.addCallback(lambda _: outcome)
    second: Slot[str] = Slot()
    story = Story(deferred, second).begin()
    story.task.throw(Stop())
    outcome.callback("late")
    assert story.notes == [Stop]
    second.resolve("second")
    assert story.notes == [Stop, "second", "end"]


def test_thrown_before_it_began() -> None:
    """Nobody is there to catch the error: it comes back to the thrower, and the coroutine never runs."""
    story = Story(Slot())
    with pytest.raises(Stop):
        story.task.throw(Stop())
    story.task.throw(Stop())
    assert story.notes == []


def test_thrown_after_it_ended() -> None:
    """Nothing happens."""
    story = Story(fired_slot(1)).begin()
    story.task.throw(Stop())
    assert story.notes == [1, "end"]


def interrupting(story: list[Task], then: Awaitable[Any], notes: list[object]) -> Coroutine[Any, Any, None]:
    """A coroutine that something throws into while it runs, as a write may tell of a lost connection."""

    async def run() -> None:
        story[0].throw(Stop())
        notes.append("goes on")
        try:
            notes.append(await then)
        except Stop:
            notes.append(Stop)
        notes.append("end")

    return run()


@pytest.mark.parametrize("make", [Slot, Deferred])
def test_thrown_from_within(make: Callable[[], Any]) -> None:
    """The error is raised at the coroutine's next wait, however it was woken before."""
    notes: list[object] = []
    tasks: list[Task] = []
    tasks.append(Task(interrupting(tasks, make(), notes)))
    tasks[0].step()
    assert notes == ["goes on", Stop, "end"]


def test_thrown_from_within_what_an_error_woke() -> None:
    """The same, where the coroutine runs because another error was thrown in."""
    notes: list[object] = []
    last: Slot[str] = Slot()

    async def run() -> None:
        try:
            await Slot()
        except Stop:
            notes.append("first")
        task.throw(Stop())
        try:
            await Slot()
        except Stop:
            notes.append("second")
        notes.append(await last)

    task = Task(run())
    task.step()
    task.throw(Stop())
    assert notes == ["first", "second"]
    last.resolve("last")
    assert notes == ["first", "second", "last"]


def test_thrown_from_within_and_no_wait_left() -> None:
    """A coroutine that ends without another wait has nothing to be interrupted in."""
    notes: list[object] = []

    async def run() -> None:
        task.throw(Stop())
        notes.append("end")

    task = Task(run())
    task.step()
    assert notes == ["end"]


def test_of_two_errors_from_within_the_last_counts() -> None:
    """One wait is interrupted once."""
    notes: list[object] = []

    async def run() -> None:
        task.throw(Broken())
        task.throw(Stop())
        try:
            await Slot()
        except Exception as error:
            notes.append(type(error))
        try:
            await Slot()
        except Exception as error:
            notes.append(type(error))

    task = Task(run())
    task.step()
    assert notes == [Stop]
