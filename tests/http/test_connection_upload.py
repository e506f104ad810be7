"""Requests with bodies: how fast they go, and what the service does meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from gatewayd.core.reasons import IDLE_TIMEOUT, RESPONSE_TIMEOUT, UPSTREAM_RESET, Refused
from gatewayd.core.slot import Slot
from gatewayd.http.inbound import SINK_FULL, UNWANTED

from .service import ASK, OK, Line, result_of

HEAD = OK[:-5]
POST = b"POST / HTTP/1.1\r\nHost: a\r\n\r\n"


def failed_with(slot: Slot[Any]) -> object:
    """The reason a slot failed with, None while it has not."""
    if not slot.done:
        return None
    assert isinstance(slot.error, Refused)
    return slot.error.reason


@pytest.mark.parametrize("length", [10, None])
def test_upload(length: int | None) -> None:
    """A body is sent as it comes, in the framing it came in, and the answer awaited from its end on."""
    line = Line()
    body = line.upload(length)
    answer = line.ask(POST, body=body)
    assert line.wire.take() == POST
    pieces = [b"01234", b"56789"] if length else [b"5\r\n01234\r\n", b"5\r\n56789\r\n", b"0\r\nX-Sum: 1\r\n\r\n"]
    for piece in pieces:
        line.advance(100)
        body.feed(piece)
    assert line.wire.take() == b"".join(pieces)
    line.advance(9.75)
    assert not answer.done
    line.advance(0.25)
    assert failed_with(answer) is RESPONSE_TIMEOUT


def test_upload_that_waited() -> None:
    """What came of the body before anybody took it goes out behind the head."""
    line = Line()
    body = line.upload(5)
    body.feed(b"hello")
    line.ask(POST, body=body)
    assert line.wire.take() == POST + b"hello"
    line.wire.deliver(OK)
    result_of(line.ended)
    assert line.connection.reusable


def test_full_service_holds_the_client() -> None:
    """A service that does not read holds the client; when it has caught up the client is read again."""
    line = Line()
    body = line.upload(1_000_000)
    line.ask(POST, body=body)
    line.wire.stall()
    body.feed(b"x" * 60_000)
    assert line.client.holds == 0
    body.feed(b"x" * 10_000)
    assert line.client.holds == SINK_FULL
    line.wire.read_on()
    assert line.client.holds == 0
    body.feed(b"x" * 10_000)
    assert line.wire.received == POST + b"x" * 80_000


def test_service_that_never_reads() -> None:
    """It is given up when it has not read for as long as a body may idle, as a timeout of the service."""
    line = Line()
    body = line.upload(1_000_000)
    answer = line.ask(POST, body=body)
    line.wire.stall()
    body.feed(b"x" * 70_000)
    line.advance(19.75)
    assert not answer.done
    line.advance(0.25)
    assert failed_with(answer) is IDLE_TIMEOUT
    assert line.wire.was_reset


def test_slow_client_is_not_the_services_fault() -> None:
    """While the client dawdles with its body the service is given time; the client has its own bound."""
    line = Line()
    body = line.upload(10)
    answer = line.ask(POST, body=body)
    line.wire.stall()
    body.feed(b"x")
    line.wire.read_on()
    line.advance(1000)
    assert not answer.done


def test_early_answer() -> None:
    """An answer that comes before the body's end is relayed at once; then the connection is of no more use."""
    line = Line()
    body = line.upload(10)
    answer = line.ask(POST, body=body)
    body.feed(b"01234")
    line.wire.deliver(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
    assert result_of(answer).status == 413
    result_of(line.ended)
    assert line.taker.data == b"no"
    assert not line.connection.reusable
    line.connection.abort()
    line.wire.turn()
    assert line.wire.was_reset
    body.feed(b"56789")
    assert line.wire.received == POST + b"01234"


def test_early_answer_and_the_body_goes_on() -> None:
    """A service may answer while it reads: the body flows on, and both ends make the end."""
    line = Line()
    body = line.upload(10)
    line.ask(POST, body=body)
    line.wire.deliver(HEAD)
    body.feed(b"01234")
    line.wire.deliver(b"he")
    body.feed(b"56789")
    assert line.wire.received == POST + b"0123456789"
    line.wire.deliver(b"llo")
    result_of(line.ended)
    assert line.connection.reusable


def test_answering_service_that_falls_silent() -> None:
    """A service that answers, reads on and then says no more is given up, whatever the upload did in between."""
    line = Line()
    body = line.upload(1_000_000)
    line.ask(POST, body=body)
    line.wire.deliver(HEAD)
    line.wire.stall()
    body.feed(b"x" * 70_000)
    line.advance(10)
    line.wire.read_on()
    assert line.client.holds == 0
    line.advance(19.75)
    assert not line.ended.done
    line.advance(0.25)
    assert failed_with(line.ended) is IDLE_TIMEOUT


def test_answering_service_with_a_slow_client() -> None:
    """It is not given up while its client is full, though, when it has caught up with the upload."""
    line = Line()
    body = line.upload(1_000_000)
    line.ask(POST, body=body)
    line.wire.deliver(HEAD)
    line.wire.stall()
    body.feed(b"x" * 70_000)
    line.connection.pause()
    line.wire.read_on()
    line.advance(1000)
    assert not line.ended.done


def test_lost_while_uploading() -> None:
    """A service that goes away takes no more of the body, and says no more."""
    line = Line()
    body = line.upload(10)
    answer = line.ask(POST, body=body)
    body.feed(b"01234")
    line.wire.reset()
    assert failed_with(answer) is UPSTREAM_RESET
    body.feed(b"56789")
    assert line.wire.received == POST + b"01234"
    assert len(line.deadlines) == 0


def test_service_that_reads_slowly_then_the_next() -> None:
    """Backlog of one request's body still counts for the next on the same connection."""
    line = Line()
    body = line.upload(70_000)
    line.ask(POST, body=body)
    line.wire.stall()
    body.feed(b"x" * 70_000)
    assert line.client.holds & ~UNWANTED == 0  # the body is complete: there is nothing more to hold back
    line.wire.deliver(OK)
    assert line.connection.reusable
    second = line.upload(10)
    line.ask(ASK, body=second)
    second.feed(b"x")
    assert line.client.holds == SINK_FULL
    line.wire.read_on()
    assert line.client.holds == 0
