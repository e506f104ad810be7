"""Targets that fail are passed over, and come back step by step; the last one stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.wire import Wire
from tests.pipeline.world import World, get, ok, reason

CONFIG = """
services:
  main:
    targets: ["http://127.0.0.1:9001", "http://127.0.0.1:9002"]
    timeouts: {response: 10s}
    breaker: {mode: off}
    ejection: {consecutive: 2, failure_rate: off, time: 10s, ramp: 8s}
    retries: {attempts: 0}
routes:
  - {name: all, path: "/**", service: main}
"""
BUSY = ok(status=b"503 Busy")
POST = get(b"/", b"Content-Length: 3\r\n", method=b"POST")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A gateway with two targets, of which the first gets the first request."""
    return World(tmp_path, CONFIG, draw=0.0)


def begin(world: World, request: bytes = get()) -> tuple[Wire, Wire, int]:
    """A client, the connection that has its request, and the target's port."""
    client = world.client()
    for dial in world.dials:
        dial.wire.take()
    client.send(request)
    (dial,) = [dial for dial in world.dials if dial.wire.written]
    return client, dial.wire, dial.port


def asked(world: World, failing: int = 0) -> int:
    """The port of the target that gets a request: it answers, unless it is the one that fails."""
    client, service, port = begin(world)
    service.send(BUSY if port == failing else ok())
    client.hang_up()
    return port


def eject(world: World, port: int) -> None:
    """Let a target fail as often as it takes."""
    assert sorted(asked(world, failing=port) for _ in range(4)) == [9001, 9001, 9002, 9002]
    assert world.breaker(port).state == "open"


def test_a_failing_target_is_passed_over(world: World) -> None:
    """The other one gets everything, for as long as it takes."""
    eject(world, 9001)
    assert world.metric("downstream_targets", service="main", state="unhealthy") == 1
    for _ in range(4):
        assert asked(world) == 9002
        world.pass_time(2)
    world.settled()


def test_it_comes_back(world: World) -> None:
    """One request is a probe; then it gets its part by and by, as the draw has it, and then all of it."""
    eject(world, 9001)
    world.pass_time(9.25)
    client, probe, port = begin(world)
    while port != 9001:
        probe.send(ok())
        client, probe, port = begin(world)
    assert [asked(world) for _ in range(3)] == [9002] * 3
    probe.send(ok())
    assert client.take().startswith(b"HTTP/1.1 200 ")
    world.random = lambda: 0.5
    assert [asked(world) for _ in range(4)] == [9002] * 4
    world.pass_time(5)
    assert sorted(asked(world) for _ in range(4)) == [9001, 9001, 9002, 9002]
    world.random = lambda: 0.99
    world.pass_time(3)
    assert sorted(asked(world) for _ in range(4)) == [9001, 9001, 9002, 9002]
    world.settled()


@pytest.mark.parametrize("how", ["hang_up", "expel", "late"])
def test_a_probe_that_proves_nothing(world: World, how: str) -> None:
    """Its client went, or took too long to send it all: another one may be made."""
    eject(world, 9001)
    world.pass_time(9.25)
    port = 0
    while port != 9001:
        client, probe, port = begin(world, POST)
        if port != 9001:
            client.send(b"abc")
            probe.send(ok())
    if how == "late":
        for _ in range(2):
            world.pass_time(6)
            client.send(b"a")
    elif how == "expel":
        for channel in list(world.listener.channels):
            channel.expel()
        client.turn()
    else:
        client.hang_up()
    assert 9001 in [asked(world) for _ in range(2)]
    assert world.breaker(9001).state == "closed"
    client.hang_up()
    world.settled()


def test_a_probe_that_fails(world: World) -> None:
    """It is passed over for twice as long."""
    eject(world, 9001)
    world.pass_time(9.25)
    assert 9001 in [asked(world, failing=9001) for _ in range(2)]
    world.pass_time(17)
    assert {asked(world) for _ in range(4)} == {9002}
    world.pass_time(1.25)
    assert 9001 in [asked(world) for _ in range(2)]
    world.settled()


def test_the_last_target_is_never_ejected(world: World) -> None:
    """However often it fails; and it is as soon as another one can answer."""
    eject(world, 9001)
    for _ in range(5):
        assert asked(world, failing=9002) == 9002
    assert world.breaker(9002).state == "closed"
    world.pass_time(9.25)
    while asked(world, failing=9002) != 9001:
        pass
    assert world.breaker(9001).state == "closed"
    while asked(world, failing=9002) != 9002:
        pass
    assert world.breaker(9002).state == "open"
    world.settled()


def test_an_answer_that_breaks_off(world: World) -> None:
    """It counts as a failure, once."""
    for _ in range(4):
        client, service, port = begin(world)
        if port == 9001:
            service.send(ok()[:-1])
            service.reset()
            assert client.ending == "aborted"
        else:
            service.send(ok())
    # A good head between two broken bodies: the failures are not in a row.
    assert (world.breaker(9001).successes, world.breaker(9001).failures) == (2, 2)
    assert world.breaker(9001).state == "closed"
    world.settled()


@pytest.mark.parametrize("how", ["hang_up", "reset", "expel"])
@pytest.mark.parametrize("sent", [b"", ok()[:-1]])
def test_clients_that_leave(world: World, how: str, sent: bytes) -> None:
    """They are no target's failure, nor the end of a row of them."""
    for _ in range(12):
        client, service, port = begin(world)
        if port == 9001 and world.breaker(9001).failures == 1:
            service.send(sent)
        elif port == 9001:
            service.send(BUSY)
            continue
        if how == "expel":
            for channel in list(world.listener.channels):
                channel.expel()
            client.turn()
        else:
            getattr(client, how)()
    assert world.breaker(9001).failures == 1
    assert world.breaker(9002).failures == 0
    world.settled()


def test_one_target_has_no_ejection(tmp_path: Path) -> None:
    """There is nobody else to ask."""
    world = World(tmp_path, CONFIG.replace(', "http://127.0.0.1:9002"', ""), draw=0.0)
    for _ in range(5):
        client, service, _ = begin(world)
        service.send(b"nonsense\r\n\r\n")
        assert reason(client) == "upstream-malformed"
    assert world.services["main"].targets[0].ejection is None
    world.settled()
