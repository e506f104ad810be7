"""The object the rest of the gateway counts with, and the registry that exposes what was counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry

from gatewayd.core.breaker.states import PAIRS
from gatewayd.telemetry import catalogue, process, rows
from gatewayd.telemetry.callers import MOST_TENANTS, CallerMetrics
from gatewayd.telemetry.collector import Read, Row, TallyCollector
from gatewayd.telemetry.definition import Definition
from gatewayd.telemetry.limits import LimitMetrics
from gatewayd.telemetry.operations import CertificateMetrics, ReloadMetrics, SpanMetrics, WorkerMetrics
from gatewayd.telemetry.stores import RedisMetrics
from gatewayd.telemetry.tally import Events, HistogramTally
from gatewayd.telemetry.traffic import UNMATCHED, RouteMetrics, ServiceMetrics


class Metrics:
    """Everything that is counted, on a registry of its own. One per process; used from the reactor's thread.

    `overhead(seconds)` and `loop_lag(seconds)` observe. `connections` is set to a callable that is asked at scrape time
    for the number of open client connections. The parts that have series of their own count with `callers`,
    `rate_limits`, `redis`, `reloads`, `workers`, `spans` and `certificates`. `pairs` are the changes of a circuit
    breaker's state, by the names of the states before and after, that are exported before the first of them.
    At most `most_tenants` tenants have series of their own. `aliases` exports what has a second name under that, too.
    """

    overhead: Callable[[float], None]
    loop_lag: Callable[[float], None]
    connections: Callable[[], int]

    def __init__(
        self,
        pairs: Iterable[tuple[str, str]] = PAIRS,
        *,
        most_tenants: int = MOST_TENANTS,
        aliases: bool = False,
    ) -> None:
        self._routes: dict[str, RouteMetrics] = {}
        self._services: dict[str, ServiceMetrics] = {}
        self.callers = CallerMetrics(most_tenants)
        self.rate_limits = LimitMetrics(self.callers.label, self.callers.capped)
        self.callers.left.append(self.rate_limits.forget)
        self.redis = RedisMetrics()
        self.reloads = ReloadMetrics()
        self.workers = WorkerMetrics()
        self.spans = SpanMetrics()
        self.certificates = CertificateMetrics()
        self._build: tuple[str, ...] | None = None
        self._config: tuple[str, ...] | None = None
        self._pairs = tuple(pairs)
        self._overheads = HistogramTally(catalogue.OVERHEADS)
        self._lags = HistogramTally(catalogue.LAGS)
        self.overhead = self._overheads.observe
        self.loop_lag = self._lags.observe
        self.connections = lambda: 0
        self._violations = Events(catalogue.VIOLATIONS.known)
        self._aborts = Events(catalogue.ABORTS.known)
        self._rejected = Events(catalogue.REJECTED.known)
        self._limit = 0
        self._draining = 0
        self.registry = CollectorRegistry()
        readers = {**self._of_traffic(), **self._of_services(), **self._of_callers(), **self._of_process()}
        if aliases:
            readers[catalogue.AUTH_ALIAS] = self.callers.auth.attempts
        self.collectors = [TallyCollector(one, readers[one]) for one in catalogue.DEFINITIONS if one in readers]
        for collector in self.collectors:
            self.registry.register(collector)

    def route(self, label: str = UNMATCHED) -> RouteMetrics:
        """The rows of the route called `label`, the same object each time; without a label, those of no route."""
        return self._routes.setdefault(label, RouteMetrics())

    def service(self, name: str) -> ServiceMetrics:
        """The rows of one service, the same object each time."""
        known = self._services.get(name)
        if known is None:
            known = self._services[name] = ServiceMetrics()
        return known

    def violation(self, kind: str) -> None:
        """Count a blocked request; `kind` is one of `catalogue.VIOLATIONS.known`, anything else a KeyError."""
        self._violations.count(kind)

    def abort(self, reason: str) -> None:
        """Count an unfinished request; `reason` is one of `catalogue.ABORTS.known`, anything else a KeyError."""
        self._aborts.count(reason)

    def reject(self, reason: str) -> None:
        """Count a refused connection; `reason` is one of `catalogue.REJECTED.known`, anything else a KeyError."""
        self._rejected.count(reason)

    def fold(self) -> None:
        """Sort kept observations into their buckets; to be called four times a second, so that they stay few."""
        self._overheads.fold()
        self._lags.fold()
        for service in self._services.values():
            service.connect_durations.fold()
            service.check_durations.fold()
        self.callers.auth.durations.fold()
        self.callers.key_checks.fold()
        self.callers.tenants.tick()
        self.redis.fold()

    def limits(self, connections: int) -> None:
        """Tell how many client connections may be open at most."""
        self._limit = connections

    def draining(self, stopping: bool) -> None:
        """Tell whether the gateway is stopping."""
        self._draining = int(stopping)
        self.workers.draining = stopping

    def build_info(self, version: str, revision: str, python: str, twisted: str, openssl: str) -> None:
        """Tell what is running."""
        self._build = (version, revision, python, twisted, openssl)

    def config_info(self, hash: str) -> None:
        """Tell which configuration is in use, by a hash of its content."""
        self._config = (hash,)

    # Which rows a scrape reads for which definition.

    def _of_traffic(self) -> Mapping[Definition, Read]:
        routes = self._routes
        return {
            catalogue.REQUESTS: lambda: rows.requests(routes),
            catalogue.REQUEST_DURATION: lambda: rows.request_durations(routes),
            catalogue.REQUEST_SIZE: lambda: rows.by_method(routes, lambda method: method.request_sizes),
            catalogue.RESPONSE_SIZE: lambda: rows.by_method(routes, lambda method: method.response_sizes),
            catalogue.IN_PROGRESS: lambda: rows.by_method(routes, lambda method: method.in_progress),
            catalogue.OVERHEAD: lambda: [((), self._overheads)],
            catalogue.ABORTS: lambda: rows.events(self._aborts),
            catalogue.VIOLATIONS: lambda: rows.events(self._violations),
            catalogue.CONNECTIONS: lambda: [((), self.connections())],
            catalogue.CONNECTIONS_LIMIT: lambda: [((), self._limit)],
            catalogue.REJECTED: lambda: rows.events(self._rejected),
        }

    def _of_services(self) -> Mapping[Definition, Read]:
        services, redis = self._services, self.redis
        return {
            catalogue.BREAKER_STATE: lambda: rows.breakers(services, lambda breaker: breaker.state.gauge),
            catalogue.BREAKER_FAILURES: lambda: rows.breakers(services, lambda breaker: breaker.failures),
            catalogue.BREAKER_SUCCESSES: lambda: rows.breakers(services, lambda breaker: breaker.successes),
            catalogue.BREAKER_TIMEOUTS: lambda: rows.breakers(services, lambda breaker: breaker.timeouts),
            catalogue.BREAKER_REJECTS: lambda: rows.breakers(services, lambda breaker: breaker.rejects),
            catalogue.BREAKER_TRANSITIONS: lambda: rows.transitions(services, self._pairs),
            catalogue.ATTEMPTS: lambda: rows.attempts(services),
            catalogue.ATTEMPT_DURATION: lambda: rows.by_service(services, lambda one: one.durations),
            catalogue.ATTEMPT_ERRORS: lambda: rows.attempt_errors(services),
            catalogue.POOL: lambda: rows.pools(services),
            catalogue.CONNECT_DURATION: lambda: rows.by_service(services, lambda one: one.connect_durations),
            catalogue.RETRIES: lambda: rows.retries(services),
            catalogue.TARGETS: lambda: rows.targets(services),
            catalogue.CHECK_STATUS: self._check_statuses,
            catalogue.CHECK_DURATION: self._check_durations,
            catalogue.REDIS_DURATION: redis.durations,
            catalogue.REDIS_ERRORS: redis.errors,
            catalogue.REDIS_CONNECTIONS: redis.counts,
        }

    def _of_callers(self) -> Mapping[Definition, Read]:
        callers, auth = self.callers, self.callers.auth
        return {
            catalogue.AUTH_ATTEMPTS: auth.attempts,
            catalogue.AUTH_DURATION: auth.duration,
            catalogue.JWT_ERRORS: auth.jwt_errors,
            catalogue.TENANT_REQUESTS: callers.tenants.rows,
            catalogue.TENANT_AUTH_FAILURES: auth.tenant_failures,
            catalogue.CROSS_TENANT: callers.crossings,
            catalogue.DANGEROUS_HEADERS: callers.headers,
            catalogue.EXCEEDED: self.rate_limits.exceedings,
            catalogue.DECISIONS: self.rate_limits.decisions,
            catalogue.CACHE_HITS: callers.hits,
            catalogue.CACHE_MISSES: callers.misses,
            catalogue.CACHE_ERRORS: callers.errors,
            catalogue.JWKS_REFRESHES: callers.refreshes,
            catalogue.JWKS_LAST_SUCCESS: callers.fetched,
            catalogue.SERIES_CAPPED: callers.capped_labels,
        }

    def _of_process(self) -> Mapping[Definition, Read]:
        return {
            catalogue.MEMORY: rows.memory,
            catalogue.LOOP_LAG: lambda: [((), self._lags)],
            catalogue.BUILD_INFO: lambda: [] if self._build is None else [(self._build, 1)],
            catalogue.CONFIG_INFO: lambda: [] if self._config is None else [(self._config, 1)],
            catalogue.RELOAD_SUCCESSFUL: self.reloads.good,
            catalogue.RELOAD_TIME: self.reloads.taken_up,
            catalogue.RELOADS: self.reloads.results,
            catalogue.WORKERS: self.workers.states,
            catalogue.WORKER_RESTARTS: self.workers.restarts,
            catalogue.DRAINING: lambda: [((), self._draining)],
            catalogue.CERTIFICATE_END: self.certificates.ends,
            catalogue.SPANS: self.spans.results,
            catalogue.PROCESS_CPU: lambda: [((), process.cpu_seconds())],
            catalogue.PROCESS_OPEN_FDS: rows.open_descriptors,
            catalogue.PROCESS_MAX_FDS: lambda: [((), process.descriptors_limit())],
            catalogue.PROCESS_VIRTUAL_MEMORY: lambda: rows.memory_figure("vms"),
            catalogue.PROCESS_RESIDENT_MEMORY: lambda: rows.memory_figure("rss"),
            catalogue.PROCESS_START: rows.started_at,
            catalogue.GC_COLLECTED: lambda: rows.collections("collected"),
            catalogue.GC_UNCOLLECTABLE: lambda: rows.collections("uncollectable"),
            catalogue.GC_COLLECTIONS: lambda: rows.collections("collections"),
        }

    def _check_statuses(self) -> Iterator[Row]:
        """check_type: whether it is healthy. Where a service has the name of something else, that is what counts."""
        found = [*rows.check_statuses(self._services), *self.redis.health(), *self.callers.health()]
        yield from dict(found).items()

    def _check_durations(self) -> Iterator[Row]:
        """check_type: durations of checks, as in `_check_statuses`."""
        found = [*rows.check_durations(self._services), *self.callers.check_durations()]
        yield from dict(found).items()
