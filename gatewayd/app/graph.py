"""From a configuration to everything that serves requests, connected and not yet started."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twisted.internet.interfaces import IReactorTime

from gatewayd.app.logs import build_recorder
from gatewayd.config import Config
from gatewayd.config.entries import entry_of
from gatewayd.core.forwarded import TrustedPeers
from gatewayd.core.shedding import Shedder, Thresholds
from gatewayd.filters.hygiene import Hygiene
from gatewayd.http.connection import UpstreamConnection
from gatewayd.http.deadlines import Deadlines
from gatewayd.pipeline.application import Application
from gatewayd.pipeline.checks import Access, CheckCompiler
from gatewayd.pipeline.compile import RouteCompiler
from gatewayd.pipeline.finish import Finish
from gatewayd.pipeline.route import Route
from gatewayd.routes.tree import RouteTree
from gatewayd.telemetry.metrics import Metrics
from gatewayd.upstream.service import Service

Now = Callable[[], float]


def build_tree(
    config: Config,
    services: Mapping[str, Service[UpstreamConnection]],
    metrics: Metrics,
    access: Access,
    random: Callable[[], float],
) -> RouteTree[Route]:
    """The resource tree of the configured routes."""
    compiler = RouteCompiler(config, services, metrics, access, random)
    return RouteTree(entry_of(route, compiler.compile(route)) for route in config.routes)


def build_application(
    config: Config,
    tree: RouteTree[Route],
    metrics: Metrics,
    log: Callable[[dict[str, object]], None] | None,
    *,
    now: Now,
    wall_clock: Now,
    clock: IReactorTime,
    deadlines: Deadlines,
    hygiene: Hygiene,
    access: Access,
    random: Callable[[], float],
) -> Application:
    """What serves every listener's requests."""
    checks = CheckCompiler(config, access, TrustedPeers(config.gateway.trusted_proxies))
    return Application(
        tree.locate,
        pseudonym=config.gateway.name,
        metrics=metrics,
        record=None if log is None else build_recorder(config, log, wall_clock, lambda: access.directory().samples),
        now=now,
        wall_clock=wall_clock,
        clock=clock,
        hasten=deadlines.hasten,
        hygiene=hygiene,
        finish=Finish(config.security_headers.lines, None),
        unrouted=checks.unrouted(),
        preflights=checks.preflights(),
        shedder=Shedder(Thresholds(config.shedding.lag, config.shedding.lag_full)),
        accepts_timeouts=config.gateway.accept_timeouts,
        random=random,
    )
