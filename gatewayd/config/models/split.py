"""The section `routes[].split`: one route, several services."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.names import ServiceName
from gatewayd.config.models.section import Section, count


class SplitPart(Section):
    """A service, and how much of the route's requests it gets: its weight out of the sum of all."""

    service: ServiceName = Field(description="The service that answers.")
    weight: int = count(1, "`0` is none.", least=0, most=1000)


def _sound(parts: tuple[SplitPart, ...]) -> tuple[SplitPart, ...]:
    """`parts`, if they are services of which each is named once and one is asked at all."""
    if not parts:
        raise Complaint("the route is split between no services", "list at least one")
    seen: set[str] = set()
    for index, part in enumerate(parts):
        if part.service in seen:
            raise Complaint("{value} is listed twice", "list each service once", at=(index, "service"))
        seen.add(part.service)
    if not any(part.weight for part in parts):
        raise Complaint("all weights are 0", "give one of the services a weight above 0")
    return parts


Parts = Annotated[tuple[SplitPart, ...], AfterValidator(_sound)]
