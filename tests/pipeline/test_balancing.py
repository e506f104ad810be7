"""Which target a request reaches, by what its service is configured to go by."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from gatewayd.core.streak import Health
from tests.pipeline.wire import Wire
from tests.pipeline.world import World, get, ok, reason

TARGETS = '["http://127.0.0.1:9001", "http://127.0.0.1:9002", "http://127.0.0.1:9003"]'
GROUPS = '["http://127.0.0.1:9001", "http://127.0.0.1:9002", {url: "http://127.0.0.1:9003", priority: 1}]'


def built(folder: Path, balance: str, targets: str = TARGETS, draw: float | None = None) -> World:
    """A gateway whose service is balanced like this."""
    text = f"""
    gateway: {{trusted_proxies: [192.0.2.7]}}
    services:
      main:
        targets: {targets}
        balance: {{{balance}}}
        breaker: {{mode: off}}
        retries: {{attempts: 1, on: [connect, reset], backoff: 0s}}
    routes:
      - {{name: all, path: "/**", service: main}}
    """
    return World(folder, text, draw)


def begin(world: World, *lines: bytes) -> tuple[Wire, Wire, int]:
    """A client, the connection that has its request, and the target's port."""
    for dial in world.dials:
        dial.wire.take()
    client = world.client()
    client.send(get(b"/", *lines))
    (dial,) = [dial for dial in world.dials if dial.wire.written]
    return client, dial.wire, dial.port


def asked(world: World, *lines: bytes) -> int:
    """The port of the target that answers a request."""
    client, service, port = begin(world, *lines)
    service.send(ok())
    client.hang_up()
    return port


def put_out(world: World, *ports: int) -> None:
    """The health checks of these targets, and of no others, fail."""
    service = world.services["main"]
    for target in service.targets:
        target.health = Health.UNHEALTHY if int(target.url[-4:]) in ports else Health.HEALTHY
    service.refresh(world.clock.seconds())


def test_in_turn(tmp_path: Path) -> None:
    """From the first on, as it is drawn here, and round again."""
    world = built(tmp_path, "policy: round_robin", draw=0.0)
    assert [asked(world) for _ in range(6)] == [9001, 9002, 9003] * 2
    world.settled()


def test_by_weight(tmp_path: Path) -> None:
    """In turn, and evenly spread."""
    targets = '[{url: "http://127.0.0.1:9001", weight: 3}, "http://127.0.0.1:9002"]'
    world = built(tmp_path, "policy: round_robin", targets, draw=0.0)
    turns = [asked(world) for _ in range(8)]
    assert turns.count(9001) == 6
    assert (9002, 9002) not in list(pairwise(turns))
    world.settled()


def test_by_chance(tmp_path: Path) -> None:
    """As it is drawn."""
    world = built(tmp_path, "policy: random", draw=0.0)
    for draw, port in ((0.0, 9001), (0.34, 9002), (0.67, 9003), (0.99, 9003)):
        world.random = lambda draw=draw: draw  # type: ignore[misc]
        assert asked(world) == port
    world.settled()


def test_the_less_busy(tmp_path: Path) -> None:
    """Whatever is drawn, one that is busy gets nothing while the others are idle."""
    world = built(tmp_path, "policy: least_requests")
    client, service, busy = begin(world)
    assert busy not in {asked(world) for _ in range(30)}
    service.send(ok())
    assert client.take().startswith(b"HTTP/1.1 200 ")
    assert {asked(world) for _ in range(30)} == {9001, 9002, 9003}
    world.settled()


def test_the_faster(tmp_path: Path) -> None:
    """What was slow of late is asked less than what was fast, until it is forgotten."""
    world = built(tmp_path, "policy: ewma")

    def thirty() -> set[int]:
        """The targets that get thirty requests."""
        ports = set()
        for _ in range(30):
            client, service, port = begin(world)
            world.clock.advance(1.0 if port == 9001 else 0.01)
            service.send(ok())
            client.hang_up()
            ports.add(port)
        return ports

    assert thirty() == {9001, 9002, 9003}
    assert thirty() == {9002, 9003}
    world.pass_time(59)
    assert thirty() == {9001, 9002, 9003}
    world.settled()


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("header:X-User", b"X-User: %d\r\n"),
        ("cookie:user", b"Cookie: a=b; user=%d\r\n"),
        ("client", b"X-Forwarded-For: 198.51.100.%d\r\n"),
    ],
)
def test_by_key(tmp_path: Path, key: str, line: bytes) -> None:
    """Requests with one key go to one target; when it is out, to one other, and back."""
    world = built(tmp_path, f'policy: hash, key: "{key}"')
    home = {index: asked(world, line % index) for index in range(30)}
    assert set(home.values()) == {9001, 9002, 9003}
    assert all(asked(world, line % index) == port for index, port in home.items())
    put_out(world, 9001)
    away = {index: asked(world, line % index) for index in range(30)}
    assert all(port == home[index] for index, port in away.items() if home[index] != 9001)
    assert {port for index, port in away.items() if home[index] == 9001} == {9002, 9003}
    put_out(world)
    assert all(asked(world, line % index) == port for index, port in home.items())
    world.settled()


@pytest.mark.parametrize("key", ["header:X-User", "cookie:user", "tenant"])
def test_without_a_key(tmp_path: Path, key: str) -> None:
    """They are divided at random."""
    world = built(tmp_path, f'policy: hash, key: "{key}"')
    assert {asked(world) for _ in range(30)} == {9001, 9002, 9003}
    world.settled()


def test_a_busy_key(tmp_path: Path) -> None:
    """A target that has more than its share passes further requests of its keys on."""
    world = built(tmp_path, 'policy: hash, key: "header:X-User"')
    begun = [begin(world, b"X-User: 1\r\n") for _ in range(6)]
    ports = [port for _, _, port in begun]
    assert max(ports.count(port) for port in set(ports)) <= 4
    for client, _, _ in begun:
        client.hang_up()
    world.settled()


def test_the_first_group(tmp_path: Path) -> None:
    """The others are asked when it is out, or leaves nobody for a second attempt."""
    world = built(tmp_path, "policy: round_robin", GROUPS, draw=0.0)
    assert {asked(world) for _ in range(10)} == {9001, 9002}
    put_out(world, 9001)
    assert {asked(world) for _ in range(10)} == {9002}
    put_out(world, 9001, 9002)
    assert {asked(world) for _ in range(10)} == {9003}
    put_out(world)
    assert {asked(world) for _ in range(10)} == {9001, 9002}
    world.settled()


def test_failing_over_early(tmp_path: Path) -> None:
    """A group that is too small for the load is left as a whole."""
    world = built(tmp_path, "failover_below: 60%", GROUPS, draw=0.0)
    put_out(world, 9001)
    assert {asked(world) for _ in range(10)} == {9003}
    world.settled()


@pytest.mark.parametrize("panic", ["try", "refuse"])
def test_nobody_can_answer(tmp_path: Path, panic: str) -> None:
    """All are tried all the same, or none is, as the service has it."""
    world = built(tmp_path, f"panic: {panic}", draw=0.0)
    put_out(world, 9001, 9002, 9003)
    if panic == "try":
        assert {asked(world) for _ in range(6)} == {9001, 9002, 9003}
    else:
        client = world.client()
        client.send(get())
        assert reason(client) == "no-target"
        assert world.record["attempts"] == 0
    world.settled()


def test_a_second_attempt_goes_elsewhere(tmp_path: Path) -> None:
    """Whatever the policy."""
    for policy in ("round_robin", "random", "least_requests", "ewma", "hash, key: client"):
        world = built(tmp_path, f"policy: {policy}")
        for _ in range(10):
            client, service, first = begin(world)
            service.send(b"HTTP/1.1 ")
            service.reset()
            (second,) = [target.url for target in world.services["main"].targets if target.active]
            assert second[-4:] != str(first)
            client.hang_up()
        world.settled()
