"""Connections to one target: lent, reused and queued for."""

from __future__ import annotations

import pytest

from gatewayd.core.reasons import POOL_EXHAUSTED, TOTAL_TIMEOUT
from tests.upstream.fakes import GaveUp, Limits, World, full


def test_a_request_opens_a_connection() -> None:
    """While fewer than the limit are open, a request that finds nothing idle gets a new one."""
    world = World(Limits())
    assert world.pool.take() is None
    request = world.request()
    assert request.pending
    assert world.pool.counts() == (1, 0, 0)
    assert world.dials[0].succeed() is request.connection
    assert world.pool.counts() == (1, 0, 0)


def test_the_connection_used_last_is_lent_first() -> None:
    """So surplus connections of a quiet service grow old and are closed."""
    world, requests = full()
    first, second = (request.connection for request in requests)
    assert first is not None
    assert second is not None
    world.pool.release(first)
    world.pool.release(second)
    assert world.pool.counts() == (0, 2, 0)
    assert world.pool.take() is second
    assert world.pool.take() is first
    assert world.pool.take() is None
    assert world.pool.counts() == (2, 0, 0)


def test_an_idle_connection_has_a_deadline() -> None:
    """It is set when the connection comes back, and lifted when it is lent again."""
    world = World(Limits(idle=60.0))
    _, connection = world.connected()
    world.pass_time(100)
    world.pool.release(connection)
    assert connection.deadline == 160
    assert world.pool.take() is connection
    assert connection.deadline == float("inf")


def test_a_connection_is_lent_a_limited_number_of_times() -> None:
    """After its last request it is closed."""
    world = World(Limits(requests=2))
    _, connection = world.connected()
    connection.served = 1
    world.pool.release(connection)
    assert world.pool.take() is connection
    connection.served = 2
    world.pool.release(connection)
    assert connection.closed
    assert world.pool.counts() == (0, 0, 0)


def test_a_connection_that_cannot_be_reused_is_closed() -> None:
    """Its place is free again."""
    world = World(Limits())
    _, connection = world.connected()
    connection.reusable = False
    world.pool.release(connection)
    assert connection.closed
    assert world.pool.counts() == (0, 0, 0)


def test_an_idle_connection_that_is_lost_is_not_lent() -> None:
    """The pool forgets it."""
    world = World(Limits())
    _, connection = world.connected()
    world.pool.release(connection)
    connection.lose()
    assert world.pool.take() is None
    assert world.pool.counts() == (0, 0, 0)


def test_waiters_are_served_in_order() -> None:
    """Beyond the limit requests wait; each connection that comes back goes to the one that came first."""
    world, requests = full()
    third, fourth = world.request(), world.request()
    assert third.pending
    assert world.pool.counts() == (2, 0, 2)
    assert requests[1].connection is not None
    world.pool.release(requests[1].connection)
    assert third.connection is requests[1].connection
    assert fourth.pending
    assert world.pool.counts() == (2, 0, 1)


def test_the_queue_is_bounded() -> None:
    """A request that finds it full is refused at once."""
    world, _ = full(Limits(waiters=1))
    assert world.request().pending
    assert world.request().refused is POOL_EXHAUSTED
    assert world.pool.counts() == (2, 0, 1)


def test_a_pool_without_a_queue() -> None:
    """`waiters: 0` refuses whoever finds no place, and still opens connections while there is one."""
    world, _ = full(Limits(waiters=0))
    assert world.request().refused is POOL_EXHAUSTED


def test_waiting_is_bounded() -> None:
    """A request is refused when its wait is over, and not before."""
    world, requests = full(Limits(wait=5.0))
    waiting = world.request()
    world.pass_time(4.999)
    assert waiting.pending
    world.pass_time(0.001)
    assert waiting.refused is POOL_EXHAUSTED
    assert world.pool.counts() == (2, 0, 0)
    assert not world.watched
    assert requests[0].connection is not None
    world.pool.release(requests[0].connection)
    assert world.pool.counts() == (1, 1, 0)


def test_waiting_counts_against_the_whole_request() -> None:
    """A request whose time is up before the wait is over is refused for that reason, queued or dialing."""
    world, _ = full(Limits(wait=5.0))
    queued = world.request(limit=1.0)
    world.pass_time(0.999)
    assert queued.pending
    world.pass_time(0.001)
    assert queued.refused is TOTAL_TIMEOUT
    empty = World(Limits())
    dialing = empty.request(limit=1.0)
    empty.pass_time(1.0)
    assert dialing.refused is TOTAL_TIMEOUT
    assert not empty.watched


def test_one_who_gives_up_leaves_the_queue() -> None:
    """The next connection goes to the one behind."""
    world, requests = full()
    third, fourth = world.request(), world.request()
    third.give_up()
    assert isinstance(third.error, GaveUp)
    assert world.pool.counts() == (2, 0, 1)
    assert requests[0].connection is not None
    world.pool.release(requests[0].connection)
    assert fourth.connection is requests[0].connection


def test_a_connection_handed_over_in_the_moment_of_giving_up_comes_back() -> None:
    """What the request no longer takes is idle."""
    world, requests = full()
    coroutine = world.pool.acquire()
    waiter = coroutine.send(None)
    assert requests[0].connection is not None
    world.pool.release(requests[0].connection)
    assert waiter.done
    with pytest.raises(GaveUp):
        coroutine.throw(GaveUp())
    assert world.pool.counts() == (1, 1, 0)
