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
