"""What is shipped to watch the gateway with sees a real one: rules, panels, alerts, and who is told."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from gatewayd.telemetry.catalogue import DEFINITIONS
from tests.harness import GatewayProcess, RecordingUpstream
from tests.harness.redis import RedisServer
from tests.monitoring.dashboards import filled, marks, queries
from tests.monitoring.live import expected, shortened, world
from tests.monitoring.live.processes import PATIENCE, Alertmanager, Prometheus, Services, until
from tests.monitoring.live.receiver import WebhookReceiver
from tests.monitoring.tools import RECORDINGS
from tests.resilience.nameserver import NameServer

BOTH = ("pagerduty-security", "slack-security")


@dataclass(frozen=True, slots=True)
class Stack:
    """Everything that runs."""

    gateway: GatewayProcess
    services: Services
    issuer: RecordingUpstream
    flaky: RecordingUpstream
    redis: RedisServer
    prometheus: Prometheus
    receiver: WebhookReceiver

    def fired(self, begun: float) -> set[str]:
        """The alerts that fired at any time since then, but the one that always does, and those of a busy machine."""
        return self.prometheus.firing(time.monotonic() - begun) - {"Watchdog"} - expected.MACHINE

    def told(self, since: int) -> dict[str, set[str]]:
        """What each receiver was told since then, but what says nothing about the gateway."""
        came = {name: alerts - expected.MACHINE for name, alerts in self.receiver.firing(since).items()}
        return {name: alerts for name, alerts in came.items() if alerts and name != "dead-mans-switch"}

    def quiet(self) -> None:
        """Return once no such alert fires any more."""
        until(lambda: self.prometheus.firing() - expected.MACHINE == {"Watchdog"}, self.prometheus.firing)

    def set_off(self, alerts: set[str], told: dict[str, set[str]], begun: float, since: int) -> None:
        """Return once these alerts have fired and those receivers were told; AssertionError if others fired, too."""
        until(lambda: alerts <= self.fired(begun), lambda: alerts - self.fired(begun))
        self.receiver.wait(lambda came: all(told[name] <= came.get(name, set()) for name in told), since, PATIENCE)
        assert self.fired(begun) == alerts
        assert self.told(since) == told


@pytest.fixture(name="stack")
def running(tmp_path: Path) -> Iterator[Stack]:
    """All of it, in the order in which it is needed; the daemons end in the opposite one."""
    with ExitStack() as keep:
        services = keep.enter_context(Services())
        issuer, flaky = (keep.enter_context(RecordingUpstream()) for _ in range(2))
        issuer.on(b"/jwks", world.jwks())
        redis = keep.enter_context(RedisServer(tmp_path / "redis"))
        names = keep.enter_context(NameServer())
        names.addresses(b"order.internal", "127.0.0.1")
        config = world.configuration(services, issuer, flaky, redis.address, names.address, tmp_path)
        gateway = keep.enter_context(GatewayProcess(config))
        receiver = keep.enter_context(WebhookReceiver())
        routes = shortened.alertmanager(tmp_path / "alertmanager", receiver.url)
        alertmanager = keep.enter_context(Alertmanager(tmp_path / "alertmanager", routes))
        rules = shortened.prometheus(tmp_path / "prometheus", gateway.metrics_address, alertmanager.address)
        prometheus = keep.enter_context(Prometheus(tmp_path / "prometheus", rules))
        yield Stack(gateway, services, issuer, flaky, redis, prometheus, receiver)


def test_a_real_gateway_is_seen_by_what_is_shipped(stack: Stack) -> None:
    """Clean traffic is silent; each fault sets off its alerts and no others, and the right people are told of it."""
    with world.Traffic(stack.gateway.address):
        nothing_is_wrong(stack)
        somebody_trespasses(stack)
        redis_stops(stack)
        a_service_is_killed(stack)
        everything_moves(stack)
        rules_and_panels_have_data(stack)
    the_gateway_restarts(stack)


def nothing_is_wrong(stack: Stack) -> None:
    """For some seconds of good traffic only the alert that always fires does, and it reaches the dead man's switch."""
    until(lambda: bool(stack.prometheus.query("job:http_requests_slow:ratio_rate3d >= 0")), lambda: "scraped")
    stack.quiet()
    begun, since = time.monotonic(), stack.receiver.mark()
    stack.receiver.wait(lambda came: "Watchdog" in came.get("dead-mans-switch", ()), 0, PATIENCE)
    passed = 'count_over_time(ALERTS{alertname="Watchdog"}[1m])'
    seen = float(stack.prometheus.query(passed)[0]["value"][1])
    until(lambda: float(stack.prometheus.query(passed)[0]["value"][1]) >= seen + 10, lambda: "evaluated")
    assert stack.fired(begun) == set()
    assert stack.told(since) == {}


def somebody_trespasses(stack: Stack) -> None:
    """One request for another tenant's data: security is told on both ways, of the very first one."""
    since, begun = stack.receiver.mark(), time.monotonic()
    world.trespass(stack.gateway.address)
    alerts = {"CrossTenantAccessAttempt", "SecurityViolationDetected"}
    stack.set_off(alerts, dict.fromkeys(BOTH, alerts), begun, since)
    stack.quiet()


def redis_stops(stack: Stack) -> None:
    """It hangs, then it is gone. Requests go on; security is told that limits are open, Slack that Redis is away."""
    since, begun = stack.receiver.mark(), time.monotonic()
    stack.redis.suspend()
    until(lambda: stack.gateway.metric("redis_errors_total") > 0, lambda: "nobody asked Redis")
    stack.redis.kill()
    degraded = {"RateLimiterDegraded"}
    told = {"slack": {"RedisUnavailable"}, **dict.fromkeys(BOTH, degraded)}
    stack.set_off({"RedisUnavailable", *degraded}, told, begun, since)
    stack.redis.start()
    stack.quiet()


def a_service_is_killed(stack: Stack) -> None:
    """Its checks, its targets and its errors are told of; that its breaker opens follows from that, and is not."""
    since, begun = stack.receiver.mark(), time.monotonic()
    stack.services.switch("payment", "closed")
    paged = {
        "DownstreamServiceDown",
        "DownstreamNoHealthyTargets",
        "APIGatewayHighErrorRate",
        "AvailabilitySLOViolation",
    }
    other = {"CircuitBreakerOpen", "DownstreamServiceHighErrorRate", "AvailabilitySLOSlowBurn"}
    told = {"pagerduty": paged, "slack": {"DownstreamServiceHighErrorRate"}}
    stack.set_off(paged | other, told, begun, since)
    stack.services.switch("payment", "ok")
    stack.quiet()


def everything_moves(stack: Stack) -> None:
    """Every row of the registry has moved by now, but those that cannot."""
    world.attack(stack.gateway.address, stack.gateway.addresses["walled"], stack.issuer)
    world.strain(stack.gateway.address, stack.flaky)

    def still() -> set[str]:
        return {
            definition.name for definition in DEFINITIONS if not moved(stack.gateway, definition.name, definition.kind)
        }

    until(lambda: still() <= set(expected.STILL), lambda: still() - set(expected.STILL), 5.0)
    assert still() == set(expected.STILL), "these have moved; take them out of the list"


def moved(gateway: GatewayProcess, name: str, kind: str) -> bool:
    """Whether a row has counted something; a gauge has where it says something."""
    samples = gateway.samples(f"{name}_count" if kind == "histogram" else name)
    return bool(samples) if kind in ("gauge", "info") else any(sample.value > 0 for sample in samples)


def rules_and_panels_have_data(stack: Stack) -> None:
    """Every rule records something, and every query of every panel comes to a number."""
    asked = {rule.record: rule.record for rule in RECORDINGS}
    asked |= {place: filled(query, "6s", "1m") for place, query in queries() if place not in dict(marks())}

    def without() -> list[str]:
        return [place for place, expression in asked.items() if comes_to_nothing(stack.prometheus, expression)]

    until(lambda: not without(), without)


def comes_to_nothing(prometheus: Prometheus, expression: str) -> bool:
    """Whether no series of it has a value that can be shown."""
    return all(math.isnan(float(series["value"][1])) for series in prometheus.query(expression))


def the_gateway_restarts(stack: Stack) -> None:
    """Somebody is paged while nothing answers; the dashboard has a mark where it came back."""
    since = stack.receiver.mark()
    assert stack.gateway.terminate() == 0
    stack.receiver.wait(lambda came: "APIGatewayDown" in came.get("pagerduty", ()), since, PATIENCE)
    with GatewayProcess({"metrics": {"address": stack.gateway.metrics_address}}):
        stack.quiet()
        wanted = [filled(query) for _, query in marks()]
        until(
            lambda: not any(comes_to_nothing(stack.prometheus, query) for query in wanted),
            lambda: [query for query in wanted if comes_to_nothing(stack.prometheus, query)],
        )
