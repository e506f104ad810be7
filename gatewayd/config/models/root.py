"""The configuration as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from gatewayd.config.models.access_log import AccessLog
from gatewayd.config.models.dns import Dns
from gatewayd.config.models.gateway import Gateway
from gatewayd.config.models.limits import Limits
from gatewayd.config.models.listener import Listener
from gatewayd.config.models.metrics import Metrics
from gatewayd.config.models.names import ServiceName
from gatewayd.config.models.retries import Retries
from gatewayd.config.models.route import Route
from gatewayd.config.models.section import Section
from gatewayd.config.models.service import Service
from gatewayd.config.models.shedding import Shedding
from gatewayd.config.models.timeouts import ClientTimeouts, ServiceTimeouts
from gatewayd.config.models.values import Frozen, FrozenDict, Kind, Unlimited


class Config(Section):
    """All that can be configured. `gatewayd.config.load` builds it from files and checks what one field cannot."""

    gateway: Gateway = Field(default=Gateway(), description="The process as a whole.")
    listeners: tuple[Listener, ...] = Field(default=(Listener(),), description="Where clients connect.")
    metrics: Metrics = Field(default=Metrics(), description="The port for operators: metrics and health.")
    access_log: AccessLog = Field(default=AccessLog(), description="One JSON line per request.")
    limits: Limits = Field(default=Limits(), description="What clients may use up.")
    timeouts: ClientTimeouts = Field(default=ClientTimeouts(), description="How long the gateway waits for clients.")
    shedding: Shedding = Field(default=Shedding(), description="What is refused when the gateway is overloaded.")
    dns: Dns = Field(default=Dns(), description="Who is asked where services are found by DNS.")
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

    def _service(self, route: Route, name: str | None) -> Service | None:
        """The service called `name`, or else the one that `route` names."""
        name = route.service if name is None else name
        return None if name is None else self.services.get(name)
