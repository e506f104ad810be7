"""Requests with bodies: who gets them, when they flow, and what becomes of those nobody wants."""

from __future__ import annotations

import pytest

from gatewayd.core.reasons import BODY_TOO_LARGE, MALFORMED_CHUNK, Reason

from . import strategies
from .script import GET, ScriptedExchange, World

EXPECTING = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
CHUNKED = b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def post(length: int) -> bytes:
    """The head of a request with a body."""
    return b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % length


@pytest.mark.parametrize("accept_first", [False, True])
@pytest.mark.parametrize(
    ("head", "body"), [(post(5), b"hello"), (CHUNKED, b"2\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: 1\r\n\r\n")]
)
@pytest.mark.parametrize("bytewise", [False, True])
def test_bodies(head: bytes, body: bytes, accept_first: bool, bytewise: bool) -> None:
    """A body reaches its sink whole and in order, whether it comes before the sink or after it, and then its end."""
    world = World()
    client = world.connect()
    client.deliver(head)
    exchange = world.last
    if accept_first:
        exchange.accept()
    client.deliver(*(strategies.one_by_one(body + GET) if bytewise else [body + GET]))
    if not accept_first:
        assert exchange.sink.pieces == []
        exchange.accept()
    assert exchange.sink.data == b"hello"
    assert exchange.sink.trailers == (b"X-Sum: 1\r\n" if b"X-Sum" in body else b"")
    assert exchange.body.received == 5
    assert exchange.body.complete
    assert len(world.exchanges) == 1
    exchange.answer(b"done")
    assert [exchange.head.method for exchange in world.exchanges] == [b"POST", b"GET"]


def test_body_with_its_head() -> None:
    """A head, its body and the next request may come in one read."""
    world = World()
    client = world.connect()
    client.deliver(post(3) + b"abc" + post(2) + b"de")
    world.last.accept()
    assert world.last.sink.data == b"abc"
    world.last.answer()
    world.last.accept()
    assert world.last.sink.data == b"de"


@pytest.mark.parametrize("length", [b"0", b"000"])
def test_no_body(length: bytes) -> None:
    """A length of zero is no body."""
    world = World()
    client = world.connect()
    client.deliver(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: " + length + b"\r\n\r\n" + GET)
    assert world.last.bodiless
    world.last.answer()
    assert len(world.exchanges) == 2


def test_data_is_handed_on_as_it_comes() -> None:
    """Nothing of a body is held back once a sink is there."""
    world = World()
    client = world.connect()
    client.deliver(post(10))
    world.last.accept()
    client.deliver(b"ab", b"cde", b"fghij")
    assert world.last.sink.pieces == [b"ab", b"cde", b"fghij"]


def test_continue_when_accepted() -> None:
    """A client that waits for 100 Continue hears it when the body is accepted, and not before."""
    world = World()
    client = world.connect()
    client.deliver(EXPECTING)
    assert client.received == b""
    world.last.accept()
    assert client.take() == CONTINUE
    client.deliver(b"hello")
    assert world.last.sink.data == b"hello"
    world.last.answer()
    assert client.received.startswith(b"HTTP/1.1 200")


def test_no_continue_for_the_impatient() -> None:
    """A client that announced to wait and did not is not told to go on."""
    world = World()
    client = world.connect()
    client.deliver(EXPECTING + b"he")
    world.last.accept()
    client.deliver(b"llo")
    assert client.received == b""
    assert world.last.sink.data == b"hello"


def test_no_continue_for_1_0() -> None:
    """HTTP/1.0 knows no 1xx (RFC 9110 section 10.1.1)."""
    world = World()
    client = world.connect()
    client.deliver(EXPECTING.replace(b"HTTP/1.1", b"HTTP/1.0"))
    world.last.accept()
    assert client.received == b""


def test_refused_while_waiting() -> None:
    """A client that was refused instead of told to go on may still send its body or not: the connection closes."""
    world = World()
    client = world.connect()
    client.deliver(EXPECTING)
    exchange = world.last
    assert not exchange.channel.persistent
    exchange.answer(status=403)
    client.deliver(b"GET / HTTP/1.1\r\nHost: smuggled\r\n\r\n")
    assert len(world.exchanges) == 1
    assert client.fin
    assert client.received.startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize("split", [0, 1, 4])
def test_small_unwanted_rest_is_read_away(split: int) -> None:
    """Where little of an unwanted body is left, it is skipped and the connection kept."""
    world = World()
    client = world.connect()
    client.deliver(post(5) + b"hello"[:split])
    exchange = world.last
    assert exchange.channel.persistent
    exchange.answer(b"no thanks")
    client.deliver(b"hello"[split:] + GET)
    assert len(world.exchanges) == 2
    assert world.last.head.method == b"GET"
    assert exchange.sink.pieces == []


def test_unwanted_body_that_is_there() -> None:
    """A body that came with its head and is never asked for is no request."""
    world = World()

    def no_thanks(exchange: ScriptedExchange) -> None:
        exchange.answer(b"no")

    world.application.script = no_thanks
    client = world.connect()
    client.deliver(post(len(GET)) + GET + GET)
    assert [exchange.head.method for exchange in world.exchanges] == [b"POST", b"GET"]


def test_answered_in_the_middle() -> None:
    """An answer before the end of the body: the sink hears no more, the rest is skipped."""
    world = World()
    client = world.connect()
    client.deliver(post(10) + b"abcd")
    exchange = world.last
    exchange.accept()
    exchange.body.detach()
    exchange.answer(b"enough")
    client.deliver(b"efghij" + GET)
    assert exchange.sink.data == b"abcd"
    assert exchange.sink.trailers is None
    assert len(world.exchanges) == 2


@pytest.mark.parametrize("head", [post(70_000), CHUNKED])
def test_large_unwanted_rest_closes(head: bytes) -> None:
    """Where much is left, or nobody knows how much, the connection is closed, after the client was heard out."""
    world = World()
    client = world.connect()
    client.deliver(head)
    exchange = world.last
    assert not exchange.channel.persistent
    exchange.answer(b"no thanks")
    client.deliver(b"5\r\nhello\r\n", GET)
    assert len(world.exchanges) == 1
    assert client.received.endswith(b"no thanks")
    assert client.fin
    assert not client.was_reset


def test_limit() -> None:
    """A body may have exactly as many bytes as its limit says; one more is refused before it reaches the sink."""
    for chunks in (False, True):
        for size in (10, 11):
            world = World()
            client = world.connect()
            client.deliver(CHUNKED if chunks else post(size))
            exchange = world.last
            exchange.body.limit = 10
            exchange.accept()
            data = b"x" * size
            client.deliver(*strategies.one_by_one(b"%x\r\n%b\r\n0\r\n\r\n" % (size, data) if chunks else data))
            if size == 10:
                assert exchange.sink.data == data
                assert exchange.failed is None
            else:
                assert exchange.failed is not None
                assert exchange.failed.reason is BODY_TOO_LARGE
                assert len(exchange.sink.data) <= 10
                client.deliver(GET)
                assert len(world.exchanges) == 1
                assert client.received.startswith(b"HTTP/1.1 413")


def test_limit_by_announcement() -> None:
    """A chunk that announces too much is refused at its size, not after it."""
    world = World()
    client = world.connect()
    client.deliver(CHUNKED)
    world.last.body.limit = 10
    world.last.accept()
    client.deliver(b"3\r\nabc\r\n", b"8\r\n")
    assert world.last.failed is not None
    assert world.last.sink.data == b"abc"


@pytest.mark.parametrize(
    ("body", "reason"), [(b"5\nhello", MALFORMED_CHUNK), (b"3\r\nhello", MALFORMED_CHUNK), (b"x\r\n", MALFORMED_CHUNK)]
)
@pytest.mark.parametrize("accept", [False, True])
def test_bad_chunks(body: bytes, reason: Reason, accept: bool) -> None:
    """A body that loses its framing ends its request and its connection; nothing behind it is served."""
    world = World()
    client = world.connect()
    client.deliver(CHUNKED)
    exchange = world.last
    if accept:
        exchange.accept()
    client.deliver(body + GET, GET)
    assert exchange.failed is not None
    assert exchange.failed.reason is reason
    assert exchange.sink.trailers is None
    assert len(world.exchanges) == 1
    assert client.received.startswith(b"HTTP/1.1 400")
    assert client.fin


def test_bad_chunks_after_the_answer_has_begun() -> None:
    """Then the answer is broken off with a reset: there is no other way to tell."""
    world = World()
    client = world.connect()
    client.deliver(CHUNKED)
    world.last.accept()
    world.last.begin(10)
    client.deliver(b"oops\r\n")
    assert client.was_reset
    assert client.lost


def test_bad_chunks_of_a_discarded_body() -> None:
    """A body that is being skipped is judged all the same."""
    world = World()
    client = world.connect()
    client.deliver(CHUNKED + b"5\r\nhel")
    exchange = world.last
    exchange.accept()
    exchange.body.detach()
    assert not exchange.body.discardable
    client.deliver(b"lo\r\nbad")
    exchange.answer()
    client.deliver(b"\r\n" + GET)
    assert len(world.exchanges) == 1


def test_nominated_trailers() -> None:
    """A trailer that Connection nominates goes no further."""
    world = World()
    client = world.connect()
    client.deliver(CHUNKED.replace(b"Host: a", b"Host: a\r\nConnection: x-hop"))
    world.last.accept()
    client.deliver(b"0\r\nX-Hop: 1\r\nX-Sum: 2\r\n\r\n")
    assert world.last.sink.trailers == b"X-Sum: 2\r\n"


def test_interim_answers() -> None:
    """A 1xx is sent while the answer has not begun, and dropped afterwards or when nobody is there."""
    world = World()
    client = world.connect()
    client.deliver(GET)
    channel = world.last.channel
    channel.write_interim(b"HTTP/1.1 103 Early\r\n\r\n")
    assert client.take() == b"HTTP/1.1 103 Early\r\n\r\n"
    world.last.begin(5)
    client.take()
    channel.write_interim(b"HTTP/1.1 103 Early\r\n\r\n")
    assert client.take() == b""
    client.reset()
    channel.write_interim(b"HTTP/1.1 103 Early\r\n\r\n")
