"""What keeps a service's targets up to date: discovery finds them, checks ask how they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.internet.threads import deferToThreadPool

from gatewayd.admin import Readiness
from gatewayd.app.services import Asked, Place, ServiceBuilder
from gatewayd.config import Config
from gatewayd.config.models.discovery import Discovery
from gatewayd.config.models.health import Health as HealthConfig
from gatewayd.config.models.service import Service as ServiceConfig
from gatewayd.core.membership import Found, plan
from gatewayd.core.streak import Health, Streak
from gatewayd.http.tls.client import TlsEndpoint
from gatewayd.log import Log, events
from gatewayd.telemetry.metrics import Metrics
from gatewayd.telemetry.traffic import ServiceMetrics
from gatewayd.upstream.discovery.dns import DnsDiscovery
from gatewayd.upstream.discovery.file import FileDiscovery
from gatewayd.upstream.discovery.listing import parse
from gatewayd.upstream.discovery.resolver import Resolver, resolver
from gatewayd.upstream.health import HealthCheck, Settings
from gatewayd.upstream.probes import probe

_log = Log("gatewayd.services")


_PATIENCE = 5.0  # seconds that a start waits for the first targets to be found


class Upkeep:
    """Keeps the targets of every service up to date, from `start` to `stop`."""

    def __init__(
        self,
        config: Config,
        services: Mapping[str, Asked],
        metrics: Metrics,
        builder: ServiceBuilder,
        reactor: Any,
        now: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self._config = config
        self._services = services
        self._metrics = metrics
        self._builder = builder
        self._reactor = reactor
        self._now = now
        self._random = random
        self._resolver: Resolver | None = None
        self._kept: list[ServiceUpkeep] = []

    def start(self, readiness: Readiness) -> Deferred[Any]:
        """Begin; not before the process is the one that stays, since it opens sockets and threads.

        Fires, never fails, when every discovery has found targets or has failed for the first time, or after a while.
        `readiness` is told of the services that it depends on.
        """
        for name, config in self._config.services.items():
            if config.discovery is None and config.health is None:
                continue
            kept = ServiceUpkeep(
                self._services[name],
                config,
                self._metrics.service(name),
                self._builder,
                self._reactor,
                self._resolve,
                self._now,
                self._random,
            )
            self._kept.append(kept)
            if config.health is not None and config.health.required:
                readiness.require(f"service {name}", kept.unready)
        started = DeferredList([kept.start() for kept in self._kept])
        waited: Deferred[None] = Deferred()
        timer = self._reactor.callLater(_PATIENCE, waited.callback, None)

        def first(_: object) -> None:
            if timer.active():
                timer.cancel()
                waited.callback(None)

        started.addCallback(first)
        return waited

    def stop(self) -> None:
        """Leave everything as it is."""
        for kept in self._kept:
            kept.stop()
        if self._resolver is not None:
            self._resolver.close()

    def _resolve(self) -> Resolver:
        """What asks name servers, the same for all."""
        if self._resolver is None:
            dns = self._config.dns
            servers = [(server.host, server.port) for server in dns.servers]
            self._resolver = resolver(self._reactor, servers, (dns.timeout, dns.timeout))
        return self._resolver


class ServiceUpkeep:
    """Keeps the targets of one service up to date, from `start` to `stop`."""

    def __init__(
        self,
        service: Asked,
        config: ServiceConfig,
        counters: ServiceMetrics,
        builder: ServiceBuilder,
        reactor: Any,
        resolver: Callable[[], Any],
        now: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self._service = service
        self._config = config
        self._counters = counters
        self._builder = builder
        self._reactor = reactor
        self._now = now
        self._random = random
        self._checks: dict[Place, HealthCheck] = {}
        self._discovery = None if config.discovery is None else self._discover(config.discovery, resolver)
        if config.health is not None:
            counters.check_status = 0

    def start(self) -> Deferred[None]:
        """Begin. Fires, never fails, once discovery has found targets or has failed for the first time."""
        self._watch()
        return succeed(None) if self._discovery is None else self._discovery.start()

    def stop(self) -> None:
        """Leave the targets as they are."""
        if self._discovery is not None:
            self._discovery.stop()
        for check in self._checks.values():
            check.stop()
        self._checks.clear()

    def unready(self) -> str | None:
        """Why the gateway had better get no traffic yet, if this service is reason enough."""
        health = self._config.health
        if health is None or not health.required or self._service.known_healthy:
            return None
        return "no target is known to be healthy"

    def _discover(self, config: Discovery, resolver: Callable[[], Any]) -> DnsDiscovery | FileDiscovery:
        """What finds the targets."""
        if config.dns is not None:
            dns = config.dns
            return DnsDiscovery(
                dns.name,
                dns.port or 0,
                dns.record,
                resolver(),
                self._reactor,
                self._random,
                dns.least_ttl,
                dns.most_ttl,
                self._found,
                _logged_already,
                self._builder.looked_up,
            )
        assert config.file is not None
        pool = self._reactor.getThreadPool()
        return FileDiscovery(
            config.file.path,
            config.file.interval,
            self._reactor,
            parse,
            self._found,
            _logged_already,
            lambda function, path: deferToThreadPool(self._reactor, pool, function, path),
        )

    def _found(self, found: tuple[Found, ...]) -> None:
        """These are the targets from now on; those that stay keep their connections and what is known of them."""
        service = self._service
        discovery = self._config.discovery
        if self._config.tls is not None and discovery is not None and discovery.dns is not None:
            found = tuple(replace(one, secure=True) for one in found)  # a name in DNS does not say so
        change = plan({target.url: target for target in service.targets}, found)
        for target, new in change.changed:
            target.weight, target.priority = new.weight, new.priority
        targets = [
            *change.kept,
            *(target for target, _ in change.changed),
            *(self._builder.found(service, self._config, new) for new in change.added),
        ]
        order = {one.url: place for place, one in enumerate(found)}
        service.replace(sorted(targets, key=lambda target: order[target.url]), self._now())
        self._watch()

    def _watch(self) -> None:
        """Check every target there is, and no other."""
        health = self._config.health
        if health is None:
            return
        for target in self._checks.keys() - set(self._service.targets):
            self._checks.pop(target).stop()
        for target in self._service.targets:
            if target not in self._checks:
                self._checks[target] = check = self._check(target, health)
                check.start()
        self._tell()

    def _check(self, target: Place, health: HealthConfig) -> HealthCheck:
        """What asks one target."""
        streak = Streak(health.rise, health.fall)
        settings = Settings(
            path=health.path,
            method=health.method,
            interval=health.interval,
            jitter=health.jitter,
            timeout=health.timeout,
            statuses=health.codes,
            body=(health.body or "").encode(),
            port=health.port,
            host=health.host or "",
        )

        def judge(ok: bool, seconds: float, why: str) -> None:
            self._counters.checked(seconds)
            if streak.observe(ok):
                self._changed(target, streak.health, why)
            self._tell()

        secured = None if target.tls is None else lambda endpoint: TlsEndpoint(endpoint, target.tls)
        asking = probe(self._reactor, target.address, settings, secured)
        return HealthCheck(asking, settings, self._reactor, judge, self._random)

    def _changed(self, target: Place, health: Health, why: str) -> None:
        """A target is well again, or ill."""
        target.health = health
        name, url = self._service.name, target.url
        if health is Health.UNHEALTHY:
            _log(events.TARGET_UNHEALTHY, service=name, target=url, why=why)
        else:
            _log(events.TARGET_HEALTHY, service=name, target=url)
        self._service.refresh(self._now())

    def _tell(self) -> None:
        """What metrics say of the service as a whole."""
        self._counters.check_status = int(self._service.known_healthy)


def _logged_already(why: str) -> None:
    """Discovery logs its failures itself, one line each time something changes."""
