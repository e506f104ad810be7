"""Copies of requests for a second service: what it sees, and that the client notices nothing of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatewayd.core.breaker import Breaker
from gatewayd.core.reasons import CONNECT_FAILED
from tests.pipeline.test_request_heads import fields
from tests.pipeline.test_upgrades import UPGRADE
from tests.pipeline.wire import Wire
from tests.pipeline.world import World, failures_logged, get, ok, reason

CONFIG = """
services:
  main:
    targets: ["http://127.0.0.1:9001"]
    retries: {attempts: 0}
    breaker: {minimum: 1}
  copy:
    targets: ["http://127.0.0.1:9002"]
    timeouts: {response: off}
    breaker: {minimum: 1}
    pool: {waiters: 0}
routes:
  - {name: all, path: "/**", service: main, mirror: {service: copy, share: 50%, at_once: 2, body: 8B}, strip_prefix: /x}
  - {name: direct, path: /direct, service: copy}
"""
CONFIG = CONFIG.replace('"/**"', '"/x/**"')
MARK = b"X-Gateway-Mirrored: 1\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def post(*lines: bytes) -> bytes:
    """The head of a request with a body."""
    return get(b"/x/a", *lines, method=b"POST")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A gateway that copies every request it may."""
    return World(tmp_path, CONFIG, draw=0.0)


def served(world: World, *pieces: bytes) -> Wire:
    """A client whose request the main service has answered."""
    client = world.client()
    client.send(*pieces)
    world.at(9001).send(ok(b"main"))
    assert client.take().endswith(b"\r\n\r\nmain")
    return client


def body_of(wire: Wire) -> bytes:
    """What followed the head."""
    return wire.written.partition(b"\r\n\r\n")[2]


def test_a_copy(world: World) -> None:
    """It is the request as the main service sees it, marked, with the time that a copy may take."""
    served(world, get(b"/x/a?b", b"X-Own: 1\r\n"))
    main, copy = world.at(9001).written, world.at(9002).written
    assert copy == main.replace(b"\r\n\r\n", b"\r\n" + MARK + b"X-Request-Timeout: 60.000\r\n\r\n")
    assert main.startswith(b"GET /a?b HTTP/1.1\r\n")
    world.at(9002).send(ok(b"nobody reads this"))
    assert world.metric("downstream_requests_total", service="copy", status_code="200") == 1
    assert (world.record["service"], world.record["attempts"]) == ("main", 1)
    world.settled()


@pytest.mark.parametrize(("draw", "copied"), [(0.499, True), (0.5, False)])
def test_a_share(tmp_path: Path, draw: float, *, copied: bool) -> None:
    """As many of the requests as are asked for."""
    world = World(tmp_path, CONFIG, draw)
    client, _ = world.ask(get(b"/x/a"))
    assert (9002 in world.ports) is copied
    client.hang_up()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body(world: World, *, chunked: bool) -> None:
    """A copy is sent once all of it has passed, in the framing it came in."""
    client, _ = world.ask(post(CHUNKED if chunked else b"Content-Length: 5\r\n"))
    client.send(*((b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\nX-T: 1\r\n\r\n") if chunked else (b"abc", b"de")))
    assert world.ports == [9001]
    world.at(9001).send(ok())
    assert body_of(world.at(9002)) == (b"5\r\nabcde\r\n0\r\n\r\n" if chunked else b"abcde")
    world.at(9002).send(ok())
    world.settled()


@pytest.mark.parametrize(
    "request_",
    [
        post(b"Content-Length: 9\r\n") + b"123456789",
        post(CHUNKED) + b"9\r\n123456789\r\n0\r\n\r\n",
        get(b"/x/a", *UPGRADE),
    ],
    ids=["too long", "turns out too long", "upgrade"],
)
def test_what_is_not_copied(world: World, request_: bytes) -> None:
    """What is too large, or is no request with an answer."""
    served(world, request_)
    assert world.ports == [9001]
    world.settled()


def test_a_body_that_was_answered_early(world: World) -> None:
    """What is not whole is not copied."""
    client = served(world, post(b"Content-Length: 5\r\n"), b"ab")
    client.send(b"cde")
    assert world.ports == [9001]
    world.settled()


@pytest.mark.parametrize("request_", [get(b"/x/a"), post(b"Content-Length: 2\r\n") + b"ab"])
def test_a_slow_copy(world: World, request_: bytes) -> None:
    """The client waits for the main service only."""
    client = served(world, request_)
    assert world.record["duration"] == 0
    client.send(get(b"/x/next"))
    world.at(9001).send(ok(b"next"))
    assert client.take().endswith(b"next")
    world.pass_time(59)
    assert world.services["copy"].counts()[0] == 2
    world.pass_time(1.5)
    assert [dial.wire.ending for dial in world.dials if dial.port == 9002] == ["aborted"] * 2
    assert world.metric("downstream_errors_total", service="copy", error_type="timeout") == 2
    assert world.total("http_requests_total") == 2
    world.settled()


def test_so_many_at_once(world: World) -> None:
    """Further copies are not made, until one of those under way has ended."""
    served(world, get(b"/x/1"))
    served(world, post(b"Content-Length: 2\r\n"), b"ab")
    served(world, get(b"/x/3"))
    served(world, post(b"Content-Length: 2\r\n"), b"ab")
    copies = [dial.wire for dial in world.dials if dial.port == 9002]
    assert len(copies) == 2
    copies[0].send(ok())
    served(world, get(b"/x/4"))
    assert b"GET /4 " in copies[0].written
    copies[1].send(ok())
    served(world, get(b"/x/5"))
    assert b"GET /5 " in copies[1].written
    for copy in copies:
        copy.send(ok())
    world.settled()


def test_the_place_is_looked_for_when_the_body_is_there(world: World) -> None:
    """Others may have taken it meanwhile."""
    client, main = world.ask(post(b"Content-Length: 2\r\n"))
    for path in (b"/x/1", b"/x/2"):
        world.ask(get(path))[0].hang_up()
    client.send(b"ab")
    main.send(ok())
    copies = [dial.wire for dial in world.dials if dial.port == 9002]
    assert len(copies) == 2
    for copy in copies:
        copy.send(ok())
    world.settled()


@pytest.mark.parametrize("answer", [b"nonsense\r\n\r\n", b"", ok(b"oh", status=b"500 Oh"), ok()[:-1]])
def test_a_copy_that_fails(world: World, answer: bytes) -> None:
    """The books of its own service say so, and its breaker; nobody else's do, and nothing is logged."""
    with failures_logged() as failures:
        served(world, get(b"/x/a"))
        world.at(9002).send(answer)
        world.at(9002).reset()
        client, _ = world.ask(get(b"/direct"))
        assert reason(client) == "circuit-open"
        served(world, get(b"/x/b"))
    assert world.ports.count(9002) == 1  # the breaker lets no copy pass either
    assert not failures
    kinds = {"protocol": answer.startswith(b"non"), "reset": not answer or answer == ok()[:-1]}
    for kind, expected in kinds.items():
        assert world.metric("downstream_errors_total", service="copy", error_type=kind) == expected
    assert (world.breaker().failures, world.breaker(service="copy").failures) == (0, 1)
    assert world.metric("downstream_retries_total", service="copy", reason="reset") == 0
    world.settled()


def test_no_connection_for_a_copy(world: World) -> None:
    """It is given up at once."""
    with failures_logged() as failures:
        world.accepting = False
        client, _ = world.ask(get(b"/x/a"))
        assert world.ports == [9002, 9001]
        world.dials[0].refuse(CONNECT_FAILED)
        world.dials[1].accept().send(ok())
    assert client.take().startswith(b"HTTP/1.1 200 ")
    assert not failures
    assert world.breaker(service="copy").failures == 1
    world.settled()


def test_a_bug_of_ours(world: World) -> None:
    """It is logged, and costs neither the client its answer nor later copies their place."""

    class Faulty(Breaker):
        """Cannot give permits."""

        def permit(self, now: float) -> object:  # type: ignore[override]
            """Fail."""
            raise ZeroDivisionError

    service = world.services["copy"]
    sound = service.breaker
    assert sound is not None
    service.breaker = Faulty(sound.settings, lambda: 0.0)
    with failures_logged() as failures:
        for _ in range(3):
            served(world, get(b"/x/a"))
    assert [event["log_failure"].type for event in failures] == [ZeroDivisionError] * 3
    service.breaker = sound
    served(world, get(b"/x/a"))
    assert world.ports.count(9002) == 1
    world.at(9002).send(ok())
    world.settled()


@pytest.mark.parametrize("how", ["hang_up", "expel"])
def test_a_client_that_leaves(world: World, how: str) -> None:
    """Its copy is on its way, and goes on."""
    client, _ = world.ask(get(b"/x/a"))
    if how == "expel":
        for channel in list(world.listener.channels):
            channel.expel()
        client.turn()
    else:
        client.hang_up()
    world.at(9002).send(b"HTTP/1.1 103 Early Hints\r\n\r\n", ok(b"long")[:-2], b"ng")
    assert world.breaker(service="copy").successes == 1
    assert world.at(9002).ending == ""
    world.settled()


def test_a_long_answer_to_a_copy(world: World) -> None:
    """It is read to its end, so that the connection can be used again."""
    client = served(world, get(b"/x/a"))
    world.at(9002).send(b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n", b"3\r\nabc\r\n" * 100, b"0\r\n\r\n")
    client.send(get(b"/x/b"))
    world.at(9001).send(ok())
    assert world.ports == [9002, 9001]
    assert world.at(9002).written.count(MARK) == 2
    world.at(9002).send(ok())
    assert client.take().startswith(b"HTTP/1.1 200 ")
    world.settled()


def test_the_main_service_cannot(world: World) -> None:
    """A refused request is copied all the same, if its body was taken."""
    client, main = world.ask(get(b"/x/a"))
    main.reset()
    world.at(9002).send(ok())
    assert reason(client) == "upstream-reset"
    client, _ = world.ask(post(b"Content-Length: 2\r\n"), b"ab")
    assert reason(client) == "circuit-open"
    assert world.at(9002).written.count(MARK) == 1
    world.settled()


def test_a_client_cannot_make_a_copy(world: World) -> None:
    """The mark is the gateway's."""
    client, main = world.ask(get(b"/x/a", b"Connection: X-Gateway-Mirrored\r\n"))
    assert fields(main.written, b"X-Gateway-Mirrored") == []
    assert fields(world.at(9002).written, b"X-Gateway-Mirrored") == [b"1"]
    client.hang_up()
    world.at(9002).send(ok())
    world.settled()
