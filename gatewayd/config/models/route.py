"""The section `routes`: which requests go where."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import ConfigDict, Field

from gatewayd.config.models.access_log import Sampled
from gatewayd.config.models.answers import Redirect, Respond
from gatewayd.config.models.authorization import Authorize
from gatewayd.config.models.browser import Csrf, OwnBrowserHeaders, OwnCors
from gatewayd.config.models.cache import RouteCache
from gatewayd.config.models.edits import RequestHeaderEdits, ResponseHeaderEdits
from gatewayd.config.models.fallback import Fallback
from gatewayd.config.models.idempotency import RouteIdempotency
from gatewayd.config.models.mirror import Mirror
from gatewayd.config.models.names import (
    HeaderConditions,
    HostPattern,
    Methods,
    QueryConditions,
    RequestKey,
    RouteName,
    ServiceName,
)
from gatewayd.config.models.network import Network
from gatewayd.config.models.paths import LeadingSegments, PathPattern, RewriteTemplate
from gatewayd.config.models.ratelimits import Use
from gatewayd.config.models.retries import RouteRetries
from gatewayd.config.models.route_auth import OwnAuth
from gatewayd.config.models.section import Section
from gatewayd.config.models.split import Parts
from gatewayd.config.models.tenants import RouteTenant
from gatewayd.config.models.timeouts import RouteTimeouts
from gatewayd.config.models.values import FrozenDict, OwnSizeOrUnlimited
from gatewayd.config.models.webhook import Webhook

ANSWERS = ("service", "split", "redirect", "respond")


def name_from_path(path: str) -> str:
    """The name of a route that has none: `/api/v1/tickets/{id}/**` is `api-v1-tickets-id`."""
    words = re.findall(r"[a-z0-9._]+", path.lower())
    name = "-".join(words) or "root"
    return name if name[0].isalpha() else f"route-{name}"


def _default_name(data: dict[str, Any]) -> str:
    """The name for the route whose validated fields are `data`."""
    return name_from_path(data["path"])


class Route(Section):
    """Which requests, and what becomes of them: exactly one of `service`, `split`, `redirect`, `respond`.

    The most specific route wins, whatever the order in the file.
    """

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [answer]} for answer in ANSWERS]})

    path: PathPattern = Field(
        description="`/exact`, `/prefix/**` (also `/prefix` itself), `{name}` for one segment with a name, `*` for one "
        "without."
    )
    name: RouteName = Field(
        default_factory=_default_name,
        description="What checks and policies call it; unique; made from `path` if left out. Metrics and logs say "
        "`path`.",
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
    split: Parts | None = Field(default=None, description="Several services that answer, each its share of requests.")
    redirect: Redirect | None = Field(default=None, description="Sends the client elsewhere.")
    respond: Respond | None = Field(default=None, description="Answers without a service.")
    split_by: RequestKey | None = Field(
        default=None,
        description="Only with `split`: requests with the same one go to the same service; divided by chance if left "
        "out.",
    )
    cache: RouteCache | None = Field(default=None, description="Keeps the service's answers, for whoever may see them.")
    idempotency: RouteIdempotency | None = Field(
        default=None, description="Carries requests with the same `Idempotency-Key` out once."
    )
    fallback: Fallback | None = Field(default=None, description="What answers when the service cannot.")
    mirror: Mirror | None = Field(default=None, description="Another service that gets a copy of requests.")
    access_log: Sampled | None = Field(default=None, description="How many of its requests the access log has.")
    priority: Literal["low", "normal", "high", "critical"] = Field(
        default="normal", description="Under overload the lowest are refused first; see `shedding`."
    )
    auth: OwnAuth = Field(
        default=None,
        description="Whether callers must say who they are: `required` if left out, as soon as `authentication` has a "
        "way to prove it; else `public`.",
    )
    authorize: Authorize | None = Field(default=None, description="What callers must have; without it all are let in.")
    tenant: RouteTenant | None = Field(
        default=None, description="Where requests name a tenant, which must be their caller's own."
    )
    network: Network = Field(default=Network(), description="Which addresses may come in here.")
    rate_limits: tuple[Use, ...] = Field(
        default=(), description="Limits of every request, each a name, or with what a request costs."
    )
    csrf: Csrf = Field(default=None, description="Refuses what a page of another site caused.")
    cors: OwnCors = Field(default=None, description="Instead of the common `cors`; `off` leaves it to the service.")
    security_headers: OwnBrowserHeaders = Field(
        default=None, description="Instead of the common `security_headers`; `off` leaves them to the service."
    )
    webhook: Webhook | None = Field(default=None, description="Lets signed requests through only.")
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
    retries: RouteRetries = Field(default=RouteRetries(), description="Changes of the service's retries.")
    body_size: OwnSizeOrUnlimited = Field(
        default=None, description="Largest body of a request, instead of `limits.body_size`; beyond it 413."
    )

    @property
    def services(self) -> tuple[str, ...]:
        """The services that answer: one, or those of `split`; none where the gateway itself does."""
        if self.split is not None:
            return tuple(part.service for part in self.split)
        return () if self.service is None else (self.service,)


SERVICE_OPTIONS = (
    "cache",
    "idempotency",
    "fallback",
    "mirror",
    "strip_prefix",
    "rewrite",
    "request_headers",
    "response_headers",
    "timeouts",
    "retries",
    "body_size",
    "webhook",
)
