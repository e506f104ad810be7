"""From the limits that a configuration names to the checks that a route's requests pass."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from gatewayd.config.models.ratelimits import LimitUse
from gatewayd.config.models.ratelimits import RateLimit as LimitConfig
from gatewayd.config.models.root import Config
from gatewayd.config.models.route import Route as RouteConfig
from gatewayd.core.limitkeys import Source
from gatewayd.core.tenants import Tenant
from gatewayd.filters.asking import Asking, Events
from gatewayd.filters.limit import Limit
from gatewayd.filters.limits import Ledger, Limiter
from gatewayd.filters.ratelimit import Limited, RateLimit
from gatewayd.filters.tenancy import Directory

if TYPE_CHECKING:
    from gatewayd.pipeline.chain import Check


class LimitCompiler:
    """Compiles the limits of one configuration's routes. `client` tells a request's address."""

    def __init__(
        self,
        config: Config,
        limiter: Limiter,
        ledger: Ledger,
        directory: Callable[[], Directory],
        client: Callable[[Asking], str],
        events: Events,
    ) -> None:
        self._config = config
        self._limiter = limiter
        self._ledger = ledger
        self._events = events
        self._directory = directory
        self._client = client
        self._plans = {name: plan.rate_limits for name, plan in config.tenants.plans.items()}
        self._owned = _owned(config)

    def checks(self, route: RouteConfig) -> tuple[list[Check], list[Check]]:
        """What a request has to pass before anybody is asked who is calling, and what afterwards."""
        if not self._config.rate_limits:
            return [], []
        own = list(route.rate_limits)
        named = {use.name for use in own}
        by_listener = {
            listener.name: [LimitUse(name) for name in listener.rate_limits if name not in named]
            for listener in self._config.listeners
        }
        further = None
        if self._config.auth_of(route).mode != "public" and (self._plans or self._owned != frozenset()):
            further = self._further(route, named.union(*([use.name for use in uses] for uses in by_listener.values())))
        name = route.name
        return self._check(name, own, by_listener, False, None), self._check(name, own, by_listener, True, further)

    def unrouted(self) -> Check | None:
        """What a request has to pass that has no route: the limits of its listener which need no caller."""
        return self._by_listener(lambda limit: True)

    def preflights(self) -> Check | None:
        """What a preflight has to pass: the limits of its listener that count by the client's address and no more.

        The request that it asks for is counted by all of its limits when it comes, so others would count it twice.
        """
        return self._by_listener(lambda limit: [part.source for part in limit.parts] == [Source.CLIENT])

    def _by_listener(self, wanted: Callable[[LimitConfig], bool]) -> Check | None:
        """The check of those limits of listeners which are `wanted`, and need no caller."""
        configured = self._config.rate_limits
        by_listener = {
            listener.name: [LimitUse(name) for name in listener.rate_limits if wanted(configured[name])]
            for listener in self._config.listeners
        }
        return next(iter(self._check("", (), by_listener, False, None)), None)

    def _further(self, route: RouteConfig, named: Collection[str]) -> _Further:
        """What callers of a route bring with them, where it and the listeners have limits that are `named` already."""
        configured = self._config.rate_limits
        late = [name for name in named if configured[name].needs_caller]
        early = [name for name in named if not configured[name].needs_caller]
        return _Further(self._plans, lambda name: self._limit(route.name, LimitUse(name)), configured, early, late)

    def _check(
        self,
        route: str,
        own: Iterable[LimitUse],
        by_listener: Mapping[str, Iterable[LimitUse]],
        late: bool,
        further: _Further | None,
    ) -> list[Check]:
        """The check of the limits that are judged at one point, if there are any."""
        configured = self._config.rate_limits

        def those(uses: Iterable[LimitUse]) -> list[Limit]:
            return [self._limit(route, use) for use in uses if configured[use.name].needs_caller is late]

        limits = those(own)
        others = {listener: those(uses) for listener, uses in by_listener.items()}
        everywhere = len({tuple(uses) for uses in by_listener.values()}) == 1
        if everywhere:  # most gateways have one listener, or treat all alike
            limits = [*next(iter(others.values())), *limits]
        if not (limits or further or (not everywhere and any(others.values()))):
            return []
        return [
            RateLimit(
                limits,
                self._limiter,
                self._ledger,
                self._events,
                by_listener=None if everywhere else others,
                tenant=self._tenant if late else None,
                further=further,
            )
        ]

    def _limit(self, route: str, use: LimitUse) -> Limit:
        """One limit of the route of this name."""
        config = self._config.rate_limits[use.name]
        fixed = config.limit_from is None and self._owned is not None and use.name not in self._owned
        return Limit(use.name, config, self._limiter, self._client, route, use.cost, fixed=fixed)

    def _tenant(self, exchange: Limited) -> Tenant | None:
        """The tenant of a request's caller, if it is listed."""
        caller = exchange.caller
        if caller is None or caller.identity.tenant is None:
            return None
        return self._directory().table.by_id(caller.identity.tenant)


class _Further:
    """The limits that callers bring with them: by their tenant's plan, by their tenant's own, by their key's own.

    `plans` has the names of limits by plan, `make` makes the limit of a name. Those in `late` are judged with the
    caller's numbers already; those in `early` were judged before there was one, with everybody's numbers.
    """

    __slots__ = ("_early", "_known", "_late", "_made", "_make", "_plans")

    def __init__(
        self,
        plans: Mapping[str, Sequence[str]],
        make: Callable[[str], Limit],
        known: Collection[str],
        early: Collection[str],
        late: Collection[str],
    ) -> None:
        self._plans = plans
        self._make = make
        self._known = known
        self._early = frozenset(early)
        self._late = frozenset(late)
        self._made: dict[str, Limit] = {}

    def __call__(self, exchange: Limited, tenant: Tenant | None) -> Sequence[Limit]:
        """Those of one request, besides what its route and listener have."""
        caller = exchange.caller
        if caller is None:
            return ()
        names: list[str] = []
        if tenant is not None:
            names += [name for name in self._plans.get(tenant.plan, ()) if name not in self._early]
            names += tenant.limits
        names += caller.limits
        return [self._limit(name) for name in dict.fromkeys(names) if name in self._known and name not in self._late]

    def _limit(self, name: str) -> Limit:
        """The limit of a name, made once."""
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._make(name)
        return made


def _owned(config: Config) -> frozenset[str] | None:
    """The limits of which a tenant or an API key has numbers of its own; None where that is not known beforehand."""
    if config.tenants.file is not None:
        return None
    names = [name for tenant in config.tenants.table.values() for name in tenant.limits]
    keys = None if config.authentication is None else config.authentication.api_keys
    if keys is not None:
        if keys.file is not None or keys.redis:
            return None
        names += [name for key in keys.keys for name in key.limits]
    return frozenset(names)
