"""What is sent again, byte by byte, and what becomes of the answers that nobody gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.test_request_heads import fields
from tests.pipeline.test_upgrades import SWITCHED, UPGRADE
from tests.pipeline.wire import Wire
from tests.pipeline.world import NO_BODY, World, get, ok, reason

CONFIG = """
limits: {body_size: 40B}
timeouts: {request_body: 5s}
services:
  main:
    targets: ["http://127.0.0.1:9001", "http://127.0.0.1:9002"]
    timeouts: {response: 10s}
    retries: {attempts: 1, on: [connect, reset, timeout, 503], backoff: 4s, backoff_most: 4s, body: 10B}
routes:
  - {name: all, path: "/**", service: main}
"""
KEY, CHUNKED, EXPECT = b"Idempotency-Key: 1\r\n", b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\n\r\n"
BUSY = ok(b"busy", status=b"503 Busy")
LENGTH = b"Content-Length: %d\r\n"


def put(length: int | None, *lines: bytes) -> bytes:
    """The head of a request that may be sent again."""
    return get(b"/", KEY, CHUNKED if length is None else LENGTH % length, *lines, method=b"PUT")


def body_of(wire: Wire) -> bytes:
    """What followed the head that was written last."""
    return wire.written.partition(b"\r\n\r\n")[2]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A gateway with two targets that pauses before it asks the second one only if `random` is set."""
    return World(tmp_path, CONFIG, draw=0.0)


def end(world: World, client: Wire) -> None:
    """The second target answers, and all is well."""
    world.at(9002).send(ok(b"second"))
    assert client.take().endswith(b"\r\n\r\nsecond")
    assert world.records[-1]["status"] == 200
    world.settled()


# Requests.


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS"])
def test_the_same_head(world: World, method: bytes) -> None:
    """The second target sees what the first one saw, the request's id included."""
    client, first = world.ask(get(b"/a?b=c", b"X-Own: 1\r\n", method=method))
    first.reset()
    assert world.at(9002).written == first.written != b""
    world.at(9002).send(ok(b"" if method == b"HEAD" else b"ok"))
    assert client.take().startswith(b"HTTP/1.1 200 ")
    world.settled()


@pytest.mark.parametrize("sent", [0, 4, 10])
def test_a_body(world: World, sent: int) -> None:
    """All that had come is sent again, and the rest follows."""
    client, first = world.ask(put(10), b"0123456789"[:sent])
    first.reset()
    second = world.at(9002)
    assert (body_of(first), body_of(second)) == (b"0123456789"[:sent],) * 2
    client.send(b"0123456789"[sent:])
    assert body_of(second) == b"0123456789"
    end(world, client)
    assert world.record["bytes_in"] == 10


def test_chunks_and_trailers(world: World) -> None:
    """A chunked body comes in the same pieces."""
    chunks = b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n"
    client, first = world.ask(put(None), *chunks)
    assert body_of(first) == b"".join(chunks)
    first.send(BUSY)
    assert body_of(world.at(9002)) == b"".join(chunks)
    end(world, client)


def test_what_comes_in_a_pause(world: World) -> None:
    """It is kept for the next attempt."""
    world.random = lambda: 0.5
    client, first = world.ask(put(10), b"012")
    first.reset()
    client.send(b"345")
    assert world.ports == [9001]
    world.clock.advance(2)
    client.send(b"6789")
    assert body_of(world.at(9002)) == b"0123456789"
    end(world, client)


@pytest.mark.parametrize("early", [b"", b"0"])
def test_a_client_that_waits_is_asked_once(world: World, early: bytes) -> None:
    """100 comes with the first attempt, and not with the second."""
    client, first = world.ask(put(5, EXPECT), early)
    assert client.written == CONTINUE
    first.reset()
    client.send(b"01234"[len(early) :])
    assert body_of(world.at(9002)) == b"01234"
    assert client.take() == CONTINUE
    end(world, client)


@pytest.mark.parametrize("method", [b"POST", b"PUT"])
def test_a_body_that_nobody_saw(world: World, method: bytes) -> None:
    """Where no connection was opened the body is still the client's: of any length, and whatever the method."""
    world.accepting = False
    client, _ = world.ask(get(b"/", LENGTH % 40, EXPECT, method=method))
    world.dials[0].refuse()
    assert (client.written, world.ports) == (b"", [9001, 9002])
    world.dials[1].accept()
    assert client.take() == CONTINUE
    client.send(b"x" * 40)
    assert body_of(world.at(9002)) == b"x" * 40
    end(world, client)


@pytest.mark.parametrize("size", [10, 11])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_outgrows_its_bound(world: World, size: int, *, chunked: bool) -> None:
    """It goes on as it comes, and is not sent again."""
    pieces = (b"%x\r\n%b\r\n0\r\n\r\n" % (size, b"x" * size),) if chunked else (b"x" * size,)
    client, first = world.ask(put(None if chunked else size), *pieces)
    assert body_of(first) == b"".join(pieces)
    first.reset()
    if size > 10:
        assert reason(client) == "upstream-reset"
        assert world.ports == [9001]
        world.settled()
    else:
        end(world, client)


def test_a_body_that_outgrows_its_bound_later(world: World) -> None:
    """The second attempt has it whole; there is no third."""
    client, first = world.ask(put(20), b"x" * 9)
    first.reset()
    client.send(b"x" * 11)
    assert body_of(world.at(9002)) == b"x" * 20
    end(world, client)


@pytest.mark.parametrize("moment", ["pause", "attempt"])
@pytest.mark.parametrize("how", ["too large", "garbled", "late", "gone"])
def test_a_body_that_goes_wrong(world: World, moment: str, how: str) -> None:
    """In a pause or in a second attempt: the client is told what it did, and no target is blamed for it."""
    world.random = lambda: 0.5 if moment == "pause" else 0.0
    client, first = world.ask(put(None), b"2\r\nab\r\n")
    first.reset()
    if how == "late":
        world.random = lambda: 0.9
        world.pass_time(5.25)
    elif how == "gone":
        client.hang_up()
    else:
        client.send(b"29\r\n" + b"x" * 41 if how == "too large" else b"zz\r\n")
    told = {
        "too large": "body-too-large",
        "garbled": "malformed-chunk",
        "late": "body-timeout",
        "gone": "client-closed",
    }
    assert world.record["reason"] == told[how]
    assert world.total("downstream_errors_total") == 1  # the first attempt's
    breaker = world.breaker()
    assert (breaker.successes, breaker.failures) == (0, 0)
    assert world.ports == [9001, 9002][: 2 - (moment == "pause" and how != "late")]
    world.settled()


# Answers that are not for the client.


@pytest.mark.parametrize(
    "answer",
    [
        BUSY,
        BUSY[:-2],
        BUSY[:-4],
        b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
        b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-T: 1\r\n\r\n",
        b"HTTP/1.1 503 Busy\r\n\r\nuntil the end",
        b"HTTP/1.1 503 Busy\r\n" + NO_BODY + b"\r\n",
        b"HTTP/1.0 503 Busy\r\n" + NO_BODY + b"\r\n",
        HINTS + BUSY,
        BUSY + b"unasked",
    ],
)
def test_an_answer_that_is_not_wanted(world: World, answer: bytes) -> None:
    """However much of its body is there: nothing of it reaches the client, and its connection is closed."""
    client, first = world.ask(get())
    first.send(answer)
    assert first.ending
    assert client.take() == (HINTS if answer.startswith(HINTS) else b"")
    first.send(b"more of it", ok())
    assert client.take() == b""
    end(world, client)
    assert world.metric("downstream_requests_total", service="main", status_code="503") == 1
    assert world.metric("downstream_errors_total", service="main", error_type="http_5xx") == 1


def test_an_answer_before_the_body_is_through(world: World) -> None:
    """A service that is busy may say so at once; the rest of the body goes to the next."""
    client, first = world.ask(put(10), b"0123")
    first.send(BUSY)
    assert first.ending == "aborted"
    client.send(b"456789")
    assert body_of(world.at(9002)) == b"0123456789"
    end(world, client)


def test_an_answer_to_head(world: World) -> None:
    """It has no body, whatever it says."""
    client, first = world.ask(get(method=b"HEAD"))
    first.send(b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\n")
    world.at(9002).send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
    assert fields(client.take(), b"Content-Length") == [b"9"]
    world.settled()


def test_interim_answers_of_both(world: World) -> None:
    """They were for the client, whatever came after them; then a reset is no idle connection's."""
    client, first = world.ask(get())
    first.send(HINTS)
    first.reset()
    world.at(9002).send(HINTS)
    assert client.take() == HINTS + HINTS
    end(world, client)
    assert world.record["attempts"] == 2


def test_an_upgrade(world: World) -> None:
    """It may be tried again until a service has switched."""
    client, first = world.ask(get(b"/ws", *UPGRADE))
    first.reset()
    second = world.at(9002)
    assert second.written == first.written
    second.send(SWITCHED)
    assert client.take().startswith(b"HTTP/1.1 101 ")
    second.reset()
    assert (world.ports, client.ending) == ([9001, 9002], "closed")
    assert world.record["status"] == 101
    world.settled()


def test_nothing_is_tried_again_behind_a_head(world: World) -> None:
    """The client has it already."""
    client, first = world.ask(get())
    first.send(ok()[:-1])
    first.reset()
    assert (world.ports, client.ending) == ([9001], "aborted")
    world.settled()


def test_a_stale_connection_is_no_failure(world: World) -> None:
    """Asking again on a new one takes nothing from the budget, and is not counted as an attempt that failed."""
    client, first = world.ask(get())
    first.send(ok())
    client.take()
    client.send(get())
    world.at(9002).send(ok())
    client.send(get(b"/stale"))
    first.hang_up()
    assert world.ports == [9001, 9002, 9001]
    world.service.send(ok())
    assert world.records[-1]["attempts"] == 2
    assert world.total("downstream_retries_total") == world.total("downstream_errors_total") == 0
    world.settled()
