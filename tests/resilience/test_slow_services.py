"""Services that answer too late, or never: no socket stays behind, and the breaker hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.harness import Client, GatewayProcess, RecordingUpstream, reply
from tests.wire.world import get

from .scripts import late, silence
from .world import BreakerRows, ask, breaker, service, transitions, verdict, world


@pytest.fixture(scope="module")
def gateway(upstream: RecordingUpstream) -> Iterator[GatewayProcess]:
    """A gateway whose breakers mind slowness."""
    rules = {"minimum": 4, "open": "30s", "jitter": "0%"}
    slow = {**rules, "failure_rate": "off", "slow_rate": "50%", "slow_after": "100ms"}
    services = {
        "slow": service(upstream, breaker=slow),
        "silent": service(upstream, breaker=rules, timeouts={"response": "200ms"}),
        "total": service(upstream, breaker=rules, timeouts={"total": "200ms"}),
        "well": service(upstream, breaker=rules),
    }
    with GatewayProcess(world(services)) as process:
        yield process


def test_slow_answers(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Answers that are right but slow open the breaker, once there are enough of them."""
    upstream.on(b"/slow/late", late(0.11, reply(b"at last")))
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(gateway.address)) for _ in range(4)]
        for client in clients:
            client.send(get(b"/slow/late"))
        assert [client.response().body for client in clients] == [b"at last"] * 4
    assert verdict(ask(gateway, b"/slow/x")) == (503, b"circuit-open")
    assert breaker(gateway, "slow") == BreakerRows(state=1, successes=4, failures=0, timeouts=0, rejects=1)
    assert transitions(gateway, "slow") == {("closed", "open"): 1}
    gateway.wait_log("breaker of slow: closed -> open for 30.0 s, .*; of 4 calls in its window 0 failed, 4 were slow")


@pytest.mark.parametrize(("name", "reason"), [("silent", b"response-timeout"), ("total", b"total-timeout")])
def test_silence(name: str, reason: bytes, gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Each request that ran out of time is a failure and a timeout, its socket is closed, and the breaker opens."""
    path = f"/{name}/x".encode()
    upstream.on(path, silence)
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(gateway.address)) for _ in range(4)]
        for client in clients:
            client.send(get(path))
        assert [verdict(client.response()) for client in clients] == [(504, reason)] * 4
    asked = upstream.requests(path)
    assert len(asked) == 4
    for request in asked:
        connection = upstream.connection_of(request)
        upstream.wait_for(lambda c=connection: c.ended in ("eof", "reset"))  # type: ignore[misc]
    assert verdict(ask(gateway, path)) == (503, b"circuit-open")
    assert len(upstream.requests(path)) == 4
    assert breaker(gateway, name) == BreakerRows(state=1, successes=0, failures=4, timeouts=4, rejects=1)
    assert gateway.metric("downstream_errors_total", service=name, error_type="timeout") == 4
    assert gateway.metric("downstream_connections", service=name) == 0
    assert ask(gateway, b"/well/x").status == 200
    assert breaker(gateway, "well").failures == 0
