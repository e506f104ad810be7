"""Connections to one target: opened, refused, lost, and closed with the pool."""

from __future__ import annotations

from contextlib import suppress

from gatewayd.core.reasons import CONNECT_FAILED, CONNECT_TIMEOUT, SHUTTING_DOWN, UPSTREAM_RESET, Refused
from gatewayd.pipeline.task import Task
from tests.upstream.fakes import GaveUp, Limits, Request, World, full


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


def test_one_who_asks_again_at_once_does_not_break_the_bound() -> None:
    """A client whose request was refused may have the next one ready: it comes in before the place is given away."""
    world = World(Limits(connections=2))
    world.connected()
    again: list[Request] = []

    async def twice() -> None:
        with suppress(Refused):
            await world.pool.acquire()
        again.append(world.request())

    Task(twice()).step()
    waiting = world.request()
    world.dials[1].fail()
    assert len(world.dialing()) == 1
    assert world.pool.counts() == (2, 0, 1)
    world.dials[2].succeed()
    assert not waiting.pending
    assert again[0].pending


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
