"""The section `gateway`: the process as a whole."""

from __future__ import annotations

from pydantic import Field

from gatewayd.config.models.names import Peer, Pseudonym
from gatewayd.config.models.section import Section
from gatewayd.config.models.values import DurationOrZero


class Gateway(Section):
    """The process as a whole."""

    name: Pseudonym = Field(default="gatewayd", description="What the gateway calls itself in `Via` and `Forwarded`.")
    drain_timeout: DurationOrZero = Field(
        default=30.0, description="How long a stop waits for the requests in flight; `0s` cuts them off at once."
    )
    trusted_proxies: tuple[Peer, ...] = Field(
        default=(),
        description="Peers whose `X-Forwarded-*`, `Forwarded` and `X-Request-Id` are believed; from everyone else they "
        "are dropped. `unix` means every peer of a unix socket.",
    )
    accept_timeouts: bool = Field(
        default=True,
        description="Whether `X-Request-Timeout` and `grpc-timeout` of trusted proxies shorten a request's `total`.",
    )
