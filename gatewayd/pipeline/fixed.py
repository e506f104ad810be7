"""Answers that need no service."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gatewayd.core.messages import RequestHead
from gatewayd.pipeline.replies import reply

if TYPE_CHECKING:
    from gatewayd.pipeline.exchange import Exchange


class Respond:
    """The same answer each time; `lines` are its field lines."""

    __slots__ = ("_body", "_lines", "_status")

    def __init__(self, status: int, lines: bytes, body: bytes) -> None:
        self._status = status
        self._lines = lines
        self._body = body

    async def __call__(self, exchange: Exchange) -> None:
        """Write it."""
        reply(exchange, self._status, self._lines, self._body)


class Redirect:
    """Sends the client elsewhere; `location` makes the Location of a request."""

    __slots__ = ("_location", "_status")

    def __init__(self, status: int, location: Callable[[RequestHead], bytes]) -> None:
        self._status = status
        self._location = location

    async def __call__(self, exchange: Exchange) -> None:
        """Write the redirect."""
        assert exchange.head is not None
        reply(exchange, self._status, b"Location: %b\r\n" % self._location(exchange.head), b"")
