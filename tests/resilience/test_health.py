"""Active checks: a target that fails them gets nothing until it is well; readiness can depend on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.harness import GatewayProcess, RecordingUpstream, Script, reply

from .scripts import FAILED, silence
from .world import ask, ask_until, load, readiness, service, targets, verdict, world

AILMENTS: dict[str, Script | bytes] = {"status": FAILED, "body": reply(b"ill"), "silence": silence}
HEALTH = {"interval": "200ms", "timeout": "200ms", "rise": 2, "fall": 2}


@pytest.fixture(scope="module")
def ill(upstream: RecordingUpstream) -> Iterator[RecordingUpstream]:
    """A service that fails its checks from the start."""
    with RecordingUpstream() as server:
        server.on(b"/health", FAILED)
        yield server


@pytest.fixture(scope="module")
def gateway(upstream: RecordingUpstream, other: RecordingUpstream, ill: RecordingUpstream) -> Iterator[GatewayProcess]:
    """A gateway that asks five times a second; it is ready once the service `needed` is."""
    for server in (upstream, other):
        server.on(b"/health", reply(b"all is well"))
    services = {
        "main": service(upstream, other, health=HEALTH | {"body": "well"}, ejection={"enabled": False}),
        "needed": service(ill, health=HEALTH | {"required": True}),
        "refusing": service(ill, health=HEALTH, balance={"panic": "refuse"}),
    }
    with GatewayProcess(world(services)) as process:
        yield process


def test_readiness(gateway: GatewayProcess, ill: RecordingUpstream) -> None:
    """The gateway is not ready while a service that it needs is ill, and is as soon as that is well."""
    assert readiness(gateway) == (503, {"service needed": "no target is known to be healthy"})
    gateway.wait_log(f"needed: {ill.url} fails its checks: status 500$")
    gateway.wait_log(f"refusing: {ill.url} fails its checks: status 500$")
    assert readiness(gateway) == (503, {"service needed": "no target is known to be healthy"})
    assert targets(gateway, "needed") == (0, 1, 0)
    assert gateway.metric("health_check_status", check_type="needed") == 0
    assert verdict(ask(gateway, b"/needed/x")) == (200, None)  # nobody else is there: it is tried all the same
    assert verdict(ask(gateway, b"/refusing/x")) == (503, b"no-target")
    assert ill.requests(b"/refusing/x") == []

    ill.on(b"/health", reply(b""))
    gateway.wait_log(f"needed: {ill.url} is healthy$")
    gateway.wait_log(f"refusing: {ill.url} is healthy$")
    assert readiness(gateway) == (200, {})
    assert targets(gateway, "needed") == (1, 0, 0)
    assert gateway.metric("health_check_status", check_type="needed") == 1
    assert verdict(ask(gateway, b"/refusing/x")) == (200, None)


@contextmanager
def ailing(ailment: str, upstream: RecordingUpstream) -> Iterator[None]:
    """A service that has something, and is well again at the end."""
    if ailment == "death":
        upstream.go_down()
        try:
            yield
        finally:
            upstream.come_back()
    else:
        upstream.on(b"/health", AILMENTS[ailment])
        try:
            yield
        finally:
            upstream.on(b"/health", reply(b"all is well"))


@pytest.mark.parametrize(
    ("ailment", "why"),
    [
        ("status", "status 500"),
        ("body", "the answer lacks the text that it should have"),
        ("silence", "no answer in 0.2 s"),
        ("death", "(connection refused|the connection was closed .*)"),
    ],
    ids=["status", "body", "silence", "death"],
)
def test_ill_and_well_again(
    ailment: str, why: str, gateway: GatewayProcess, upstream: RecordingUpstream, other: RecordingUpstream
) -> None:
    """A target that fails its checks, one way or another, gets no request until it passes them; nobody notices."""
    path = b"/main/" + ailment.encode()
    wells = len(gateway.wait_log(f"main: {upstream.url} is healthy$"))
    with load(gateway, b"/main/load", clients=1) as statuses:
        with ailing(ailment, upstream):
            gateway.wait_log(f"main: {upstream.url} fails its checks: {why}$")
            assert targets(gateway, "main") == (1, 1, 0)
            assert [ask(gateway, path).status for _ in range(10)] == [200] * 10
            assert upstream.requests(path) == []
            assert len(other.requests(path)) == 10
            assert gateway.metric("health_check_status", check_type="main") == 1  # the other one is well
        gateway.wait_log(f"main: {upstream.url} is healthy$", wells + 1)
        ask_until(gateway, path, lambda: bool(upstream.requests(path)))
        assert targets(gateway, "main") == (2, 0, 0)
    if ailment != "death":  # requests notice that before checks do
        assert set(statuses) == {200}
        assert gateway.metric("downstream_errors_total", service="main") == 0


def test_checks_are_counted(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Each check is one observation, and is asked by the target's own name and ours."""
    seen = len(upstream.requests(b"/health"))
    upstream.wait_request(b"/health", seen + 2)
    check = upstream.requests(b"/health")[0]
    assert check.get(b"host") == upstream.address.encode()
    assert check.get(b"user-agent") == b"gatewayd"
    assert gateway.metric("health_check_duration_seconds_count", check_type="main") >= seen


def test_unknown(upstream: RecordingUpstream) -> None:
    """A target that was not asked yet is not known to be healthy, and gets requests all the same."""
    services = {"late": service(upstream, health={"interval": "1d", "required": True})}
    with GatewayProcess(world(services)) as gateway:
        assert readiness(gateway) == (503, {"service late": "no target is known to be healthy"})
        assert verdict(ask(gateway, b"/late/x")) == (200, None)
        assert targets(gateway, "late") == (1, 0, 0)
        assert gateway.metric("health_check_status", check_type="late") == 0
