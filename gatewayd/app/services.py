"""From configured services to services that answer: breakers, balancing, bounds, and how targets are made."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from twisted.internet.defer import Deferred

from gatewayd.config import Config
from gatewayd.config.models.address import Address
from gatewayd.config.models.address import Target as TargetConfig
from gatewayd.config.models.balance import Balance
from gatewayd.config.models.breaker import Breaker as BreakerConfig
from gatewayd.config.models.concurrency import Concurrency
from gatewayd.config.models.ejection import Ejection
from gatewayd.config.models.service import Service as ServiceConfig
from gatewayd.core.backoff import Backoff
from gatewayd.core.balance import (
    Cookie,
    HashRing,
    LeastRequests,
    PeakEwma,
    Policy,
    Random,
    RoundRobin,
    StickyTargets,
)
from gatewayd.core.breaker import Breaker, Event, Settings, State, Transition
from gatewayd.core.budget import Budget
from gatewayd.core.gradient import Gradient
from gatewayd.core.membership import Found
from gatewayd.http.connection import UpstreamConnection
from gatewayd.http.deadlines import Deadlines
from gatewayd.http.dial import Dial
from gatewayd.http.fieldtable import FieldTable
from gatewayd.http.sections import RESPONSES
from gatewayd.http.tls.client import ClientTls
from gatewayd.log import Log, events
from gatewayd.telemetry.metrics import Metrics
from gatewayd.telemetry.traffic import ServiceMetrics
from gatewayd.upstream.breaker import log_transition
from gatewayd.upstream.bulkhead import Bulkhead
from gatewayd.upstream.pool import Pool
from gatewayd.upstream.service import Service
from gatewayd.upstream.target import Target

Now = Callable[[], float]
Asked = Service[UpstreamConnection]
Place = Target[UpstreamConnection]
MakeTls = Callable[[str, ServiceConfig, TargetConfig], ClientTls]
"""How a target of the service of this name is met."""

_WISHES = {
    "forced_open": Event.FORCE_OPEN,
    "forced_closed": Event.FORCE_CLOSE,
    "metrics_only": Event.OBSERVE,
}
_log = Log("gatewayd.services")


class ServiceBuilder:
    """Builds services. `dial` opens connections, `deadlines` bounds waits, `random` answers numbers from 0 to 1.

    `fields` judges the field lines of answers, `tls` says how targets are met that are met by TLS.
    """

    def __init__(
        self,
        metrics: Metrics,
        dial: Dial,
        deadlines: Deadlines,
        now: Now,
        random: Callable[[], float],
        fields: FieldTable = RESPONSES,
        tls: MakeTls | None = None,
    ) -> None:
        self._metrics = metrics
        self._dial = dial
        self._deadlines = deadlines
        self._now = now
        self._random = random
        self._fields = fields
        self._tls = tls or _no_tls

    def build(self, config: Config) -> dict[str, Asked]:
        """Every configured service, with the targets that are known already."""
        return {name: self._service(name, service, config.gateway.name) for name, service in config.services.items()}

    def _service(self, name: str, config: ServiceConfig, salt: str) -> Asked:
        counters = self._metrics.service(name)
        breaker = self._breaker(name, config.breaker)
        balance, retries = config.balance, config.retries
        sticky = balance.sticky
        service: Asked = Service(
            name,
            policy=_policy(balance, self._random),
            breaker=breaker,
            bulkhead=self._bulkhead(config.concurrency),
            budget=Budget(retries.budget, retries.budget_least),
            sticky=None
            if sticky is None
            else StickyTargets(Cookie(sticky.cookie, sticky.ttl, sticky.secure), f"{salt}/{name}".encode()),
            failover_below=balance.failover_below,
            refuses=balance.panic == "refuse",
            random=self._random,
        )
        targets = [self.target(service, config, target) for target in config.targets]
        service.replace(targets, self._now())
        counters.pool = service.counts
        counters.targets = lambda: service.standings(self._now())
        counters.breaker = breaker
        return service

    def found(self, service: Asked, config: ServiceConfig, found: Found) -> Place:
        """A target that discovery has found.

        That its address is known already, whenever it is dialled, counts as a look-up that the last answer of name
        servers serves.
        """
        dns = config.discovery is not None and config.discovery.dns is not None
        if found.path:
            address, authority = Address("unix", path=found.path), b"localhost"
        else:
            address = Address("tcp", found.host, found.port)
            authority = str(address).removesuffix(":443" if found.secure else ":80").encode("ascii")
        place = TargetConfig(found.url, address, authority, found.weight, found.priority, found.secure)
        return self.target(service, config, place, by_dns=dns)

    def looked_up(self, found: bool) -> None:
        """Name servers were asked where a service is, and knew it or did not."""
        counters = self._metrics.callers
        counters.cache_miss("dns")
        if not found:
            counters.cache_error("dns", "get")

    def target(self, service: Asked, config: ServiceConfig, place: TargetConfig, *, by_dns: bool = False) -> Place:
        """A target with its pool, which dials it within the service's `connect` timeout.

        One that joins others which already answer warms up, if the service is configured so.
        """
        now, slow_start = self._now, config.balance.slow_start
        counters = self._metrics.service(service.name)
        tls = self._tls(service.name, config, place) if place.secure else None
        dial = partial(self._open, place.address, config.timeouts.connect, counters, by_dns, tls)
        pool = Pool(config.pool, dial, self._deadlines, now)
        joins = bool(slow_start and service.targets)
        since = now() if joins else 0.0
        target: Place = Target(
            place.url,
            place.authority,
            pool,
            address=place.address,
            weight=place.weight,
            priority=place.priority,
            slow_since=since,
            slow_until=since + slow_start if joins else 0.0,
            tls=tls,
        )
        if config.ejection.enabled and (config.discovery is not None or len(config.targets) > 1):
            target.ejection = Breaker(
                _ejection(config.ejection),
                self._random,
                partial(self._ejected, service, target, config.ejection.ramp),
                lambda: service.may_eject(target, now()),
            )
        return target

    def _open(
        self, address: Address, timeout: float, counters: ServiceMetrics, by_dns: bool, tls: ClientTls | None
    ) -> Deferred[UpstreamConnection]:
        """Open a connection to a target."""
        if by_dns:
            self._metrics.callers.cache_hit("dns")
        now = self._now
        began = now()

        def connected(connection: UpstreamConnection) -> UpstreamConnection:
            counters.connected(now() - began)
            return connection

        connection = UpstreamConnection(self._deadlines, now, self._fields)
        return self._dial(address, timeout, connection, tls).addCallback(connected)

    def _breaker(self, name: str, config: BreakerConfig) -> Breaker | None:
        """The circuit breaker of a service, if it has one."""
        if config.mode == "off":
            return None
        settings = Settings(
            calls=config.window.calls,
            seconds=config.window.seconds,
            minimum=config.minimum,
            failure_rate=config.failure_rate,
            slow_rate=config.slow_rate,
            slow_after=config.slow_after,
            consecutive=config.consecutive,
            open=Backoff(config.open, config.factor, config.open_most, config.jitter),
            probes=config.probes,
            ramp=config.ramp,
        )
        breaker = Breaker(settings, self._random, log_transition(name))
        if config.mode in _WISHES:
            breaker.force(_WISHES[config.mode], self._now(), "it is configured so")
        return breaker

    def _ejected(self, service: Asked, target: Place, ramp: float, transition: Transition) -> None:
        """A target was ejected, or is back; it comes back by and by."""
        if transition.after is State.OPEN:
            _log(
                events.TARGET_EJECTED,
                service=service.name,
                target=target.url,
                seconds=transition.open_for,
                cause=transition.cause,
                last_failure=transition.last_failure,
                how=f"; last failure: {transition.last_failure}" if transition.last_failure else "",
            )
        elif transition.after is State.CLOSED:
            _log(events.TARGET_RETURNED, service=service.name, target=target.url)
            target.slow_since = transition.at
            target.slow_until = transition.at + ramp
        service.refresh(transition.at)

    def _bulkhead(self, config: Concurrency) -> Bulkhead | None:
        """What bounds the requests at a service, if anything does."""
        adaptive = config.adaptive
        if config.most is None and adaptive is None:
            return None
        gradient = None if adaptive is None else Gradient(adaptive.least, adaptive.most)
        return Bulkhead(config, self._deadlines, self._now, gradient)


def _no_tls(name: str, config: ServiceConfig, place: TargetConfig) -> ClientTls:
    """Stands in where no service is met by TLS."""
    raise AssertionError(f"{name}: {place.url} is to be met by TLS, and nothing says how")


def _ejection(config: Ejection) -> Settings:
    """The numbers by which single targets are ejected: one probe, and no ramp of the breaker's own.

    Who may be picked is not decided by refusing requests: the target's share grows instead (`Target.slow_until`).
    """
    return Settings(
        calls=config.window.calls,
        seconds=config.window.seconds,
        minimum=config.minimum,
        failure_rate=config.failure_rate,
        consecutive=config.consecutive,
        open=Backoff(config.time, 2.0, config.time_most, 0.1),
        probes=1,
        ramp=0.0,
        memory=config.time_most,
    )


def _policy(balance: Balance, random: Callable[[], float]) -> Policy[Place]:
    """How a service's targets are picked."""
    if balance.policy == "hash":
        return HashRing(random, balance.bounded_load)
    policies: dict[str, type[Policy[Place]]] = {
        "round_robin": RoundRobin,
        "random": Random,
        "least_requests": LeastRequests,
        "ewma": PeakEwma,
    }
    return policies[balance.policy](random)  # type: ignore[call-arg]
