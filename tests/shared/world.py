"""Gateways that share a Redis, and what is seen of them from outside."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.harness import Client, GatewayProcess, Response
from tests.resilience.world import ask, load, verdict
from tests.wire.world import get

BURST = 10
LIMIT = f"{BURST}/100h"  # so slow that a scene sees no permit come back
POLICIES = ("local", "allow", "deny")
PASSED, LIMITED, DENIED = (200, None), (429, b"rate-limited"), (503, b"rate-limit-unavailable")

_TOLD = re.compile(r"Redis at .* is ((?:still )?(?:up|away|of no use to some).*)")


def answered(path: str, *limits: str) -> dict[str, Any]:
    """A route that the gateway answers itself."""
    return {"name": path[1:], "path": path, "respond": {"status": 200, "body": "ok"}, "rate_limits": list(limits)}


def limited(rate_limits: dict[str, Any], redis: dict[str, Any] | None, **sections: Any) -> dict[str, Any]:
    """The configuration of a gateway that keeps these limits, and has a route for each that is called the same."""
    config = {
        "gateway": {"drain_timeout": "1s"},
        "rate_limits": rate_limits,
        "routes": [answered(f"/{name}", name) for name in rate_limits],
        **sections,
    }
    return config if redis is None else {**config, "redis": redis}


def policies(**redis: Any) -> dict[str, Any]:
    """A gateway with a limit for each way to do without Redis, by the field `X-Who`, and `busy` for load."""
    limits: dict[str, Any] = {
        name: {"limit": LIMIT, "on_store_failure": name, "key": ["header:X-Who"]} for name in POLICIES
    }
    limits["busy"] = {"limit": "1000000/1s"}
    return limited(limits, {"timeout": "500ms", "connect_timeout": "1s", **redis})


def who(gateway: GatewayProcess, path: str, name: str = "ann") -> Response:
    """The answer to a request of somebody."""
    return ask(gateway, path.encode(), b"X-Who: " + name.encode())


def verdicts(gateway: GatewayProcess, path: str, number: int, name: str = "ann") -> list[tuple[int, bytes | None]]:
    """What becomes of so many requests of somebody, one after the other."""
    return [verdict(who(gateway, path, name)) for _ in range(number)]


def left(gateway: GatewayProcess, path: str, name: str = "ann") -> int:
    """How many requests somebody has left, after one more that passes."""
    answer = who(gateway, path, name)
    told = re.search(rb"r=(\d+)", answer.get(b"ratelimit") or b"")
    assert verdict(answer) == PASSED
    assert told is not None
    return int(told[1])


def told(gateway: GatewayProcess) -> list[str]:
    """What the log says of Redis so far."""
    return [found[1] for text in gateway.messages if (found := _TOLD.match(text))]


def wait_told(gateway: GatewayProcess, *lines: str) -> None:
    """Wait until the log says so much of Redis; each line begins as in `lines`, and there are no others."""
    gateway.wait_log(_TOLD.pattern, len(lines))
    found = told(gateway)
    assert [line[: len(wanted)] for line, wanted in zip(found, lines, strict=True)] == list(lines), found


def asked(gateway: GatewayProcess) -> float:
    """How often Redis was asked about a limit so far."""
    return gateway.metric("redis_command_duration_seconds_count", command="script")


def waited(gateway: GatewayProcess, seconds: float) -> float:
    """How many of these calls took more than so many seconds, which is the upper bound of a bucket."""
    rows = gateway.samples("redis_command_duration_seconds_bucket", command="script")
    buckets = {row.labels["le"]: row.value for row in rows}
    return buckets["+Inf"] - buckets[repr(seconds)] if buckets else 0.0


def decided(gateway: GatewayProcess, decision: str) -> float:
    """How many decisions there were."""
    return gateway.metric("rate_limit_decisions_total", decision=decision)


def errors(gateway: GatewayProcess) -> set[str]:
    """The kinds of failures of Redis that were counted."""
    return {one.labels["error_type"] for one in gateway.samples("redis_errors_total") if one.value}


def health(gateway: GatewayProcess) -> float:
    """What alerts are made of: whether Redis is well."""
    return gateway.metric("health_check_status", check_type="redis")


def connected(gateway: GatewayProcess) -> tuple[float, float]:
    """How many connections there are, and are wanted."""
    up, wanted = (gateway.metric("redis_pool_connections", state=state) for state in ("up", "wanted"))
    return up, wanted


@contextmanager
def busy(gateway: GatewayProcess) -> Iterator[None]:
    """Requests without a pause from two clients meanwhile, none of which fails."""
    with load(gateway, b"/busy") as statuses:
        yield
    assert set(statuses) == {200}


def takes_three(gateway: GatewayProcess) -> None:
    """While all is well, somebody takes three requests of each limit."""
    gateway.wait_metric("redis_pool_connections", 4, state="up")
    assert health(gateway) == 1
    for name in POLICIES:
        assert verdicts(gateway, f"/{name}", 3) == [PASSED] * 3


def goes_on(gateway: GatewayProcess, *, unasked: bool = True) -> None:
    """Each limit does without Redis as it is told to, and nobody asks for it, unless they may."""
    before, opened, closed = asked(gateway), decided(gateway, "fail_open"), decided(gateway, "fail_closed")
    assert verdicts(gateway, "/local", 4) == [PASSED] * 4
    assert verdicts(gateway, "/local", BURST + 1, "bob") == [PASSED] * BURST + [LIMITED]
    assert verdicts(gateway, "/allow", BURST + 2) == [PASSED] * (BURST + 2)
    refused = who(gateway, "/deny")
    assert (verdict(refused), refused.get(b"retry-after")) == (DENIED, b"1")
    assert (decided(gateway, "fail_open"), decided(gateway, "fail_closed")) == (opened + BURST + 2, closed + 1)
    if unasked:
        assert asked(gateway) == before
        assert health(gateway) == 0


def knows(gateway: GatewayProcess, taken: int) -> None:
    """Redis is back; it has what was `taken` of each limit before, and what passed by `goes_on` in between."""
    assert left(gateway, "/local") == BURST - taken - 4 - 1
    assert verdicts(gateway, "/local", 1, "bob") == [LIMITED]
    assert left(gateway, "/allow") == BURST - taken - 1
    assert left(gateway, "/deny") == BURST - taken - 1
    assert health(gateway) == 1
    gateway.wait_metric("redis_pool_connections", 4, state="up")


def at_once(
    gateways: Sequence[GatewayProcess], path: bytes, number: int, then: Callable[[], object] | None = None
) -> list[int]:
    """The statuses of so many requests, to each gateway in turn, all sent before the first answer is read.

    In between `then` is called.
    """
    clients = [Client(gateways[index % len(gateways)].address) for index in range(number)]
    try:
        for client in clients:
            client.send(get(path))
        if then is not None:
            then()
        return [client.response().status for client in clients]
    finally:
        for client in clients:
            client.sock.close()
