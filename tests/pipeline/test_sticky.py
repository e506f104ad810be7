"""Clients that keep their target by a cookie: set once, followed, and set anew when the target cannot be had."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatewayd.core.streak import Health
from tests.pipeline.test_request_heads import fields
from tests.pipeline.wire import Wire
from tests.pipeline.world import World, get, ok

CONFIG = """
services:
  main:
    targets: ["http://127.0.0.1:9001", "http://127.0.0.1:9002"]
    balance: {sticky: {cookie: at, ttl: 10m, secure: false}}
    ejection: {consecutive: 2, time: 10s, ramp: 0s}
    retries: {attempts: 1, on: [connect, reset, 503], backoff: 0s}
routes:
  - {name: all, path: "/**", service: main}
"""
HEDGE = CONFIG.replace("backoff: 0s", "backoff: 0s, hedge: {most: 1s}")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A gateway with two targets."""
    return World(tmp_path, CONFIG, draw=0.0)


def given(client: Wire) -> bytes:
    """The target's id in the cookie that the client is given with its answer."""
    (line,) = fields(client.take(), b"Set-Cookie")
    return line.partition(b";")[0].partition(b"=")[2]


def asked(world: World) -> int:
    """The port of the target that has a request."""
    (target,) = [target for target in world.services["main"].targets if target.active]
    return int(target.url.rpartition(":")[2])


def with_cookie(ident: bytes) -> bytes:
    """A request of a client that was given this one."""
    return get(b"/", b"Cookie: a=b; at=%b\r\n" % ident)


def answer(world: World) -> None:
    """The target that was asked answers."""
    world.at(asked(world)).send(ok())


def break_off(world: World, port: int) -> None:
    """The target that was asked begins to answer, and breaks off: it was not its connection that had gone stale."""
    world.at(port).send(b"HTTP/1.1 ")
    world.at(port).reset()


def ident_of(world: World, port: int) -> bytes:
    """What the cookie of a client at this target says."""
    while True:
        client, _ = world.ask(get())
        there = asked(world) == port
        answer(world)
        ident = given(client)
        client.hang_up()
        if there:
            return ident


def test_the_cookie(world: World) -> None:
    """It comes with the answer, and says no more of the target than that it is the same."""
    client, service = world.ask(get())
    service.send(ok(b"ok", b"Set-Cookie: own=1\r\n"))
    own, ours = fields(client.take(), b"Set-Cookie")
    name, _, rest = ours.partition(b"=")
    assert (own, name) == (b"own=1", b"at")
    assert rest[12:] == b"; Path=/; Max-Age=600; HttpOnly; SameSite=Lax"
    assert b"9001" not in ours
    world.settled()


@pytest.mark.parametrize("port", [9001, 9002])
def test_it_is_followed(world: World, port: int) -> None:
    """However many requests, whatever the others' turn; and it is not set again."""
    ident = ident_of(world, port)
    for _ in range(3):
        client, _ = world.ask(with_cookie(ident))
        assert asked(world) == port
        answer(world)
        assert fields(client.take(), b"Set-Cookie") == []
        ident_of(world, 9001)
    world.settled()


@pytest.mark.parametrize("ident", [b"", b"forged", b"A" * 12, b'"x"', b"\xff\xfe"])
def test_a_cookie_of_no_target(world: World, ident: bytes) -> None:
    """It stands for nothing, and the client is given another."""
    client, _ = world.ask(with_cookie(ident))
    answer(world)
    assert len(given(client)) == 12
    world.settled()


def test_an_ejected_target(world: World) -> None:
    """Its clients fall to another, and stay there when it is back."""
    ident = ident_of(world, 9001)
    for _ in range(2):
        client, _ = world.ask(with_cookie(ident))
        break_off(world, 9001)
        assert asked(world) == 9002
        answer(world)
        moved = given(client)
        assert moved != ident
    assert world.services["main"].candidates[0].url.endswith("9002")
    client, _ = world.ask(with_cookie(ident))
    assert asked(world) == 9002
    answer(world)
    assert given(client) == moved
    world.pass_time(12)
    client, _ = world.ask(with_cookie(moved))
    assert asked(world) == 9002
    answer(world)
    assert fields(client.take(), b"Set-Cookie") == []
    world.settled()


def test_an_unhealthy_target(world: World) -> None:
    """The same for one whose checks fail."""
    ident = ident_of(world, 9001)
    service = world.services["main"]
    service.targets[0].health = Health.UNHEALTHY
    service.refresh(world.clock.seconds())
    client, _ = world.ask(with_cookie(ident))
    assert asked(world) == 9002
    answer(world)
    assert given(client) != ident
    world.settled()


@pytest.mark.parametrize("failure", ["reset", "busy"])
def test_another_attempt_moves_the_client(world: World, failure: str) -> None:
    """The cookie names the target whose answer it comes with."""
    other = ident_of(world, 9002)
    ident = ident_of(world, 9001)
    client, _ = world.ask(with_cookie(ident))
    if failure == "reset":
        break_off(world, 9001)
    else:
        world.at(9001).send(ok(status=b"503 Busy"))
    assert asked(world) == 9002
    answer(world)
    assert given(client) == other
    world.settled()


def test_no_answer_no_cookie(world: World) -> None:
    """The gateway's own answers keep nobody anywhere."""
    client, _ = world.ask(get())
    for port in (9001, 9002):
        world.at(port).reset()
    sent = client.take()
    assert sent.startswith(b"HTTP/1.1 502 ")
    assert fields(sent, b"Set-Cookie") == []
    world.settled()


@pytest.mark.parametrize("winner", [9001, 9002])
def test_the_cookie_names_who_answered(tmp_path: Path, winner: int) -> None:
    """Of two targets that were asked at once, that is the one whose answer the client has."""
    world = World(tmp_path, HEDGE, draw=0.0)
    idents = {port: ident_of(world, port) for port in (9001, 9002)}
    client, _ = world.ask(get())
    world.clock.advance(1)
    world.at(winner).send(ok())
    assert given(client) == idents[winner]
    world.settled()


def test_losing_moves_nobody(tmp_path: Path) -> None:
    """A client stays where it is when its target answers first after all."""
    world = World(tmp_path, HEDGE, draw=0.0)
    client, _ = world.ask(with_cookie(ident_of(world, 9001)))
    world.clock.advance(1)
    assert sorted(target.active for target in world.services["main"].targets) == [1, 1]
    world.at(9001).send(ok())
    assert fields(client.take(), b"Set-Cookie") == []
    world.settled()
