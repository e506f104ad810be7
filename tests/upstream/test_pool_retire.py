"""A pool whose target is on its way out: it serves whoever came, and keeps nothing."""

from __future__ import annotations

from gatewayd.core.reasons import CONNECT_FAILED, POOL_EXHAUSTED
from tests.upstream.fakes import Limits, World, full


def test_idle_connections_are_closed() -> None:
    """At once; what is lent stays until it comes back."""
    world, requests = full()
    first, second = (request.connection for request in requests)
    assert first is not None
    assert second is not None
    world.pool.release(first)
    world.pool.retire()
    assert first.closed
    assert not second.closed
    assert world.pool.take() is None
    assert world.pool.counts() == (1, 0, 0)
    world.pool.release(second)
    assert second.closed
    assert world.pool.counts() == (0, 0, 0)


def test_who_waits_is_served() -> None:
    """By connections that come back, one after the other; the last one is closed."""
    world, requests = full(Limits(connections=1))
    first, second = world.request(), world.request()
    world.pool.retire()
    connection = requests[0].connection
    assert connection is not None
    for request in (first, second):
        world.pool.release(connection)
        assert request.connection is connection
        assert not connection.closed
    world.pool.release(connection)
    assert connection.closed
    assert not world.watched


def test_who_comes_late_is_served() -> None:
    """A request that picked the target a moment before gets a connection, within the limits that hold for all."""
    world = World(Limits(connections=1, waiters=0))
    world.pool.retire()
    request, connection = world.connected()
    assert request.connection is connection
    assert world.request().refused is POOL_EXHAUSTED
    world.pool.release(connection)
    assert connection.closed


def test_a_connection_that_nobody_wants_any_more() -> None:
    """It was being opened when the target went, and its request gave up: closed as soon as it stands."""
    world = World(Limits())
    request = world.request()
    world.pool.retire()
    request.give_up()
    assert world.dials[0].succeed().closed
    assert world.pool.counts() == (0, 0, 0)


def test_who_waits_for_a_target_that_is_gone() -> None:
    """It cannot be reached: whoever waits is told, as always."""
    world = World(Limits())
    request = world.request()
    world.pool.retire()
    world.dials[0].fail()
    assert request.refused is CONNECT_FAILED
    assert world.pool.counts() == (0, 0, 0)


def test_twice() -> None:
    """Nothing more happens."""
    world, _ = full()
    world.pool.retire()
    world.pool.retire()
    assert world.pool.counts() == (2, 0, 0)
