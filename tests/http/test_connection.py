"""Connections to services: requests out, answers in, again and again; and every way an answer can be wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure

from gatewayd.core.reasons import UPSTREAM_MALFORMED, UPSTREAM_RESET, UPSTREAM_TRUNCATED, Reason, Refused
from gatewayd.http.connection import StaleConnection

from . import strategies
from .service import ASK, OK, Line, result_of

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\nhello"


def refusal(slot: object) -> Reason:
    """Why a slot failed."""
    with pytest.raises(Refused) as caught:
        result_of(slot)  # type: ignore[arg-type]
    return caught.value.reason


def test_request_and_answer() -> None:
    """The request goes out as it is given; the answer's head comes first, then its body, then its end."""
    line = Line()
    answer = line.ask(b"GET /x HTTP/1.1\r\n\r\n")
    assert line.wire.take() == b"GET /x HTTP/1.1\r\n\r\n"
    line.wire.deliver(OK[:30])
    assert not answer.done
    line.wire.deliver(OK[30:40])
    assert result_of(answer).status == 200
    assert (line.taker.data, line.taker.flushes) == (b"he", 1)
    line.wire.deliver(OK[40:])
    result_of(line.ended)
    assert line.taker.data == b"hello"
    assert line.connection.reusable
    assert line.connection.served == 1
    assert line.closed == []


@pytest.mark.parametrize("bytewise", [False, True])
@pytest.mark.parametrize(
    ("response", "body", "reusable"),
    [
        (OK, b"hello", True),
        (CHUNKED, b"hello", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", b"", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b"", True),
        (OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), b"hello", False),
        (OK.replace(b"HTTP/1.1", b"HTTP/1.0"), b"hello", False),
        (
            OK.replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n"),
            b"hello",
            True,
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: b\r\n\r\n" + OK, b"hello", True),
    ],
)
def test_framings(response: bytes, body: bytes, reusable: bool, bytewise: bool) -> None:
    """Every framing gives its body and its end, and says whether the connection may be used again."""
    line = Line()
    answer = line.ask()
    line.wire.deliver(*(strategies.one_by_one(response) if bytewise else [response]))
    result_of(answer)
    result_of(line.ended)
    assert line.taker.data == body
    assert line.connection.reusable == reusable
    assert not line.wire.lost


@pytest.mark.parametrize("response", [OK, CHUNKED, UNTIL_CLOSE])
def test_answers_to_head(response: bytes) -> None:
    """An answer to HEAD ends with its head, whatever that says of a body."""
    line = Line()
    line.ask(bodiless=True)
    line.wire.deliver(response.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
    result_of(line.ended)
    assert line.connection.reusable
    assert line.taker.data == b""


def test_until_close() -> None:
    """A body without a length ends where the service closes in order."""
    line = Line()
    line.ask()
    line.wire.deliver(UNTIL_CLOSE, b" world")
    assert not line.ended.done
    line.wire.finish()
    result_of(line.ended)
    assert line.taker.data == b"hello world"
    assert not line.connection.reusable
    assert len(line.closed) == 1


def test_trailers() -> None:
    """Trailers are there at the end; those of the answer before are forgotten; nominated ones are left out."""
    line = Line()
    line.ask()
    line.wire.deliver(
        CHUNKED.replace(b"\r\n\r\n5", b"\r\nConnection: X-Hop\r\n\r\n5").replace(b"X-Sum", b"x-hop: 2\r\nX-Sum")
    )
    assert line.connection.trailers == b"X-Sum: 1\r\n"
    line.ask()
    line.wire.deliver(OK)
    assert line.connection.trailers == b""


def test_reuse() -> None:
    """Answers follow each other, of every framing, and heads that repeat are the same value."""
    line = Line()
    heads = []
    for response in (OK, OK, CHUNKED, b"HTTP/1.1 204 X\r\n\r\n", OK, CHUNKED):
        line.taker.data = b""
        answer = line.ask()
        line.wire.deliver(response)
        result_of(line.ended)
        heads.append(result_of(answer))
        assert line.taker.data == (b"" if b"204" in response else b"hello")
        assert line.connection.reusable
    assert line.wire.take() == ASK * 6
    assert heads[0] is heads[1]
    assert heads[1] is not heads[2]
    assert line.connection.served == 6


def test_repeated_heads_frame_anew() -> None:
    """The same head in answer to HEAD and to GET is one value with two framings."""
    line = Line()
    line.ask()
    line.wire.deliver(OK)
    line.ask(bodiless=True)
    line.wire.deliver(OK[:-5])
    result_of(line.ended)
    assert line.connection.reusable
    line.ask()
    line.wire.deliver(OK[:-5])
    assert not line.ended.done
    line.wire.deliver(b"again")
    result_of(line.ended)
    assert line.taker.data == b"helloagain"


def test_interim_answers() -> None:
    """Each 1xx is handed on as it comes; the final answer is the one asked for."""
    line = Line()
    answer = line.ask()
    line.wire.deliver(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
    assert [head.status for head in line.interims] == [103]
    assert not answer.done
    line.wire.deliver(b"HTTP/1.1 102 Processing\r\n\r\n" + OK)
    assert [head.status for head in line.interims] == [103, 102]
    assert result_of(answer).status == 200


def test_too_many_interim_answers() -> None:
    """A service that never comes to its answer is stopped."""
    line = Line()
    answer = line.ask()
    line.wire.deliver(b"HTTP/1.1 102 Processing\r\n\r\n" * 33)
    assert refusal(answer) is UPSTREAM_MALFORMED
    assert len(line.interims) == 32


def test_asker_gives_up_at_an_interim_answer() -> None:
    """Whoever aborts when told of a 1xx hears no more, not even of an answer in the same bytes."""
    line = Line()

    def give_up(answer: object) -> None:
        line.connection.abort()

    line.interim = give_up  # type: ignore[method-assign]
    answer = line.ask()
    line.wire.deliver(b"HTTP/1.1 102 Processing\r\n\r\n" + OK)
    assert not answer.done
    assert line.wire.was_reset


@pytest.mark.parametrize(
    "response",
    [
        b"nonsense\r\n",
        b"HTTP/1.1 200 OK\n\nhello",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 103 Early\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 66_000,
    ],
)
@pytest.mark.parametrize("bytewise", [False, True])
def test_malformed_heads(response: bytes, bytewise: bool) -> None:
    """What is no answer fails the request at once and closes the connection."""
    if bytewise and len(response) > 1000:
        return
    line = Line()
    answer = line.ask()
    line.wire.deliver(*(strategies.one_by_one(response) if bytewise else [response]))
    assert refusal(answer) is UPSTREAM_MALFORMED
    assert line.wire.was_reset
    assert not line.connection.reusable
    assert len(line.closed) == 1


def test_malformed_chunks() -> None:
    """A body that loses its framing fails, after what was good of it was handed on."""
    line = Line()
    line.ask()
    line.wire.deliver(CHUNKED.replace(b"0\r\nX-Sum", b"x\r\nX-Sum"))
    assert refusal(line.ended) is UPSTREAM_MALFORMED
    assert line.wire.was_reset


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


@pytest.mark.parametrize("response", [OK[:-1], CHUNKED[:-1], CHUNKED[:-30], CHUNKED[:60]])
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
