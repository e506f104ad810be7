"""The time a request has: whose it is, how it is told on, and who is to blame when it is over."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatewayd.core.breaker import Breaker
from tests.pipeline.test_request_heads import fields
from tests.pipeline.wire import Wire
from tests.pipeline.world import World, get, ok, reason

CONFIG = """
gateway: {trusted_proxies: [192.0.2.7]}
services:
  main:
    targets: ["http://127.0.0.1:9001", "http://127.0.0.1:9002"]
    timeouts: {response: 20s, total: 60s}
    breaker: {minimum: 1, probes: 1, open: 10s}
    retries: {attempts: 0}
  open:
    targets: ["http://127.0.0.1:9003"]
    timeouts: {response: off}
    retries: {attempts: 0}
    concurrency: {most: 1, queue: 5, wait: 5s}
routes:
  - {name: all, path: "/**", service: main}
  - {name: hurried, path: /hurried, service: main, retries: {per_try: 2s, attempts: 1, on: [connect, timeout]}}
  - {name: open, path: /open, service: open}
"""
STRANGER = CONFIG.replace("[192.0.2.7]", "[]")
DEAF = CONFIG.replace("[192.0.2.7]", "[192.0.2.7], accept_timeouts: false")


def told(wire: Wire) -> list[bytes]:
    """What a service is told of the time that is left."""
    return fields(wire.written, b"X-Request-Timeout") + fields(wire.written, b"grpc-timeout")


def counts(breaker: Breaker) -> tuple[int, int]:
    """The calls that succeeded and failed."""
    return breaker.successes, breaker.failures


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A gateway that believes its client."""
    return World(tmp_path, CONFIG, draw=0.0)


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        ((), b"60.000"),
        ((b"X-Request-Timeout: 1.5\r\n",), b"1.500"),
        ((b"x-request-timeout: 250ms\r\n",), b"0.250"),
        ((b"grpc-timeout: 2S\r\n",), b"2.000"),
        ((b"grpc-timeout: 500000u\r\n", b"X-Request-Timeout: 3\r\n"), b"0.500"),
        ((b"X-Request-Timeout: 3\r\n", b"X-Request-Timeout: 2\r\n"), b"2.000"),
        ((b"X-Request-Timeout: 61\r\n",), b"60.000"),
        ((b"X-Request-Timeout: -1\r\n",), b"60.000"),
        ((b"X-Request-Timeout: nan\r\n",), b"60.000"),
        ((b"X-Request-Timeout: 1, 2\r\n",), b"60.000"),
        ((b"grpc-timeout: 99999999H\r\n",), b"60.000"),
    ],
)
def test_a_believed_clients_time(world: World, lines: tuple[bytes, ...], left: bytes) -> None:
    """It tightens the route's and never widens it; the service hears once what is left."""
    client, service = world.ask(get(b"/", *lines))
    assert told(service) == [left]
    service.send(ok())
    assert client.take().startswith(b"HTTP/1.1 200 ")
    world.settled()


@pytest.mark.parametrize("text", [STRANGER, DEAF])
@pytest.mark.parametrize("line", [b"X-Request-Timeout: 1\r\n", b"grpc-timeout: 1S\r\n"])
def test_who_is_not_believed(tmp_path: Path, text: str, line: bytes) -> None:
    """Anybody can write that: it is taken away, and has no effect."""
    world = World(tmp_path, text, draw=0.0)
    client, service = world.ask(get(b"/", line))
    assert told(service) == [b"60.000"]
    world.pass_time(5)
    service.send(ok())
    assert client.take().startswith(b"HTTP/1.1 200 ")
    _, service = world.ask(get(b"/open", line))
    assert told(service) == []


def test_a_time_without_a_bound(world: World) -> None:
    """Where the route has none, the client's is the only one."""
    client, service = world.ask(get(b"/open", b"X-Request-Timeout: 2\r\n"))
    assert told(service) == [b"2.000"]
    world.clock.advance(2.001)
    assert reason(client) == "total-timeout"
    assert service.ending == "aborted"
    world.settled()


def test_short_times_are_kept_to_the_millisecond(world: World) -> None:
    """The regular look at the clock would be late by a quarter of a second."""
    client, service = world.ask(get(b"/", b"X-Request-Timeout: 0.1\r\n"))
    world.clock.advance(0.099)
    assert client.take() == b""
    world.clock.advance(0.002)
    assert service.ending == "aborted"
    assert reason(client) == "total-timeout"
    assert world.record["duration"] == 0.101
    world.settled()


def test_no_time_at_all(world: World) -> None:
    """Nobody is asked."""
    client = world.client()
    client.send(get(b"/", b"X-Request-Timeout: 0\r\n"))
    assert reason(client) == "total-timeout"
    assert world.ports == []
    assert counts(world.breaker()) == (0, 0)
    world.settled()


def test_what_was_spent_is_gone(world: World) -> None:
    """The time begins with the request's first byte, and goes on while it waits for its turn."""
    first, service = world.ask(get(b"/open"))
    second = world.client()
    second.send(get(b"/open", b"X-Request-Timeout: 3\r\n"))
    world.pass_time(1)
    service.send(ok())
    assert told(service) == []  # the first request was told nothing
    assert b"X-Request-Timeout: 2.000\r\n" in service.written
    service.send(ok())
    assert second.take().startswith(b"HTTP/1.1 200 ")
    assert first.take().startswith(b"HTTP/1.1 200 ")
    world.settled()


@pytest.mark.parametrize(("seconds", "expected"), [(b"3", "total-timeout"), (b"7", "bulkhead-timeout")])
def test_a_time_that_is_over_in_the_queue(world: World, seconds: bytes, expected: str) -> None:
    """Whichever comes first: the request's time, or the longest wait."""
    _, service = world.ask(get(b"/open"))
    client = world.client()
    client.send(get(b"/open", b"X-Request-Timeout: %b\r\n" % seconds))
    world.pass_time(5.25)
    assert reason(client) == expected
    service.send(ok())
    assert world.ports == [9003]
    world.settled()


HALF = ok(b"x" * 99)[:-90]


@pytest.mark.parametrize("began", [b"", HALF])
@pytest.mark.parametrize("hurried", [False, True])
def test_who_is_to_blame(world: World, began: bytes, *, hurried: bool) -> None:
    """A service that does not answer in its own time has failed; one that was given less has not."""
    client, service = world.ask(get(b"/", b"X-Request-Timeout: 9\r\n" if hurried else b""))
    service.send(began)
    for _ in range(8):
        world.pass_time(7.6)
        service.send(b"x" if began and not service.ending else b"")
    assert service.ending == "aborted"
    assert world.record["reason"] == ("total-timeout" if began or hurried else "response-timeout")
    assert client.ending == ("aborted" if began else "")
    answered = 1 if began else 0
    assert counts(world.breaker()) == (answered, 0 if hurried else 1)
    assert counts(world.breaker(9001)) == (answered, 0 if hurried else 1)
    world.settled()


def test_the_clients_own_pace(world: World) -> None:
    """One that sends its body, or takes its answer, so slowly that the time is over has itself to blame."""
    client, _ = world.ask(get(b"/", b"Content-Length: 9\r\n", method=b"POST"))
    for _ in range(4):
        world.pass_time(15.1)
        client.send(b"x")
    assert reason(client) == "total-timeout"
    client, service = world.ask(get())
    service.send(HALF)
    client.fill()
    for _ in range(5):
        world.pass_time(13)
        client.drain()
        service.send(b"x")
        client.fill()
    assert client.ending == "aborted"
    assert world.records[-1]["reason"] == "total-timeout"
    assert world.breaker().failures == world.breaker(9001).failures == world.breaker(9002).failures == 0
    world.settled()


def test_a_probe_that_was_hurried(world: World) -> None:
    """It proves nothing, and the next one may."""
    client, service = world.ask(get())
    service.reset()
    world.pass_time(10)
    client, _ = world.ask(get(b"/", b"X-Request-Timeout: 1\r\n"))
    world.pass_time(1.25)
    assert reason(client) == "total-timeout"
    assert world.breaker().state == "half_open"
    client, service = world.ask(get())
    service.send(ok())
    assert world.breaker().state == "ramping"
    world.settled()


def test_time_of_one_attempt(world: World) -> None:
    """An attempt that takes too long gives way to another target; the last one's end is told as the service's."""
    client, first = world.ask(get(b"/hurried"))
    assert told(first) == [b"2.000"]
    world.clock.advance(1.999)
    assert world.ports == [9001]
    world.pass_time(0.25)
    assert first.ending == "aborted"
    assert world.ports == [9001, 9002]
    world.pass_time(2.25)
    assert reason(client) == "response-timeout"
    assert world.at(9002).ending == "aborted"
    assert (world.record["status"], world.retried("timeout")) == (504, 1)
    assert world.metric("downstream_errors_total", service="main", error_type="timeout") == 2
    assert [counts(world.breaker(port)) for port in (None, 9001, 9002)] == [(0, 1)] * 3
    world.settled()


def test_time_of_one_attempt_to_connect(world: World) -> None:
    """Waiting for a connection is part of it; then nothing was sent, and any method goes on."""
    world.accepting = False
    client, _ = world.ask(get(b"/hurried", method=b"POST"))
    world.pass_time(2.25)
    assert world.ports == [9001, 9002]
    for dial in world.dials:
        dial.accept()
    world.at(9002).send(ok())
    assert client.take().startswith(b"HTTP/1.1 200 ")
    assert world.record["attempts"] == 1
    world.settled()


def test_time_of_one_attempt_ends_with_the_head(world: World) -> None:
    """The body may take longer."""
    client, service = world.ask(get(b"/hurried"))
    world.pass_time(1.75)
    service.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
    world.pass_time(20)
    service.send(b"o", b"k")
    assert client.take().endswith(b"\r\n\r\nok")
    assert world.record["reason"] is None
    world.settled()
