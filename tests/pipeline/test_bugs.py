"""Errors of the gateway itself: told to the client as such, logged with their trace, and contained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from twisted.logger import LogEvent

from gatewayd.core.forwarded import TrustedPeers
from gatewayd.core.messages import RequestHead
from gatewayd.pipeline.forward import Forward
from gatewayd.pipeline.route import Route
from gatewayd.pipeline.ways import Ways
from gatewayd.routes.tree import RouteTree
from tests.pipeline.wire import Wire
from tests.pipeline.world import World, failures_logged, get, ok


@pytest.fixture
def logged() -> Iterator[list[LogEvent]]:
    """Every failure that is logged meanwhile."""
    with failures_logged() as events:
        yield events


class Bomb:
    """Edits of a head with a bug."""

    @property
    def gone(self) -> frozenset[bytes]:
        """Fail."""
        raise ZeroDivisionError


def broken_way(world: World, *, late: bool) -> Forward:
    """An answer with a bug, before or behind the head of the service's answer."""
    way = Ways(world.config, TrustedPeers()).way(world.config.routes[0], "main")
    edits: Any = Bomb()
    way = replace(way, response_edits=edits) if late else replace(way, request_edits=edits)
    return Forward(world.services["main"], world.metrics.service("main"), way)


def broken(world: World, *, late: bool) -> Wire:
    """A client whose request meets the bug."""
    route = Route("broken", "/broken", broken_way(world, late=late), world.metrics.route("/broken"))

    class Leaf:
        payload = route

    def locate(head: RequestHead) -> Leaf:
        return Leaf()

    application = world.application
    application.locate, before = locate, application.locate
    client = world.client()
    client.send(get(b"/broken"))
    if late:
        world.service.send(ok())
    application.locate = before
    return client


@pytest.mark.parametrize("late", [False, True])
def test_a_bug_in_a_route(world: World, logged: list[LogEvent], *, late: bool) -> None:
    """500 without a word about the cause, which the log has; the connections it used are closed."""
    client = broken(world, late=late)
    sent = client.take()
    assert sent.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert b"ZeroDivisionError" not in sent
    assert client.ending == "closed"
    (event,) = logged
    assert event["log_failure"].check(ZeroDivisionError)
    assert event["route"] == "/broken"
    assert (world.record["status"], world.record["reason"]) == (500, "internal-error")
    assert world.service.ending
    world.settled()


def test_the_others_go_on(world: World, logged: list[LogEvent]) -> None:
    """The next request is answered as ever."""
    broken(world, late=False)
    client, service = world.ask(get())
    service.send(ok())
    assert client.take().endswith(b"ok")
    assert len(logged) == 1
    world.settled()


def test_a_route_that_is_found_wrongly(world: World, logged: list[LogEvent]) -> None:
    """A bug in the route tree is the gateway's as well, and belongs to no route."""
    tree = world.application.locate
    world.application.locate = lambda head: RouteTree[Route].locate(None, head)  # type: ignore[arg-type]
    client = world.client()
    client.send(get())
    world.application.locate = tree
    assert client.take().startswith(b"HTTP/1.1 500 ")
    assert world.record["route"] == "_unmatched"
    assert len(logged) == 1
    world.settled()
