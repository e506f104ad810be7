"""The section `metrics`: the port for Prometheus and health checks."""

from __future__ import annotations

from pydantic import Field

from gatewayd.config.models.address import Address
from gatewayd.config.models.names import SocketAddress
from gatewayd.config.models.section import Section


class Metrics(Section):
    """The port for operators: metrics and health."""

    enabled: bool = Field(default=True, description="Whether the port is opened.")
    address: SocketAddress = Field(
        default=Address("tcp", "127.0.0.1", 9464),
        description="Where `/metrics`, `/livez` and `/readyz` answer. Keep it away from clients.",
    )
    tenants: int = Field(
        default=200,
        ge=0,
        le=10_000,
        description="How many tenants have series of their own: those with the most requests. The others are `_other`.",
    )
    aliases: bool = Field(
        default=False,
        description="Whether `auth_attempts_total` is exported as `authentication_attempts_total` as well.",
    )
