"""The section `services.NAME.balance`: which target answers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gatewayd.config.models.names import Cookie, RequestKey
from gatewayd.config.models.numbers import FactorOrOff, Share
from gatewayd.config.models.section import Section
from gatewayd.config.models.values import Duration, DurationOrZero


class Sticky(Section):
    """A client keeps its target, by a cookie that the gateway sets; it falls to another one when that is down."""

    cookie: Cookie = Field(description="The cookie's name.")
    ttl: Duration = Field(default=3600.0, description="How long the client keeps the cookie.")
    secure: bool = Field(default=True, description="Whether it is sent over TLS only.")


class Balance(Section):
    """Which of the targets answers a request."""

    policy: Literal["round_robin", "random", "least_requests", "ewma", "hash"] = Field(
        default="round_robin",
        description="In turn; by chance; the less busy of two; the one of two that answers faster and is less busy; or "
        "the one that `key` falls to.",
    )
    key: RequestKey | None = Field(
        default=None, description="Only with `hash`: requests with the same one go to the same target."
    )
    bounded_load: FactorOrOff = Field(
        default=1.25, description="Only with `hash`: a target with this many times the average load is passed over."
    )
    sticky: Sticky | None = Field(default=None, description="Keeps a client at its target.")
    slow_start: DurationOrZero = Field(
        default=0.0, description="A new target gets requests in growing number for this long."
    )
    failover_below: Share = Field(
        default=0.0,
        description="A group of targets of one `priority` is left for the next when less than this share of it can "
        "answer; `0%` when none can.",
    )
    panic: Literal["try", "refuse"] = Field(
        default="try", description="When no target can answer: try them all the same, or refuse with 503."
    )
