"""The section `routes[].mirror`: a copy of requests to another service."""

from __future__ import annotations

from pydantic import Field

from gatewayd.config.models.names import ServiceName
from gatewayd.config.models.numbers import Share
from gatewayd.config.models.section import Section, count
from gatewayd.config.models.values import SizeOrZero


class Mirror(Section):
    """A copy of requests to another service, whose answers are dropped. Clients notice nothing of it."""

    service: ServiceName = Field(description="The service that gets the copies.")
    share: Share = Field(default=0.1, description="How many of the requests are copied.")
    at_once: int = count(20, "Copies on their way at a time; beyond it none is made.", most=10_000)
    body: SizeOrZero = Field(default=64 * 1024, description="Requests with a larger body are not copied.")
