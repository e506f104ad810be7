"""Answers the gateway gives itself: redirects and fixed responses."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.edits import FixedHeaders
from gatewayd.config.models.names import HeaderValue
from gatewayd.config.models.paths import RedirectTemplate
from gatewayd.config.models.section import Section
from gatewayd.config.models.values import FrozenDict, Kind


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
