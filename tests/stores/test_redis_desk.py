"""Calls to Redis in time: batches, bounds, the breaker, and what it is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gatewayd.stores import Script
from gatewayd.stores.redis.desk import DOUBT, HEARTBEAT
from gatewayd.stores.redis.scripts import digest
from gatewayd.stores.redis.wire import encode
from tests.stores.observers import logged
from tests.stores.scripted import PING, World
from tests.stores.test_contract import limit

SCRIPT = Script("limit", "return 1", limit)
EVALSHA = encode(b"EVALSHA", digest("return 1"), 1, b"gw:{k}", 5)
EVAL = encode(b"EVAL", b"return 1", 1, b"gw:{k}", 5)


@pytest.fixture
def world() -> Iterator[World]:
    """A store that is started, and stopped at the end."""
    world = World()
    yield world
    world.stop()


def get(*keys: bytes) -> bytes:
    """What is written to get keys."""
    return b"".join(encode(b"GET", b"gw:{" + key + b"}") for key in keys)


def test_one_write_a_turn(world: World) -> None:
    """The calls of a turn go out together, on the connection that has the least to do, and are answered in order."""
    one, two = world.up()
    world.get(b"a", b"b", b"c")
    assert (one.writes, two.writes) == ([get(b"a", b"b", b"c")], [])
    world.get(b"d")
    assert two.take() == get(b"d")
    world.get(b"e")
    assert two.take() == get(b"e")
    two.answer(b"$1\r\n4\r\n$-1\r\n")
    assert world.taken() == [b"4", None]
    one.answer(b"$1\r\n1\r\n$1\r\n2\r\n$")
    one.answer(b"1\r\n3\r\n")
    assert world.taken() == [b"1", b"2", b"3"]
    assert world.store.waiting == 0


def test_the_time_limit(world: World) -> None:
    """It begins with the call, and what comes too late is dropped, also when its turn in the order comes."""
    one, _ = world.up()
    world.get(b"a", b"b")
    world.clock.advance(0.01)
    one.answer(b"$1\r\n1\r\n")
    world.clock.advance(0.0399)
    assert world.taken() == [b"1"]
    world.clock.advance(0.0001)
    assert world.taken() == ["timeout"]
    assert world.counts.errors == ["timeout"]
    assert [round(seconds, 4) for family, seconds in world.counts.seconds] == [0.01, 0.05]
    one.answer(b"$4\r\nlate\r\n")
    assert world.taken() == []
    assert world.store.waiting == 0
    assert world.store.up


def test_a_later_batch_has_its_own_time(world: World) -> None:
    """One timer serves all batches, each at its own time."""
    world.up()
    world.get(b"a")
    world.clock.advance(0.03)
    world.get(b"b")
    world.clock.advance(0.02)
    assert world.taken() == ["timeout"]
    world.clock.advance(0.0299)
    assert world.taken() == []
    world.clock.advance(0.0002)
    assert world.taken() == ["timeout"]


def test_the_breaker(world: World) -> None:
    """Three batches in a row without an answer: then nobody waits any more, until a PING of the store's own passes."""
    with logged() as lines:
        one, two = world.up()
        for _ in range(3):
            world.get(b"a", b"b")
            world.clock.advance(0.05)
        assert world.taken() == ["timeout"] * 6
        assert not world.store.up
        for wire in (one, two):
            wire.take()
        world.get(b"c")
        assert world.taken() == ["timeout"]
        assert (one.writes, two.writes) == ([], [])
        world.clock.advance(0.5)
        world.turn()
        probe = one if one.writes else two
        assert probe.take() == PING
        world.get(b"d")
        assert world.taken() == ["timeout"]
        world.clock.advance(0.05)  # the probe had no answer: twice the time
        world.clock.advance(0.9)
        assert (one.take(), two.take()) == (b"", b"")
        world.clock.advance(0.11)
        world.turn()
        assert one.take() + two.take() == PING
        for wire in (one, two):
            wire.answer_all()
    assert world.store.up
    assert world.changes == [(True, ""), (False, "no answer in 0.05 s"), (True, "")]
    assert [line.partition(" is ")[2] for line in lines] == ["up", "away: no answer in 0.05 s", "up"]


def test_heartbeats(world: World) -> None:
    """Where nobody asks, the store does; and soon again where there was no answer."""
    one, two = world.up()
    world.clock.advance(HEARTBEAT)
    world.turn()
    assert one.take() == PING
    world.clock.advance(0.05)
    for _ in range(2):
        world.clock.advance(DOUBT)
        world.turn()
        world.clock.advance(0.05)
    assert one.take() + two.take() == PING * 2
    assert not world.store.up
    assert world.counts.seconds == []


def test_waiters(world: World) -> None:
    """Calls that nobody waits for any more take room until they are answered, or the connection is lost."""
    bounded = World(waiters=3)
    one, two = bounded.up()
    bounded.get(b"a", b"b", b"c", b"d")
    assert bounded.taken() == ["other"]
    bounded.clock.advance(0.05)
    assert bounded.taken() == ["timeout"] * 3
    bounded.get(b"e")
    assert bounded.taken() == ["other"]
    one.answer(b"$-1\r\n")
    bounded.get(b"f")
    two.answer(b"$1\r\nf\r\n")
    assert bounded.taken() == [b"f"]
    one.lose()
    assert bounded.store.waiting == 0
    bounded.stop()


def test_lost_in_the_turn(world: World) -> None:
    """Calls whose connections go before the turn ends are never sent; that is nobody's fault but the connections'."""
    one, two = world.up()
    world.call(world.store.get(b"a"))
    one.lose()
    two.lose()
    assert world.taken() == []
    world.turn()
    assert world.taken() == ["connection"]
    assert world.store.breaker.failures == 0


def test_scripts(world: World) -> None:
    """Go by their digest; where Redis does not know it, the script itself goes after it, within the same time."""
    one, _ = world.up()
    world.call(world.store.run(SCRIPT, b"k", 5))
    world.turn()
    assert one.take() == EVALSHA
    world.clock.advance(0.03)
    one.answer(b"-NOSCRIPT No matching script. Please use EVAL.\r\n")
    assert one.take() == EVAL
    assert world.store.waiting == 1
    one.answer(b":1\r\n")
    assert world.taken() == [1]
    world.call(world.store.run(SCRIPT, b"k", 5))
    world.turn()
    world.clock.advance(0.03)
    one.answer(b"-NOSCRIPT No matching script. Please use EVAL.\r\n")
    world.clock.advance(0.02)
    assert world.taken() == ["timeout"]
    one.answer(b":1\r\n")
    assert world.store.waiting == 0


def test_a_script_that_is_never_known(world: World) -> None:
    """Is not sent for ever."""
    one, _ = world.up()
    world.call(world.store.run(SCRIPT, b"k", 5))
    world.turn()
    one.answer(b"-NOSCRIPT No matching script.\r\n")
    one.answer(b"-NOSCRIPT No matching script.\r\n")
    assert world.taken() == ["script"]


def test_answers_of_another_kind(world: World) -> None:
    """Fail the call they are for, and nothing else."""
    one, _ = world.up()
    world.call(world.store.count(b"k", 1, 1.0))
    world.call(world.store.above(b"k", 0.0, 1))
    world.call(world.store.get(b"k"))
    world.turn()
    one.answer(b"$1\r\nx\r\n:7\r\n$1\r\nv\r\n")
    assert world.taken() == ["other", "other", b"v"]
    assert world.store.up


def test_faults_are_told_once(world: World) -> None:
    """What is wrong with calls while Redis is up is logged once for each cause; nothing of the calls is."""
    one, _ = world.up()
    with logged() as lines:
        for _ in range(3):
            world.get(b"secret")
            one.answer(b"-NOPERM this user has no permissions to run the 'get' command\r\n")
        world.get(b"secret")
        one.answer(b"-ERR unknown command 'GET', with args beginning with: 'gw:{secret}' \r\n")
    assert world.taken() == ["auth", "auth", "auth", "other"]
    assert [line.partition(": ")[2] for line in lines] == [
        "it answers NOPERM this user has no permissions to run the 'get' command",
        "it answers ERR unknown command 'GET'",
    ]
    assert world.counts.errors == ["auth", "auth", "auth", "other"]
