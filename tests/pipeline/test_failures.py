"""What clients are told, and what the books say, when a service fails at whatever point."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from twisted.python.failure import Failure

from gatewayd.core.reasons import CONNECT_FAILED, CONNECT_TIMEOUT, Reason
from gatewayd.http.dial import Unresolved
from tests.pipeline.test_request_heads import fields
from tests.pipeline.wire import Wire
from tests.pipeline.world import World, get, ok

CONFIG = """
services:
  main:
    targets: ["http://127.0.0.1:9005"]
    breaker: {mode: off}
    retries: {attempts: 0}
    timeouts: {response: 10s, idle: 30s, total: 60s}
    pool: {connections: 1, waiters: 1, wait: 5s}
routes:
  - {name: all, path: "/**", service: main}
"""
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"
CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
POST = get(b"/", b"Content-Length: 5\r\n", method=b"POST")


@dataclass(frozen=True)
class Case:
    """A way to fail. `status` is the client's, 0 for an answer of 200 that is broken off; `error` the service's."""

    name: str
    happens: Callable[[World], None]
    status: int
    reason: str
    error: str
    request: bytes = get()

    def __str__(self) -> str:
        """The name."""
        return self.name


def does(*pieces: bytes, then: str = "", wait: float = 0) -> Callable[[World], None]:
    """The service sends, and then hangs up, resets, or is silent for a while."""

    def happens(world: World) -> None:
        world.service.send(*pieces)
        if then:
            getattr(world.service, then)()
        world.pass_time(wait)

    return happens


def cannot_connect(reason: Reason) -> Callable[[World], None]:
    """No connection can be opened."""
    return lambda world: world.dials[-1].refuse(reason)


def has_no_address(world: World) -> None:
    """The service's name leads nowhere."""
    world.dials[-1].outcome.errback(Failure(Unresolved(CONNECT_FAILED)))


def never_connects(world: World) -> None:
    """The whole request's time is over before there is a connection."""
    world.pass_time(60.5)
    world.dials[-1].refuse()


def drips(world: World) -> None:
    """The service sends a byte now and then, for longer than a request may take."""
    world.service.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
    for _ in range(7):
        world.pass_time(9)
        world.service.send(b"x")


PART = b"HTTP/1.1 200 OK\r\n"
TWO_LENGTHS = PART + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n"
UNASKED = b"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
EARLY, WORKING = b"HTTP/1.1 103 Early Hints\r\n\r\n", b"HTTP/1.1 102 Processing\r\n\r\n"

CASES = [
    Case("connection refused", cannot_connect(CONNECT_FAILED), 502, "connect-failed", "connect"),
    Case("connecting to a name without address", has_no_address, 502, "connect-failed", "dns"),
    Case("connect timeout", cannot_connect(CONNECT_TIMEOUT), 504, "connect-timeout", "timeout"),
    Case("connecting takes all the time", never_connects, 504, "total-timeout", "timeout"),
    Case("closed without an answer", does(then="hang_up"), 502, "upstream-reset", "reset"),
    Case("reset without an answer", does(then="reset"), 502, "upstream-reset", "reset"),
    Case("closed within the head", does(PART, then="hang_up"), 502, "upstream-reset", "reset"),
    Case("closed behind a 1xx", does(EARLY, then="hang_up"), 502, "upstream-reset", "reset"),
    Case("closed while it is sent the body", does(then="hang_up"), 502, "upstream-reset", "reset", POST),
    Case("no HTTP", does(b"SSH-2.0-OpenSSH\r\n\r\n"), 502, "upstream-malformed", "protocol"),
    Case("two lengths", does(TWO_LENGTHS), 502, "upstream-malformed", "protocol"),
    Case("an endless head", does(PART + b"X: y\r\n" * 20000), 502, "upstream-malformed", "protocol"),
    Case("an unasked 101", does(UNASKED), 502, "upstream-malformed", "protocol"),
    Case("silence", does(wait=10.5), 504, "response-timeout", "timeout"),
    Case("half a head and silence", does(PART, wait=10.5), 504, "response-timeout", "timeout"),
    Case("silence behind a 1xx", does(WORKING, wait=10.5), 504, "response-timeout", "timeout"),
    Case("closed within the body", does(HALF, then="hang_up"), 0, "upstream-truncated", "reset"),
    Case("reset within the body", does(HALF, then="reset"), 0, "upstream-truncated", "reset"),
    Case("closed within the chunks", does(CHUNK, then="hang_up"), 0, "upstream-truncated", "reset"),
    Case("closed within a chunk", does(CHUNK, b"5\r\nhe", then="hang_up"), 0, "upstream-truncated", "reset"),
    Case("reset instead of the end", does(PART + b"\r\nhello", then="reset"), 0, "upstream-truncated", "reset"),
    Case("a broken chunk", does(CHUNK, b"zz\r\n"), 0, "upstream-malformed", "protocol"),
    Case("a broken first chunk", does(CHUNK[:-10] + b"zz\r\n"), 0, "upstream-malformed", "protocol"),
    Case("silence within the body", does(HALF, wait=30.5), 0, "idle-timeout", "timeout"),
    Case("too long altogether", drips, 0, "total-timeout", "timeout"),
]


def failing(folder: Path, case: Case) -> tuple[World, Wire]:
    """A gateway and its client, after the failure."""
    world = World(folder, CONFIG)
    world.accepting = not case.name.startswith("connect")
    client = world.client()
    client.send(case.request)
    case.happens(world)
    world.accepting = True
    return world, client


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_the_client_gets(tmp_path: Path, case: Case) -> None:
    """A problem document, or an answer that is visibly broken off."""
    _, client = failing(tmp_path, case)
    sent = client.take()
    if not case.status:
        assert client.ending == "aborted"
        return
    document = json.loads(sent.rpartition(b"\r\n\r\n")[2])
    assert b"HTTP/1.1 %d " % case.status in sent
    assert b"\r\nX-Gateway-Reason: %b\r\n" % case.reason.encode() in sent
    assert (document["reason"], document["status"]) == (case.reason, case.status)
    assert client.ending == ""


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_the_books_say(tmp_path: Path, case: Case) -> None:
    """Everything is counted and logged once, and nothing is left over."""
    world, _ = failing(tmp_path, case)
    record, status = world.record, str(case.status or 200)
    assert (record["status"], record["reason"]) == (int(status), case.reason)
    assert (record["service"], record["target"]) == ("main", "http://127.0.0.1:9005")
    assert record["attempts"] == (not case.name.startswith("connect"))
    counts = {
        "http_requests_total": {"method": record["method"], "route": "/**", "status_code": status},
        "downstream_errors_total": {"service": "main", "error_type": case.error},
        "downstream_requests_total": {"service": "main", "status_code": "error" if case.status else "200"},
    }
    for name, labels in counts.items():
        assert world.metric(name, **labels) == world.total(name) == 1
    broken_off_for_time = not case.status and case.error == "timeout"
    assert world.metric("http_request_aborts_total", reason="timeout") == broken_off_for_time
    assert world.total("http_request_aborts_total") == broken_off_for_time
    world.settled()


@pytest.mark.parametrize("case", [case for case in CASES if case.status], ids=str)
def test_the_next_request(tmp_path: Path, case: Case) -> None:
    """A refusal costs the client neither its connection nor the service its place in the pool."""
    world, client = failing(tmp_path, case)
    client.send(b"12345" if case.request is POST else b"", get(b"/next"))
    world.service.send(ok(b"next"))
    assert client.take().endswith(b"next")
    assert world.records[-1]["status"] == 200
    world.settled()


@pytest.mark.parametrize("status", [500, 503, 599])
def test_errors_of_the_service_itself(tmp_path: Path, status: int) -> None:
    """They pass as they came; in the service's errors they have a type of their own."""
    world = World(tmp_path, CONFIG)
    client, service = world.ask(get())
    service.send(ok(b"sorry", status=b"%d Oh" % status))
    assert client.take().startswith(b"HTTP/1.1 %d Oh\r\n" % status)
    assert world.metric("downstream_errors_total", service="main", error_type="http_5xx") == 1
    assert world.metric("downstream_requests_total", service="main", status_code=str(status)) == 1
    assert (world.record["status"], world.record["reason"]) == (status, None)
    world.settled()


def test_the_queue_is_full(tmp_path: Path) -> None:
    """503 at once for who finds no place in it; neither the service nor its errors are to blame."""
    world = World(tmp_path, CONFIG)
    first, service = world.ask(get())
    second, third = world.client(), world.client()
    second.send(get())
    third.send(get())
    assert json.loads(third.take().partition(b"\r\n\r\n")[2])["reason"] == "pool-exhausted"
    assert fields(third.take(), b"Connection") == []
    assert (world.record["status"], world.record["attempts"]) == (503, 0)
    assert world.total("downstream_errors_total") == world.total("downstream_requests_total") == 0
    service.send(ok(b"1"))
    service.send(ok(b"2"))
    assert (first.take()[-1:], second.take()[-1:]) == (b"1", b"2")
    assert len(world.dials) == 1
    world.settled()


def test_the_queue_is_slow(tmp_path: Path) -> None:
    """503 for who waits too long in it."""
    world = World(tmp_path, CONFIG)
    _, service = world.ask(get())
    waiting = world.client()
    waiting.send(get())
    assert world.metric("downstream_connections", service="main", state="waiting") == 1
    world.pass_time(5)
    assert json.loads(waiting.take().partition(b"\r\n\r\n")[2])["reason"] == "pool-exhausted"
    service.send(ok())
    world.settled()


def test_an_answer_in_time(tmp_path: Path) -> None:
    """Until just before each bound everything is as it should be."""
    world = World(tmp_path, CONFIG)
    client, service = world.ask(get())
    world.pass_time(9.75)
    service.send(HALF)
    world.pass_time(29.75)
    service.send(b"w")
    world.pass_time(20)
    service.send(b"orld")
    assert client.take().endswith(b"helloworld")
    assert client.ending == ""
    assert world.record["reason"] is None
    world.settled()


def test_an_idle_connection_is_closed(world: World) -> None:
    """After `pool.idle` nobody keeps it; the next request opens another."""
    client, service = world.ask(get())
    service.send(ok())
    world.pass_time(59)
    assert service.ending == ""
    world.pass_time(1.5)
    assert service.ending == "closed"
    client.send(get())
    assert world.service is not service


def test_an_upload_has_no_response_timeout(tmp_path: Path) -> None:
    """The service may take its time until the request is complete."""
    world = World(tmp_path, CONFIG)
    client, service = world.ask(POST)
    for piece in (b"1", b"2", b"34"):
        world.pass_time(12)
        client.send(piece)
    client.send(b"5")
    world.pass_time(9)
    assert client.take() == b""
    service.send(ok())
    assert client.take().startswith(b"HTTP/1.1 200 ")


def test_a_service_that_stops_reading(tmp_path: Path) -> None:
    """An upload that the service does not take is given up like an answer that it does not go on with."""
    world = World(tmp_path, CONFIG)
    client, service = world.ask(POST, b"123")
    service.fill()
    world.pass_time(30.5)
    assert json.loads(client.take().partition(b"\r\n\r\n")[2])["reason"] == "idle-timeout"
    assert service.ending == "aborted"
    world.settled()
