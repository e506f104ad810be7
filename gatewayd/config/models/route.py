"""The section `routes`: which requests go where."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.edits import FixedHeaders, RequestHeaderEdits, ResponseHeaderEdits
from gatewayd.config.models.names import (
    HeaderConditions,
    HeaderValue,
    HostPattern,
    Methods,
    QueryConditions,
    RouteName,
    ServiceName,
)
from gatewayd.config.models.paths import LeadingSegments, PathPattern, RedirectTemplate, RewriteTemplate
from gatewayd.config.models.section import Section
from gatewayd.config.models.timeouts import RouteTimeouts
from gatewayd.config.models.values import FrozenDict, Kind, OwnSizeOrUnlimited

ANSWERS = ("service", "redirect", "respond")


def _status(status: int) -> int:
    """A final status (RFC 9110 section 15)."""
    if not 200 <= status <= 599:
        raise Complaint("{value} is not the status of a final answer", "use one from 200 to 599")
    return status


class Redirect(Section):
    """An answer that sends the client elsewhere."""

    to: RedirectTemplate = Field(
        description="A URL or path. Filled in are `{host}`, `{path}`, `{query}` (with its `?`, or nothing), the path's "
        "own `{name}` parameters, and `{**}`, what its `/**` matched."
    )
    status: Literal[301, 302, 303, 307, 308] = Field(
        default=308, description="307 and 308 keep the method; 301 and 308 may be cached for good."
    )


class Respond(Section):
    """An answer the gateway gives itself."""

    status: Annotated[int, AfterValidator(_status), Kind("status")] = Field(default=200, description="200 to 599.")
    body: str = Field(default="", description="The answer's body, sent as UTF-8.")
    content_type: HeaderValue = Field(default="text/plain; charset=utf-8", description="The body's `Content-Type`.")
    headers: FixedHeaders = Field(default=FrozenDict(), repr=False, description="More headers of the answer.")


def name_from_path(path: str) -> str:
    """The name of a route that has none: `/api/v1/tickets/{id}/**` is `api-v1-tickets-id`."""
    words = re.findall(r"[a-z0-9._]+", path.lower())
    name = "-".join(words) or "root"
    return name if name[0].isalpha() else f"route-{name}"


def _default_name(data: dict[str, Any]) -> str:
    """The name for the route whose validated fields are `data`."""
    return name_from_path(data["path"])


class Route(Section):
    """Which requests, and what becomes of them: exactly one of `service`, `redirect`, `respond`.

    The most specific route wins, whatever the order in the file.
    """

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [answer]} for answer in ANSWERS]})

    path: PathPattern = Field(
        description="`/exact`, `/prefix/**` (also `/prefix` itself), `{name}` for one segment with a name, `*` for one "
        "without."
    )
    name: RouteName = Field(
        default_factory=_default_name,
        description="What logs and metrics call it; unique; made from `path` if left out.",
    )
    hosts: tuple[HostPattern, ...] = Field(
        default=(), description="`api.example.org` or `*.example.org`; any host if left out."
    )
    methods: Methods = Field(default=None, description="Such as `[GET, POST]`, which serves HEAD too; any if left out.")
    headers: HeaderConditions = Field(
        default=FrozenDict(), description="Headers a request must have, all of them; `*` is any value."
    )
    query: QueryConditions = Field(
        default=FrozenDict(), description="Query parameters a request must have, all of them; `*` is any value."
    )
    service: ServiceName | None = Field(default=None, description="The service that answers.")
    redirect: Redirect | None = Field(default=None, description="Sends the client elsewhere.")
    respond: Respond | None = Field(default=None, description="Answers without a service.")
    strip_prefix: LeadingSegments | None = Field(
        default=None, description="Leading segments of `path` that the service does not see."
    )
    rewrite: RewriteTemplate | None = Field(
        default=None,
        description="The whole path the service sees, instead of `strip_prefix`; `{name}` is a parameter of `path`, "
        "`{**}` what its `/**` matched.",
    )
    request_headers: RequestHeaderEdits = Field(
        default=RequestHeaderEdits(), description="Changes of the request before the service sees it."
    )
    response_headers: ResponseHeaderEdits = Field(
        default=ResponseHeaderEdits(), description="Changes of the service's answer before the client sees it."
    )
    timeouts: RouteTimeouts = Field(default=RouteTimeouts(), description="Changes of the service's timeouts.")
    body_size: OwnSizeOrUnlimited = Field(
        default=None, description="Largest body of a request, instead of `limits.body_size`; beyond it 413."
    )


SERVICE_OPTIONS = ("strip_prefix", "rewrite", "request_headers", "response_headers", "timeouts", "body_size")
