"""Preflights (Fetch standard, section 4.8): answered by the gateway for the route that the real request would take."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

from gatewayd.core.reasons import Refused
from gatewayd.pipeline import replies
from gatewayd.pipeline.finish import noted_value

if TYPE_CHECKING:
    from gatewayd.pipeline.chain import Check
    from gatewayd.pipeline.exchange import Exchange
    from gatewayd.pipeline.route import Route

METHOD = b"access-control-request-method"
HEADERS = b"access-control-request-headers"


def route_of(exchange: Exchange) -> Route | None:
    """The route that a preflight asks about, if the request is one and the route answers other origins at all."""
    head = exchange.head
    assert head is not None
    method = noted_value(head.section, METHOD)
    if method is None or noted_value(head.section, b"origin") is None:
        return None
    asked = copy(head)
    asked.method = method
    try:
        route = exchange.application.locate(asked).payload
    except Refused:
        return None
    return route if route.finish is not None and route.finish.cors is not None else None


async def answer_checked(exchange: Exchange, check: Check, route: Route) -> None:
    """Answer if `check` lets the preflight pass; raises what it refuses it with."""
    waiting = check(exchange)
    if waiting is not None:
        await waiting
    answer(exchange, route)


def answer(exchange: Exchange, route: Route) -> None:
    """Say what another origin may do on `route`."""
    replies.reply(exchange, 204, _lines_of(exchange, route), b"", finished=True)


def _lines_of(exchange: Exchange, route: Route) -> bytes:
    """The field lines of the answer."""
    assert exchange.head is not None
    assert route.finish is not None
    section = exchange.head.section
    origin, method = noted_value(section, b"origin"), noted_value(section, METHOD)
    assert origin is not None
    assert method is not None
    return route.finish.preflight(exchange, origin, method, noted_value(section, HEADERS))
