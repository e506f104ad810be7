"""Requests with keys: who is carried out, who gets the first answer, and who is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.once import a_world, asked, done, is_replay, post, repeated, send, why
from tests.pipeline.test_request_heads import fields
from tests.pipeline.world import DATE, World, get, ok

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A gateway that remembers."""
    return a_world(tmp_path)


def test_replay(world: World) -> None:
    """Who repeats a request gets the first answer, and the service hears nothing of it."""
    first = done(world, ok(b"paid", b"X-A: 1\r\n", b"Set-Cookie: a=b\r\n", b"Connection: X-Hop\r\n", b"X-Hop: 1\r\n"))
    assert not is_replay(first)
    world.clock.advance(3599)
    again = repeated(world)
    assert again.startswith(b"HTTP/1.1 200 OK\r\n")
    assert again.endswith(b"\r\n\r\npaid")
    assert is_replay(again)
    for name in (b"X-A", b"Set-Cookie", b"Date", b"Content-Length", b"X-Hop", b"Connection", b"Via"):
        assert fields(again, name) == fields(first, name), name
    assert fields(again, b"X-Request-Id") != fields(first, b"X-Request-Id")
    assert [(record["status"], record["attempts"]) for record in world.records] == [(200, 1), (200, 0)]
    world.settled()
    world.clock.advance(1)
    done(world)


@pytest.mark.parametrize("key", [b"k-1", b'"k-1"'])
def test_quotes(world: World, key: bytes) -> None:
    """With and without quotes it is the same key."""
    done(world)
    assert is_replay(repeated(world, post(key)))


def test_no_body(world: World) -> None:
    """A request without a body is one, and so is an answer; chunks are as good as a length."""
    request = post(b"k", b"").replace(b"Content-Length: 0\r\n", b"")
    done(world, b"HTTP/1.1 204 No Content\r\n\r\n", request)
    again = repeated(world, post(b"k", b""))
    assert again.startswith(b"HTTP/1.1 204 ")
    assert fields(again, b"Content-Length") == []
    client = send(world, post(b"c", b"abc").replace(b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n")[:-3])
    client.send(b"1\r\na\r\n", b"2\r\nbc\r\n0\r\n\r\n")
    world.service.send(CHUNKED + b"2\r\nok\r\n", b"1\r\n!\r\n0\r\n\r\n")
    assert client.take().endswith(b"1\r\n!\r\n0\r\n\r\n")
    again = repeated(world, post(b"c", b"abc"))
    assert again.endswith(b"\r\n\r\nok!")
    assert is_replay(again)


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"PUT", b"DELETE"])
def test_other_methods(world: World, method: bytes) -> None:
    """Keys of other methods are not looked at, not even whether they are keys."""
    for _ in range(2):
        client = send(world, post(b"no key", b"", method=method))
        world.service.send(b"HTTP/1.1 204 No Content\r\n\r\n")
        assert client.take().startswith(b"HTTP/1.1 204 ")
    assert asked(world) == 2


def test_preflight(tmp_path: Path) -> None:
    """A browser may ask beforehand, without a key; a replay tells it what it tells every origin."""
    cors = "cors: {origins: ['https://a.test'], headers: [Idempotency-Key]}"
    world = a_world(tmp_path, ", required: true", rest=cors)
    origin = b"Origin: https://a.test\r\n"
    client = world.client()
    client.send(get(b"/pay", origin, b"Access-Control-Request-Method: POST\r\n", method=b"OPTIONS"))
    assert client.take().startswith(b"HTTP/1.1 204 ")
    done(world, request=post(b"k", b"x", origin))
    again = repeated(world, post(b"k", b"x", origin))
    assert is_replay(again)
    assert fields(again, b"Access-Control-Allow-Origin") == [b"https://a.test"]


@pytest.mark.parametrize(
    "key", [b"", b'""', b"a b", b'"a', b'a"b', b"a,b", b"x" * 256, b'"%b"' % (b"x" * 256), b"\xe4", b'"a"; b=c']
)
def test_bad_keys(world: World, key: bytes) -> None:
    """What is no key is refused, and not repeated to anybody."""
    sent = repeated(world, post(key))
    assert sent.startswith(b"HTTP/1.1 400 ")
    assert why(sent) == b"idempotency-key-invalid"
    assert b"Idempotency-Key" in sent
    assert len(key) < 5 or key not in sent
    world.settled()


def test_two_keys(world: World) -> None:
    """A request has one key."""
    assert why(repeated(world, post(b"a", b"x", b"Idempotency-Key: b\r\n"))) == b"idempotency-key-invalid"


def test_required(tmp_path: Path) -> None:
    """A key may be demanded; of methods that need none it is not."""
    world = a_world(tmp_path, ", required: true")
    sent = repeated(world, post(None))
    assert sent.startswith(b"HTTP/1.1 400 ")
    assert why(sent) == b"idempotency-key-missing"
    done(world, request=post(None, b"", method=b"DELETE"))


def test_without_a_key(world: World) -> None:
    """Who sends none is carried out each time."""
    for _ in range(2):
        done(world, request=post(None))


@pytest.mark.parametrize(
    "other",
    [
        post(body=b"pay 11"),
        post(path=b"/pay?twice"),
        post(path=b"/refund"),
        post(method=b"PATCH"),
        post(b"k-1", b"pay 10", b"Content-Type: text/plain\r\n"),
        post().replace(b"Host: a.test", b"Host: b.test"),
    ],
)
def test_another_request(world: World, other: bytes) -> None:
    """The key of a request is no key for another one, under way or done."""
    client = send(world)
    for _ in range(2):
        sent = repeated(world, other)
        assert sent.startswith(b"HTTP/1.1 422 ")
        assert why(sent) == b"idempotency-key-reused"
        if not client.written:
            world.service.send(ok())
    assert is_replay(repeated(world))


@pytest.mark.parametrize("other", [post(owner="bob"), post(owner="cat"), post(path=b"/other"), post(b"k-2")])
def test_apart(world: World, other: bytes) -> None:
    """Other users, tenants and routes have keys of their own."""
    done(world, ok(b"first"))
    assert done(world, ok(b"second"), other).endswith(b"second")
    assert repeated(world).endswith(b"first")
    assert repeated(world, other).endswith(b"second")


def test_in_progress(world: World) -> None:
    """While the first is under way a repetition is told to come back; the key stays taken for as long as it takes."""
    client = send(world)
    for _ in range(7):
        sent = repeated(world)
        assert sent.startswith(b"HTTP/1.1 409 ")
        assert (why(sent), fields(sent, b"Retry-After")) == (b"idempotency-in-progress", [b"1"])
        world.pass_time(5)
        if not client.written:
            world.service.send(CHUNKED, b"1\r\nx\r\n")
        else:
            world.service.send(b"1\r\nx\r\n")
    world.service.send(b"0\r\n\r\n")
    assert is_replay(repeated(world))
    world.settled()


@pytest.mark.parametrize("status", [200, 201, 302, 400, 403, 404, 410, 422, 500, 501])
def test_final(world: World, status: int) -> None:
    """What a service answers is its word, failures included."""
    line = b"%d Some Phrase" % status
    assert done(world, ok(b"x", status=line)).startswith(b"HTTP/1.1 " + line)
    again = repeated(world)
    assert again.startswith(b"HTTP/1.1 " + line)
    assert is_replay(again)


@pytest.mark.parametrize("status", [401, 408, 409, 425, 429, 503])
def test_not_done(world: World, status: int) -> None:
    """Where the service says that it did nothing the client may try again, with the same key or another body."""
    done(world, ok(b"x", status=b"%d No" % status))
    done(world, ok(b"x", status=b"%d No" % status))
    done(world, request=post(body=b"pay 11"))
    world.settled()


@pytest.mark.parametrize("status", [502, 504])
def test_not_known(world: World, status: int) -> None:
    """Where the service does not know itself the key stays taken for the time of a lease."""
    done(world, ok(b"x", status=b"%d No" % status))
    world.clock.advance(10)
    sent = repeated(world)
    assert (why(sent), fields(sent, b"Retry-After")) == (b"idempotency-outcome-unknown", [b"20"])
    world.clock.advance(20)
    done(world)


def test_large_bodies(world: World) -> None:
    """A request with a key has to be read whole, and may be so large; without one it may be larger."""
    sent = repeated(world, post(body=b"x" * 1025))
    assert sent.startswith(b"HTTP/1.1 413 ")
    assert b"With Idempotency-Key the route takes at most 1024 bytes." in sent
    head = post(body=b"").replace(b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n")
    sent = repeated(world, head + b"401\r\n" + b"x" * 1025 + b"\r\n0\r\n\r\n")
    assert sent.startswith(b"HTTP/1.1 413 ")
    done(world, request=post(body=b"x" * 1024))
    done(world, request=post(None, body=b"x" * 1025))
    world.settled()


@pytest.mark.parametrize("announced", [True, False])
def test_large_answers(world: World, announced: bool) -> None:
    """A large answer reaches its client as it comes; who repeats the request is told that it is not there any more."""
    body = b"x" * 1025
    client = send(world)
    if announced:
        world.service.send(ok(body)[:-1])
        assert client.written.endswith(b"xxx")
        world.service.send(b"x")
    else:
        world.service.send(CHUNKED, b"401\r\n" + body + b"\r\n")
        assert client.written.endswith(b"xxx\r\n")
        world.service.send(b"0\r\n\r\n")
    sent = repeated(world)
    assert sent.startswith(b"HTTP/1.1 409 ")
    assert (why(sent), fields(sent, b"Retry-After")) == (b"idempotency-answer-not-kept", [])
    assert why(repeated(world, post(body=b"other"))) == b"idempotency-key-reused"
    world.settled()


def test_the_largest_answer(world: World) -> None:
    """One byte less is kept."""
    done(world, ok(b"x" * 1024))
    assert repeated(world).endswith(b"x" * 1024)


def test_upgrade(world: World) -> None:
    """Another protocol is no answer that could be repeated."""
    upgrade = (b"Connection: Upgrade\r\n", b"Upgrade: other\r\n")
    client = send(world, post(b"k", b"", *upgrade).replace(b"Content-Length: 0\r\n", b""))
    world.service.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\nhello")
    assert client.take().endswith(b"hello")
    assert why(repeated(world, post(b"k", b""))) == b"idempotency-in-progress"
    world.service.hang_up()
    assert why(repeated(world, post(b"k", b""))) == b"idempotency-answer-not-kept"
    world.settled()


def test_interim_answers(world: World) -> None:
    """What comes before the answer goes to the first client, and is not kept."""
    client = send(world)
    world.service.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok(b"paid"))
    assert client.take().startswith(b"HTTP/1.1 103 ")
    assert repeated(world).startswith(b"HTTP/1.1 200 ")


def test_expectation(world: World) -> None:
    """A client that waits for it is told to send its body, whether that will be forwarded or not."""
    done(world)
    client = world.client()
    client.send(post(b'"k-1"', b"pay 10", b"Expect: 100-continue\r\n")[: -len(b"pay 10")])
    assert client.take() == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(b"pay 10")
    assert is_replay(client.take())


def test_edited(tmp_path: Path) -> None:
    """What the route changes in answers it changes once."""
    world = a_world(tmp_path, route=", response_headers: {set: {X-Set: a}, add: {X-Add: b}, remove: [X-Gone]}")
    first = done(world, ok(b"x", b"X-Gone: 1\r\n", b"X-Add: a\r\n"))
    again = repeated(world)
    for name in (b"X-Set", b"X-Add", b"X-Gone"):
        assert fields(again, name) == fields(first, name)
    assert fields(again, b"X-Add") == [b"a", b"b"]


def test_another_header(tmp_path: Path) -> None:
    """The field may have another name."""
    world = a_world(tmp_path, ", header: X-Once")
    request = post(None, b"x", b"X-Once: 1\r\n")
    done(world, request=request)
    assert is_replay(repeated(world, request))
    done(world, request=post())
    done(world, request=post())


def test_same_connection(world: World) -> None:
    """A client that sends both on one connection gets both answers, in order."""
    client = world.client()
    client.send(post() + post())
    world.service.send(ok(b"paid", DATE))
    first, _, second = client.take().partition(b"paid")
    assert not is_replay(first)
    assert is_replay(second)
    world.settled()
