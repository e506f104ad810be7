"""The configuration as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from gatewayd.config.models.access_log import AccessLog
from gatewayd.config.models.authentication import Authentication
from gatewayd.config.models.authorization import Authorization
from gatewayd.config.models.browser import AllBrowserHeaders, BrowserHeaders, CorsPolicy
from gatewayd.config.models.cache import Cache
from gatewayd.config.models.dns import Dns
from gatewayd.config.models.gateway import Gateway
from gatewayd.config.models.idempotency import Idempotency
from gatewayd.config.models.identity_headers import GuardedHeaders, IdentityHeaders
from gatewayd.config.models.limits import Limits
from gatewayd.config.models.listener import Listener
from gatewayd.config.models.log import Audit, Log
from gatewayd.config.models.metrics import Metrics
from gatewayd.config.models.names import ServiceName
from gatewayd.config.models.ratelimits import RateLimit
from gatewayd.config.models.redis import Redis
from gatewayd.config.models.retries import Retries
from gatewayd.config.models.route import Route
from gatewayd.config.models.route_auth import RouteAuth
from gatewayd.config.models.section import Section
from gatewayd.config.models.service import Service
from gatewayd.config.models.shedding import Shedding
from gatewayd.config.models.tenants import Tenants
from gatewayd.config.models.timeouts import ClientTimeouts, ServiceTimeouts
from gatewayd.config.models.values import Frozen, FrozenDict, Kind, Unlimited
from gatewayd.core.cors import Cors
from gatewayd.core.guarded import GuardedNames
from gatewayd.core.tenants import Isolation


class Config(Section):
    """All that can be configured. `gatewayd.config.load` builds it from files and checks what one field cannot."""

    gateway: Gateway = Field(default=Gateway(), description="The process as a whole.")
    listeners: tuple[Listener, ...] = Field(default=(Listener(),), description="Where clients connect.")
    metrics: Metrics = Field(default=Metrics(), description="The port for operators: metrics and health.")
    access_log: AccessLog = Field(default=AccessLog(), description="One line per request.")
    log: Log = Field(default=Log(), description="What the gateway tells of itself.")
    audit: Audit = Field(default=Audit(), description="What was tried against it, and who changed what about it.")
    limits: Limits = Field(default=Limits(), description="What clients may use up.")
    timeouts: ClientTimeouts = Field(default=ClientTimeouts(), description="How long the gateway waits for clients.")
    shedding: Shedding = Field(default=Shedding(), description="What is refused when the gateway is overloaded.")
    dns: Dns = Field(default=Dns(), description="Who is asked where services are found by DNS.")
    redis: Redis | None = Field(default=None, description="What several gateways share.")
    rate_limits: Annotated[Mapping[ServiceName, RateLimit], Frozen, Kind("mapping of names to limits")] = Field(
        default=FrozenDict(), description="How often who may ask, by name; listeners, routes and tenants name them."
    )
    cache: Cache = Field(default=Cache(), description="Where answers are kept, for the routes that have a `cache`.")
    idempotency: Idempotency = Field(
        default=Idempotency(), description="Where first answers are kept, for the routes that have `idempotency`."
    )
    authentication: Authentication | None = Field(
        default=None, description="Who is calling; without it every route is public."
    )
    authorization: Authorization = Field(default=Authorization(), description="What callers may do.")
    tenants: Tenants = Field(default=Tenants(), description="The customers of the platform, kept apart.")
    identity_headers: IdentityHeaders = Field(
        default=IdentityHeaders(), description="How services are told who is calling."
    )
    guarded_headers: GuardedHeaders = Field(
        default=GuardedHeaders(), description="Headers that clients cannot send to services."
    )
    security_headers: AllBrowserHeaders = Field(
        default=BrowserHeaders(nosniff=False),
        description="What answers tell browsers about security; nothing if left out, and `off` strips nothing either.",
    )
    cors: CorsPolicy | None = Field(
        default=None, description="Which pages of other origins may read answers; none if left out."
    )
    services: Annotated[Mapping[ServiceName, Service], Frozen, Kind("mapping of names to services")] = Field(
        default=FrozenDict(), description="What stands behind the gateway, by name."
    )
    routes: tuple[Route, ...] = Field(
        default=(), description="Which requests go where; the most specific route wins, whatever the order."
    )

    def timeouts_of(self, route: Route, service: str | None = None) -> ServiceTimeouts:
        """The timeouts of requests on `route`: its own, then its service's, then the defaults.

        `service` is one of several that the route leads to.
        """
        found = self._service(route, service)
        return route.timeouts.over(found.timeouts if found is not None else ServiceTimeouts())

    def retries_of(self, route: Route, service: str | None = None) -> Retries:
        """The retries of requests on `route`: its own, then its service's, then the defaults.

        `service` is one of several that the route leads to.
        """
        found = self._service(route, service)
        return route.retries.over(found.retries if found is not None else Retries())

    def body_size_of(self, route: Route) -> int | None:
        """The largest body, in bytes, of a request on `route`; None is unlimited."""
        if route.body_size is None:
            return self.limits.body_size
        return None if isinstance(route.body_size, Unlimited) else route.body_size

    def auth_of(self, route: Route) -> RouteAuth:
        """How callers on `route` prove who they are, with every method and issuer there is where it names none.

        Without `auth` it is required as soon as there is a way to prove it: a route that was forgotten is not open.
        """
        section = self.authentication
        methods = section.methods if section is not None else ()
        own = route.auth
        if own is None:
            own = RouteAuth(mode="required" if methods or route.authorize is not None else "public")
        if own.mode == "public" or section is None:
            return own.model_copy(update={"methods": (), "issuers": ()})
        issuers = tuple(section.issuers) if own.issuers is None else own.issuers
        return own.model_copy(update={"methods": own.methods or methods, "issuers": issuers})

    def isolation_of(self, route: Route) -> Isolation:
        """How strictly tenants are kept apart on `route`."""
        own = route.tenant
        foreign = own.foreign if own is not None and own.foreign is not None else self.tenants.foreign
        return Isolation(foreign, self.tenants.unknown, own is not None and own.admin_bypass)

    def cors_of(self, route: Route) -> Cors | None:
        """Which pages of other origins may read answers of `route`; None leaves it to the service."""
        policy = self.cors if route.cors is None else route.cors
        return None if policy is None else policy.policy

    def security_headers_of(self, route: Route) -> BrowserHeaders:
        """What answers of `route` tell browsers about security."""
        return self.security_headers if route.security_headers is None else route.security_headers

    def guarded_names(self) -> GuardedNames:
        """The headers that clients cannot send to services."""
        return self.guarded_headers.names(self.identity_headers)

    def _service(self, route: Route, name: str | None) -> Service | None:
        """The service called `name`, or else the one that `route` names."""
        name = route.service if name is None else name
        return None if name is None else self.services.get(name)
