"""The section `services.NAME.health`: asking targets how they are."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, PlainSerializer, PlainValidator, model_validator

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.names import Origin
from gatewayd.config.models.numbers import Share
from gatewayd.config.models.outcomes import AnyStatus, codes
from gatewayd.config.models.section import Section, count
from gatewayd.config.models.values import Duration, Kind, text_schema

_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@/?%-]*")  # RFC 3986 sections 3.3 and 3.4
_MOST_READ = 64 * 1024  # of an answer's body


def _path(value: object) -> str | None:
    """A path with or without a query; None for `off`."""
    if value is None or value == "off":
        return None
    if not isinstance(value, str) or _PATH.fullmatch(value) is None:
        raise Complaint("{value} is not a path", "write one such as /health, or off to connect only")
    return value


def _body(value: object) -> str:
    """What an answer must contain."""
    if not isinstance(value, str):
        raise Complaint("'body' must be text", "put quotes around it")
    if not value or len(value.encode()) > _MOST_READ:
        raise Complaint("{value} cannot be looked for", f"write a text of 1 to {_MOST_READ} bytes")
    return value


def _write_path(path: str | None) -> str:
    """What a file has for `path`."""
    return "off" if path is None else path


class Health(Section):
    """Asks every target, again and again, how it is; one that answers wrong gets no requests. Off without this key."""

    path: Annotated[
        str | None,
        PlainValidator(_path),
        text_schema("/.*", "off"),
        PlainSerializer(_write_path),
        Kind("path or `off`"),
    ] = Field(default="/health", description="What is asked for; `off` only connects.")
    method: Literal["GET", "HEAD"] = Field(default="GET", description="How it is asked for.")
    interval: Duration = Field(default=10.0, description="From one check to the next.")
    timeout: Duration = Field(default=2.0, description="The longest a check may take, its answer's body included.")
    jitter: Share = Field(default=0.1, description="How much the interval varies, so that checks spread out.")
    rise: int = count(2, "Good checks in a row until an unhealthy target is healthy.", most=100)
    fall: int = count(3, "Bad checks in a row until a target is unhealthy.", most=100)
    statuses: tuple[AnyStatus, ...] = Field(default=("2xx",), description="Answers that are good.")
    body: Annotated[str, PlainValidator(_body), text_schema(".+"), Kind("text")] | None = Field(
        default=None, description="What the first 64 KiB of the answer's body must contain."
    )
    port: int | None = Field(default=None, ge=1, le=65535, description="Another port than the target's.")
    host: Origin | None = Field(default=None, description="The `Host` it is asked by; the target's own if left out.")
    required: bool = Field(
        default=False,
        description="Whether the gateway is ready only once a target of the service is known healthy.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        """What its values must agree on."""
        if self.timeout > self.interval:
            hint = "make it shorter, or 'interval' longer"
            raise Complaint("a check may take longer than the interval", hint, at=("timeout",))
        if not self.statuses:
            raise Complaint("no answer is good", "list at least one status or class, such as 2xx", at=("statuses",))
        return self

    @property
    def codes(self) -> frozenset[int]:
        """The statuses that are good, one by one."""
        return codes(self.statuses)
