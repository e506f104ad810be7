"""From what a route is configured to ask of requests, to the checks that they pass, in their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from twisted.internet.interfaces import IReactorTime

from gatewayd.config.models.root import Config
from gatewayd.config.models.route import Route as RouteConfig
from gatewayd.core.caching import FOR_CACHES
from gatewayd.core.forwarded import TrustedPeers
from gatewayd.core.pattern import parse_pattern
from gatewayd.core.permissions import Roles, satisfying
from gatewayd.core.tenants import Places
from gatewayd.filters.asking import Asking, Events
from gatewayd.filters.authenticate import Authenticate
from gatewayd.filters.authentication import Authentication
from gatewayd.filters.authorization import Authorize
from gatewayd.filters.caller import Caller
from gatewayd.filters.csrf import Csrf
from gatewayd.filters.limits import Ledger as LimitLedger
from gatewayd.filters.limits import Limiter
from gatewayd.filters.network import NetworkPolicy
from gatewayd.filters.policies import AskPolicy, InThread, Policy
from gatewayd.filters.tenancy import Directory, Tenancy
from gatewayd.pipeline.finish import Finish
from gatewayd.pipeline.idempotency import Memory
from gatewayd.pipeline.kept import Keeping
from gatewayd.pipeline.limits import LimitCompiler
from gatewayd.pipeline.proving import Proof, SignedRequest, gather_to_sign
from gatewayd.pipeline.webhook import Webhook

if TYPE_CHECKING:
    from gatewayd.pipeline.chain import Check

_MOST_SIGNED = 1 << 20  # bytes of a webhook's body, where its route sets no limit


class Ledger(Protocol):
    """What tenancy counts."""

    def crossed(self, source: str, target: str) -> None:
        """A request of one tenant named another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What the checks of all routes share, and where answers are kept, if any are (`keeping`, by key in `memory`).

    `policies` are the functions that the configuration names, by name.
    """

    authentication: Authentication | None
    directory: Callable[[], Directory]
    policies: Mapping[str, Policy]
    proof: Proof | None
    ledger: Ledger
    limiter: Limiter
    limit_ledger: LimitLedger
    events: Events
    clock: IReactorTime
    in_thread: InThread
    keeping: Keeping | None = None
    memory: Memory | None = None


class CheckCompiler:
    """Compiles the checks of one configuration's routes."""

    def __init__(self, config: Config, access: Access, trusted: TrustedPeers) -> None:
        self._config = config
        self._access = access
        self._trusted = trusted
        self._roles: Roles = config.authorization.table
        permission = config.tenants.admin_permission
        self._administration = frozenset() if permission is None else satisfying(permission)
        self._limits = LimitCompiler(
            config, access.limiter, access.limit_ledger, access.directory, self.client, access.events
        )

    def unrouted(self) -> Check | None:
        """What a request has to pass that has no route, before it is told so."""
        return self._limits.unrouted()

    def preflights(self) -> Check | None:
        """What a preflight has to pass before it is answered."""
        return self._limits.preflights()

    def checks(self, route: RouteConfig) -> list[Check]:
        """What a request has to pass: address, credentials, origin, tenant, permission, policy, signature.

        Its limits come right after its address or, where they depend on its caller, before its body is looked at.
        """
        config, access = self._config, self._access
        checks: list[Check] = []
        if route.network.allow or route.network.deny:
            checks.append(NetworkPolicy(route.network.access, self.client, access.events))
        early, late = self._limits.checks(route)
        checks += early
        auth = config.auth_of(route)
        authentication = access.authentication
        if auth.mode != "public" and authentication is not None:
            methods = frozenset(auth.methods or ())
            checks.append(Authenticate(authentication, auth.mode, methods, frozenset(auth.issuers or ())))
            if route.csrf is not None:
                checks.append(Csrf(route.csrf.check, access.events))
            tenants = config.tenants
            if route.tenant is not None or tenants.table or tenants.file is not None or tenants.unknown == "refuse":
                checks.append(self._tenancy(route))
            checks += self._authorization(route)
        checks += late
        if route.webhook is not None:
            most = config.body_size_of(route)
            header = route.webhook.header.lower().encode("ascii")
            most = _MOST_SIGNED if most is None else most
            checks.append(Webhook(route.webhook.senders, header, most, access.events))
        if isinstance(access.proof, SignedRequest) and route.services:
            checks.append(gather_to_sign)
        return checks

    def finish(self, route: RouteConfig) -> Finish | None:
        """What the route's answers say to browsers; None for nothing."""
        cors = self._config.cors_of(route)
        security = self._config.security_headers_of(route).lines
        hidden = FOR_CACHES if route.cache is not None and not route.cache.send_tags else frozenset()
        if not security.names and cors is None and not hidden:
            return None
        return Finish(security if security.names else None, cors, hidden)

    def _tenancy(self, route: RouteConfig) -> Tenancy:
        """Keeps the route's tenants apart."""
        placements = () if route.tenant is None else route.tenant.placements
        return Tenancy(
            Places(placements) if placements else None,
            dict(parse_pattern(route.path).parameters),
            self._config.isolation_of(route),
            self._access.directory,
            self._administers,
            self.client,
            self._access.ledger,
            self._access.events,
        )

    def _authorization(self, route: RouteConfig) -> list[Check]:
        """What a caller must have, and the policy that must agree."""
        authorize, access = route.authorize, self._access
        if authorize is None:
            return []
        realm = "gatewayd" if access.authentication is None else access.authentication.realm
        checks: list[Check] = [Authorize(authorize.requirement(self._roles), realm, access.events)]
        if authorize.policy is not None:
            checks.append(
                AskPolicy(
                    authorize.policy,
                    access.policies[authorize.policy],
                    limit=self._config.authorization.policy_timeout,
                    clock=access.clock,
                    in_thread=access.in_thread,
                    parameters=dict(parse_pattern(route.path).parameters),
                    client=self.client,
                    key_header=None if access.authentication is None else access.authentication.key_header,
                    events=access.events,
                )
            )
        return checks

    def client(self, exchange: Asking) -> str:
        """The client's address, as far as proxies that are believed name it."""
        assert exchange.head is not None
        return exchange.channel.peer.client_of(exchange.head, self._trusted)

    def _administers(self, caller: Caller) -> bool:
        """Whether a caller may work on every tenant, where a route lets it."""
        identity: Any = caller.identity
        return not self._administration.isdisjoint(self._roles.grants(identity.roles, identity.scopes))
