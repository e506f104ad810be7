"""What services and routes say about failing services: every key as the value the code works with, and defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatewayd.config import (
    Adaptive,
    Address,
    Balance,
    Breaker,
    Concurrency,
    Config,
    DnsDiscovery,
    Ejection,
    FileDiscovery,
    Hedge,
    Mirror,
    Off,
    Retries,
    Route,
    RouteRetries,
    Service,
    SplitPart,
    Sticky,
    Window,
)
from gatewayd.config.models.fallback import REFUSALS
from tests.config.sample import RESILIENT, loaded


@pytest.fixture(name="config")
def _config(tmp_path: Path) -> Config:
    """A configuration with every key in it."""
    return loaded(tmp_path, RESILIENT)


def test_targets_and_discovery(config: Config) -> None:
    """Targets have a weight and a priority, or are found later."""
    pay, *others = config.services.values()
    assert [(target.url, target.weight, target.priority) for target in pay.targets] == [
        ("http://a:1", 1, 0),
        ("http://b:1", 2, 1),
        ("unix:/c", 1, 0),
    ]
    assert pay.discovery is None
    assert [other.targets for other in others] == [(), (), ()]
    dns, srv, file = (other.discovery for other in others)
    assert dns is not None
    assert dns.dns == DnsDiscovery(name="pay.internal", port=9005, least_ttl=2.0, most_ttl=60.0)
    assert dns.file is None
    assert srv is not None
    assert srv.dns == DnsDiscovery(name="_http._tcp.pay.internal", record="srv")
    assert file is not None
    assert file.file == FileDiscovery(path="/etc/pay.yaml", interval=5.0)


def test_breaker_and_ejection(config: Config) -> None:
    """Rates are shares of one, windows are calls or seconds, off is None."""
    pay = config.services["pay"]
    assert pay.breaker == Breaker(
        mode="metrics_only",
        window=Window(seconds=30.0),
        minimum=5,
        failure_rate=None,
        slow_rate=0.125,
        slow_after=2.0,
        consecutive=4,
        open=5.0,
        open_most=60.0,
        factor=3.0,
        jitter=0.0,
        probes=1,
        ramp=0.0,
        statuses=(500, "5xx", 429),
        errors=("connect",),
    )
    assert pay.breaker.codes == {429, *range(500, 600)}
    assert pay.ejection == Ejection(
        enabled=False,
        consecutive=None,
        failure_rate=0.9,
        window=Window(calls=50),
        minimum=7,
        time=1.0,
        time_most=2.0,
        ramp=0.0,
    )


def test_balance_and_health(config: Config) -> None:
    """Which target answers, and how targets are asked."""
    pay = config.services["pay"]
    assert pay.balance == Balance(
        policy="hash",
        key="header:X-Seat",
        bounded_load=2.0,
        sticky=Sticky(cookie="seat", ttl=300.0, secure=False),
        slow_start=10.0,
        failover_below=0.7,
        panic="refuse",
    )
    health = pay.health
    assert health is not None
    assert (health.path, health.body, health.host, health.port) == ("/up?deep=1", "fine", "up.internal:81", None)
    assert (health.interval, health.timeout, health.jitter) == (1.0, 1.0, 0.2)
    assert health.codes == {301, *range(200, 300)}
    assert health.required
    connecting = config.services["pay-2"].health
    assert connecting is not None
    assert (connecting.path, connecting.port) == (None, 9006)


def test_retries_and_concurrency(config: Config) -> None:
    """How often a request is tried, and how many there are at a time."""
    pay = config.services["pay"]
    assert pay.retries == Retries(
        attempts=3,
        methods=("GET", "PUT"),
        on=("connect", "timeout", 503),
        per_try=1.0,
        backoff=0.0,
        backoff_most=2.0,
        body=0,
        budget=0.5,
        budget_least=0,
        hedge=Hedge(percentile=99.5, least=0.0, most=2.0),
    )
    assert (pay.retries.kinds, pay.retries.codes) == ({"connect", "timeout"}, {503})
    assert pay.concurrency == Concurrency(most=10, queue=5, wait=2.0, order="lifo_under_pressure")
    assert config.services["pay-2"].concurrency == Concurrency(adaptive=Adaptive(least=5, most=50))


def test_routes(config: Config) -> None:
    """A route may lead to several services, and say what becomes of their failures."""
    split, plain = config.routes
    assert split.split == (
        SplitPart(service="pay", weight=95),
        SplitPart(service="pay-2", weight=5),
        SplitPart(service="pay-3", weight=0),
    )
    assert (split.services, split.split_by, split.priority) == (("pay", "pay-2", "pay-3"), "client", "high")
    assert split.fallback is not None
    assert split.fallback.on == ("circuit-open", "no-target")
    assert split.fallback.respond is not None
    assert split.fallback.respond.status == 503
    assert split.mirror == Mirror(service="pay-4", share=0.025, at_once=3, body=1024)
    assert split.retries == RouteRetries(attempts=0, methods=(), on=("5xx",), per_try=Off.OFF)
    assert plain.services == ("pay",)
    assert plain.fallback is not None
    assert (plain.fallback.service, plain.fallback.on) == ("pay-2", REFUSALS[:-1])
    assert plain.priority == "normal"


def test_the_process(config: Config) -> None:
    """What is refused under overload, who is asked for names, whose timeouts count."""
    assert (config.shedding.enabled, config.shedding.lag, config.shedding.lag_full) == (False, 0.1, 0.5)
    assert config.dns.servers == (
        Address("tcp", "10.0.0.53", 53),
        Address("tcp", "10.0.0.54", 5353),
        Address("tcp", "fd00::53", 53),
        Address("tcp", "fd00::53", 54),
    )
    assert not config.gateway.accept_timeouts


def test_retries_of_a_route(config: Config) -> None:
    """A route's retries come before its service's; off is off, and what is not set is as the service has it."""
    split, plain = config.routes
    own = config.retries_of(plain)
    assert own == config.services["pay"].retries.model_copy(update={"per_try": 3.0})
    first = config.retries_of(split, "pay")
    assert (first.attempts, first.methods, first.on, first.per_try) == (0, (), ("5xx",), None)
    assert (first.backoff, first.hedge) == (0.0, config.services["pay"].retries.hedge)
    assert config.retries_of(split, "pay-2").backoff == 0.025
    assert config.retries_of(Route(path="/")) == Retries()


def test_timeouts_of_a_service_of_a_split(config: Config) -> None:
    """Where a route leads to several services, each has its own timeouts."""
    slow = Service.model_validate({"targets": ("http://a",), "timeouts": {"response": 99.0}})
    changed = config.model_copy(update={"services": {"slow": slow}})
    route = config.routes[0]
    assert changed.timeouts_of(route, "slow").response == 99.0
    assert changed.timeouts_of(route).response == 10.0


def test_defaults() -> None:
    """What a service has that says nothing."""
    service = Service.model_validate({"targets": ("http://a",)})
    assert service.health is None
    breaker = service.breaker
    assert (breaker.mode, breaker.window, breaker.minimum, breaker.failure_rate) == ("auto", Window(calls=100), 10, 0.5)
    assert (breaker.slow_rate, breaker.consecutive, breaker.open, breaker.ramp) == (None, None, 30.0, 10.0)
    assert breaker.codes == {500, 502, 503, 504}
    assert (service.ejection.enabled, service.ejection.consecutive, service.ejection.failure_rate) == (True, 5, 0.8)
    assert (service.balance.policy, service.balance.sticky, service.balance.panic) == ("round_robin", None, "try")
    retries = service.retries
    assert (retries.attempts, retries.kinds, retries.codes) == (1, {"connect", "reset"}, set())
    assert (retries.budget, retries.budget_least, retries.hedge) == (0.2, 3, None)
    assert (service.concurrency.most, service.concurrency.adaptive, service.concurrency.queue) == (None, None, 0)
