"""Webhooks that are let through only if their sender signed them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatewayd.core.reasons import WEBHOOK_SIGNATURE, Refused
from gatewayd.core.webhooks import BadSignature, Senders
from gatewayd.filters.asking import Events
from gatewayd.log import audit
from gatewayd.pipeline.gathered import gather

if TYPE_CHECKING:
    from gatewayd.pipeline.exchange import Exchange


class Webhook:
    """Lets requests pass that one of `senders` signed in the field `header` (lower case); bodies up to `most` bytes.

    The service gets the same bytes and the same fields, once the signature was found right.
    """

    __slots__ = ("_events", "_header", "_most", "_senders")

    def __init__(self, senders: Senders, header: bytes, most: int, events: Events) -> None:
        self._senders = senders
        self._header = header
        self._most = most
        self._events = events

    async def __call__(self, exchange: Exchange) -> None:
        """Raises `Refused`."""
        assert exchange.head is not None
        try:
            check = self._senders.begin(exchange.head.get_all(self._header), exchange.application.wall_clock())
            check.update(await gather(exchange, self._most))
            check.finish()
        except BadSignature as bad:
            self._events(audit.WEBHOOK_REFUSED, exchange, cause=bad.why)
            raise Refused(WEBHOOK_SIGNATURE, f"The signature is {bad.why}.") from None
