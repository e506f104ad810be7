"""Further attempts: when there is one, at which target and how soon, and what the books say of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatewayd.core.reasons import CONNECT_FAILED, CONNECT_TIMEOUT, Reason
from tests.pipeline.test_request_heads import fields
from tests.pipeline.wire import Wire
from tests.pipeline.world import World, get, ok, reason

TWO = """
services:
  main:
    targets: ["http://127.0.0.1:9001", "http://127.0.0.1:9002"]
    timeouts: {total: 60s}
    retries: {attempts: 2, on: [connect, reset, timeout, 503], backoff: 1s, backoff_most: 4s}
routes:
  - {name: all, path: "/**", service: main}
  - {name: once, path: /once, service: main, retries: {attempts: 0}}
"""
BUSY = ok(b"busy", status=b"503 Busy")
KEY = b"Idempotency-Key: 1\r\n"
POST = get(b"/", method=b"POST")


def begun(folder: Path, request: bytes = get(), text: str = TWO, draw: float = 0.0) -> tuple[World, Wire]:
    """A gateway and a client whose request the first target has; from then on `draw` is drawn."""
    world = World(folder, text, draw=0.0)
    world.random = lambda: draw
    client, _ = world.ask(request)
    assert world.ports == [9001]
    return world, client


def answered(world: World, client: Wire, port: int, attempts: int) -> None:
    """The target at `port` answers, and the client gets that; so many attempts were made."""
    world.at(port).send(ok(b"at last"))
    sent = client.take()
    assert sent.startswith(b"HTTP/1.1 200 OK\r\n")
    assert sent.endswith(b"\r\n\r\nat last")
    record = world.records[-1]
    assert (record["status"], record["attempts"]) == (200, attempts)
    assert record["target"] == f"http://127.0.0.1:{port}"
    world.settled()


@pytest.mark.parametrize("method", [b"GET", b"POST", b"PATCH"])
@pytest.mark.parametrize(("failure", "kind"), [(CONNECT_FAILED, "connect"), (CONNECT_TIMEOUT, "timeout")])
def test_nothing_was_sent(tmp_path: Path, method: bytes, failure: Reason, kind: str) -> None:
    """A target that cannot be reached costs no request: whatever its method, the next target gets it at once."""
    world = World(tmp_path, TWO, draw=0.0)
    world.accepting, world.random = False, lambda: 0.9
    client, _ = world.ask(get(method=method))
    world.dials[0].refuse(failure)
    assert world.ports == [9001, 9002]
    world.dials[1].accept()
    answered(world, client, 9002, attempts=1)
    assert world.retried(kind) == 1
    assert world.metric("downstream_errors_total", service="main", error_type=kind) == 1


@pytest.mark.parametrize(
    ("request_", "again"),
    [
        (get(), True),
        (get(method=b"HEAD"), True),
        (get(b"/", KEY, method=b"POST"), True),
        (get(b"/", b"X: idempotency-key: 1\r\n", method=b"POST"), False),
        (POST, False),
        (get(method=b"DELETE"), False),
        (get(b"/once"), False),
    ],
)
def test_something_may_have_been_sent(tmp_path: Path, request_: bytes, *, again: bool) -> None:
    """Only what does no harm twice is sent twice, once by each target in turn."""
    world, client = begun(tmp_path, request_)
    world.at(9001).reset()
    assert world.ports == [9001, 9002][: 1 + again]
    assert world.retried("reset") == again
    if again:
        world.at(9002).send(ok())
        assert client.take().startswith(b"HTTP/1.1 200 ")
    else:
        assert reason(client) == "upstream-reset"
    assert world.record["attempts"] == 1 + again
    world.settled()


@pytest.mark.parametrize("answer", [b"SSH-2.0\r\n\r\n", ok(status=b"500 Oh"), ok(status=b"404 Not Found")])
def test_what_is_not_tried_again(tmp_path: Path, answer: bytes) -> None:
    """Outcomes that are not listed stand."""
    world, client = begun(tmp_path)
    world.service.send(answer)
    assert client.take().startswith(b"HTTP/1.1 502 " if answer.startswith(b"SSH") else answer[:12])
    assert world.ports == [9001]
    assert world.total("downstream_retries_total") == 0
    world.settled()


def test_the_last_answer_stands(tmp_path: Path) -> None:
    """When no attempt is left, the client gets what the last one came to, as it came."""
    world, client = begun(tmp_path)
    for port in (9001, 9002):
        world.at(port).send(BUSY)
    world.service.send(ok(b"busy too", status=b"503 Busy"))
    assert client.take().endswith(b"\r\n\r\nbusy too")
    assert (world.record["status"], world.record["reason"], world.record["attempts"]) == (503, None, 3)
    assert world.retried("status") == 2
    assert world.metric("downstream_requests_total", service="main", status_code="503") == 3
    world.settled()


def test_the_last_failure_is_told(tmp_path: Path) -> None:
    """Whatever the attempts before it failed of."""
    world, client = begun(tmp_path)
    world.service.send(BUSY)
    world.accepting = False
    world.at(9002).reset()
    world.dials[-1].refuse()
    assert reason(client) == "connect-failed"
    assert (world.record["status"], world.record["attempts"]) == (502, 2)
    world.settled()


def test_targets_that_were_not_tried_come_first(tmp_path: Path) -> None:
    """Once all were, they take turns again."""
    world, client = begun(tmp_path, text=TWO.replace('9002"]', '9002", "http://127.0.0.1:9003"]'))
    world.service.reset()
    first, second = world.ports
    world.service.reset()
    assert sorted(world.ports) == [9001, 9002, 9003]
    world.service.reset()
    assert (reason(client), first != second) == ("upstream-reset", True)
    world.settled()


def test_one_target_is_asked_again(tmp_path: Path) -> None:
    """Where there is no other, on a new connection."""
    world, client = begun(tmp_path, text=TWO.replace(', "http://127.0.0.1:9002"', ""))
    world.service.reset()
    assert world.ports == [9001, 9001]
    answered(world, client, 9001, attempts=2)


def test_a_pause_grows(tmp_path: Path) -> None:
    """Up to the backoff, doubled each time; during it nobody is asked, and the target is not busy."""
    world, client = begun(tmp_path, draw=0.5)
    world.service.reset()
    assert all(target.active == 0 for target in world.services["main"].targets)
    assert world.services["main"].active == 1
    world.clock.advance(0.499)
    assert world.ports == [9001]
    world.clock.advance(0.001)
    assert world.ports == [9001, 9002]
    world.service.reset()
    world.clock.advance(0.999)
    assert world.ports == [9001, 9002]
    world.clock.advance(0.001)
    answered(world, client, world.ports[2], attempts=3)


@pytest.mark.parametrize(
    ("after", "pause"),
    [
        (b"3", 3.0),
        (b"4", 4.0),
        (b"0", 0.0),
        (b"Sun, 06 Nov 1994 08:49:40 GMT", 3.0),
        (b"soon", 0.0),
        (b"5", None),
        (b"Sun, 06 Nov 1994 08:50:40 GMT", None),
    ],
)
def test_the_service_says_when(tmp_path: Path, after: bytes, pause: float | None) -> None:
    """Its Retry-After is waited for; where that is too long, its answer goes to the client, who may wait."""
    world, client = begun(tmp_path)
    busy = ok(b"busy", b"Retry-After: %b\r\n" % after, status=b"503 Busy")
    world.service.send(busy)
    if pause is None:
        assert fields(client.take(), b"Retry-After") == [after]
        world.settled()
        return
    if pause:
        world.clock.advance(pause - 0.001)
        assert world.ports == [9001]
        world.clock.advance(0.001)
    assert world.ports == [9001, 9002]
    answered(world, client, 9002, attempts=2)


@pytest.mark.parametrize("how", ["hang_up", "expel"])
def test_leaving_in_a_pause(tmp_path: Path, how: str) -> None:
    """Nobody is asked for a client that has gone."""
    world, client = begun(tmp_path, draw=0.5)
    world.service.reset()
    if how == "expel":
        (channel,) = world.listener.channels
        channel.expel()
        client.turn()
    else:
        client.hang_up()
    assert world.record["reason"] == {"hang_up": "client-closed", "expel": "shutting-down"}[how]
    world.settled()
    world.pass_time(5)
    assert len(world.ports) == 1


def test_the_budget_bounds_retries(tmp_path: Path) -> None:
    """Of ten requests that fail at once, three are tried again; once those are over, others may be."""
    world = World(tmp_path, TWO.replace("attempts: 2", "attempts: 1"), 0.0)
    for _ in range(10):
        world.ask(get())
    for dial in list(world.dials):
        dial.wire.send(BUSY)
    assert world.retried("status") == 3
    assert len(world.records) == 7
    assert world.services["main"].budget.taken == 3
    for dial in world.dials[10:]:
        dial.wire.send(ok())
    assert sorted(record["status"] for record in world.records) == [200] * 3 + [503] * 7
    world.settled()


def test_the_deadline_bounds_retries(tmp_path: Path) -> None:
    """All attempts share the request's time: each is told what is left, and what does not fit in is not tried."""
    world, client = begun(tmp_path, text=TWO.replace("60s", "10s"), draw=0.9)
    world.pass_time(5)
    world.service.reset()
    world.clock.advance(0.9)
    assert fields(world.service.take(), b"X-Request-Timeout") == [b"4.100"]
    world.pass_time(3)
    world.service.send(BUSY)  # the next pause would be 1.8 seconds
    assert client.take().startswith(b"HTTP/1.1 503 Busy")
    assert world.retried("status") == 0
    world.settled()


def test_time_runs_out_in_the_second_attempt(tmp_path: Path) -> None:
    """The whole time is over, not that of an attempt: nothing is tried any more."""
    world, client = begun(tmp_path, text=TWO.replace("60s", "12s"))
    world.pass_time(5)
    world.service.reset()
    world.pass_time(7.25)
    assert reason(client) == "total-timeout"
    assert (world.ports, world.record["status"]) == ([9001, 9002], 504)
    world.settled()


@pytest.mark.parametrize("draw", [0.0, 0.5])
def test_all_is_settled_however_often_it_fails(tmp_path: Path, draw: float) -> None:
    """Every kind of failure in a row, with and without pauses."""
    text = TWO.replace("attempts: 2", "attempts: 6, budget_least: 6")
    world, client = begun(tmp_path, text=text, draw=draw)
    world.service.reset()
    world.pass_time(4)
    world.service.send(BUSY)
    world.pass_time(4)
    world.service.send(b"HTTP/1.1 200", b"")
    world.pass_time(14.5)
    world.accepting = False
    world.service.send(BUSY[:-2])
    world.pass_time(4)
    world.dials[-1].refuse()
    world.pass_time(4)
    world.dials[-1].accept()
    answered(world, client, world.ports[-1], attempts=5)
    assert [world.retried(kind) for kind in ("reset", "status", "timeout", "connect")] == [1, 2, 1, 1]
