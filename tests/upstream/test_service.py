"""A service with several targets."""

from __future__ import annotations

from gatewayd.upstream.service import Service, Target
from tests.upstream.fakes import Connection, Limits, World


def service(*worlds: World) -> Service[Connection]:
    """A service with a target for each world."""
    targets = [Target(f"http://127.0.0.1:900{at}", b"target", world.pool) for at, world in enumerate(worlds)]
    return Service("payment", targets)


def test_one_target_is_always_the_one() -> None:
    """There is no turn to take."""
    one = service(World(Limits()))
    assert one.pick() is one.pick() is one.targets[0]


def test_targets_are_taken_in_turn() -> None:
    """Each gets its share, whichever comes first."""
    three = service(World(Limits()), World(Limits()), World(Limits()))
    first = [three.pick() for _ in range(3)]
    assert set(first) == set(three.targets)
    assert [three.pick() for _ in range(6)] == first * 2


def test_counts_are_those_of_all_targets() -> None:
    """In use, idle and waiting are added up."""
    busy, quiet = World(Limits(connections=1)), World(Limits())
    both = service(busy, quiet)
    busy.connected()
    busy.request()
    _, connection = quiet.connected()
    quiet.pool.release(connection)
    quiet.connected()
    assert both.counts() == (2, 1, 1)


def test_closing_closes_every_pool() -> None:
    """None lends any more."""
    worlds = World(Limits()), World(Limits())
    both = service(*worlds)
    both.close()
    assert all(world.pool.closed for world in worlds)
