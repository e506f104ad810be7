"""The connections to Redis: how they begin, when they are given up, and when the next attempt is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gatewayd.stores.redis.wire import encode
from tests.stores.observers import logged
from tests.stores.scripted import PING, WRITES, World


@pytest.fixture
def world() -> Iterator[World]:
    """A store that is started, and stopped at the end."""
    world = World()
    yield world
    world.stop()


def test_silence(world: World) -> None:
    """A connection on which nothing comes is given up, and made anew; one that answers late is kept."""
    one, two = world.up()
    world.get(b"a")
    world.clock.advance(0.05)
    world.get(b"b")
    world.clock.advance(0.05)
    world.clock.advance(1.0)
    two.answer(b"$-1\r\n")
    two.answer_all()
    world.clock.advance(0.8999)
    assert not one.closed
    world.clock.advance(0.0002)
    world.turn()
    assert (one.closed, two.closed) == (True, False)
    assert world.store.connected == 1
    world.clock.advance(0.1)
    assert world.dialled == 3


def test_a_lost_connection(world: World) -> None:
    """Takes the calls on it with it, and nothing else; the next attempt is soon, and later each time it fails."""
    one, two = world.up()
    world.get(b"a")
    world.get(b"b")
    one.lose()
    assert world.taken() == ["connection"]
    two.answer(b"$1\r\nb\r\n")
    assert world.taken() == [b"b"]
    assert world.store.up
    assert repr(world.store) == "<RedisStore 127.0.0.1:6379: up, 1 of 2 connections>"
    for delay in (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0):
        before = world.dialled
        world.clock.advance(delay - 0.001)
        assert world.dialled == before
        world.clock.advance(0.002)
        assert world.dialled == before + 1
        world.refuse(before)
        two.answer_all()
    assert world.store.up
    world.clock.advance(5.1)
    world.connect(world.dialled - 1)
    assert world.store.connected == 2


def test_lost_as_soon_as_made(world: World) -> None:
    """A server that closes each connection at once is not asked in a tight loop."""
    world.refuse(1)
    world.connect(0).lose()
    world.clock.advance(0.11)
    assert world.dialled == 4
    world.refuse(3)
    world.connect(2).lose()
    world.clock.advance(0.11)
    assert world.dialled == 4
    world.clock.advance(0.1)
    assert world.dialled == 6


def test_no_connection() -> None:
    """At first, and while none can be made, calls fail at once; the start waits for the first attempt only."""
    world = World()
    with logged() as lines:
        world.call(world.store.get(b"a"))
        assert (world.taken(), world.first.called) == (["connection"], False)
        world.refuse(0)
        assert world.first.called
        world.refuse(1)
        world.call(world.store.get(b"a"))
        assert world.taken() == ["connection"]
    assert lines == ["Redis at 127.0.0.1:6379 is away: connection refused"]
    assert repr(world.store) == "<RedisStore 127.0.0.1:6379: away: connection refused, 0 of 2 connections>"
    world.stop()
    world.call(world.store.get(b"a"))
    assert world.taken() == ["connection"]


def test_a_silent_welcome(world: World) -> None:
    """A connection that is made and not answered is given up, as is one that is not made at all."""
    wire = world.connect(0, welcome=False)
    world.clock.advance(2.0)
    world.turn()
    assert wire.closed
    assert world.changes == [(False, "no connection and answer in 2 s")]
    world.clock.advance(0.1)
    assert world.dialled == 4


def test_introduction() -> None:
    """Name, password and database, before any call."""
    world = World(username="gateway", password="secret", database=2, connections=1)
    wire = world.connect(0, welcome=False)
    assert wire.take() == encode(b"AUTH", b"gateway", b"secret")
    wire.answer(b"+OK\r\n")
    assert wire.take() == encode(b"SELECT", 2)
    wire.answer(b"+OK\r\n")
    assert wire.take() == PING
    wire.answer(b"+PONG\r\n")
    assert wire.take() == WRITES
    assert not world.store.up
    wire.answer(b":0\r\n")
    assert world.store.up
    world.stop()


@pytest.mark.parametrize(
    ("answer", "up"),
    [
        (b":0\r\n", True),
        (b"-NOPERM this user has no permissions to run the 'persist' command\r\n", True),
        (b"-MISCONF Redis is configured to save RDB snapshots\r\n", True),
        (b"-READONLY You can't write against a read only replica.\r\n", False),
        (b"-MASTERDOWN Link with MASTER is down\r\n", False),
    ],
)
def test_whether_it_may_be_written_to(world: World, answer: bytes, up: bool) -> None:
    """A connection to a server that takes nothing is none; that one command may not be used says nothing."""
    wire = world.connect(0, welcome=False)
    wire.answer(b"+PONG\r\n")
    wire.answer(answer)
    world.turn()
    assert (world.store.up, wire.closed) == (up, not up)


def test_a_server_that_leads_nowhere(world: World) -> None:
    """Is left by all connections at once, and that is told once, however often it says so."""
    with logged() as lines:
        one, two = world.up()
        world.get(b"a")
        world.get(b"b")
        two.answer(b"-READONLY no\r\n")
        assert world.taken() == ["connection"]
        world.turn()
        assert (one.closed, two.closed) == (True, True)
        assert world.taken() == ["connection"]
        for number in (2, 3):
            world.clock.advance(0.11)
            wire = world.connect(number, welcome=False)
            wire.answer(b"+PONG\r\n")
            wire.answer(b"-READONLY no\r\n")
            world.turn()
    assert [line.partition(" is ")[2] for line in lines] == ["up", "away: it answers READONLY no"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"?what\r\n", "it does not speak Redis: an answer has no kind"),
        (b"$-1\r\n:1\r\n", "it answers what nobody asked"),
        (b"-READONLY You can't write against a read only replica.\r\n", "it answers READONLY You can't"),
        (b"-LOADING Redis is loading the dataset in memory\r\n", "it answers LOADING"),
        (b"-NOAUTH Authentication required.\r\n", "it answers NOAUTH"),
    ],
)
def test_a_connection_that_leads_nowhere(world: World, answer: bytes, why: str) -> None:
    """Is given up because of what came on it."""
    one, two = world.up()
    two.lose()
    world.get(b"a")
    one.answer(answer)
    world.turn()
    assert one.closed
    assert len(world.taken()) == 1
    assert world.changes[-1][0] is False
    assert world.changes[-1][1].startswith(why)


def test_a_stop(world: World) -> None:
    """What is under way fails, what is not sent yet too, and a call that follows as well."""
    stopped = World()
    stopped.up()
    stopped.get(b"a")
    stopped.call(stopped.store.get(b"b")).addCallback(lambda _: stopped.call(stopped.store.get(b"c")))
    stopped.stop()
    assert stopped.taken() == ["connection"] * 3
    assert len(stopped.changes) == 1
    stopped.stop()
