"""What filters see of a request, and whom they tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from gatewayd.core.forwarded import Peer
from gatewayd.core.messages import RequestHead

if TYPE_CHECKING:
    from gatewayd.filters.caller import Caller
    from gatewayd.log import Event


class Channel(Protocol):
    """The client's connection."""

    @property
    def peer(self) -> Peer:
        """Its other end."""


class NamedRoute(Protocol):
    """The route that was found."""

    @property
    def name(self) -> str:
        """What the configuration calls it."""

    @property
    def label(self) -> str:
        """Its path, as metrics have it."""


class Asking(Protocol):
    """A request.

    Filters set `caller`, its `tenant` (empty if it has none), `identity`, the field lines that tell a service who is
    calling, and `by_cookie`, whether a cookie says so.
    """

    caller: Caller | None
    tenant: bytes
    identity: bytes
    by_cookie: bool
    request_id: bytes

    @property
    def head(self) -> RequestHead | None:
        """The request's head."""

    @property
    def channel(self) -> Channel:
        """The client's connection."""

    @property
    def route(self) -> NamedRoute | None:
        """The route that was found."""


class Events(Protocol):
    """The audit stream."""

    def __call__(self, event: Event, exchange: Asking, /, **facts: object) -> None:
        """An event of `gatewayd.log.audit` happened with a request. No fact is a token, a key, or a body."""


Violation = Callable[[str], None]
"""Counts a `violation_type` of security_violations_total."""
