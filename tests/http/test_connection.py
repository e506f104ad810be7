"""Connections to services: requests out, answers in, again and again; and every way an answer can be wrong."""

from __future__ import annotations

import pytest

from gatewayd.core.reasons import UPSTREAM_MALFORMED, Reason, Refused

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
