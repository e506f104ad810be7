"""Connections to services: how long they may take, and how fast bytes flow each way."""

from __future__ import annotations

from typing import Any

import pytest

from gatewayd.core.reasons import IDLE_TIMEOUT, RESPONSE_TIMEOUT, TOTAL_TIMEOUT, Refused
from gatewayd.core.slot import Slot
from gatewayd.http.deadlines import NEVER

from .service import ASK, OK, SWITCH, Line, Patience, result_of

HEAD = OK[:-5]
POST = b"POST / HTTP/1.1\r\nHost: a\r\n\r\n"


def failed_with(slot: Slot[Any]) -> object:
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


def test_extended() -> None:
    """What bounds the wait for the head need not bound the body, which has the limit it is given then."""
    for relayed_at_once in (True, False):
        line = Line()
        answer = line.send(limit=5.0, patience=Patience(response=None, idle=None))
        line.advance(4.75)
        line.wire.deliver(HEAD)
        assert result_of(answer).status == 200
        line.connection.extend(20.0)
        if not relayed_at_once:
            line.advance(15)  # nobody takes the body yet
        ended = line.connection.relay(line.taker)
        line.advance(20 - 0.25 - line.clock.seconds())
        assert not ended.done
        line.advance(0.25)
        assert failed_with(ended) is TOTAL_TIMEOUT


def test_extended_and_nobody_takes_it() -> None:
    """The new limit counts from the head on, whoever takes the body when."""
    line = Line()
    line.send(limit=5.0)
    line.wire.deliver(HEAD)
    line.connection.extend(20.0)
    line.advance(19.75)
    assert not line.wire.lost
    line.advance(0.25)
    assert line.wire.was_reset


@pytest.mark.parametrize("answer", [OK, SWITCH])
def test_nothing_to_extend(answer: bytes) -> None:
    """An exchange that ended with its head has no limit any more, and a tunnel never had one."""
    line = Line()
    line.send(ASK, limit=5.0, upgrade=b"websocket", patience=Patience(tunnel=None))
    line.wire.deliver(answer)
    line.connection.extend(20.0)
    assert line.connection.deadline == NEVER
    if answer is SWITCH:
        line.connection.tunnel(line.upload(0), line.taker)
    line.advance(50)
    assert not line.wire.lost


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
