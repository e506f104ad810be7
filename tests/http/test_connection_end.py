"""How connections to services end, and what is left of the exchange they carried."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure

from gatewayd.core.reasons import UPSTREAM_RESET, UPSTREAM_TRUNCATED, Reason, Refused
from gatewayd.http.connection import StaleConnection

from . import strategies
from .service import OK, Line, result_of

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\nhello"


def refusal(slot: object) -> Reason:
    """Why a slot failed."""
    with pytest.raises(Refused) as caught:
        result_of(slot)  # type: ignore[arg-type]
    return caught.value.reason


@pytest.mark.parametrize("served", [False, True])
@pytest.mark.parametrize("begun", [b"", b"H", b"HTTP/1.1 103 X\r\n\r\n", b"HTTP/1.1 200 OK\r\nA: b"])
@pytest.mark.parametrize("orderly", [True, False])
def test_closed_without_an_answer(served: bool, begun: bytes, orderly: bool) -> None:
    """A reused connection that closes before a byte of an answer was stale; every other close is a failure."""
    line = Line()
    if served:
        line.ask()
        line.wire.deliver(OK)
    answer = line.ask()
    if begun:
        line.wire.deliver(begun)
    if orderly:
        line.wire.finish()
    else:
        line.wire.reset()
    if served and not begun:
        with pytest.raises(StaleConnection):
            result_of(answer)
    else:
        assert refusal(answer) is UPSTREAM_RESET
    assert len(line.closed) == 1
    assert len(line.deadlines) == 0


@pytest.mark.parametrize("response", [OK[:-1], CHUNKED[:-1], CHUNKED[:-14], CHUNKED[:-18]])
@pytest.mark.parametrize("orderly", [True, False])
def test_truncated(response: bytes, orderly: bool) -> None:
    """A body that ends before its end fails, however the connection ends."""
    line = Line()
    line.ask()
    line.wire.deliver(response)
    if orderly:
        line.wire.finish()
    else:
        line.wire.reset()
    assert refusal(line.ended) is UPSTREAM_TRUNCATED
    assert not line.connection.reusable


def test_truncated_until_close() -> None:
    """A reset is no end: a body without a length that ends in one is incomplete."""
    line = Line()
    line.ask()
    line.wire.deliver(UNTIL_CLOSE)
    line.wire.reset()
    assert refusal(line.ended) is UPSTREAM_TRUNCATED


@pytest.mark.parametrize("extra", [b"\r\n", b"x", OK, b"HTTP/1.1 200 OK\r\n\r\n"])
@pytest.mark.parametrize("response", [OK, CHUNKED, b"HTTP/1.1 204 X\r\n\r\n"])
def test_extra_bytes(response: bytes, extra: bytes) -> None:
    """Bytes behind an answer never become the next one's: the connection is not used again."""
    line = Line()
    line.ask()
    line.wire.deliver(response + extra)
    result_of(line.ended)
    assert line.taker.data in (b"hello", b"")
    assert not line.connection.reusable


def test_unasked_bytes() -> None:
    """Bytes on an idle connection close it; whoever keeps idle connections hears of it."""
    for served in (False, True):
        line = Line()
        if served:
            line.ask()
            line.wire.deliver(OK)
        line.wire.deliver(OK)
        line.wire.turn()
        assert line.wire.lost
        assert not line.connection.reusable
        assert line.closed == [line.connection]


@pytest.mark.parametrize("served", [False, True])
def test_closed_while_idle(served: bool) -> None:
    """A service may close an idle connection whenever it likes."""
    line = Line()
    if served:
        line.ask()
        line.wire.deliver(OK)
    line.wire.finish()
    assert line.closed == [line.connection]
    assert not line.connection.reusable
    assert len(line.deadlines) == 0


def test_abort_in_progress() -> None:
    """Aborting resets, and says no more, however the connection ends afterwards."""
    for response in (b"", OK[:20], OK[:40], UNTIL_CLOSE):
        line = Line()
        answer = line.ask()
        if response:
            line.wire.deliver(response)
        ended = line.waiter.ended if line.waiter else None
        line.connection.abort()
        line.wire.turn()
        assert line.wire.was_reset
        assert line.closed == [line.connection]
        assert not answer.done or ended is not None
        assert ended is None or not ended.done
        line.connection.abort()
        line.connection.dataReceived(OK)
        assert line.closed == [line.connection]


def test_abort_while_idle() -> None:
    """An idle connection is closed in order, so that no service logs an error; a stubborn one is reset."""
    for stubborn in (False, True):
        line = Line()
        line.ask()
        line.wire.deliver(OK)
        if stubborn:
            line.wire.stall()
            line.wire.write(b"unsent")
        line.connection.abort()
        assert line.closed == [line.connection]
        line.advance(9.75)
        assert line.wire.lost == (not stubborn)
        assert not line.wire.was_reset
        line.advance(0.25)
        assert line.wire.lost
        assert line.wire.was_reset == stubborn
        assert line.closed == [line.connection]
        assert len(line.deadlines) == 0


def test_lost_twice() -> None:
    """Whoever keeps connections hears of an end once."""
    line = Line()
    line.connection.abort()
    line.connection.connectionLost(Failure(ConnectionLost()))
    assert line.closed == [line.connection]


def test_late_taker() -> None:
    """An answer that nobody takes at once is held back: the rest is read when somebody does."""
    for response in (OK[:-5], OK[:-2], CHUNKED):
        line = Line()
        answer = line.send()
        line.wire.deliver(response)
        result_of(answer)
        assert line.connection.whole is None
        assert not line.wire.reading
        line.wire.deliver(OK[len(response) :] if response is not CHUNKED else b"")
        ended = line.connection.relay(line.taker)
        line.wire.turn()
        result_of(ended)
        assert line.taker.data == b"hello"
        assert line.wire.reading


@pytest.mark.parametrize("body", [b"hello", b""])
def test_whole_answers(body: bytes) -> None:
    """An answer that came in one read is handed over with its body, and the connection is idle already."""
    line = Line()
    for keep, behind in ((b"keep-alive", b""), (b"keep-alive", b"x"), (b"close", b"")):
        answer = line.send()
        head = b"HTTP/1.1 200 OK\r\nConnection: %b\r\nContent-Length: %d\r\n\r\n" % (keep, len(body))
        line.wire.deliver(head[:20], head[20:] + body + behind)
        assert result_of(answer).status == 200
        assert line.connection.whole == body
        assert line.connection.reusable == (keep == b"keep-alive" and not behind)
        assert line.wire.reading
    line.wire.finish()
    assert line.connection.whole == body


def test_no_whole_answer_while_uploading() -> None:
    """While the request's body is on its way its answer is relayed: the exchange is not over with it."""
    line = Line()
    body = line.upload(10)
    line.ask(body=body)
    line.wire.deliver(OK)
    assert line.connection.whole is None
    result_of(line.ended)
    assert not line.connection.reusable


def test_late_taker_of_a_lost_answer() -> None:
    """If the connection is lost meanwhile, the one who comes to take the body is told so."""
    line = Line()
    line.send()
    line.wire.deliver(OK[:-2])
    line.wire.reset()
    assert refusal(line.connection.relay(line.taker)) is UPSTREAM_TRUNCATED


@given(
    response=st.sampled_from(
        [OK, CHUNKED, b"HTTP/1.1 100 X\r\n\r\n" + CHUNKED, b"HTTP/1.1 204 X\r\n\r\n", OK + OK, UNTIL_CLOSE]
    ),
    scars=strategies.scars,
    places=st.lists(st.integers(0, 200), max_size=5),
)
def test_arrival_changes_nothing(response: bytes, scars: list[tuple[int, int, bytes]], places: list[int]) -> None:
    """An answer is the same however its bytes come: same head, body, trailers, end or failure."""
    stream = strategies.damage(response, scars)

    def outcome(pieces: list[bytes]) -> tuple[object, bytes]:
        line = Line()
        answer = line.ask()
        line.wire.deliver(*pieces)
        line.wire.finish()
        if answer.error is not None:
            return str(answer.error), b""
        ended = line.ended
        assert ended.done
        head = result_of(answer)
        return (head.status, head.section.lines, line.connection.trailers, str(ended.error)), line.taker.data

    whole, body = outcome([stream] if stream else [])
    for pieces in (strategies.split(stream, places), strategies.one_by_one(stream)):
        said, data = outcome(pieces)
        assert said == whole
        assert data.startswith(body)  # of a body that fails, what came in the read that fails it is lost
        assert data == body or "upstream-malformed" in str(said)
