"""The section `listeners`: where clients connect."""

from __future__ import annotations

from pydantic import Field

from gatewayd.config.models.address import Address
from gatewayd.config.models.names import ServiceName, SocketAddress
from gatewayd.config.models.section import Section, count


class Listener(Section):
    """Where clients connect: one socket for each entry."""

    name: ServiceName = Field(default="http", description="What logs and metrics call it; unique.")
    address: SocketAddress = Field(
        default=Address("tcp", "127.0.0.1", 8080),
        description="`host:port`, `[v6]:port` or `unix:/path`; port 0 takes a free one.",
    )
    backlog: int = count(4096, "Connections the kernel holds until the gateway accepts them.", most=65535)
