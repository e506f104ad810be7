"""The section `listeners`: where clients connect."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.address import Address
from gatewayd.config.models.names import Peer, ServiceName, SocketAddress
from gatewayd.config.models.network import Network
from gatewayd.config.models.ratelimits import LimitNames
from gatewayd.config.models.section import Section, count
from gatewayd.config.models.tls import ListenerTls, OwnRedirect


class Listener(Section):
    """Where clients connect: one socket for each entry."""

    name: ServiceName = Field(default="http", description="What logs and metrics call it; unique.")
    address: SocketAddress = Field(
        default=Address("tcp", "127.0.0.1", 8080),
        description="`host:port`, `[v6]:port` or `unix:/path`; port 0 takes a free one.",
    )
    backlog: int = count(4096, "Connections the kernel holds until the gateway accepts them.", most=65535)
    network: Network = Field(default=Network(), description="Which addresses may come in here.")
    rate_limits: LimitNames = Field(default=(), description="Limits of every request that comes in here.")
    proxy_protocol: Literal["off", "v1", "v2", "any"] = Field(
        default="off", description="The version of the PROXY protocol that every connection must begin with."
    )
    proxy_protocol_from: tuple[Peer, ...] = Field(
        default=(), description="Who may connect then: the load balancers in front; needed with `proxy_protocol`."
    )

    tls: ListenerTls | None = Field(default=None, description="Speaks HTTPS here, and nothing else.")
    redirect_to_https: OwnRedirect = Field(
        default=None, description="Answers every request with 308, to the same place by HTTPS; `true`, or a port."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        """What its values must agree on."""
        if self.proxy_protocol != "off" and not self.proxy_protocol_from:
            hint = "add 'proxy_protocol_from', such as [10.0.0.0/24]"
            raise Complaint("anybody could claim any address", hint, at=("proxy_protocol",), on_key=True)
        if self.proxy_protocol == "off" and self.proxy_protocol_from:
            hint = "remove it, or add 'proxy_protocol: any'"
            message = "without 'proxy_protocol' this does nothing"
            raise Complaint(message, hint, at=("proxy_protocol_from",), on_key=True)
        if self.tls is not None and self.redirect_to_https is not None:
            hint = "remove it, and write it at the listener without 'tls'"
            raise Complaint("clients speak HTTPS here already", hint, at=("redirect_to_https",), on_key=True)
        return self
