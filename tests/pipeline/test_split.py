"""A route's requests divided between services."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.pipeline.exchange import Exchange
from gatewayd.pipeline.split import Split
from tests.pipeline.world import World, get, ok

CONFIG = """
gateway: {trusted_proxies: [192.0.2.7]}
services:
  old: {targets: ["http://127.0.0.1:9001"], breaker: {mode: off}}
  new: {targets: ["http://127.0.0.1:9002"], breaker: {mode: off}, timeouts: {total: 3s}}
  none: {targets: ["http://127.0.0.1:9003"]}
routes:
  - name: all
    path: "/**"
    split: [{service: none, weight: 0}, {service: old, weight: 90}, {service: new, weight: 10}]
"""
PORTS = {"old": 9001, "new": 9002}


def takes(world: World, request: bytes) -> str:
    """The service that a request goes to, which answers it."""
    client, _ = world.ask(request)
    for dial in world.dials:
        if dial.wire.take():
            dial.wire.send(ok())
    assert client.take().startswith(b"HTTP/1.1 200 ")
    client.hang_up()
    service: str = world.records[-1]["service"]
    return service


@pytest.mark.parametrize(
    ("draw", "service"), [(0.0, "old"), (0.5, "old"), (0.8999, "old"), (0.9, "new"), (0.9999, "new")]
)
def test_shares(tmp_path: Path, draw: float, service: str) -> None:
    """Each service gets its part of what is drawn, and one of weight 0 nothing."""
    world = World(tmp_path, CONFIG, draw)
    assert takes(world, get()) == service
    assert world.ports == [PORTS[service]]
    assert world.metric("downstream_requests_total", service=service, status_code="200") == 1
    world.settled()


def test_each_service_has_its_own_ways(tmp_path: Path) -> None:
    """Its timeouts, for one."""
    world = World(tmp_path, CONFIG, draw=0.95)
    _, service = world.ask(get())
    assert b"\r\nX-Request-Timeout: 3.000\r\n" in service.take()
    service.send(ok())
    world.settled()


@pytest.mark.parametrize(
    ("by", "lines"),
    [
        ("header:X-User", b"X-User: %d\r\n"),
        ("cookie:user", b"Cookie: a=b; user=%d\r\n"),
        ("client", b"X-Forwarded-For: 198.51.100.%d\r\n"),
    ],
)
def test_keys(tmp_path: Path, by: str, lines: bytes) -> None:
    """Requests with the same key go the same way, whatever is drawn; those of others may go another."""
    world = World(tmp_path, CONFIG + f"    split_by: {by}\n")
    for index in range(8):
        way = takes(world, get(b"/", lines % index))
        assert all(takes(world, get(b"/", lines % index)) == way for _ in range(3))
    assert {takes(world, get(b"/", lines % index)) for index in range(50)} == {"old", "new"}
    world.settled()


@pytest.mark.parametrize("by", ["header:X-User", "cookie:user", "tenant"])
def test_requests_without_a_key(tmp_path: Path, by: str) -> None:
    """They are divided at random."""
    world = World(tmp_path, CONFIG + f"    split_by: {by}\n")
    draws: Iterator[float] = cycle([0.1, 0.95])
    world.random = lambda: next(draws)
    assert [takes(world, get()) for _ in range(4)] == ["old", "new"] * 2
    world.settled()


class Way:
    """Stands for an answer, and for its coroutine."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self, exchange: Exchange) -> Any:
        """Itself, so that a test sees which way was taken."""
        return self


def numbers(weights: list[int], keys: list[bytes]) -> list[int]:
    """The ways that requests with these keys take."""
    current: list[bytes] = []
    split = Split([(Way(index), weight) for index, weight in enumerate(weights)], lambda _: current[0], lambda: 0.0)
    taken = []
    for key in keys:
        current[:] = [key]
        taken.append(cast(Any, split(cast(Exchange, None))).number)
    return taken


KEYS = [b"%d" % index for index in range(500)]


@settings(deadline=None, max_examples=50)
@given(weights=st.lists(st.integers(0, 1000), min_size=1, max_size=5).filter(any))
def test_any_weights(weights: list[int]) -> None:
    """Every way has about its share of many keys, and one of weight 0 none."""
    taken = numbers(weights, KEYS)
    for index, weight in enumerate(weights):
        share = weight / sum(weights)
        assert abs(taken.count(index) / len(KEYS) - share) < 0.1
        assert weight or not taken.count(index)


@settings(deadline=None, max_examples=50)
@given(before=st.integers(0, 99), more=st.integers(1, 100))
def test_a_growing_share_keeps_its_keys(before: int, more: int) -> None:
    """As a canary's weight grows, requests come to it and none goes away from it."""
    after = min(100, before + more)
    were, are = numbers([100 - before, before], KEYS), numbers([100 - after, after], KEYS)
    assert all(is_now for was, is_now in zip(were, are, strict=True) if was)
