"""A bulkhead: so many inside, some who wait, the rest refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gatewayd.core.gradient import Gradient
from gatewayd.core.queueing import Order
from gatewayd.core.reasons import BULKHEAD_FULL, BULKHEAD_TIMEOUT, TOTAL_TIMEOUT, Reason, Refused
from gatewayd.http.deadlines import INTERVAL
from gatewayd.pipeline.task import Task
from gatewayd.upstream.bulkhead import Place
from tests.upstream.bulkheads import GaveUp, Limits, World


def test_so_many_come_in_at_once() -> None:
    """Each has its place until it leaves, and nothing is to be awaited."""
    world = World()
    assert world.bulkhead.enter(float("inf")) is None
    assert world.bulkhead.enter(float("inf")) is None
    assert world.counts() == (2, 0, 0)
    world.bulkhead.leave(0.1)
    assert world.counts() == (1, 0, 0)


def test_without_a_limit_everybody_comes_in() -> None:
    """They are counted nevertheless."""
    world = World(Limits(most=None))
    assert all(world.request().inside for _ in range(1000))
    assert world.counts() == (1000, 0, 0)


def test_the_rest_waits_in_order() -> None:
    """Each that leaves lets one in."""
    world = World()
    first, second = world.full()
    third, fourth = world.request(), world.request()
    assert third.pending
    assert world.counts() == (2, 2, 2)
    second.leave()
    assert third.inside
    assert fourth.pending
    assert world.counts() == (2, 1, 1)
    first.leave()
    assert fourth.inside
    assert world.counts() == (2, 0, 0)


def test_the_queue_is_bounded() -> None:
    """One who finds it full is refused at once; no queue at all is full from the start."""
    world = World()
    world.full()
    waiting = [world.request(), world.request()]
    assert world.request().refused is BULKHEAD_FULL
    assert all(request.pending for request in waiting)
    assert world.counts() == (2, 2, 2)
    world = World(Limits(queue=0))
    world.full()
    assert world.request().refused is BULKHEAD_FULL
    assert world.counts() == (2, 0, 0)


def test_under_pressure_the_newest_comes_in_first() -> None:
    """And the oldest is refused where there is no more room to wait."""
    world = World(Limits(queue=2, order=Order.LIFO_UNDER_PRESSURE))
    first, _ = world.full()
    third, fourth, fifth = (world.request() for _ in range(3))
    assert third.refused is BULKHEAD_FULL
    assert world.counts() == (2, 2, 2)
    first.leave()
    assert fifth.inside
    assert fourth.pending


def test_waiting_is_bounded() -> None:
    """A request is refused when its wait is over, not before; the next place is another's."""
    world = World(Limits(wait=1.0))
    first, _ = world.full()
    waiting = world.request()
    world.pass_time(0.75)
    later = world.request()
    assert waiting.pending
    world.pass_time(0.25)
    assert waiting.refused is BULKHEAD_TIMEOUT
    assert world.counts() == (2, 1, 1)
    first.leave()
    assert later.inside


@pytest.mark.parametrize(("limit", "reason"), [(0.5, TOTAL_TIMEOUT), (1.0, TOTAL_TIMEOUT), (1.001, BULKHEAD_TIMEOUT)])
def test_waiting_counts_against_the_whole_request(limit: float, reason: Reason) -> None:
    """Whichever ends first is the reason."""
    world = World(Limits(wait=1.0))
    world.full()
    waiting = world.request(limit)
    world.pass_time(2.0)
    assert waiting.refused is reason
    assert world.counts() == (2, 0, 0)


def test_one_who_gives_up_leaves_the_queue() -> None:
    """The next place goes to the one behind."""
    world = World()
    first, _ = world.full()
    third, fourth = world.request(), world.request()
    third.give_up()
    assert isinstance(third.error, GaveUp)
    assert world.counts() == (2, 1, 1)
    first.leave()
    assert fourth.inside


def test_a_place_given_in_the_moment_of_giving_up_goes_to_the_next() -> None:
    """One who is cancelled before it could go on was never inside."""
    world = World()
    first, _ = world.full()
    place = world.bulkhead.enter(float("inf"))
    assert isinstance(place, Place)
    waiting = place.__await__()
    next(waiting)
    behind = world.request()
    first.leave()
    assert place.done
    assert behind.pending
    with pytest.raises(GaveUp):
        waiting.throw(GaveUp())
    assert behind.inside
    assert world.counts() == (2, 0, 0)


def test_a_place_that_expired_unseen_is_passed_over() -> None:
    """Where the one who waits has not been told yet, nothing is given to it."""
    world = World()
    first, _ = world.full()
    place = world.bulkhead.enter(0.0)
    assert place is not None
    waiting = place.__await__()
    next(waiting)
    behind = world.request()
    world.pass_time(INTERVAL)
    first.leave()
    assert behind.inside
    with pytest.raises(Refused):
        next(waiting)
    assert world.counts() == (2, 0, 0)


def test_thousands_that_leave_as_soon_as_they_come_in() -> None:
    """Where a queue empties in one moment, each lets the next in without standing on the last one's shoulders."""
    world = World(Limits(most=1, queue=5000))
    (first,) = world.full()
    order: list[int] = []

    def note(number: int) -> Callable[[], None]:
        return lambda: order.append(number)

    for number in range(5000):
        world.request(inside=note(number))
    assert world.counts() == (1, 5000, 5000)
    first.leave()
    assert order == list(range(5000))
    assert world.counts() == (0, 0, 0)


def test_thousands_that_are_turned_away_and_come_again() -> None:
    """A client that is refused may have the next request ready, which turns the next one away, and so on."""
    world = World(Limits(most=1, queue=2000, order=Order.LIFO_UNDER_PRESSURE))
    world.full()
    refused: list[Reason] = []

    async def persist(times: int) -> None:
        for _ in range(times):
            try:
                place = world.bulkhead.enter(float("inf"))
                assert place is not None
                await place
            except Refused as error:
                refused.append(error.reason)

    tasks = [Task(persist(3)) for _ in range(2001)]
    for task in tasks:
        task.step()
    assert refused == [BULKHEAD_FULL] * len(refused)
    assert len(refused) > 2000
    assert world.counts() == (1, 2000, 2000)


def test_an_error_that_escapes_stops_nobody() -> None:
    """What goes wrong in one request that is turned away or let in neither takes a place nor keeps others out."""
    world = World(Limits(most=1, queue=1, order=Order.LIFO_UNDER_PRESSURE))
    (first,) = world.full()

    async def break_down() -> None:
        try:
            place = world.bulkhead.enter(float("inf"))
            assert place is not None
            await place
            world.bulkhead.leave(None)
        finally:
            raise ZeroDivisionError

    Task(break_down()).step()
    with pytest.raises(ZeroDivisionError):
        world.bulkhead.enter(float("inf"))
    assert world.counts() == (1, 0, 0)
    Task(break_down()).step()
    with pytest.raises(ZeroDivisionError):
        first.leave()
    assert world.counts() == (0, 0, 0)
    (first,) = world.full()
    second, third = world.request(), world.request()
    assert second.refused is BULKHEAD_FULL
    first.leave()
    assert third.inside


def test_an_adaptive_limit() -> None:
    """It is what the gradient says after each answer; those who wait come in as it grows."""
    gradient = Gradient(2, 50)
    world = World(Limits(most=None, queue=10), gradient)
    assert world.bulkhead.limit == 2
    seen = set()
    for _ in range(200):
        inside = world.full()
        assert len(inside) == world.bulkhead.limit
        waiting = world.request()
        for request in inside:
            world.clock.advance(0.05)
            request.leave(0.1)
        assert waiting.inside
        waiting.leave(None)
        seen.add(world.bulkhead.limit)
        assert world.bulkhead.limit == gradient.limit
    assert max(seen) == 50
    for _ in range(20):
        for request in world.full():
            world.clock.advance(0.05)
            request.leave(5.0, dropped=True)
    assert world.bulkhead.limit < 50


def test_an_answer_that_says_nothing_is_not_observed() -> None:
    """A request that was abandoned leaves the limit as it is."""
    gradient = Gradient(2, 50)
    world = World(Limits(most=None), gradient)
    for _ in range(100):
        for request in world.full():
            world.clock.advance(1.0)
            request.leave(None, dropped=True)
    assert gradient.limit == 2
    assert world.counts() == (0, 0, 0)
