"""The object the rest of the gateway counts with, and the registry that exposes what was counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Gauge, GCCollector, disable_created_metrics
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from gatewayd.core.breaker.states import PAIRS
from gatewayd.telemetry import catalogue, catalogue_callers, catalogue_limits, catalogue_stores, process, rows
from gatewayd.telemetry.callers import CallerMetrics
from gatewayd.telemetry.definition import Definition
from gatewayd.telemetry.limits import LimitMetrics
from gatewayd.telemetry.stores import RedisMetrics
from gatewayd.telemetry.tally import HistogramTally, Row, TallyCollector
from gatewayd.telemetry.traffic import UNMATCHED, RouteMetrics, ServiceMetrics


class Metrics:
    """Everything that is counted, on a registry of its own. One per process; used from the reactor's thread.

    `overhead(seconds)` and `loop_lag(seconds)` observe. `connections` is set to a callable that is asked at scrape time
    for the number of open client connections. `callers` counts who calls, and with what. `pairs` are the changes of a
    circuit breaker's state, by the names of the states before and after, that are exported before the first of them.
    """

    overhead: Callable[[float], None]
    loop_lag: Callable[[float], None]
    connections: Callable[[], int]

    def __init__(self, pairs: Iterable[tuple[str, str]] = PAIRS) -> None:
        disable_created_metrics()  # they add 14 % of series that no rule or panel reads
        self.registry = CollectorRegistry()
        self._collectors: list[Collector] = []
        self._lone: list[HistogramTally] = []  # histograms that nobody else folds
        self._routes: dict[str, RouteMetrics] = {}
        self._services: dict[str, ServiceMetrics] = {}
        self.callers = CallerMetrics()
        self.rate_limits = LimitMetrics(self.callers.label)
        self.redis = RedisMetrics()
        self._build: tuple[str, ...] | None = None
        self._config: tuple[str, ...] | None = None
        self._pairs = tuple(pairs)
        self.connections = lambda: 0
        self._expose_routes()
        self._expose_breakers()
        self._expose_services()
        self._expose_callers()
        self._expose_stores()
        self.overhead = self._histogram(catalogue.OVERHEAD)
        self.loop_lag = self._histogram(catalogue.LOOP_LAG)
        self._violations = self._events(catalogue.VIOLATIONS)
        self._aborts = self._events(catalogue.ABORTS)
        self._rejected = self._events(catalogue.REJECTED)
        self._limit = self._gauge(catalogue.CONNECTIONS_LIMIT)
        self._draining = self._gauge(catalogue.DRAINING)
        self._expose_process()

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
        self._violations[kind]()

    def abort(self, reason: str) -> None:
        """Count an unfinished request; `reason` is one of `catalogue.ABORTS.known`, anything else a KeyError."""
        self._aborts[reason]()

    def reject(self, reason: str) -> None:
        """Count a refused connection; `reason` is one of `catalogue.REJECTED.known`, anything else a KeyError."""
        self._rejected[reason]()

    def fold(self) -> None:
        """Sort kept observations into their buckets; to be called a few times a second, so that they stay few."""
        for tally in self._lone:
            tally.fold()
        for service in self._services.values():
            service.connect_durations.fold()
            service.check_durations.fold()
        self.callers.auth.durations.fold()
        self.redis.fold()

    def limits(self, connections: int) -> None:
        """Tell how many client connections may be open at most."""
        self._limit.set(connections)

    def draining(self, stopping: bool) -> None:
        """Tell whether the gateway is stopping."""
        self._draining.set(stopping)

    def build_info(self, version: str, revision: str, python: str, twisted: str, openssl: str) -> None:
        """Tell what is running."""
        self._build = (version, revision, python, twisted, openssl)

    def config_info(self, hash: str) -> None:
        """Tell which configuration is in use, by a hash of its content."""
        self._config = (hash,)

    def pieces(self, limit: int) -> Iterator[Metric]:
        """Every family in turn, a large one in consecutive parts of about `limit` samples.

        Counting may go on between two steps of the iterator. `registry.collect()` answers the same, whole.
        """
        for collector in self._collectors:
            if isinstance(collector, TallyCollector):
                yield from collector.pieces(limit)
            else:
                yield from collector.collect()

    def _expose_routes(self) -> None:
        routes = self._routes
        self._tally(catalogue.REQUESTS, lambda: rows.requests(routes))
        self._tally(catalogue.REQUEST_DURATION, lambda: rows.request_durations(routes))
        self._tally(catalogue.REQUEST_SIZE, lambda: rows.by_method(routes, lambda method: method.request_sizes))
        self._tally(catalogue.RESPONSE_SIZE, lambda: rows.by_method(routes, lambda method: method.response_sizes))
        self._tally(catalogue.IN_PROGRESS, lambda: rows.by_method(routes, lambda method: method.in_progress))
        self._tally(catalogue.CONNECTIONS, lambda: [((), self.connections())])

    def _expose_breakers(self) -> None:
        services = self._services
        self._tally(catalogue.BREAKER_STATE, lambda: rows.breakers(services, lambda breaker: breaker.state.gauge))
        self._tally(catalogue.BREAKER_FAILURES, lambda: rows.breakers(services, lambda breaker: breaker.failures))
        self._tally(catalogue.BREAKER_SUCCESSES, lambda: rows.breakers(services, lambda breaker: breaker.successes))
        self._tally(catalogue.BREAKER_TIMEOUTS, lambda: rows.breakers(services, lambda breaker: breaker.timeouts))
        self._tally(catalogue.BREAKER_REJECTS, lambda: rows.breakers(services, lambda breaker: breaker.rejects))
        self._tally(catalogue.BREAKER_TRANSITIONS, lambda: rows.transitions(services, self._pairs))

    def _expose_services(self) -> None:
        services = self._services
        self._tally(catalogue.ATTEMPTS, lambda: rows.attempts(services))
        self._tally(catalogue.ATTEMPT_DURATION, lambda: rows.by_service(services, lambda one: one.durations))
        self._tally(catalogue.ATTEMPT_ERRORS, lambda: rows.attempt_errors(services))
        self._tally(catalogue.POOL, lambda: rows.pools(services))
        self._tally(catalogue.RETRIES, lambda: rows.retries(services))
        self._tally(catalogue.TARGETS, lambda: rows.targets(services))
        self._tally(catalogue.CHECK_STATUS, lambda: (*rows.check_statuses(services), *self.redis.health()))
        self._tally(catalogue.CHECK_DURATION, lambda: rows.check_durations(services))
        self._tally(catalogue.CONNECT_DURATION, lambda: rows.by_service(services, lambda one: one.connect_durations))

    def _expose_stores(self) -> None:
        self._tally(catalogue_stores.REDIS_DURATION, self.redis.durations)
        self._tally(catalogue_stores.REDIS_ERRORS, self.redis.errors)
        self._tally(catalogue_stores.REDIS_CONNECTIONS, self.redis.counts)

    def _expose_callers(self) -> None:
        callers = self.callers
        self._tally(catalogue_callers.AUTH_ATTEMPTS, callers.attempts)
        self._tally(catalogue_callers.AUTH_DURATION, callers.durations)
        self._tally(catalogue_callers.JWT_ERRORS, callers.jwt_errors)
        self._tally(catalogue_callers.CACHE_HITS, callers.hits)
        self._tally(catalogue_callers.CACHE_MISSES, callers.misses)
        self._tally(catalogue_callers.CACHE_ERRORS, callers.errors)
        self._tally(catalogue_callers.TENANT_REQUESTS, callers.requests)
        self._tally(catalogue_callers.TENANT_AUTH_FAILURES, callers.tenant_failures)
        self._tally(catalogue_callers.CROSS_TENANT, callers.crossings)
        self._tally(catalogue_callers.DANGEROUS_HEADERS, callers.headers)
        self._tally(catalogue_callers.JWKS_REFRESHES, callers.refreshes)
        self._tally(catalogue_callers.JWKS_LAST_SUCCESS, callers.fetched)
        self._tally(catalogue_callers.SERIES_CAPPED, callers.capped)
        self._tally(catalogue_limits.EXCEEDED, self.rate_limits.exceedings)
        self._tally(catalogue_limits.DECISIONS, self.rate_limits.decisions)

    def _expose_process(self) -> None:
        self._tally(catalogue.BUILD_INFO, lambda: [] if self._build is None else [(self._build, 1)])
        self._tally(catalogue.CONFIG_INFO, lambda: [] if self._config is None else [(self._config, 1)])
        self._tally(catalogue.MEMORY, rows.memory)
        self._tally(catalogue.PROCESS_VIRTUAL_MEMORY, lambda: rows.memory_figure("vms"))
        self._tally(catalogue.PROCESS_RESIDENT_MEMORY, lambda: rows.memory_figure("rss"))
        self._tally(catalogue.PROCESS_START, rows.started_at)
        self._tally(catalogue.PROCESS_CPU, lambda: [((), process.cpu_seconds())])
        self._tally(catalogue.PROCESS_MAX_FDS, lambda: [((), process.descriptors_limit())])
        self._tally(catalogue.PROCESS_OPEN_FDS, rows.open_descriptors)
        self._collectors.append(GCCollector(registry=self.registry))

    def _tally(self, definition: Definition, read: Callable[[], Iterable[Row | None]]) -> None:
        collector = TallyCollector(definition, read)
        self.registry.register(collector)
        self._collectors.append(collector)

    def _histogram(self, definition: Definition) -> Callable[[float], None]:
        tally = HistogramTally(definition.buckets)
        self._lone.append(tally)
        self._tally(definition, lambda: [((), tally)])
        return tally.observe

    def _events(self, definition: Definition) -> dict[str, Callable[[], None]]:
        counter = definition.counter(self.registry)
        self._collectors.append(counter)
        return {value: counter.labels(value).inc for value in definition.known}

    def _gauge(self, definition: Definition) -> Gauge:
        gauge = definition.gauge(self.registry)
        self._collectors.append(gauge)
        return gauge
