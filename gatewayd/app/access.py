"""What requests are checked by: built from a configuration, and kept up to date while the gateway runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from gatewayd.app.authentication import Authenticating
from gatewayd.app.caching import build_keeping
from gatewayd.app.idempotency import build_memory
from gatewayd.app.judging import build_fields, build_policies, build_proof
from gatewayd.app.logs import build_audit
from gatewayd.config import Config, ConfigErrors, Problem
from gatewayd.config.models.tenants import TenantEntry
from gatewayd.core.tenants import TenantTable
from gatewayd.filters.caller import Callers
from gatewayd.filters.hygiene import Hygiene
from gatewayd.filters.policies import PolicyRequest
from gatewayd.filters.tenancy import Directory
from gatewayd.log import Log, events
from gatewayd.pipeline.checks import Access
from gatewayd.stores.interface import Store
from gatewayd.stores.limits import Limiter
from gatewayd.telemetry.metrics import Metrics
from gatewayd.upstream.listfile import ListFile
from gatewayd.upstream.listings import read_tenants

_log = Log("gatewayd.tenants")

FILE_INTERVAL = 2.0  # seconds between two looks at a file of tenants or API keys
_PATIENCE = 5.0  # seconds that a start waits for keys and files


class Gatekeeper:
    """Everything that stands between a request and its route, from `start` to `stop`.

    `store` is what several gateways share, if they do. Policies run in `threads`, the reactor's if left out.
    """

    def __init__(
        self,
        config: Config,
        metrics: Metrics,
        reactor: Any,
        now: Callable[[], float],
        wall_clock: Callable[[], float],
        random: Callable[[], float],
        store: Store | None = None,
        threads: ThreadPool | None = None,
    ) -> None:
        self.fields = fields = build_fields(config)
        self.events = events = build_audit(config)
        metrics.callers.guard(fields.guarded.labels)
        self.hygiene = Hygiene(fields.guarded, metrics.callers.dangerous_header, metrics.violation, events)
        self._reactor = reactor
        self._listed = config.tenants.table
        self._directory = _directory(config.tenants.table)
        self._limits = limits = {name: limit.limit is not None for name, limit in config.rate_limits.items()}
        self._authenticating: Authenticating | None = None
        if config.authentication is not None:
            callers = Callers(config.identity_headers.names)
            self._authenticating = Authenticating(
                config.authentication, callers, metrics.callers, events, reactor, now, wall_clock, random, store, limits
            )
        self._tenants: ListFile[Mapping[str, TenantEntry]] | None = None
        if config.tenants.file is not None:
            self._tenants = ListFile(
                config.tenants.file,
                "tenants",
                FILE_INTERVAL,
                reactor,
                self._read_tenants,
                self._replace_tenants,
                lambda function, path: deferToThreadPool(reactor, reactor.getThreadPool(), function, path),
            )

        def in_thread(policy: Callable[[PolicyRequest], Any], request: PolicyRequest) -> Deferred[Any]:
            pool = reactor.getThreadPool() if threads is None else threads
            return deferToThreadPool(reactor, pool, policy, request)

        self.limiter = Limiter(store, metrics.rate_limits, reactor, now, wall_clock)
        keeping = build_keeping(config, store, fields.answers.noted, metrics.callers, reactor, wall_clock)
        self.responses = None if keeping is None else keeping.responses
        self._memory = memory = build_memory(config, store, fields.answers, reactor, now)
        self.access = Access(
            authentication=None if self._authenticating is None else self._authenticating.shared,
            directory=lambda: self._directory,
            policies=build_policies(config),
            proof=build_proof(config),
            ledger=metrics.callers,
            limiter=self.limiter,
            limit_ledger=metrics.rate_limits,
            events=events,
            clock=reactor,
            in_thread=in_thread,
            keeping=keeping,
            memory=memory,
        )

    def start(self) -> Deferred[Any]:
        """Begin to fetch and to watch. Fires, never fails, when all was tried once, or after a while."""
        first = []
        if self._authenticating is not None:
            first += self._authenticating.start()
        if self._tenants is not None:
            first.append(self._tenants.start())
        self.limiter.start()
        if self.responses is not None:
            self.responses.start()
        if self._memory is not None:
            self._memory.keys.start()
        started = DeferredList(first, consumeErrors=True)  # those that time out
        return started.addTimeout(_PATIENCE, self._reactor, onTimeoutCancel=lambda result, timeout: None)

    def stop(self) -> None:
        """Leave everything as it is."""
        if self._authenticating is not None:
            self._authenticating.stop()
        if self._tenants is not None:
            self._tenants.stop()
        self.limiter.stop()
        if self.responses is not None:
            self.responses.stop()
        if self._memory is not None:
            self._memory.keys.stop()

    def _read_tenants(self, name: str, content: bytes, doubts: list[Problem]) -> Mapping[str, TenantEntry]:
        """The tenants in a file. Raises `ConfigErrors`, also where they do not go with those of the configuration."""
        listed = read_tenants(name, content, self._limits, doubts)
        try:
            _directory({**listed, **self._listed})
        except ValueError as error:
            raise ConfigErrors([Problem(name, 0, 0, str(error), "give it to one of them")]) from None
        return listed

    def _replace_tenants(self, listed: Mapping[str, TenantEntry]) -> None:
        """The file's tenants come to those of the configuration, which win."""
        try:
            self._directory = _directory({**listed, **self._listed})
        except ValueError as error:  # a host that belongs to two of them
            _log(events.TENANTS_KEPT, why=str(error))


def _directory(table: Mapping[str, TenantEntry]) -> Directory:
    """The tenants of a table."""
    return Directory(
        TenantTable(entry.tenant(name) for name, entry in table.items()),
        {name: entry.access for name, entry in table.items() if entry.allow or entry.deny},
        {name.encode(): entry.access_log.sample for name, entry in table.items() if entry.access_log is not None},
    )
