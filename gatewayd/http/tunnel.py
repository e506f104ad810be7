"""Both directions of a connection that was upgraded to another protocol (RFC 9110 section 7.8)."""

from __future__ import annotations

from gatewayd.core.slot import Slot
from gatewayd.http.channel import ServerChannel
from gatewayd.http.connection import UpstreamConnection
from gatewayd.http.inbound import SINK_FULL


class Tunnel:
    """Carries bytes both ways, each way as fast as its receiver reads; counts them."""

    __slots__ = ("_channel", "_connection", "received", "sent")

    def __init__(self, channel: ServerChannel, connection: UpstreamConnection) -> None:
        self._channel = channel
        self._connection = connection
        self.received = 0
        self.sent = 0

    def open(self) -> Slot[None]:
        """Connect the two ends; the slot resolves when the service's end closes."""
        ended = self._connection.tunnel(self, self)
        self._channel.begin_tunnel(self, self._connection)
        return ended

    def tunnel_data(self, data: bytes) -> None:
        """Bytes from the client."""
        self.received += len(data)
        self._connection.tunnel_data(data)

    def write(self, data: bytes) -> None:
        """Bytes from the service."""
        self.sent += len(data)
        self._channel.transport.write(data)

    def flush(self) -> None:
        """Nothing is kept back here."""

    def hold(self) -> None:
        """The service reads too slowly."""
        self._channel.hold(SINK_FULL)

    def release(self) -> None:
        """The service has caught up."""
        self._channel.release(SINK_FULL)
