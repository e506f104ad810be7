"""Connections to services: how long they may take, and how fast bytes flow each way."""

from __future__ import annotations

import pytest

from gatewayd.core.reasons import IDLE_TIMEOUT, RESPONSE_TIMEOUT, TOTAL_TIMEOUT, UPSTREAM_RESET, Refused
from gatewayd.core.slot import Slot
from gatewayd.http.inbound import SINK_FULL, UNWANTED

from .service import ASK, OK, Line, Patience, result_of

HEAD = OK[:-5]
POST = b"POST / HTTP/1.1\r\nHost: a\r\n\r\n"


def failed_with(slot: Slot[object] | Slot[None]) -> object:
    """The reason a slot failed with, None while it has not."""
    if not slot.done:
        return None
    assert isinstance(slot.error, Refused)
    return slot.error.reason


def test_response_timeout() -> None:
    """The head has to be there 10 s after the request; beginnings and interim answers buy no time."""
    for said in (b"", b"HTTP/1.1 200 OK\r\nA:", b"HTTP/1.1 102 Processing\r\n\r\n"):
        line = Line()
        answer = line.ask()
        line.advance(5)
        if said:
            line.wire.deliver(said)
        line.advance(4.75)
        assert not answer.done
        line.advance(0.25)
        with pytest.raises(Refused) as caught:
            result_of(answer)
        assert caught.value.reason is RESPONSE_TIMEOUT
        assert line.wire.was_reset
        assert line.closed == [line.connection]


def test_response_in_time() -> None:
    """A head in time is answer enough; its body has its own time."""
    line = Line()
    line.ask()
    line.advance(9.75)
    line.wire.deliver(HEAD)
    line.advance(19.75)
    line.wire.deliver(b"h")
    line.advance(19.75)
    assert not line.ended.done
    line.advance(0.25)
    assert failed_with(line.ended) is IDLE_TIMEOUT
    assert line.wire.was_reset


def test_no_timeout_behind_the_end() -> None:
    """Once an answer is whole, nothing is awaited; whoever keeps the connection says how long it may idle."""
    line = Line()
    line.ask()
    line.wire.deliver(HEAD, b"hello")
    line.advance(1000)
    assert not line.wire.lost
    line.connection.deadline = line.clock.seconds() + 60
    line.advance(59.75)
    assert not line.wire.lost
    line.advance(0.25)
    assert line.wire.lost
    assert not line.wire.was_reset
    assert line.closed == [line.connection]


@pytest.mark.parametrize("response", [b"", b"HTTP/1.1 102 X\r\n\r\n", HEAD])
def test_total(response: bytes) -> None:
    """Everything has to be over by the limit, whatever phase it finds."""
    line = Line()
    answer = line.ask(limit=15.0, patience=Patience(response=None, idle=None))
    if response:
        line.wire.deliver(response)
    line.advance(14.75)
    assert not line.wire.lost
    line.advance(0.25)
    assert failed_with(line.ended if response is HEAD else answer) is TOTAL_TIMEOUT
    assert line.wire.was_reset


def test_total_comes_first() -> None:
    """The shorter of two bounds counts, and gives its name."""
    line = Line()
    answer = line.ask(limit=5.0)
    line.advance(5)
    assert failed_with(answer) is TOTAL_TIMEOUT
    line = Line()
    answer = line.ask(limit=50.0)
    line.advance(10)
    assert failed_with(answer) is RESPONSE_TIMEOUT


def test_no_bounds() -> None:
    """Without bounds a service may take for ever."""
    line = Line()
    line.ask(patience=Patience(None, None, None))
    line.advance(500)
    line.wire.deliver(HEAD)
    line.advance(500)
    line.wire.deliver(b"hello")
    result_of(line.ended)


def test_slow_client() -> None:
    """While the client is full the service is not read and not blamed; its time begins anew with the reading."""
    line = Line()
    line.ask()
    line.wire.deliver(HEAD)
    line.connection.pause()
    line.wire.deliver(b"he")
    assert not line.wire.reading
    assert line.taker.data == b""
    line.advance(500)
    assert not line.ended.done
    line.connection.resume()
    line.wire.turn()
    assert line.taker.data == b"he"
    line.advance(19.75)
    assert not line.ended.done
    line.advance(0.25)
    assert failed_with(line.ended) is IDLE_TIMEOUT


def test_slow_client_has_the_total() -> None:
    """A client that reads slowly does not lift the limit of the whole."""
    line = Line()
    line.ask(limit=30.0)
    line.wire.deliver(HEAD)
    line.connection.pause()
    line.advance(30)
    assert failed_with(line.ended) is TOTAL_TIMEOUT


def test_paused_at_the_end() -> None:
    """An answer that ends while its client is full leaves the connection reading, for the next."""
    line = Line()
    line.ask()
    line.wire.deliver(HEAD)
    taken = line.taker.write

    def full(data: bytes) -> None:
        taken(data)
        line.connection.pause()

    line.taker.write = full  # type: ignore[method-assign]
    line.wire.deliver(b"hello")
    result_of(line.ended)
    assert line.wire.reading
    line.advance(1000)
    assert line.connection.reusable
    line.wire.finish()
    assert line.closed == [line.connection]


def test_resuming_what_is_closed() -> None:
    """A client that reads on after the service is gone resumes nothing."""
    line = Line()
    line.ask()
    line.wire.deliver(HEAD)
    line.connection.pause()
    line.wire.reset()
    line.connection.resume()
    assert not line.wire.reading
    line.advance(100)


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
    assert line.client.holds & ~UNWANTED == SINK_FULL  # the channel releases it, as the body is complete
    line.client.holds = 0
    line.wire.deliver(OK)
    assert line.connection.reusable
    second = line.upload(10)
    line.ask(ASK, body=second)
    second.feed(b"x")
    assert line.client.holds == SINK_FULL
    line.wire.read_on()
    assert line.client.holds == 0
