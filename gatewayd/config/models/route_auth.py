"""The section `routes[].auth`: whether a route's callers must say who they are, and how."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gatewayd.config.models.names import ServiceName
from gatewayd.config.models.section import Section
from gatewayd.config.models.values import Kind
from gatewayd.config.models.words import or_word

AuthMethod = Literal["jwt", "api_key", "introspection", "certificate"]
AuthMode = Literal["public", "optional", "required"]


class RouteAuth(Section):
    """Whether callers must say who they are, and how they may prove it."""

    mode: AuthMode = Field(
        default="required",
        description="`public` does not ask; `optional` asks, and lets callers through who say nothing; `required` "
        "refuses those with 401.",
    )
    methods: Annotated[
        tuple[AuthMethod, ...] | None, Kind("list of `jwt`, `api_key`, `introspection`, `certificate`")
    ] = Field(
        default=None, min_length=1, description="How they may prove it; every way that is configured if left out."
    )
    issuers: tuple[ServiceName, ...] | None = Field(
        default=None, min_length=1, description="Whose JSON Web Tokens are taken; all issuers' if left out."
    )


OwnAuth = Annotated[
    RouteAuth | None,
    or_word(public={"mode": "public"}, optional={"mode": "optional"}, required={"mode": "required"}),
]
