"""The section `routes[].fallback`: what answers when the service cannot."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, ConfigDict, Field

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.answers import Respond
from gatewayd.config.models.names import ServiceName
from gatewayd.config.models.section import Section
from gatewayd.config.models.values import Kind

_Slug = Literal[
    "circuit-open",
    "no-target",
    "bulkhead-full",
    "bulkhead-timeout",
    "pool-exhausted",
    "connect-failed",
    "connect-timeout",
    "upstream-tls",
    "upstream-reset",
    "upstream-malformed",
    "response-timeout",
    "total-timeout",
]
REFUSALS: tuple[_Slug, ...] = get_args(_Slug)
STAND_INS = ("respond", "service")
_USUAL = REFUSALS[:-1]


def _some(slugs: tuple[_Slug, ...]) -> tuple[_Slug, ...]:
    """`slugs`, if there are any, each once."""
    if not slugs:
        raise Complaint("no refusal is listed", "leave 'on' out for every one but total-timeout")
    return tuple(dict.fromkeys(slugs))


class Fallback(Section):
    """What answers when the service cannot: exactly one of `respond`, `service`."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [key]} for key in STAND_INS]})

    on: Annotated[
        tuple[_Slug, ...], AfterValidator(_some), Kind(f"list of {', '.join(f'`{slug}`' for slug in REFUSALS)}")
    ] = Field(default=_USUAL, description="The refusals, as `X-Gateway-Reason` has them, that it stands in for.")
    respond: Respond | None = Field(default=None, description="Answers without a service.")
    service: ServiceName | None = Field(
        default=None, description="Another service that is asked instead, unless a body went to the first already."
    )
