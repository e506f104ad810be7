"""Breakers that were told what to do: open, closed, or only watching, whatever happens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness import GatewayProcess, RecordingUpstream

from .scripts import FAILED
from .world import BreakerRows, ask, breaker, service, transitions, verdict, world

MODES = ("forced-open", "forced-closed", "metrics-only", "off")


@pytest.fixture(scope="module")
def gateway(upstream: RecordingUpstream) -> Iterator[GatewayProcess]:
    """A gateway with a service for each mode, named like it; the rules would open each breaker at once."""
    services = {
        mode: service(upstream, breaker={"mode": mode.replace("-", "_"), "minimum": 2, "open": "17s"}) for mode in MODES
    }
    for mode in MODES:
        upstream.on(f"/{mode}/x".encode(), FAILED)
    with GatewayProcess(world(services)) as process:
        yield process


def test_forced_open(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Everything is refused, and nothing reaches the service; nobody knows until when."""
    for _ in range(5):
        refused = ask(gateway, b"/forced-open/x")
        assert verdict(refused) == (503, b"circuit-open")
        assert refused.get(b"retry-after") == b"17"
    assert upstream.requests(b"/forced-open/x") == []
    assert breaker(gateway, "forced-open") == BreakerRows(state=1, successes=0, failures=0, timeouts=0, rejects=5)
    assert transitions(gateway, "forced-open") == {("closed", "forced_open"): 1}
    gateway.wait_log("breaker of forced-open: closed -> forced_open, it is configured so")


@pytest.mark.parametrize("mode", ["forced-closed", "metrics-only"])
def test_never_refuses(mode: str, gateway: GatewayProcess) -> None:
    """Failures are passed on and counted, and the breaker stays as it is."""
    for _ in range(10):
        assert verdict(ask(gateway, f"/{mode}/x".encode())) == (500, None)
    assert breaker(gateway, mode) == BreakerRows(state=0, successes=0, failures=10, timeouts=0, rejects=0)
    assert transitions(gateway, mode) == {("closed", mode.replace("-", "_")): 1}


def test_off(gateway: GatewayProcess) -> None:
    """Without a breaker nothing is refused, and there is nothing to be told of it."""
    for _ in range(10):
        assert verdict(ask(gateway, b"/off/x")) == (500, None)
    assert gateway.samples("circuit_breaker_state", service="off") == []
    assert gateway.metric("downstream_errors_total", service="off", error_type="http_5xx") == 10
