"""Clients that go away, or are made to: whatever was done for them stops at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pipeline.wire import Wire
from tests.pipeline.world import World, get, ok

NARROW = """
services:
  main:
    targets: ["http://127.0.0.1:9005"]
    breaker: {mode: off}
    retries: {attempts: 0}
    pool: {connections: 1}
routes:
  - {name: all, path: "/**", service: main}
"""
POST = get(b"/", b"Content-Length: 9\r\n", method=b"POST")
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"


def while_dialing(world: World) -> Wire:
    """There is no connection yet."""
    world.accepting = False
    client = world.client()
    client.send(get())
    return client


def while_queued(world: World) -> Wire:
    """Another request has the only connection."""
    world.ask(get(b"/other"))
    client = world.client()
    client.send(get())
    return client


def while_uploading(world: World) -> Wire:
    """The body is half sent."""
    return world.ask(POST, b"half")[0]


def while_expecting(world: World) -> Wire:
    """The client waits for 100."""
    world.accepting = False
    client = world.client()
    client.send(get(b"/", b"Content-Length: 9\r\nExpect: 100-continue\r\n", method=b"POST"))
    return client


def while_waiting(world: World) -> Wire:
    """The service thinks."""
    return world.ask(get())[0]


def while_answered(world: World) -> Wire:
    """The answer is half through."""
    client, service = world.ask(get())
    service.send(HALF)
    return client


def while_full(world: World) -> Wire:
    """The answer is half through and the client does not read it."""
    client = while_answered(world)
    client.fill()
    return client


def while_pipelining(world: World) -> Wire:
    """More requests wait behind the one in progress."""
    return world.ask(get() + get(b"/2") + get(b"/3"))[0]


MOMENTS = [
    while_dialing,
    while_queued,
    while_uploading,
    while_expecting,
    while_waiting,
    while_answered,
    while_full,
    while_pipelining,
]
Moment = Callable[[World], Wire]


def over(world: World, moment: Moment) -> None:
    """Let end what is not the client's, and see that nothing is left."""
    if moment in (while_dialing, while_expecting):
        world.dials[-1].accept()
    elif moment is while_queued:
        world.service.send(ok())
    else:
        assert world.service.ending == "aborted"
    world.settled()


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("how", ["hang_up", "reset"])
def test_a_client_leaves(tmp_path: Path, moment: Moment, how: str) -> None:
    """The service's connection is closed at once if its request was under way; the books say 499."""
    world = World(tmp_path, NARROW)
    client = moment(world)
    getattr(client, how)()
    (record,) = [record for record in world.records if record["path"] == "/"]
    assert (record["status"], record["reason"]) == (499, "client-closed")
    assert record["attempts"] == (moment not in (while_dialing, while_queued, while_expecting))
    method = record["method"]
    assert world.metric("http_requests_total", method=method, route="/**", status_code="499") == 1
    assert world.metric("http_request_aborts_total", reason="client") == 1
    assert world.total("downstream_errors_total") == 0
    over(world, moment)


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_gateway_stops(tmp_path: Path, moment: Moment) -> None:
    """A request that does not end within the drain is broken off, and told apart from one whose client left."""
    world = World(tmp_path, NARROW)
    client = moment(world)
    (channel,) = [channel for channel in world.listener.channels if channel.transport is client]
    channel.expel()
    client.turn()
    assert client.ending == "aborted"
    (record,) = [record for record in world.records if record["path"] == "/"]
    assert (record["status"], record["reason"]) == (499, "shutting-down")
    assert world.metric("http_request_aborts_total", reason="shutdown") == 1
    over(world, moment)


def test_a_place_in_the_queue_is_given_up(tmp_path: Path) -> None:
    """The connection goes to the next in line."""
    world = World(tmp_path, NARROW)
    first, service = world.ask(get(b"/1"))
    second, third = world.client(), world.client()
    second.send(get(b"/2"))
    third.send(get(b"/3"))
    second.hang_up()
    service.take()
    service.send(ok(b"1"))
    assert service.take().startswith(b"GET /3 ")
    service.send(ok(b"3"))
    assert (first.take()[-1:], third.take()[-1:]) == (b"1", b"3")
    world.settled()


def test_a_client_that_does_not_read(world: World) -> None:
    """After `timeouts.send` its answer is broken off, and so is the service's."""
    client, service = world.ask(get())
    service.send(HALF)
    client.fill()
    world.pass_time(29.5)
    assert client.ending == ""
    world.pass_time(1)
    assert client.ending == "aborted"
    assert service.ending == "aborted"
    assert (world.record["status"], world.record["reason"]) == (499, "client-stalled")
    assert world.metric("http_request_aborts_total", reason="timeout") == 1
    world.settled()


def test_a_client_that_stops_sending(world: World) -> None:
    """After `timeouts.request_body` it is told, and the service's request broken off."""
    client, service = world.ask(POST, b"half")
    world.pass_time(29.5)
    client.send(b"+")
    world.pass_time(29.5)
    assert client.take() == b""
    world.pass_time(1)
    assert client.take().startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert client.finished
    assert service.ending == "aborted"
    assert (world.record["status"], world.record["reason"]) == (408, "body-timeout")
    assert world.metric("http_request_aborts_total", reason="timeout") == 1
    assert world.total("downstream_errors_total") == 0
    world.settled()


def test_a_client_that_never_ends_its_head(world: World) -> None:
    """After `timeouts.request_head` it is told; one that said nothing at all is not."""
    client, silent = world.client(), world.client()
    client.send(b"GET / HTTP/1.1\r\nHost:")
    world.pass_time(10.5)
    assert client.take().startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert (silent.take(), silent.ending) == (b"", "closed")
    assert (world.record["status"], world.record["reason"]) == (408, "head-timeout")
    assert world.metric("http_request_aborts_total", reason="timeout") == 1
    world.settled()


def test_an_idle_client(world: World) -> None:
    """After `timeouts.keepalive` its connection is closed without a word."""
    client, service = world.ask(get())
    service.send(ok())
    client.take()
    world.pass_time(74.5)
    assert client.ending == ""
    world.pass_time(1)
    assert (client.take(), client.ending) == (b"", "closed")
    assert len(world.records) == 1
