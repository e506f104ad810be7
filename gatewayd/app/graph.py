"""From a configuration to everything that serves requests, connected and not yet started."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from gatewayd.config import Config
from gatewayd.config.models.address import Target as TargetConfig
from gatewayd.config.models.service import Service as ServiceConfig
from gatewayd.core.matching import Entry
from gatewayd.http.connection import UpstreamConnection
from gatewayd.http.deadlines import Deadlines
from gatewayd.http.dial import Dial
from gatewayd.pipeline.application import Application
from gatewayd.pipeline.compile import compile_route
from gatewayd.pipeline.route import Route
from gatewayd.routes.tree import RouteTree
from gatewayd.telemetry.metrics import Metrics
from gatewayd.telemetry.traffic import ServiceMetrics
from gatewayd.upstream.pool import Pool
from gatewayd.upstream.service import Service, Target

Now = Callable[[], float]


def build_services(
    config: Config, metrics: Metrics, dial: Dial, deadlines: Deadlines, now: Now
) -> dict[str, Service[UpstreamConnection]]:
    """Every configured service with its pools."""
    services: dict[str, Service[UpstreamConnection]] = {}
    for name, service in config.services.items():
        counters = metrics.service(name)
        targets = [_target(target, service, counters, dial, deadlines, now) for target in service.targets]
        services[name] = made = Service(name, targets)
        counters.pool = made.counts
    return services


def _target(
    target: TargetConfig, service: ServiceConfig, counters: ServiceMetrics, dial: Dial, deadlines: Deadlines, now: Now
) -> Target[UpstreamConnection]:
    """One target and its pool, which dials it within the service's `connect` timeout."""

    def open_connection() -> Deferred[UpstreamConnection]:
        began = now()
        dialing = dial(target.address, service.timeouts.connect, UpstreamConnection(deadlines, now))
        return dialing.addCallback(connected, began)

    def connected(connection: UpstreamConnection, began: float) -> UpstreamConnection:
        counters.connected(now() - began)
        return connection

    return Target(target.url, target.authority, Pool(service.pool, open_connection, deadlines, now))


def build_tree(config: Config, services: dict[str, Service[UpstreamConnection]], metrics: Metrics) -> RouteTree[Route]:
    """The resource tree of the configured routes."""
    return RouteTree(
        Entry(
            path=route.path,
            payload=compile_route(config, route, services, metrics.service, metrics.route),
            hosts=route.hosts,
            methods=None if route.methods is None else frozenset(method.encode("ascii") for method in route.methods),
            headers=_conditions(route.headers, lower=True),
            query=_conditions(route.query, lower=False),
            name=route.name,
        )
        for route in config.routes
    )


def _conditions(conditions: Any, lower: bool) -> tuple[tuple[bytes, bytes | None], ...]:
    """Configured header or query conditions as matching takes them; "*" asks for presence only."""
    return tuple(
        ((name.lower() if lower else name).encode(), None if value == "*" else value.encode())
        for name, value in conditions.items()
    )


def build_application(
    config: Config,
    tree: RouteTree[Route],
    metrics: Metrics,
    log: Callable[[dict[str, object]], None] | None,
    now: Now,
    wall_clock: Now,
) -> Application:
    """What serves every listener's requests."""
    return Application(
        tree.locate, pseudonym=config.gateway.name, metrics=metrics, log=log, now=now, wall_clock=wall_clock
    )
