"""Requests with keys, by way of several gateways that share a Redis: the service is asked once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from itertools import islice
from typing import Any

import pytest

from tests.harness import Client, GatewayProcess, RecordingUpstream, Response, reply
from tests.harness.redis import RedisServer
from tests.wire.world import get

from .scripts import held
from .world import ask, service, verdict, world

CROWD = 50


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """What the gateways share."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


def config(upstream: RecordingUpstream, redis: RedisServer) -> dict[str, Any]:
    """What every gateway is configured with."""
    routes = [
        {"name": name, "path": f"/{name}/**", "service": "main", "idempotency": {"anonymous": True, **options}}
        for name, options in {"pay": {}, "short": {"lease": "1s"}, "strict": {"on_store_failure": "deny"}}.items()
    ]
    shared = {"address": redis.address, "timeout": "1s"}
    return world({"main": service(upstream)}, routes, redis=shared)


@pytest.fixture(scope="module")
def gateways(upstream: RecordingUpstream, redis: RedisServer) -> Iterator[list[GatewayProcess]]:
    """Two gateways."""
    with ExitStack() as stack:
        yield [stack.enter_context(GatewayProcess(config(upstream, redis))) for _ in range(2)]


def pay(gateway: GatewayProcess, path: bytes, body: bytes = b"10") -> Response:
    """The answer to a payment, which has one key for each path."""
    return ask(gateway, path, b"Idempotency-Key: " + path, method=b"POST", body=body)


def begin(client: Client, path: bytes) -> None:
    """Sends the same payment, and waits for nothing."""
    client.send(get(path, b"Idempotency-Key: " + path, method=b"POST", body=b"10"))


def wait_until(gateway: GatewayProcess, path: bytes, wanted: tuple[int, bytes | None]) -> Response:
    """Repeats a payment until it is answered so; until then it is told that another one is in progress.

    A client may have its answer a moment before other gateways know of it.
    """
    while verdict(answer := pay(gateway, path)) != wanted:
        assert verdict(answer) == (409, b"idempotency-in-progress")
    return answer


def test_a_crowd(gateways: list[GatewayProcess], upstream: RecordingUpstream) -> None:
    """Of fifty requests at once the service gets one; the others are told to come back, and get its answer then."""
    go = upstream.event()
    upstream.on(b"/pay/crowd", held(go, reply(b"paid", status=b"201 Created")))
    with ThreadPoolExecutor(CROWD) as crowd:
        asked = [crowd.submit(pay, gateways[index % 2], b"/pay/crowd") for index in range(CROWD)]
        refused = list(islice(as_completed(asked), CROWD - 1))  # all but the one that the service has
        assert {verdict(one.result()) for one in refused} == {(409, b"idempotency-in-progress")}
        go.set()
        (first,) = set(asked).difference(refused)
        assert verdict(first.result()) == (201, None)
    for gateway in gateways:
        wait_until(gateway, b"/pay/crowd", (201, None))
    with ThreadPoolExecutor(CROWD) as crowd:
        again = [crowd.submit(pay, gateways[index % 2], b"/pay/crowd") for index in range(CROWD)]
        for one in again:
            answer = one.result()
            assert (answer.status, answer.body) == (201, b"paid")
            assert answer.get(b"idempotency-replayed") == b"true"
    assert verdict(pay(gateways[0], b"/pay/crowd", body=b"11")) == (422, b"idempotency-key-reused")
    assert len(upstream.requests(b"/pay/crowd")) == 1


def test_a_client_that_leaves(gateways: list[GatewayProcess], upstream: RecordingUpstream) -> None:
    """It asks again by way of the other gateway, and finds what it had asked for done."""
    go = upstream.event()
    upstream.on(b"/pay/left", held(go, reply(b"paid")))
    with Client(gateways[0].address) as client:
        begin(client, b"/pay/left")
        upstream.wait_request(b"/pay/left")
        client.reset()
    gateways[0].wait_metric("active_connections", 0)
    assert verdict(pay(gateways[1], b"/pay/left")) == (409, b"idempotency-in-progress")
    go.set()
    assert wait_until(gateways[1], b"/pay/left", (200, None)).body == b"paid"
    assert len(upstream.requests(b"/pay/left")) == 1


def test_a_gateway_that_dies(gateways: list[GatewayProcess], upstream: RecordingUpstream, redis: RedisServer) -> None:
    """The key of what it was about stays taken for the rest of a lease, and then another gateway carries it out."""
    upstream.on(b"/short/died", held(upstream.event()))
    dying = GatewayProcess(config(upstream, redis), expect_trouble=True)
    with dying, Client(dying.address) as client:
        begin(client, b"/short/died")
        upstream.wait_request(b"/short/died")
        assert verdict(pay(gateways[0], b"/short/died")) == (409, b"idempotency-in-progress")
        dying.kill(signal.SIGKILL)
        dying.wait()
    upstream.on(b"/short/died", reply(b"paid"))
    assert wait_until(gateways[0], b"/short/died", (200, None)).get(b"idempotency-replayed") is None
    assert wait_until(gateways[1], b"/short/died", (200, None)).get(b"idempotency-replayed") == b"true"
    assert len(upstream.requests(b"/short/died")) == 2


def test_without_redis(gateways: list[GatewayProcess], upstream: RecordingUpstream, redis: RedisServer) -> None:
    """Each gateway remembers for itself, or refuses what it cannot promise; afterwards they agree again."""
    upstream.on(b"/pay/away", reply(b"paid"))
    upstream.on(b"/strict/away", reply(b"paid"))
    redis.kill()
    try:
        for gateway in gateways:
            assert pay(gateway, b"/pay/away").get(b"idempotency-replayed") is None
            assert pay(gateway, b"/pay/away").get(b"idempotency-replayed") == b"true"
            assert verdict(pay(gateway, b"/strict/away")) == (503, b"idempotency-unavailable")
    finally:
        redis.start()
    for gateway in gateways:
        gateway.wait_metric("health_check_status", 1, check_type="redis")
    for gateway in gateways:
        assert pay(gateway, b"/pay/away").get(b"idempotency-replayed") == b"true"
    assert pay(gateways[0], b"/strict/away").get(b"idempotency-replayed") is None
    assert wait_until(gateways[1], b"/strict/away", (200, None)).get(b"idempotency-replayed") == b"true"
    assert len(upstream.requests(b"/pay/away")) == 2
    assert len(upstream.requests(b"/strict/away")) == 1
