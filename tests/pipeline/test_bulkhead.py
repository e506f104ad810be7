"""How many requests a service gets at a time: who waits, who is next, who is refused, and that places come back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gatewayd.core.breaker import Event
from tests.pipeline.test_request_heads import fields
from tests.pipeline.test_upgrades import SWITCHED, UPGRADE
from tests.pipeline.wire import Wire
from tests.pipeline.world import World, get, ok, reason

CONFIG = """
services:
  main:
    targets: ["http://127.0.0.1:9001"]
    timeouts: {response: 10s}
    retries: {attempts: 1, on: [connect, 503], backoff: 2s, backoff_most: 2s}
    concurrency: {most: 2, queue: 2, wait: 5s}
  other: {targets: ["http://127.0.0.1:9002"]}
routes:
  - {name: all, path: "/**", service: main}
  - {name: other, path: /other, service: other}
"""
LIFO = CONFIG.replace("queue: 2", "queue: 4, order: lifo_under_pressure")
ADAPTIVE = CONFIG.replace("most: 2, queue: 2", "adaptive: {least: 2, most: 100}").replace("attempts: 1", "attempts: 0")
POST = get(b"/", b"Content-Length: 3\r\n", method=b"POST")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A gateway whose service may have two requests, and two more may wait."""
    return World(tmp_path, CONFIG, draw=0.0)


def occupied(world: World) -> list[tuple[Wire, Wire]]:
    """Two requests that have all the places."""
    return [world.ask(get(b"/%d" % index)) for index in range(2)]


def waiting(world: World) -> int:
    """How many wait."""
    bulkhead = world.services["main"].bulkhead
    assert bulkhead is not None
    return bulkhead.waiting


def answer(world: World, *wires: Wire) -> None:
    """These connections' requests are answered, and all that come to be asked on them meanwhile."""
    for wire in wires:
        while wire.take():
            wire.send(ok())
    world.settled()


def test_who_waits_and_who_is_refused(world: World) -> None:
    """The oldest is next; who finds the queue full is told at once, and other services have nothing to do with it."""
    (_, first), (_, second) = occupied(world)
    queued = [world.client() for _ in range(2)]
    for number, client in enumerate(queued):
        client.send(get(b"/waiting%d" % number))
    assert (len(world.ports), waiting(world)) == (2, 2)
    refused, _ = world.ask(get())
    sent = refused.written
    assert reason(refused) == "bulkhead-full"
    assert fields(sent, b"Connection") == []
    assert (world.record["status"], world.record["attempts"], world.record["target"]) == (503, 0, None)
    refused.send(get(b"/other"))
    world.at(9002).send(ok())
    assert refused.take().startswith(b"HTTP/1.1 200 ")
    first.take()
    first.send(ok())
    assert first.written.startswith(b"GET /waiting0 ")
    second.take()
    second.send(ok())
    assert second.written.startswith(b"GET /waiting1 ")
    assert world.breaker().failures == 0
    answer(world, first, second)


def test_who_waits_too_long(world: World) -> None:
    """503, and the service is not to blame."""
    (_, first), (_, second) = occupied(world)
    client, _ = world.ask(get())
    world.pass_time(4.75)
    assert client.take() == b""
    world.pass_time(0.5)
    assert reason(client) == "bulkhead-timeout"
    assert (waiting(world), world.breaker().failures) == (0, 0)
    answer(world, first, second)


def test_the_newest_first(tmp_path: Path) -> None:
    """While more than half of the queue is taken; and there the oldest makes room for one who comes."""
    world = World(tmp_path, LIFO, draw=0.0)
    (_, first), (_, second) = occupied(world)
    clients = [world.client() for _ in range(5)]
    for number, client in enumerate(clients):
        client.send(get(b"/waiting%d" % number))
    assert reason(clients[0]) == "bulkhead-full"
    order = []
    for _ in range(5):
        path = first.take().split(b" ")[1]
        order.append(path)
        first.send(ok())
    assert order == [b"/0", b"/waiting4", b"/waiting3", b"/waiting1", b"/waiting2"]
    answer(world, second)


@pytest.mark.parametrize("how", ["hang_up", "reset", "expel"])
@pytest.mark.parametrize("request_", [get(), POST])
def test_who_leaves_the_queue(world: World, how: str, request_: bytes) -> None:
    """It keeps no place, and the next one moves up."""
    (_, first), (_, second) = occupied(world)
    client = world.client()
    client.send(request_)
    next_one = world.client()
    next_one.send(get(b"/next"))
    if how == "expel":
        (channel,) = [channel for channel in world.listener.channels if channel.transport is client]
        channel.expel()
        client.turn()
    else:
        getattr(client, how)()
    assert (waiting(world), len(world.records)) == (1, 1)
    first.take()
    first.send(ok())
    assert first.written.startswith(b"GET /next ")
    answer(world, first, second)


def test_a_body_that_goes_wrong_in_the_queue(world: World) -> None:
    """It is refused for that."""
    (_, first), (_, second) = occupied(world)
    client = world.client()
    client.send(get(b"/", b"Transfer-Encoding: chunked\r\n", method=b"POST"), b"zz\r\n")
    assert reason(client) == "malformed-chunk"
    assert waiting(world) == 0
    answer(world, first, second)


def breaks_off(client: Wire, service: Wire) -> None:
    """The service does."""
    service.send(ok()[:-1])
    service.reset()


def is_garbled(client: Wire, service: Wire) -> None:
    """The service is no HTTP service."""
    service.send(b"SSH-2.0\r\n\r\n")


def leaves(client: Wire, service: Wire) -> None:
    """The client does."""
    client.hang_up()


def leaves_late(client: Wire, service: Wire) -> None:
    """The client does, in the middle of its answer."""
    service.send(ok()[:-1])
    client.reset()


def switches(client: Wire, service: Wire) -> None:
    """A tunnel begins, which may stay open for days."""
    service.send(SWITCHED)


@pytest.mark.parametrize("happens", [breaks_off, is_garbled, leaves, leaves_late, switches])
def test_every_end_makes_room(world: World, happens: Callable[[Wire, Wire], None]) -> None:
    """However a request ends, the next one comes in."""
    occupied(world)
    client, other = world.dials[0].wire, world.dials[1].wire
    other.take()
    other.send(ok())
    client, service = world.ask(get(b"/ws", *UPGRADE))
    service = next(dial.wire for dial in world.dials if b"/ws" in dial.wire.written)
    queued = world.client()
    queued.send(get(b"/queued"))
    happens(client, service)
    asked = next(dial.wire for dial in world.dials if b"/queued" in dial.wire.written)
    asked.send(ok())
    assert queued.take().startswith(b"HTTP/1.1 200 ")
    client.hang_up()
    answer(world, world.dials[0].wire)


def test_no_target_no_place(world: World) -> None:
    """Who cannot be sent on at all gives its place back at once."""
    service = world.services["main"]
    service.replace([], 0.0)
    for _ in range(5):
        client = world.client()
        client.send(get())
        assert reason(client) == "no-target"
    world.settled()


def test_retries_keep_their_place(world: World) -> None:
    """A pause between two attempts is no reason to let another one in."""
    world.random = lambda: 0.5
    (client, first), (_, second) = occupied(world)
    queued = world.client()
    queued.send(get(b"/queued"))
    first.send(ok(status=b"503 Busy"))
    assert (waiting(world), len(world.ports)) == (1, 2)
    world.clock.advance(1)
    assert world.service.written.startswith(b"GET /0 ")
    world.service.send(ok())
    assert client.take().startswith(b"HTTP/1.1 200 ")
    assert world.service.written.count(b"GET /queued ") == 1
    answer(world, second, world.service)


def adapted(world: World) -> int:
    """The limit that was found."""
    bulkhead = world.services["main"].bulkhead
    assert bulkhead is not None
    return bulkhead.limit


def rounds(world: World, end: Callable[[World, Wire], None], at_once: int = 2) -> None:
    """Many requests, always so many at once, that end in the same way after 50 ms."""
    for _ in range(60):
        clients = [world.client() for _ in range(at_once)]
        for client in clients:
            client.send(get())
        world.clock.advance(0.05)
        for client in clients:
            end(world, client)
        for client in clients:
            client.hang_up()


def say(world: World, answer: bytes) -> None:
    """The service answers to one of the requests it has, if it has any."""
    for wire in [dial.wire for dial in world.dials if dial.wire.take()][:1]:
        wire.send(answer)


def answers(world: World, client: Wire) -> None:
    """The service does, as fast as ever."""
    say(world, ok())


def refuses(world: World, client: Wire) -> None:
    """The service says that it is overloaded."""
    say(world, ok(status=b"503 Busy"))


def breaks(world: World, client: Wire) -> None:
    """The service does, before it answers."""
    say(world, b"nonsense\r\n\r\n")


def goes(world: World, client: Wire) -> None:
    """The client does."""
    client.hang_up()
    for dial in world.dials:
        dial.wire.take()


def test_a_limit_that_finds_itself(tmp_path: Path) -> None:
    """It grows while answers stay fast, and shrinks when there are none."""
    world = World(tmp_path, ADAPTIVE, draw=0.0)
    world.breaker().force(Event.FORCE_CLOSE, 0.0)
    assert adapted(world) == 2
    rounds(world, answers)
    grown = adapted(world)
    assert grown > 3
    rounds(world, refuses, grown)
    assert adapted(world) < grown
    world.settled()


@pytest.mark.parametrize("end", [goes, breaks])
def test_what_says_nothing_of_a_services_speed(tmp_path: Path, end: Callable[[World, Wire], None]) -> None:
    """A request without an answer was not a fast one."""
    world = World(tmp_path, ADAPTIVE, draw=0.0)
    world.breaker().force(Event.FORCE_CLOSE, 0.0)
    rounds(world, end)
    assert adapted(world) == 2
    world.settled()
