"""The section `timeouts` (the client's side) and the timeouts of services and routes (the service's side).

For a service None is off. For a route None is "as the service has it", and `Off.OFF` is off.
"""

from __future__ import annotations

from pydantic import Field

from gatewayd.config.models.section import Section
from gatewayd.config.models.values import Duration, DurationOrOff, Off, OwnDuration, OwnDurationOrOff

_CONNECT = "Until the service accepts a connection; beyond it 504."
_RESPONSE = "From the request's last byte until the head of the answer; beyond it 504."
_IDLE = "The longest pause within a body, either way; beyond it the answer is cut off."
_TOTAL = "From the request's first byte to the answer's last; beyond it 504, or the answer is cut off."
_TUNNEL = "The longest silence on a WebSocket or other upgraded connection, either way."


class ClientTimeouts(Section):
    """How long the gateway waits for clients."""

    request_head: Duration = Field(default=10.0, description="For a request's complete head; beyond it 408.")
    request_body: Duration = Field(
        default=30.0, description="The longest pause between two reads of a request's body; beyond it 408."
    )
    keepalive: Duration = Field(default=75.0, description="For the next request on a connection that is idle.")
    send: Duration = Field(default=30.0, description="The longest time a client may leave its answer unread.")


class ServiceTimeouts(Section):
    """How long the gateway waits for a service."""

    connect: Duration = Field(default=2.0, description=_CONNECT)
    response: DurationOrOff = Field(default=10.0, description=_RESPONSE)
    idle: DurationOrOff = Field(default=30.0, description=_IDLE)
    total: DurationOrOff = Field(default=None, description=_TOTAL)
    tunnel: DurationOrOff = Field(default=3600.0, description=_TUNNEL)


class RouteTimeouts(Section):
    """What a route changes in its service's timeouts."""

    connect: OwnDuration = Field(default=None, description=_CONNECT)
    response: OwnDurationOrOff = Field(default=None, description=_RESPONSE)
    idle: OwnDurationOrOff = Field(default=None, description=_IDLE)
    total: OwnDurationOrOff = Field(default=None, description=_TOTAL)
    tunnel: OwnDurationOrOff = Field(default=None, description=_TUNNEL)

    def over(self, service: ServiceTimeouts) -> ServiceTimeouts:
        """The timeouts of `service` with those set here in their place."""
        own = {name: value for name in RouteTimeouts.model_fields if (value := getattr(self, name)) is not None}
        return service.model_copy(update={name: None if value is Off.OFF else value for name, value in own.items()})
