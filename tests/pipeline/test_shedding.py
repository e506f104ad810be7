"""Requests that are refused while the gateway itself is overloaded: by their route's priority, before anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.test_request_heads import fields
from tests.pipeline.world import World, get, ok, reason

CONFIG = """
shedding: {lag: 200ms, lag_full: 1s}
services:
  main: {targets: ["http://127.0.0.1:9001"]}
routes:
  - {name: low, path: /low, service: main, priority: low}
  - {name: normal, path: /normal, service: main}
  - {name: high, path: /high, service: main, priority: high}
  - {name: critical, path: /critical, service: main, priority: critical}
  - {name: own, path: /own, respond: {body: own}, priority: low}
"""
PATHS = ["low", "normal", "high", "critical"]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A gateway that is not overloaded."""
    return World(tmp_path, CONFIG)


def lag(world: World, seconds: float) -> None:
    """The event loop has been so late for a long time."""
    for _ in range(40):
        world.clock.advance(5)
        world.application.shedder.observe(seconds, world.clock.seconds())


def served(world: World, path: str, draw: float) -> bool:
    """Whether a request is served, where this is drawn for it."""
    world.random = lambda: draw
    client = world.client()
    client.send(get(b"/" + path.encode()))
    sent = client.take()
    if sent:
        assert b"\r\nX-Gateway-Reason: overloaded\r\n" in sent
        assert fields(sent, b"Retry-After") == [b"1"]
        assert fields(sent, b"Connection") == []
    else:
        world.service.send(ok())
        assert client.take().startswith(b"HTTP/1.1 200 ")
    client.hang_up()
    return not sent


@pytest.mark.parametrize(
    ("seconds", "refused"),
    [
        (0.0, [0.0, 0.0, 0.0, 0.0]),
        (0.19, [0.0, 0.0, 0.0, 0.0]),
        (0.2 + 0.8 / 6, [0.5, 0.0, 0.0, 0.0]),
        (0.6, [1.0, 0.5, 0.0, 0.0]),
        (0.2 + 0.8 * 5 / 6, [1.0, 1.0, 0.5, 0.0]),
        (1.1, [1.0, 1.0, 1.0, 0.0]),
        (2.2, [1.0, 1.0, 1.0, 1.0]),
    ],
)
def test_the_lowest_first(world: World, seconds: float, refused: list[float]) -> None:
    """The later the loop is, the more of the requests, from the least important on."""
    lag(world, seconds)
    for path, share in zip(PATHS, refused, strict=True):
        assert served(world, path, 0.01) is (share == 0.0)
        assert served(world, path, 0.49) is (share == 0.0)
        assert served(world, path, 0.52) is (share < 1.0)
    world.settled()


def test_it_ends(world: World) -> None:
    """When the loop has caught up, all are served again."""
    lag(world, 3.0)
    assert not served(world, "critical", 0.99)
    lag(world, 0.0)
    assert all(served(world, path, 0.0) for path in PATHS)
    world.settled()


def test_the_books(world: World) -> None:
    """A refused request is counted and logged like any other, and no service hears of it."""
    lag(world, 2.2)
    client = world.client()
    client.send(get(b"/normal") + get(b"/own") + get(b"/none"))
    assert client.take().count(b"X-Gateway-Reason: overloaded\r\n") == 2
    assert [record["status"] for record in world.records] == [503, 503, 404]
    assert [record["reason"] for record in world.records] == ["overloaded", "overloaded", "no-route"]
    assert world.metric("http_requests_total", method="GET", route="/normal", status_code="503") == 1
    assert world.ports == []
    assert (world.breaker().failures, world.breaker().successes) == (0, 0)
    world.settled()


def test_a_body_of_a_refused_request(world: World) -> None:
    """It is read away, and the client's connection stays."""
    lag(world, 1.1)
    client = world.client()
    client.send(get(b"/normal", b"Content-Length: 3\r\n", method=b"POST"))
    assert reason(client) == "overloaded"
    client.send(b"abc" + get(b"/critical"))
    world.service.send(ok())
    assert client.take().startswith(b"HTTP/1.1 200 ")
    world.settled()


def test_a_request_under_way(world: World) -> None:
    """It is brought to its end."""
    client, service = world.ask(get(b"/low"))
    for _ in range(16):
        world.application.shedder.observe(9.0, world.clock.seconds())
        world.clock.advance(0.5)
    assert world.application.shedder.pressure == 1.0
    service.send(ok())
    assert client.take().startswith(b"HTTP/1.1 200 ")
    world.settled()
