"""What a route answers when its service cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatewayd.core.reasons import Reason, Refused

if TYPE_CHECKING:
    from gatewayd.pipeline.exchange import Exchange
    from gatewayd.pipeline.route import Answer


class Fallback:
    """Tries `first`, and answers with `second` where that was refused for one of `reasons`.

    Only as long as nothing of an answer was sent. A request's body that was handed to the first service and not kept is
    gone: then the refusal stands, unless `bodiless` says that the second answer needs no body.
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
            body, upload = exchange.body, exchange.upload
            kept = body is None or not body.opened or (upload is not None and upload.replayable)
            if refused.reason not in self._reasons or exchange.channel.writer.started or not (kept or self._bodiless):
                raise
            exchange.stood_in_for = refused.reason
        else:
            return
        exchange.cookie = b""  # of a target that did not answer
        if upload is not None:
            upload.detach()
        await self._second(exchange)
