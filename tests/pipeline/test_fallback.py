"""What answers when the service cannot: when it does, and what becomes of the rest of the request."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gatewayd.core.reasons import CONNECT_TIMEOUT
from tests.pipeline.test_request_heads import fields
from tests.pipeline.wire import Wire
from tests.pipeline.world import World, get, ok, reason

SERVICES = """
services:
  main:
    targets: ["http://127.0.0.1:9001"]
    timeouts: {response: 10s, total: 20s}
    balance: {sticky: {cookie: at}}
    retries: {attempts: 0}
    breaker: {minimum: 1}
    concurrency: {most: 1, queue: 1, wait: 2s}
    pool: {connections: 1, waiters: 0}
  spare:
    targets: ["http://127.0.0.1:9002"]
    timeouts: {response: 5s}
    retries: {attempts: 0}
"""
RESPOND = f"""{SERVICES}
routes:
  - {{name: all, path: "/**", service: main, fallback: {{respond: {{status: 203, body: fixed}}}}}}
  - {{name: spare, path: /spare, service: spare}}
  - {{name: other, path: /other, service: main}}
"""
ASK = f"""{SERVICES}
routes:
  - {{name: all, path: "/**", service: main, fallback: {{service: spare}}, strip_prefix: /api}}
  - {{name: other, path: /other, service: main}}
"""
ASK = ASK.replace('"/**"', '"/api/**"')
POST = get(b"/api/x", b"Content-Length: 4\r\n", method=b"POST")


def no_connection(world: World) -> Wire:
    """The service cannot be reached."""
    world.accepting = False
    client, _ = world.ask(get(b"/api/x"))
    world.dials[0].refuse()
    return client


def too_late_a_connection(world: World) -> Wire:
    """Nor in time."""
    world.accepting = False
    client, _ = world.ask(get(b"/api/x"))
    world.dials[0].refuse(CONNECT_TIMEOUT)
    return client


def reset(world: World) -> Wire:
    """It breaks off."""
    client, service = world.ask(get(b"/api/x"))
    service.reset()
    return client


def garbled(world: World) -> Wire:
    """It speaks something else."""
    client, service = world.ask(get(b"/api/x"))
    service.send(b"SSH-2.0\r\n\r\n")
    return client


def silent(world: World) -> Wire:
    """It says nothing."""
    client, _ = world.ask(get(b"/api/x"))
    world.pass_time(10.25)
    return client


def open_circuit(world: World) -> Wire:
    """It has failed before."""
    client, service = world.ask(get(b"/other"))
    service.reset()
    world.records.clear()
    client.take()
    client.send(get(b"/api/x"))
    return client


def full(world: World) -> Wire:
    """It has all it may have, and others wait already."""
    for _ in range(2):
        world.ask(get(b"/other"))
    return world.ask(get(b"/api/x"))[0]


def slow_queue(world: World) -> Wire:
    """It does not get through with what it has."""
    world.ask(get(b"/other"))
    client, _ = world.ask(get(b"/api/x"))
    world.pass_time(2.25)
    return client


REFUSALS = [no_connection, too_late_a_connection, reset, garbled, silent, open_circuit, full, slow_queue]


@pytest.mark.parametrize("happens", REFUSALS)
def test_a_fixed_answer(tmp_path: Path, happens: Callable[[World], Wire]) -> None:
    """Whatever the service failed of, and nothing of that failure reaches the client."""
    world = World(tmp_path, RESPOND, draw=0.0)
    client = happens(world)
    sent = client.take()
    assert sent.startswith(b"HTTP/1.1 203 ")
    assert sent.endswith(b"\r\n\r\nfixed")
    assert fields(sent, b"X-Gateway-Reason") == fields(sent, b"Set-Cookie") == fields(sent, b"Connection") == []
    (record,) = world.records
    assert (record["status"], record["reason"]) == (203, None)
    if happens in (full, slow_queue):
        for dial in world.dials:
            dial.wire.send(ok(), ok())
    world.settled()


@pytest.mark.parametrize("happens", REFUSALS)
def test_another_service(tmp_path: Path, happens: Callable[[World], Wire]) -> None:
    """It is asked in the same way, and its answer is relayed as any other's."""
    world = World(tmp_path, ASK, draw=0.0)
    client = happens(world)
    if not world.accepting:
        world.dials[-1].accept()
    spare = world.at(9002)
    assert spare.written.startswith(b"GET /x HTTP/1.1\r\n")
    spare.send(ok(b"spare"))
    sent = client.take()
    assert sent.endswith(b"\r\n\r\nspare")
    assert fields(sent, b"Set-Cookie") == []  # which would name a target of the other service
    (record,) = world.records
    assert (record["service"], record["target"]) == ("spare", "http://127.0.0.1:9002")
    assert world.metric("downstream_requests_total", service="spare", status_code="200") == 1
    if happens in (full, slow_queue):
        world.at(9001).send(ok(), ok())
    world.settled()


def test_the_time_at_both_is_not_the_gateways(tmp_path: Path) -> None:
    """What a request took beyond the services is told from what they took."""
    world = World(tmp_path, ASK, draw=0.0)
    silent(world)
    world.clock.advance(1)
    world.at(9002).send(ok())
    assert world.record["duration"] == world.record["upstream_time"] == 11.25
    assert world.record["overhead"] == 0
    assert world.metric("gateway_overhead_seconds_sum") == 0


@pytest.mark.parametrize("happens", [silent, reset])
def test_the_second_one_fails_too(tmp_path: Path, happens: Callable[[World], Wire]) -> None:
    """Then its failure is told."""
    world = World(tmp_path, ASK, draw=0.0)
    client = happens(world)
    world.at(9002).send(b"nonsense\r\n\r\n")
    assert reason(client) == "upstream-malformed"
    assert (world.record["service"], world.record["attempts"]) == ("spare", 2)
    world.settled()


def test_answers_are_no_refusals(tmp_path: Path) -> None:
    """A service's own 503 passes."""
    world = World(tmp_path, RESPOND, draw=0.0)
    client, service = world.ask(get())
    service.send(ok(b"busy", status=b"503 Busy"))
    assert client.take().endswith(b"\r\n\r\nbusy")
    world.settled()


@pytest.mark.parametrize("text", [RESPOND, ASK])
def test_an_answer_that_breaks_off(tmp_path: Path, text: str) -> None:
    """Nothing can stand in for the rest of it."""
    world = World(tmp_path, text, draw=0.0)
    client, service = world.ask(get(b"/api/x"))
    service.send(ok()[:-1])
    service.reset()
    assert client.ending == "aborted"
    assert world.ports == [9001]
    world.settled()


@pytest.mark.parametrize(("on", "stands_in"), [("[connect-failed]", False), ("[upstream-reset, no-target]", True)])
def test_only_what_is_listed(tmp_path: Path, on: str, *, stands_in: bool) -> None:
    """Other refusals stand."""
    world = World(tmp_path, RESPOND.replace("fallback: {", f"fallback: {{on: {on}, "), draw=0.0)
    client = reset(world)
    assert client.take().startswith(b"HTTP/1.1 203 " if stands_in else b"HTTP/1.1 502 ")
    world.settled()


@pytest.mark.parametrize("listed", [False, True])
def test_when_all_the_time_is_over(tmp_path: Path, *, listed: bool) -> None:
    """A stand-in would be late as well: total-timeout is meant only where it is named."""
    text = RESPOND.replace("response: 10s", "response: off")
    world = World(tmp_path, text.replace("fallback: {", "fallback: {on: [total-timeout], ") if listed else text)
    client, _ = world.ask(get())
    world.pass_time(20.25)
    assert client.take().startswith(b"HTTP/1.1 203 " if listed else b"HTTP/1.1 504 ")
    world.settled()


def test_a_body_that_was_not_asked_for(tmp_path: Path) -> None:
    """It goes to the second service."""
    world = World(tmp_path, ASK, draw=0.0)
    world.accepting = False
    client, _ = world.ask(POST, b"bo")
    world.dials[0].refuse()
    world.dials[1].accept()
    client.send(b"dy")
    assert world.at(9002).written.endswith(b"\r\n\r\nbody")
    world.at(9002).send(ok())
    assert client.take().startswith(b"HTTP/1.1 200 ")
    world.settled()


def test_a_body_that_is_gone(tmp_path: Path) -> None:
    """Where the first service has had it and nobody kept it, the second one would get a part: the refusal stands."""
    world = World(tmp_path, ASK, draw=0.0)
    client, service = world.ask(POST, b"bo")
    service.reset()
    assert reason(client) == "upstream-reset"
    assert world.ports == [9001]
    client.send(b"dy", get(b"/other"))
    assert world.records[-1]["reason"] == "circuit-open"
    world.settled()


@pytest.mark.parametrize("sent", [0, 2, 4])
def test_a_body_that_was_kept(tmp_path: Path, sent: int) -> None:
    """For retries, as that of a request which may be sent again: the second service gets it from its beginning."""
    world = World(tmp_path, ASK.replace("attempts: 0", "attempts: 1"), draw=0.0)
    request = get(b"/api/x", b"Content-Length: 4\r\n", b"Idempotency-Key: 1\r\n", method=b"POST")
    client, service = world.ask(request, b"body"[:sent])
    service.send(b"SSH-2.0\r\n\r\n")
    client.send(b"body"[sent:])
    assert world.at(9002).written.endswith(b"\r\n\r\nbody")
    world.at(9002).send(ok())
    assert client.take().startswith(b"HTTP/1.1 200 ")
    world.settled()


def test_a_fixed_answer_needs_no_body(tmp_path: Path) -> None:
    """What is left of it is read and thrown away, and the connection is good for another request."""
    world = World(tmp_path, RESPOND, draw=0.0)
    client, service = world.ask(POST, b"bo")
    service.reset()
    assert client.take().endswith(b"\r\n\r\nfixed")
    client.send(b"dy", get(b"/spare"))
    world.at(9002).send(ok(b"next"))
    assert client.take().endswith(b"\r\n\r\nnext")
    world.settled()


def test_a_client_that_goes(tmp_path: Path) -> None:
    """Nothing stands in for anybody who has left, or who did wrong."""
    world = World(tmp_path, ASK, draw=0.0)
    client, _ = world.ask(POST, b"bo")
    client.hang_up()
    assert (world.record["reason"], world.ports) == ("client-closed", [9001])
    client, _ = world.ask(get(b"/api/x", b"Transfer-Encoding: chunked\r\n", method=b"POST"), b"zz\r\n")
    assert reason(client) == "malformed-chunk"
    assert 9002 not in world.ports
    world.settled()
