"""Slots: one result, handed to the one who waits for it, whenever that is."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import pytest

from gatewayd.core.slot import Slot


class Driver:
    """Runs a coroutine that waits for slots, as `gatewayd.pipeline.task` does."""

    def __init__(self, coroutine: Coroutine[Any, Any, object]) -> None:
        self._coroutine = coroutine
        self.steps = 0
        self.result: object = None
        self.error: BaseException | None = None
        self.step()

    def step(self) -> None:
        """Go on until the coroutine waits again."""
        self.steps += 1
        try:
            waited_for = self._coroutine.send(None)
        except StopIteration as stop:
            self.result = stop.value
        except ValueError as error:
            self.error = error
        else:
            assert isinstance(waited_for, Slot)
            waited_for.waiting = self


async def awaiting(slot: Slot[int]) -> int:
    """Wait for `slot`."""
    return await slot


def test_result_before_waiting() -> None:
    """A result that is there already does not suspend the waiter."""
    slot: Slot[int] = Slot()
    slot.resolve(3)
    driver = Driver(awaiting(slot))
    assert (driver.result, driver.steps) == (3, 1)


def test_result_while_waiting() -> None:
    """A result wakes the waiter within the call that brings it, once."""
    slot: Slot[int] = Slot()
    driver = Driver(awaiting(slot))
    assert driver.result is None
    slot.resolve(3)
    assert (driver.result, driver.steps) == (3, 2)
    assert slot.waiting is None


@pytest.mark.parametrize("early", [False, True])
def test_failure(early: bool) -> None:
    """A failure is raised in the waiter, now or when it comes to wait."""
    slot: Slot[int] = Slot()
    error = ValueError()
    if early:
        slot.fail(error)
    driver = Driver(awaiting(slot))
    slot.fail(error)
    assert driver.error is error


def test_first_result_counts() -> None:
    """What comes after the first result is ignored, value or error."""
    slot: Slot[int] = Slot()
    slot.resolve(1)
    slot.resolve(2)
    slot.fail(ValueError())
    assert Driver(awaiting(slot)).result == 1
    failed: Slot[int] = Slot()
    failed.fail(ValueError("first"))
    failed.fail(ValueError("second"))
    failed.resolve(2)
    assert str(Driver(awaiting(failed)).error) == "first"


def test_none_is_a_result() -> None:
    """A slot resolved with None is done."""
    slot: Slot[None] = Slot()

    async def two() -> str:
        await slot
        return "went on"

    driver = Driver(two())
    assert not slot.done
    slot.resolve(None)
    assert slot.done
    assert driver.result == "went on"


def test_slots_do_not_share() -> None:
    """A fresh slot knows nothing of others: what is a default is not changed by use."""
    used: Slot[int] = Slot()
    used.resolve(1)
    fresh: Slot[int] = Slot()
    assert (fresh.done, fresh.value, fresh.error, fresh.waiting) == (False, None, None, None)


def test_resolved_from_within_the_waiter() -> None:
    """A waiter may resolve the slot it waits for next, and is not run twice at once."""
    first: Slot[int] = Slot()
    second: Slot[int] = Slot()

    async def both() -> int:
        value = await first
        second.resolve(value + 1)
        return await second

    driver = Driver(both())
    first.resolve(1)
    assert (driver.result, driver.steps) == (2, 2)
