"""The configuration as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from gatewayd.config.models.access_log import AccessLog
from gatewayd.config.models.gateway import Gateway
from gatewayd.config.models.limits import Limits
from gatewayd.config.models.listener import Listener
from gatewayd.config.models.metrics import Metrics
from gatewayd.config.models.names import ServiceName
from gatewayd.config.models.route import Route
from gatewayd.config.models.section import Section
from gatewayd.config.models.service import Service
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
    services: Annotated[Mapping[ServiceName, Service], Frozen, Kind("mapping of names to services")] = Field(
        default=FrozenDict(), description="What stands behind the gateway, by name."
    )
    routes: tuple[Route, ...] = Field(
        default=(), description="Which requests go where; the most specific route wins, whatever the order."
    )

    def timeouts_of(self, route: Route) -> ServiceTimeouts:
        """The timeouts of requests on `route`: its own, then its service's, then the defaults."""
        service = self.services.get(route.service) if route.service is not None else None
        return route.timeouts.over(service.timeouts if service is not None else ServiceTimeouts())

    def body_size_of(self, route: Route) -> int | None:
        """The largest body, in bytes, of a request on `route`; None is unlimited."""
        if route.body_size is None:
            return self.limits.body_size
        return None if isinstance(route.body_size, Unlimited) else route.body_size
