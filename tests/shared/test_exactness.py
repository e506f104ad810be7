"""However many ask at once, and whichever gateway they ask: exactly as many pass as may."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from threading import Event
from time import monotonic
from typing import Any

import pytest

from tests.harness import GatewayProcess, RecordingUpstream
from tests.harness.redis import RedisServer
from tests.resilience.scripts import held
from tests.resilience.world import service
from tests.shared.world import LIMITED, PASSED, at_once, decided, limited, verdicts
from tests.wire.world import route

AT_ONCE, MANY = 10, 100
BLOCK = 5  # permits of a lease
LIMITS: dict[str, Any] = {
    "exact": {"limit": f"{AT_ONCE}/100h"},
    "daily": {"quota": {"limit": AT_ONCE, "window": "month"}},
    "blocking": {"limit": f"{AT_ONCE}/100h", "block": "1h"},
    "leased": {"limit": "50/100h", "mode": "leased", "lease": "10%"},
    "lost": {"limit": "50/100h", "mode": "leased", "lease": "10%"},
    "fast": {"limit": "20/1s", "mode": "leased", "lease": "50%"},
    "few": {"concurrent": AT_ONCE},
}


def config(upstream: RecordingUpstream, redis: dict[str, Any] | None) -> dict[str, Any]:
    """A gateway with these limits; what counts against `few` is answered by the service."""
    made = limited(LIMITS, redis, services={"main": service(upstream)})
    made["routes"][-1] = route("few", "/few/**", "main", rate_limits=["few"])
    return made


@pytest.fixture(scope="module", name="upstream")
def _upstream() -> Iterator[RecordingUpstream]:
    """A service."""
    with RecordingUpstream() as server:
        yield server


@pytest.fixture(scope="module", name="server")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """The Redis of all gateways."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


def together(server: RedisServer, upstream: RecordingUpstream) -> dict[str, Any]:
    """A gateway that waits for Redis as long as it takes."""
    return config(upstream, {"address": server.address, "timeout": "5s"})


@pytest.fixture(scope="module", name="three")
def _three(server: RedisServer, upstream: RecordingUpstream) -> Iterator[list[GatewayProcess]]:
    """Three gateways that share it."""
    with ExitStack() as running:
        gateways = [running.enter_context(GatewayProcess(together(server, upstream))) for _ in range(3)]
        for gateway in gateways:
            gateway.wait_metric("redis_pool_connections", 4, state="up")
        yield gateways


@pytest.fixture(scope="module", name="alone")
def _alone(upstream: RecordingUpstream) -> Iterator[GatewayProcess]:
    """A gateway that keeps to itself."""
    with GatewayProcess(config(upstream, None)) as gateway:
        yield gateway


@pytest.mark.parametrize("path", [b"/exact", b"/daily", b"/blocking"])
def test_in_memory(alone: GatewayProcess, path: bytes) -> None:
    """Of a hundred at once ten."""
    assert at_once([alone], path, MANY).count(200) == AT_ONCE


@pytest.mark.parametrize("path", [b"/exact", b"/daily", b"/blocking"])
def test_in_redis(three: list[GatewayProcess], path: bytes) -> None:
    """The same, of one gateway and then of all together: each further one is refused by whomever it asks."""
    assert at_once(three[:1], path, AT_ONCE // 2).count(200) == AT_ONCE // 2
    assert at_once(three, path, MANY).count(200) == AT_ONCE - AT_ONCE // 2
    assert [verdicts(gateway, path.decode(), 1) for gateway in three] == [[LIMITED]] * 3
    assert sum(decided(gateway, "fail_open") for gateway in three) == 0


def test_at_a_time(alone: GatewayProcess, three: list[GatewayProcess], upstream: RecordingUpstream) -> None:
    """Ten are with the service, and all others are refused; each gateway counts its own. Then ten may come again."""
    for gateways in ([alone], three[:2]):
        most, path = AT_ONCE * len(gateways), b"/few/%d" % len(gateways)
        for _ in range(2):
            go_on = Event()
            upstream.on(path, held(go_on))
            before, seen = denied(gateways), len(upstream.requests(path))

            def let_go(gateways: list[GatewayProcess] = gateways, go_on: Event = go_on) -> None:
                while denied(gateways) - before < MANY - AT_ONCE * len(gateways):  # noqa: B023 - it is called at once
                    pass
                go_on.set()

            statuses = at_once(gateways, path, MANY, let_go)
            assert (statuses.count(200), statuses.count(429)) == (most, MANY - most)
            assert len(upstream.requests(path)) - seen == most


def denied(gateways: list[GatewayProcess]) -> float:
    """How many requests were refused."""
    return sum(decided(gateway, "deny") for gateway in gateways)


def test_leases(three: list[GatewayProcess]) -> None:
    """All permits are given by whoever has them, in blocks; a gateway that nobody asks keeps what it took."""
    assert at_once(three, b"/leased", 3).count(200) == 3  # each has a block now, less one
    assert at_once(three[:1], b"/leased", MANY).count(200) == 50 - 3 * BLOCK + (BLOCK - 1)
    assert at_once(three[1:], b"/leased", MANY).count(200) == 2 * (BLOCK - 1)


def test_the_bound_of_leases(three: list[GatewayProcess]) -> None:
    """Over any time no more than the burst, what the rate brings in that time, and a block of each gateway."""
    began, passed = monotonic(), 0
    for _ in range(5):
        passed += at_once(three, b"/fast", MANY).count(200)
    assert 20 <= passed <= 20 + 20 * (monotonic() - began) + 3 * 10


def test_a_gateway_that_dies(three: list[GatewayProcess], server: RedisServer, upstream: RecordingUpstream) -> None:
    """Takes the rest of its lease with it, and nothing else."""
    with GatewayProcess(together(server, upstream)) as dying:
        dying.wait_metric("redis_pool_connections", 4, state="up")
        assert verdicts(dying, "/lost", 2) == [PASSED] * 2
        dying.kill(signal.SIGKILL)
        dying.wait()
    passed = [at_once(three, b"/lost", MANY).count(200) for _ in range(2)]  # whoever has permits left is asked again
    assert sum(passed) == 50 - BLOCK
