"""What a route answers when its service cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatewayd.core.reasons import Reason, Refused

if TYPE_CHECKING:
    from gatewayd.pipeline.exchange import Exchange
    from gatewayd.pipeline.route import Answer


class Fallback:
    """Tries `first`, and answers with `second` where that was refused for one of `reasons`.

    Only as long as nothing of an answer was sent. A request's body that was handed to the first service is gone: then
    the refusal stands, unless `bodiless` says that the second answer needs no body.
    """

    __slots__ = ("_bodiless", "_first", "_reasons", "_second")

    def __init__(self, first: Answer, second: Answer, reasons: frozenset[Reason], *, bodiless: bool) -> None:
        self._first = first
        self._second = second
        self._reasons = reasons
        self._bodiless = bodiless

    async def __call__(self, exchange: Exchange) -> None:
        """Answer, one way or the other."""
        try:
            await self._first(exchange)
        except Refused as refused:
            body = exchange.body
            spent = body is not None and body.opened and not self._bodiless
            if refused.reason not in self._reasons or exchange.channel.writer.started or spent:
                raise
        else:
            return
        await self._second(exchange)
