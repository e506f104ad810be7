"""Connections to one target: lent, reused, queued for, given up and closed."""

from __future__ import annotations

import pytest

from gatewayd.core.reasons import (
    CONNECT_FAILED,
    CONNECT_TIMEOUT,
    POOL_EXHAUSTED,
    SHUTTING_DOWN,
    TOTAL_TIMEOUT,
    UPSTREAM_RESET,
)
from tests.upstream.fakes import GaveUp, Limits, Request, World


def full(limits: Limits = Limits()) -> tuple[World, list[Request]]:  # noqa: B008 - frozen
    """A pool with every connection lent."""
    world = World(limits)
    return world, [world.connected()[0] for _ in range(limits.connections)]


def test_a_request_opens_a_connection() -> None:
    """While fewer than the limit are open, a request that finds nothing idle gets a new one."""
    world = World(Limits())
    assert world.pool.take() is None
    request = world.request()
    assert request.pending
    assert world.pool.counts() == (1, 0, 0)
    assert world.dials[0].succeed() is request.connection
    assert world.pool.counts() == (1, 0, 0)


def test_a_dial_may_end_at_once() -> None:
    """A dial that has its result already is as good as one that gets it later."""
    world = World(Limits())
    dial = world.pool._dial

    def at_once() -> object:
        deferred = dial()
        world.dials[-1].succeed()
        return deferred

    world.pool._dial = at_once  # type: ignore[assignment]
    assert world.request().connection is world.dials[0].connection
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


def test_a_lost_connection_makes_room_for_a_waiter() -> None:
    """A new one is opened for the queue."""
    world, requests = full()
    waiting = world.request()
    assert requests[0].connection is not None
    requests[0].connection.lose()
    assert len(world.dialing()) == 1
    assert world.pool.counts() == (2, 0, 0)
    connection = world.dials[-1].succeed()
    assert waiting.connection is connection


def test_a_connection_opened_for_a_queue_that_went_away_is_kept() -> None:
    """It is idle then."""
    world, requests = full()
    waiting = world.request()
    assert requests[0].connection is not None
    requests[0].connection.lose()
    waiting.give_up()
    world.dials[-1].succeed()
    assert world.pool.counts() == (1, 1, 0)


def test_a_connection_that_comes_back_serves_one_who_dials() -> None:
    """Nobody waits for a slow dial while a connection is free; what the dial brings is idle then."""
    world = World(Limits())
    _, connection = world.connected()
    dialing = world.request()
    world.pool.release(connection)
    assert dialing.connection is connection
    assert world.pool.counts() == (2, 0, 0)
    world.dials[1].succeed()
    assert world.pool.counts() == (1, 1, 0)


def test_a_dial_that_fails_is_told() -> None:
    """With the reason the dial gave; the place is free again."""
    world = World(Limits())
    request = world.request()
    world.dials[0].fail(CONNECT_TIMEOUT)
    assert request.refused is CONNECT_TIMEOUT
    assert world.pool.counts() == (0, 0, 0)
    assert not world.watched


def test_where_nothing_is_open_a_failure_is_everybodys() -> None:
    """The queue is not made to wait for a target that cannot be reached."""
    world = World(Limits(connections=1))
    requests = [world.request() for _ in range(4)]
    world.dials[0].fail()
    assert [request.refused for request in requests] == [CONNECT_FAILED] * 4
    assert len(world.dials) == 1


def test_where_others_are_open_a_failure_is_one_requests() -> None:
    """The place that became free goes to the queue: nobody waits for a connection that could be opened."""
    world = World(Limits(connections=2))
    world.connected()
    dialing, waiting = world.request(), world.request()
    world.dials[1].fail()
    assert dialing.refused is CONNECT_FAILED
    assert waiting.pending
    assert len(world.dialing()) == 1
    assert world.pool.counts() == (2, 0, 0)
    world.dials[2].fail()
    assert waiting.refused is CONNECT_FAILED
    assert world.dialing() == []


def test_giving_up_while_dialing_leaves_the_connection_to_others() -> None:
    """Whoever waits gets it."""
    world = World(Limits(connections=1))
    request, waiting = world.request(), world.request()
    request.give_up()
    assert isinstance(request.error, GaveUp)
    connection = world.dials[0].succeed()
    assert waiting.connection is connection
    assert len(world.dials) == 1


def test_giving_up_while_dialing_leaves_an_idle_connection() -> None:
    """Where nobody waits it is kept, and counted all the time."""
    world = World(Limits())
    world.request().give_up()
    assert world.pool.counts() == (1, 0, 0)
    connection = world.dials[0].succeed()
    assert world.pool.counts() == (0, 1, 0)
    assert world.pool.take() is connection


def test_giving_up_while_dialing_strands_nobody() -> None:
    """Where the dial fails those are told who waited for it to end."""
    world = World(Limits(connections=1))
    request, waiting = world.request(), world.request()
    request.give_up()
    world.dials[0].fail()
    assert waiting.refused is CONNECT_FAILED


def test_a_connection_closed_before_it_was_lent() -> None:
    """A service that accepts and closes at once is told apart from one that answers nothing, and keeps no place."""
    world = World(Limits())
    request = world.request()
    world.dials[0].connection.lose()
    world.dials[0].succeed()
    assert request.refused is UPSTREAM_RESET
    assert world.pool.counts() == (0, 0, 0)


def test_closing() -> None:
    """Idle connections are closed, dials cancelled, everybody who waits is told; nothing is lent any more."""
    world, requests = full(Limits(connections=3))
    lent, idle, _ = (request.connection for request in requests)
    assert lent is not None
    assert idle is not None
    idle.lose()
    dialing, waiting = world.request(), world.request()
    world.pool.close()
    assert world.dials[-1].cancelled
    assert dialing.refused is SHUTTING_DOWN
    assert waiting.refused is SHUTTING_DOWN
    assert world.request().refused is SHUTTING_DOWN
    assert world.dialing() == []
    assert not lent.closed
    world.pool.release(lent)
    assert world.pool.counts() == (1, 0, 0)


def test_closing_closes_what_is_idle() -> None:
    """And nobody gets it."""
    world, requests = full()
    for request in requests:
        assert request.connection is not None
        world.pool.release(request.connection)
    world.pool.close()
    assert all(request.connection is not None and request.connection.closed for request in requests)
    assert world.pool.take() is None
    assert world.pool.counts() == (0, 0, 0)


def test_a_connection_that_comes_after_the_close() -> None:
    """A dial that no cancellation reached leaves nothing open."""
    world = World(Limits())
    world.late = True
    request = world.request()
    world.pool.close()
    assert request.refused is SHUTTING_DOWN
    connection = world.dials[0].succeed()
    assert connection.closed
    assert world.pool.counts() == (0, 0, 0)
