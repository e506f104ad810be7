"""What clients do to make a service look ill: slow uploads, slow reading, short deadlines, and hanging up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from twisted.internet.address import IPv4Address

from gatewayd.core.breaker import State
from tests.pipeline.wire import Wire
from tests.pipeline.world import World, get, ok, reason

MANY = 12  # more than the breaker's minimum, and than a target's failures in a row
UPLOAD = get(b"/", b"Content-Length: 1000\r\n", method=b"POST")
DOWNLOAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 1000
CLOSE = b"Connection: close\r\n"
GOOD, BAD = ok(b"ok", CLOSE), ok(b"no", CLOSE, status=b"500 Oh")
PROXY = IPv4Address("TCP", "10.1.1.1", 50000)


def world_of(folder: Path, options: str) -> World:
    """A service with two targets, so that one may be ejected, and `options`."""
    return World(
        folder,
        f"""
        gateway: {{trusted_proxies: [10.0.0.0/8]}}
        services:
          main: {{targets: ["http://127.0.0.1:9005", "http://127.0.0.1:9006"], {options}}}
        routes:
          - {{name: all, path: "/**", service: main}}
        """,
        draw=0.0,
    )


def drip(world: World, seconds: int) -> list[Wire]:
    """Clients send a byte of their bodies a second."""
    clients = [world.client() for _ in range(MANY)]
    for client in clients:
        client.send(UPLOAD, b"x")
    for _ in range(seconds):
        world.pass_time(1)
        for client in clients:
            client.send(b"x")
    return clients


def untouched(world: World) -> bool:
    """Whether neither the service nor a target is thought to fail."""
    breakers = [world.breaker(), world.breaker(9005), world.breaker(9006)]
    return [(breaker.state, breaker.failures) for breaker in breakers] == [(State.CLOSED, 0)] * 3


def test_slow_uploads_that_take_all_the_time(tmp_path: Path) -> None:
    """The requests run out of time, and no failure is counted: the service never had the whole of one."""
    world = world_of(tmp_path, "timeouts: {total: 4s}, retries: {attempts: 0}")
    clients = drip(world, 5)
    assert [reason(client) for client in clients] == ["total-timeout"] * MANY
    assert untouched(world)
    world.settled()


def test_slow_uploads_outlast_an_attempt(tmp_path: Path) -> None:
    """The time of one attempt ends before the body has come: the client is told so, and nobody is asked again."""
    world = world_of(tmp_path, "retries: {per_try: 2s, on: [timeout], methods: [POST]}")
    clients = drip(world, 3)
    assert [reason(client) for client in clients] == ["body-timeout"] * MANY
    assert (len(world.dials), world.total("downstream_retries_total")) == (MANY, 0)
    assert untouched(world)
    world.settled()


def test_a_service_that_does_not_read(tmp_path: Path) -> None:
    """Where it is the service that takes the body too slowly, the failure is its own."""
    world = world_of(tmp_path, "timeouts: {total: 4s, idle: off}, retries: {attempts: 0}")
    client = world.client()
    client.send(UPLOAD, b"x")
    world.service.fill()
    world.pass_time(4)
    assert reason(client) == "total-timeout"
    assert (world.breaker().timeouts, world.breaker(9005).timeouts) == (1, 1)


def read_slowly(world: World, client: Wire) -> None:
    """The client does not read for a while, and then reads all there is."""
    client.fill()
    world.pass_time(3)
    client.drain()


def test_slow_readers(tmp_path: Path) -> None:
    """Their answers are cut off in the end, even if they catch up just before it, and no failure is counted."""
    world = world_of(tmp_path, "timeouts: {total: 4s}")
    for at in range(MANY):
        client = world.client()
        client.send(get())
        world.service.send(DOWNLOAD)
        if at % 2:
            client.fill()
            world.pass_time(3)
        else:
            read_slowly(world, client)
        world.pass_time(1)
        assert world.records[-1]["reason"] == "total-timeout"
    assert untouched(world)
    world.settled()


def test_deadlines_of_believed_peers(tmp_path: Path) -> None:
    """An answer that would have been whole in the service's own time is cut off, and that is no failure."""
    world = world_of(tmp_path, "timeouts: {total: 60s}")
    for _ in range(MANY):
        client = world.client(PROXY)
        client.send(get(b"/", b"X-Request-Timeout: 1\r\n"))
        world.service.send(DOWNLOAD)
        world.pass_time(1.25)
    assert {record["reason"] for record in world.records} == {"total-timeout"}
    assert untouched(world)


@pytest.mark.parametrize("line", [b"X-Request-Timeout: 0\r\n", b"grpc-timeout: 0m\r\n"])
def test_no_time_at_all(tmp_path: Path, line: bytes) -> None:
    """A request whose time is over when it comes is not sent."""
    world = world_of(tmp_path, "timeouts: {total: 60s}")
    client = world.client(PROXY)
    client.send(get(b"/", line))
    assert reason(client) == "total-timeout"
    assert world.dials == []
    world.settled()


def hang_up(world: World, client: Wire) -> None:
    """The client goes away before there is an answer."""
    client.hang_up()


def break_off(world: World, client: Wire) -> None:
    """The service goes away before there is an answer."""
    world.service.reset()


@pytest.mark.parametrize("ends", [hang_up, break_off])
def test_no_answer_is_no_fast_answer(tmp_path: Path, ends: Callable[[World, Wire], None]) -> None:
    """A limit that finds itself learns nothing from requests without an answer, as if they had taken no time."""
    options = "concurrency: {adaptive: {least: 2, most: 100}}, breaker: {mode: off}, retries: {attempts: 0}"
    world = world_of(tmp_path, f"{options}, ejection: {{enabled: false}}")
    bulkhead = world.services["main"].bulkhead
    assert bulkhead is not None

    def burst(finish: Callable[[World, Wire], None], seconds: float) -> None:
        pairs = []
        for _ in range(bulkhead.limit):
            client = world.client()
            client.send(get())
            pairs.append((client, world.service))
        world.clock.advance(seconds)
        for client, service in pairs:
            service.send(GOOD)
            finish(world, client)

    for _ in range(40):
        burst(hang_up, 0.1)
    usual = bulkhead.limit
    for _ in range(40):
        clients = [world.client() for _ in range(usual)]
        for client in clients:
            client.send(get())
            ends(world, client)
        world.clock.advance(0.1)
    for _ in range(40):
        burst(hang_up, 0.1)
    assert bulkhead.limit >= usual


def test_an_uploading_probe_gives_its_place_back(tmp_path: Path) -> None:
    """Clients that send their bodies for ever do not keep a breaker half-open, nor a target out."""
    world = world_of(tmp_path, "breaker: {open: 1s}, ejection: {time: 1s, consecutive: 3}, retries: {attempts: 0}")
    while world.breaker().state is State.CLOSED:
        _, service = world.ask(get())
        service.send(BAD)
    world.pass_time(1.25)
    dripping = [world.client() for _ in range(3)]
    for client in dripping:
        client.send(UPLOAD, b"x")
    assert world.breaker().state is State.HALF_OPEN
    client = world.client()
    client.send(get())
    assert reason(client) == "circuit-open"
    for _ in range(10):
        world.pass_time(1)
        for slow in dripping:
            slow.send(b"x")
    for _ in range(3):
        client, service = world.ask(get())
        service.send(GOOD)
        assert b"200 OK" in client.take()
    assert world.breaker().state is State.RAMPING
    assert State.OPEN not in (world.breaker(9005).state, world.breaker(9006).state)
    for slow in dripping:
        slow.hang_up()
    world.settled()


def test_a_probe_that_was_sent_in_time(tmp_path: Path) -> None:
    """Its outcome counts, and nothing of the watch over it is left."""
    world = world_of(tmp_path, "breaker: {open: 1s, probes: 1, ramp: 0s}, retries: {attempts: 0}")
    while world.breaker().state is State.CLOSED:
        _, service = world.ask(get())
        service.send(BAD)
    world.pass_time(1.25)
    calls = len(world.clock.getDelayedCalls())
    client = world.client()
    client.send(get(b"/", b"Content-Length: 1\r\n", method=b"POST"), b"x")
    world.pass_time(9)
    world.service.send(ok())
    assert b"200 OK" in client.take()
    assert world.breaker().state is State.CLOSED
    assert len(world.clock.getDelayedCalls()) == calls
