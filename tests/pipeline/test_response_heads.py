"""The head a client gets of a service's answer, its framing, and what becomes of the connection."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.world import BASIC, DATE, World, get, ok, plain

OURS = b"Via: 1.1 gatewayd\r\n"
ID = b"X-Request-Id: <id>\r\n"


def answered(world: World, answer: bytes, request: bytes = b"") -> bytes:
    """What the client is sent for this answer."""
    client, service = world.ask(request or get())
    service.send(answer)
    return plain(client.take())


def test_a_whole_head(world: World) -> None:
    """The service's fields in their order and spelling, then ours; the phrase is the service's.

    What it is built with is nobody's business.
    """
    answer = (
        b"HTTP/1.1 200 All Right\r\netag: x\r\nServer: nginx/1.22\r\n"
        + DATE
        + b"X-A: 1\r\nX-A:  2 \r\nContent-Length: 2\r\n\r\nok"
    )
    assert (
        answered(world, answer)
        == (b"HTTP/1.1 200 All Right\r\n" + DATE + b"etag: x\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 2\r\n" + OURS + ID)
        + b"\r\nok"
    )


def test_the_same_head_again(world: World) -> None:
    """A connection's heads mostly repeat; what is kept of one serves the next, with an id of its own."""
    client, service = world.ask(get())
    service.send(ok(b"one"))
    first = client.take()
    client.send(get())
    service.send(ok(b"two"))
    second = client.take()
    assert plain(first).replace(b"one", b"two") == plain(second)
    assert first.replace(b"one", b"two") != second


def test_a_date_is_added(world: World) -> None:
    """Where the service has no clock, ours is used; it moves on."""
    client, service = world.ask(get())
    service.send(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert DATE in client.take()
    world.pass_time(1.5)
    client.send(get())
    service.send(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert b"Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n" in client.take()


@pytest.mark.parametrize(
    "line",
    [
        b"Connection: keep-alive\r\n",
        b"Connection: close\r\n",
        b"Keep-Alive: timeout=5\r\n",
        b"Proxy-Authenticate: Basic\r\n",
        b"Upgrade: h2c\r\n",
        b"Connection: x-hop\r\nX-Hop: 1\r\n",
        b"X-Request-Id: theirs\r\n",
        b"X-Request-Id: theirs\r\nX-Request-Id: again\r\n",
    ],
)
def test_what_does_not_pass(world: World, line: bytes) -> None:
    """Fields of the hop behind us, and ids that are not ours."""
    expected = b"HTTP/1.1 200 OK\r\n" + DATE + b"Content-Length: 2\r\n" + OURS + ID + b"\r\nok"
    assert answered(world, ok(b"ok", line)) == expected


def test_via_names_the_version_received(world: World) -> None:
    """An answer of HTTP/1.0 is passed on as 1.1, and says so."""
    answer = b"HTTP/1.0 200 OK\r\n" + DATE + b"Via: 1.1 cache\r\nContent-Length: 0\r\n\r\n"
    sent = answered(world, answer)
    assert sent == (
        b"HTTP/1.1 200 OK\r\n" + DATE + b"Via: 1.1 cache\r\nContent-Length: 0\r\nVia: 1.0 gatewayd\r\n" + ID + b"\r\n"
    )


CHUNKED = b"HTTP/1.1 200 OK\r\n" + DATE + b"Transfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n" + DATE + b"\r\n"
HEAD = b"HTTP/1.1 200 OK\r\n" + DATE


def test_chunks(world: World) -> None:
    """A chunked answer is chunked anew, each read a chunk, and its trailers follow."""
    client, service = world.ask(get())
    service.send(CHUNKED)
    assert plain(client.take()) == HEAD + OURS + b"Transfer-Encoding: chunked\r\n" + ID + b"\r\n"
    service.send(b"3\r\nabc\r\n2\r\nde", b"\r\n")
    assert client.take() == b"5\r\nabcde\r\n"
    service.send(b"0\r\nX-Sum: 5\r\nSet-Cookie: a\r\n\r\n")
    assert client.take() == b"0\r\nX-Sum: 5\r\n\r\n"
    assert client.ending == ""
    world.settled()


def test_chunks_for_an_old_client(world: World) -> None:
    """HTTP/1.0 knows no chunks: the end of the connection is the end of the answer."""
    client, service = world.ask(get(version=b"1.0"))
    service.send(CHUNKED + b"3\r\nabc\r\n0\r\n\r\n")
    assert plain(client.take()) == HEAD + OURS + b"Connection: close\r\n" + ID + b"\r\nabc"
    assert client.ending == "closed"


def test_an_answer_that_ends_with_its_connection(world: World) -> None:
    """It is chunked for the client, whose connection stays."""
    client, service = world.ask(get())
    service.send(UNTIL_CLOSE + b"abc")
    service.hang_up()
    sent = HEAD + OURS + b"Transfer-Encoding: chunked\r\n" + ID + b"\r\n3\r\nabc\r\n0\r\n\r\n"
    assert plain(client.take()) == sent
    assert client.ending == ""


def test_an_answer_that_ends_with_a_reset(world: World) -> None:
    """What ends so is not whole, and the client sees it broken off."""
    client, service = world.ask(get())
    service.send(UNTIL_CLOSE + b"abc")
    service.reset()
    assert not client.take().endswith(b"0\r\n\r\n")
    assert client.ending == "aborted"


@pytest.mark.parametrize(
    ("answer", "fields"),
    [
        (ok(b"")[:-4] + b"\r\n\r\n", b"Content-Length: 0\r\n"),
        (b"HTTP/1.1 200 OK\r\n" + DATE + b"Content-Length: 99\r\n\r\n", b"Content-Length: 99\r\n"),
        (CHUNKED, b""),
        (UNTIL_CLOSE, b""),
    ],
)
def test_answers_to_head(world: World, answer: bytes, fields: bytes) -> None:
    """Their heads say what GET would; nothing follows, and both connections go on."""
    client, service = world.ask(get(method=b"HEAD"))
    service.send(answer)
    assert plain(client.take()) == b"HTTP/1.1 200 OK\r\n" + DATE + fields + OURS + ID + b"\r\n"
    client.send(get())
    assert world.service is service
    service.send(ok(b"next"))
    assert client.take().endswith(b"next")
    world.settled()


@pytest.mark.parametrize(
    ("status", "sent"),
    [(b"204 No Content", b""), (b"304 Not Modified", b"Content-Length: 7\r\n")],
)
def test_answers_without_a_body(world: World, status: bytes, sent: bytes) -> None:
    """204 has no length at all; 304 may say the length that 200 would have (RFC 9110 section 8.6)."""
    client, service = world.ask(get())
    service.send(b"HTTP/1.1 " + status + b"\r\n" + DATE + b"Content-Length: 7\r\n\r\n")
    assert plain(client.take()) == b"HTTP/1.1 " + status + b"\r\n" + DATE + sent + OURS + ID + b"\r\n"
    assert client.ending == ""
    world.settled()


KEPT = b"Connection: keep-alive\r\n"
CLOSED = b"Connection: close\r\n"


@pytest.mark.parametrize(
    ("request_lines", "version", "said", "stays"),
    [
        (b"", b"1.1", b"", True),
        (b"Connection: keep-alive\r\n", b"1.1", b"", True),
        (b"Connection: close\r\n", b"1.1", CLOSED, False),
        (b"Connection: foo, Close\r\n", b"1.1", CLOSED, False),
        (b"Connection: keep-alive, close\r\n", b"1.1", CLOSED, False),
        (b"", b"1.0", CLOSED, False),
        (b"Connection: close\r\n", b"1.0", CLOSED, False),
        (b"Connection: Keep-Alive\r\n", b"1.0", KEPT, True),
    ],
)
def test_persistence(world: World, request_lines: bytes, version: bytes, said: bytes, *, stays: bool) -> None:
    """What the client asked for decides whether its connection stays, and the answer says so where it has to."""
    client, service = world.ask(get(b"/", request_lines, version=version))
    service.send(ok(b"ok"))
    head = b"HTTP/1.1 200 OK\r\n" + DATE + b"Content-Length: 2\r\n" + OURS + said + ID
    assert plain(client.take()) == head + b"\r\nok"
    assert client.ending == ("" if stays else "closed")
    if stays:
        client.send(get(b"/", request_lines, version=version))
        service.send(ok(b"ok"))
        assert plain(client.take()) == head + b"\r\nok"


def test_a_service_that_closes(world: World) -> None:
    """That is between it and us: the client's connection stays, the next request opens another one."""
    client, service = world.ask(get())
    service.send(ok(b"ok", b"Connection: close\r\n"))
    assert service.ending
    client.send(get())
    assert world.service is not service
    world.service.send(ok(b"next"))
    assert client.take().endswith(b"next")


def test_requests_per_connection(tmp_path: Path) -> None:
    """The last one a connection may have is told that it is."""
    world = World(tmp_path, BASIC + "limits: {requests_per_connection: 2}\n")
    client, service = world.ask(get())
    service.send(ok())
    assert CLOSED not in client.take()
    client.send(get())
    service.send(ok())
    assert CLOSED in client.take()
    assert client.ending == "closed"


def test_requests_per_pooled_connection(tmp_path: Path) -> None:
    """A connection to a service is replaced after its last request."""
    text = BASIC.replace('9005"]', '9005"]\n    pool: {requests: 2}')
    world = World(tmp_path, text)
    for _ in range(3):
        _, service = world.ask(get())
        service.send(ok())
    assert len(world.dials) == 2
    assert world.dials[0].wire.ending == "closed"


def test_pipelined_requests_are_answered_in_order(world: World) -> None:
    """One after the other, on one connection to the service."""
    client, service = world.ask(get(b"/1") + get(b"/2") + get(b"/3", CLOSED))
    for number in (b"1", b"2", b"3"):
        assert service.take().startswith(b"GET /" + number)
        assert client.take() == b""
        service.send(ok(number))
        assert client.take().endswith(b"\r\n\r\n" + number)
    assert client.ending == "closed"
    assert len(world.dials) == 1
    world.settled()


def test_answers_while_draining(world: World) -> None:
    """A request under way is answered, and its connection closed; connections that are idle after one go at once."""
    idle, service = world.ask(get())
    service.send(ok())
    client, service = world.ask(get())
    world.listener.drain()
    world.clock.advance(0)
    assert idle.ending == "closed"
    assert client.ending == ""
    service.send(ok())
    assert CLOSED in client.take()
    assert client.ending == "closed"
    world.settled()
