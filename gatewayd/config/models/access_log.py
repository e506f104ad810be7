"""The section `access_log`: one line per request, and what routes and tenants have of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.callers import file_path
from gatewayd.config.models.names import HeaderName
from gatewayd.config.models.numbers import Share
from gatewayd.config.models.section import Section
from gatewayd.config.models.values import Duration, DurationOrOff, Kind, Size


def _destination(text: str) -> str:
    """`-`, `off` or a path from the root."""
    if text in ("-", "off"):
        return text
    try:
        return file_path(text)
    except Complaint as wrong:
        hint = f'{wrong.hint}, "-" for standard output, or off'
        raise Complaint(wrong.message, hint) from None


class LoggedHeaders(Section):
    """Header fields that lines have. Credentials among them, and values that look like one, are masked."""

    request: tuple[HeaderName, ...] = Field(default=(), description="Of requests, such as `[User-Agent, Referer]`.")
    response: tuple[HeaderName, ...] = Field(
        default=(), description="Of services' answers, as the services sent them, such as `[Content-Type]`."
    )


class Sampled(Section):
    """How many requests of a route or of a tenant are recorded, instead of `access_log.sample`."""

    sample: Share = Field(default=1.0, description="A share of them; see `access_log.sample`.")


class AccessLog(Section):
    """One line per request."""

    path: Annotated[str, AfterValidator(_destination), Kind("`-`, `off` or path")] = Field(
        default="-", description="A file with its path from the root, `-` for standard output, or `off`."
    )
    format: Literal["auto", "json", "text"] = Field(
        default="auto", description="`auto` is text on a terminal, for people, and JSON everywhere else."
    )
    sample: Share = Field(
        default=1.0,
        description="How many requests are recorded. Errors (5xx), refusals for security's sake, aborted and slow "
        "requests always are. Lines that stand for others have the share in `sample`. A route's own `access_log` comes "
        "before this, and a tenant's before that.",
    )
    slow: DurationOrOff = Field(
        default=1.0, description="Requests that take this long or longer are recorded whatever `sample` says."
    )
    headers: LoggedHeaders = Field(default=LoggedHeaders(), description="Header fields that lines have.")
    query: bool = Field(
        default=False, description="Whether lines have the query, with the values of parameters in `log.redact` masked."
    )
    flush_interval: Duration = Field(default=1.0, description="The longest time a line waits before it is written.")
    buffer: Size = Field(default=65536, description="Lines are written early when this much of them has gathered.")
