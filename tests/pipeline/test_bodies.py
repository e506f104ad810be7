"""Request bodies on their way to a service: accepted, streamed, limited, and left unread."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.pipeline.test_request_heads import fields
from tests.pipeline.wire import Wire
from tests.pipeline.world import BASIC, World, get, ok

LIMITED = BASIC + "limits: {body_size: 10KiB}\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
EXPECT = b"Expect: 100-continue\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def length(size: int) -> bytes:
    """The field that announces a body of `size` bytes."""
    return b"Content-Length: %d\r\n" % size


def post(*lines: bytes) -> bytes:
    """The head of a request with a body."""
    return get(b"/up", *lines, method=b"POST")


def body_of(sent: bytes) -> bytes:
    """What follows the head."""
    return sent.partition(b"\r\n\r\n")[2]


def reason(client: Wire) -> object:
    """Why the gateway refused."""
    return json.loads(body_of(client.take()))["reason"]


def test_a_body_streams(world: World) -> None:
    """Each piece goes on as it comes; the answer may be long in coming after that."""
    client, service = world.ask(post(length(6)))
    assert body_of(service.take()) == b""
    client.send(b"ab", b"cd")
    assert service.take() == b"abcd"
    client.send(b"ef")
    assert service.take() == b"ef"
    service.send(ok())
    assert client.take().endswith(b"\r\n\r\nok")
    assert world.record["bytes_in"] == 6
    assert world.metric("http_request_size_bytes_sum", method="POST", route="/**") == 6
    world.settled()


def test_chunks_stream(world: World) -> None:
    """The end of the body ends the chunks."""
    client, service = world.ask(post(CHUNKED))
    service.take()
    client.send(b"3\r\nabc\r\n")
    assert service.take() == b"3\r\nabc\r\n"
    client.send(b"0\r\n\r\n")
    assert service.take() == b"0\r\n\r\n"
    service.send(ok())
    assert world.record["bytes_in"] == 3
    assert client.ending == ""
    world.settled()


def test_a_request_behind_a_body(world: World) -> None:
    """It begins where the body ends, and is asked when the answer before is through."""
    client, service = world.ask(post(length(2)) + b"ab" + get(b"/next"))
    assert service.take().endswith(b"\r\n\r\nab")
    service.send(ok())
    assert service.take().startswith(b"GET /next ")
    service.send(ok(b"next"))
    assert client.take().endswith(b"next")
    world.settled()


@pytest.mark.parametrize(("size", "taken"), [(10240, True), (10241, False)])
def test_a_body_that_says_it_is_too_large(tmp_path: Path, size: int, *, taken: bool) -> None:
    """It is refused before a byte of it is read, and no service hears of it."""
    world = World(tmp_path, LIMITED)
    client = world.client()
    client.send(post(length(size)))
    assert len(world.dials) == taken
    if not taken:
        assert reason(client) == "body-too-large"
        assert client.finished
        record = world.record
        assert (record["status"], record["attempts"], record["service"]) == (413, 0, None)
        assert world.metric("http_request_aborts_total", reason="oversize") == 1
        assert world.metric("security_violations_total", violation_type="oversize") == 1
        world.settled()


def test_a_body_that_turns_out_too_large(tmp_path: Path) -> None:
    """The service's request is broken off, so that it does not take what came for the whole."""
    world = World(tmp_path, LIMITED)
    client, service = world.ask(post(CHUNKED))
    client.send(b"2800\r\n" + b"x" * 10240 + b"\r\n")
    assert service.ending == ""
    client.send(b"1\r\nx\r\n")
    assert service.ending == "aborted"
    assert b"0\r\n\r\n" not in service.take()
    assert reason(client) == "body-too-large"
    assert client.finished
    assert (world.record["status"], world.record["attempts"]) == (413, 1)
    assert world.total("downstream_errors_total") == 0
    world.settled()


def test_a_body_that_is_garbled(world: World) -> None:
    """The same for chunks that are none."""
    client, service = world.ask(post(CHUNKED))
    client.send(b"3\r\nabcX")
    assert service.ending == "aborted"
    assert reason(client) == "malformed-chunk"
    assert world.metric("security_violations_total", violation_type="smuggling") == 1
    world.settled()


def test_continue_is_said_when_the_service_is_asked(world: World) -> None:
    """Not before there is a connection; the service does not see the expectation."""
    world.accepting = False
    client = world.client()
    client.send(post(length(2), EXPECT))
    assert client.take() == b""
    service = world.dials[0].accept()
    client.turn()
    assert client.take() == CONTINUE
    assert fields(service.take(), b"Expect") == []
    client.send(b"ab")
    service.send(ok())
    assert client.take().startswith(b"HTTP/1.1 200 ")
    world.settled()


@pytest.mark.parametrize("lines", [[length(20480), EXPECT], [length(20480)]])
def test_a_refusal_says_nothing_of_continuing(tmp_path: Path, lines: list[bytes]) -> None:
    """The client is spared the upload, and its connection is closed: it may send the body all the same."""
    world = World(tmp_path, LIMITED)
    client = world.client()
    client.send(post(*lines))
    assert client.take().startswith(b"HTTP/1.1 413 ")
    assert client.finished
    client.send(b"x" * 20480)
    assert client.take() == b""
    client.hang_up()
    world.settled()


@pytest.mark.parametrize(
    ("lines", "version"), [([length(2), EXPECT], b"1.0"), ([EXPECT], b"1.1"), ([length(0), EXPECT], b"1.1")]
)
def test_nobody_is_told_to_continue_who_does_not_wait(world: World, lines: list[bytes], version: bytes) -> None:
    """HTTP/1.0 knows no 100, and a request without a body has nothing to continue with."""
    client = world.client()
    client.send(get(b"/", *lines, method=b"POST", version=version))
    assert client.take() == b""
    assert world.service.take().startswith(b"POST / HTTP/1.1\r\n")


def test_an_early_answer(world: World) -> None:
    """It goes to the client at once, while the upload runs; what is left of it is read if that is little."""
    client, service = world.ask(post(length(10)), b"abc")
    service.send(ok(b"enough", status=b"403 Forbidden"))
    sent = client.take()
    assert sent.endswith(b"enough")
    assert fields(sent, b"Connection") == []
    assert service.ending
    client.send(b"defghij" + get(b"/next"))
    assert world.service is not service
    assert world.service.take().startswith(b"GET /next ")
    world.service.send(ok(b"next"))
    assert client.take().endswith(b"next")
    assert world.records[0]["status"] == 403
    world.settled()


@pytest.mark.parametrize("lines", [[length(1_000_000)], [CHUNKED]])
def test_an_early_answer_to_a_large_upload(world: World, lines: list[bytes]) -> None:
    """The connection cannot be kept: the client is told so, and heard out for a while."""
    client, service = world.ask(post(*lines))
    service.send(ok(b"enough"))
    assert fields(client.take(), b"Connection") == [b"close"]
    assert client.finished
    assert service.ending == "aborted"
    client.send(b"5\r\nabcde\r\n")
    client.hang_up()
    world.settled()


def test_an_early_answer_that_goes_on(world: World) -> None:
    """Upload and download run side by side until both are through."""
    client, service = world.ask(post(length(6)))
    service.take()
    service.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nuv")
    client.send(b"abc")
    assert service.take() == b"abc"
    service.send(b"wx")
    client.send(b"def")
    assert service.take() == b"def"
    service.send(b"yz")
    assert body_of(client.take()) == b"uvwxyz"
    assert service.ending == ""
    world.settled()


def test_a_service_that_reads_slowly(world: World) -> None:
    """The client is not read from while the service's buffer is full."""
    client, service = world.ask(post(length(10)), b"abc")
    service.fill()
    reading = [client.reading]
    client.send(b"def")
    service.take()
    service.drain()
    assert [*reading, client.reading] == [False, True]
    assert service.take() == b"def"
    client.send(b"ghij")
    service.send(ok())
    world.settled()


def test_a_client_that_reads_slowly(world: World) -> None:
    """The service is not read from while the client's buffer is full."""
    client, service = world.ask(get())
    service.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")
    client.fill()
    assert not service.reading
    client.take()
    service.send(b"def")
    assert client.take() == b""
    client.drain()
    assert client.take() == b"def"
    world.settled()


def test_a_body_nobody_takes_yet(world: World) -> None:
    """While a connection is being opened some of it is kept, and no more than that is read."""
    world.accepting = False
    client = world.client()
    client.send(post(length(200_000)), *[b"x" * 50_000] * 4)
    assert not client.reading
    service = world.dials[0].accept()
    client.turn()
    assert len(body_of(service.take())) == 200_000
    service.send(ok())
    world.settled()


def test_a_request_without_a_route_leaves_its_body(world: World, tmp_path: Path) -> None:
    """A small rest is read away and the connection kept."""
    own = World(tmp_path, "routes: [{path: /x, respond: {body: x}}]\n")
    client = own.client()
    client.send(get(b"/y", length(5), method=b"POST"), b"ab")
    assert client.take().startswith(b"HTTP/1.1 404 ")
    client.send(b"cde" + get(b"/x"))
    assert client.take().startswith(b"HTTP/1.1 200 ")
    own.settled()
