"""Which addresses may use a route."""

from __future__ import annotations

from collections.abc import Callable

from gatewayd.core.networks import AccessList
from gatewayd.core.reasons import ADDRESS_DENIED, Refused
from gatewayd.filters.asking import Asking, Events
from gatewayd.log import audit


class NetworkPolicy:
    """Lets clients pass whose address `access` allows; `client` tells a request's, believed proxies looked through."""

    __slots__ = ("_access", "_client", "_events")

    def __init__(self, access: AccessList, client: Callable[[Asking], str], events: Events) -> None:
        self._access = access
        self._client = client
        self._events = events

    def __call__(self, exchange: Asking) -> None:
        """Raises `Refused`."""
        if not self._access.allows(self._client(exchange)):
            self._events(audit.ADDRESS_DENIED, exchange)
            raise Refused(ADDRESS_DENIED)
