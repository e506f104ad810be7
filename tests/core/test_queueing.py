"""Who waits, who is next, and who is turned away."""

from __future__ import annotations

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.queueing import Order, Queue


def filled(most: int, order: Order, number: int) -> Queue[int]:
    """A queue in which 0, 1, ... wait."""
    queue: Queue[int] = Queue(most, order)
    for waiter in range(number):
        assert queue.join(waiter) is None
    return queue


def emptied(queue: Queue[int]) -> list[int]:
    """Who is served, in order."""
    served = []
    while (waiter := queue.next()) is not None:
        served.append(waiter)
    assert len(queue) == 0
    return served


def test_first_come_first_served() -> None:
    """However many wait."""
    assert emptied(filled(4, Order.FIFO, 4)) == [0, 1, 2, 3]


def test_a_full_queue_turns_the_newcomer_away() -> None:
    """Those before it keep their places."""
    queue = filled(2, Order.FIFO, 2)
    assert queue.join(2) == 2
    assert emptied(queue) == [0, 1]


def test_under_pressure_the_newest_is_first() -> None:
    """While more than half of the places are taken; then the oldest again."""
    assert emptied(filled(4, Order.LIFO_UNDER_PRESSURE, 4)) == [3, 2, 0, 1]
    assert emptied(filled(4, Order.LIFO_UNDER_PRESSURE, 2)) == [0, 1]
    assert emptied(filled(3, Order.LIFO_UNDER_PRESSURE, 2)) == [1, 0]


def test_under_pressure_the_oldest_makes_room() -> None:
    """It would be the last to be served."""
    queue = filled(2, Order.LIFO_UNDER_PRESSURE, 2)
    assert queue.join(2) == 0
    assert emptied(queue) == [2, 1]


def test_no_queue_at_all() -> None:
    """Everybody is turned away, in either order."""
    for order in Order:
        queue: Queue[int] = Queue(0, order)
        assert queue.join(1) == 1
        assert queue.next() is None


def test_leaving() -> None:
    """One who gives up is not served, and its place is free; to leave twice does nothing."""
    queue = filled(3, Order.FIFO, 3)
    queue.leave(1)
    queue.leave(1)
    assert len(queue) == 2
    assert queue.join(3) is None
    assert emptied(queue) == [0, 2, 3]


def test_as_it_is_configured() -> None:
    """The order's text serves as the order."""
    queue: Queue[int] = Queue(2, "lifo_under_pressure")
    assert (queue.join(1), queue.join(2)) == (None, None)
    assert emptied(queue) == [2, 1]
    assert [str(order) for order in Order] == ["fifo", "lifo_under_pressure"]


@given(
    most=st.integers(0, 5),
    order=st.sampled_from(Order),
    doings=st.lists(st.one_of(st.just("join"), st.just("next"), st.integers(0, 30)), max_size=60),
)
def test_like_a_plain_deque(most: int, order: Order, doings: list[str | int]) -> None:
    """Whatever comes and goes: the queue does what the rule says of a deque, and everybody gets exactly one end."""
    queue: Queue[int] = Queue(most, order)
    waiting: deque[int] = deque()
    adapts = order is Order.LIFO_UNDER_PRESSURE
    came = 0
    for doing in doings:
        if doing == "join":
            came += 1
            expected: int | None = None
            waiting.append(came)
            if len(waiting) > most:
                expected = waiting.popleft() if adapts else waiting.pop()
            assert queue.join(came) == expected
        elif doing == "next":
            newest = adapts and len(waiting) > most / 2
            expected = (waiting.pop() if newest else waiting.popleft()) if waiting else None
            assert queue.next() == expected
        elif isinstance(doing, int):
            queue.leave(doing)
            if doing in waiting:
                waiting.remove(doing)
        assert len(queue) == len(waiting) <= most
