"""The section `network` of listeners and routes: which addresses may come in."""

from __future__ import annotations

from pydantic import Field

from gatewayd.config.models.names import Peer
from gatewayd.config.models.section import Section
from gatewayd.core.networks import AccessList


class Network(Section):
    """Which clients may come in by their address: of a route, that which trusted proxies name, if they do.

    Of a listener it is that of the connection, or of its PROXY header.
    """

    allow: tuple[Peer, ...] = Field(default=(), description="Who may, at least one; everybody if left out.")
    deny: tuple[Peer, ...] = Field(default=(), description="Who may not, although `allow` names them.")

    @property
    def access(self) -> AccessList:
        """The same, ready to be asked."""
        return AccessList(self.allow, self.deny)
