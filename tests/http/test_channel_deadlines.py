"""How long clients may take for each step, at both sides of each bound."""

from __future__ import annotations

import pytest

from gatewayd.core.reasons import BODY_TIMEOUT, CLIENT_STALLED, HEAD_TIMEOUT
from gatewayd.http.deadlines import INTERVAL

from .script import GET, World
from .wire import Wire

POST = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"


def alive(client: Wire) -> bool:
    """Whether the connection is neither closed nor closing."""
    return not (client.lost or client.fin or client.disconnecting)


@pytest.mark.parametrize("offset", [0.0, 0.1, 0.2])
def test_late_by_a_sweep_at_most(offset: float) -> None:
    """A bound is enforced by the first sweep at or behind it: never early, and late by less than a sweep."""
    world = World()
    world.clock.advance(offset)
    client = world.connect()
    world.clock.advance(INTERVAL - offset)
    world.advance(10 - INTERVAL)
    assert alive(client) == (offset > 0)
    world.advance(INTERVAL)
    assert not alive(client)


def test_silent_client() -> None:
    """A client that connects and says nothing is closed without an answer, since it asked nothing."""
    world = World()
    client = world.connect()
    world.advance(9.75)
    assert alive(client)
    world.advance(0.25)
    assert not alive(client)
    assert client.received == b""
    assert client.lost


@pytest.mark.parametrize("beginning", [b"G", GET[:-1], b"\r"])
def test_head(beginning: bytes) -> None:
    """A head has to be complete 10 s after its first byte, however busily its bytes come: 408, and closed."""
    world = World()
    client = world.connect()
    world.advance(5)
    client.deliver(beginning)
    world.advance(9.75)
    assert world.application.refused == []
    world.advance(0.25)
    assert [refused.reason for refused in world.application.refused] == [HEAD_TIMEOUT]
    assert world.rejected == ["slow_header"]
    assert client.received.startswith(b"HTTP/1.1 408")
    client.turn()
    assert client.fin


def test_head_in_drops() -> None:
    """Each byte in time does not extend the time for all of them."""
    world = World()
    client = world.connect()
    for byte in GET[:20]:
        client.deliver(bytes((byte,)))
        world.advance(0.5)
    assert [refused.reason for refused in world.application.refused] == [HEAD_TIMEOUT]


def test_head_just_in_time() -> None:
    """A head that is complete in time has no deadline any more: how long its answer takes is not the client's fault."""
    world = World()
    client = world.connect()
    client.deliver(GET[:5])
    world.advance(9.75)
    client.deliver(GET[5:])
    world.advance(1000)
    assert alive(client)
    world.last.answer()
    assert alive(client)


def test_pipelined_head() -> None:
    """A head whose beginning came behind another request has its time from that one's answer on."""
    world = World()
    client = world.connect()
    client.deliver(GET + GET[:10])
    world.advance(100)
    world.last.answer()
    world.advance(9.75)
    assert world.application.refused == []
    world.advance(0.25)
    assert [refused.reason for refused in world.application.refused] == [HEAD_TIMEOUT]


def test_keepalive() -> None:
    """Between requests a client has 75 s, from the answer's end on, and is closed without a word."""
    world = World()
    client = world.connect()
    for _ in range(2):
        client.deliver(GET)
        world.last.answer()
        world.advance(74.75)
        assert alive(client)
    client.take()
    world.advance(0.25)
    assert client.lost
    assert client.fin
    assert client.received == b""


@pytest.mark.parametrize("accepted", [False, True])
def test_body(accepted: bool) -> None:
    """A body has to move every 30 s, wanted or not; else 408."""
    world = World()
    client = world.connect()
    client.deliver(POST)
    if accepted:
        world.last.accept()
    for _ in range(3):
        world.advance(29.75)
        client.deliver(b"x")
    world.advance(29.75)
    assert world.last.failed is None
    world.advance(0.25)
    assert world.last.failed is not None
    assert world.last.failed.reason is BODY_TIMEOUT
    assert client.received.startswith(b"HTTP/1.1 408")
    assert client.fin


def test_body_that_is_held() -> None:
    """A client that we do not read is not to blame; its time begins anew when we do."""
    world = World()
    client = world.connect()
    client.deliver(POST)
    world.last.accept()
    world.last.body.hold()
    world.advance(1000)
    assert world.last.failed is None
    world.last.body.release()
    world.advance(29.75)
    assert world.last.failed is None
    world.advance(0.25)
    assert world.last.failed is not None


def test_body_that_is_complete() -> None:
    """Once the body is there, nothing more is awaited from the client."""
    world = World()
    client = world.connect()
    client.deliver(POST.replace(b"100000", b"3") + b"abc")
    world.advance(1000)
    assert alive(client)
    assert world.last.failed is None


def test_discarded_body() -> None:
    """The rest of a body nobody wants has to come in time as well; there is nobody left to tell."""
    world = World()
    client = world.connect()
    client.deliver(POST.replace(b"100000", b"10"))
    world.last.answer()
    client.take()
    world.advance(29.75)
    assert alive(client)
    world.advance(0.25)
    assert client.fin
    assert client.received == b""


def test_unread_answer() -> None:
    """A client that leaves its answer unread for 20 s is reset, its request cancelled as stalled."""
    world = World()
    client = world.connect()
    client.deliver(GET)
    client.stall()
    world.last.begin(200_000)
    world.last.channel.writer.write(b"x" * 100_000)
    world.advance(19.75)
    assert world.last.cancelled is None
    world.advance(0.25)
    assert world.last.cancelled is CLIENT_STALLED
    assert client.was_reset
    assert world.census.total == 0


def test_unread_answer_between_requests() -> None:
    """So is one that reads nothing after its answer is written."""
    world = World()
    client = world.connect()
    client.deliver(GET)
    client.stall()
    world.last.answer(b"x" * 100_000)
    world.advance(19.75)
    assert not client.was_reset
    world.advance(0.25)
    assert client.was_reset


def test_answer_read_in_time() -> None:
    """A client that catches up has no deadline for its answer any more."""
    world = World()
    client = world.connect()
    client.deliver(GET)
    client.stall()
    world.last.begin(200_000)
    world.last.channel.writer.write(b"x" * 100_000)
    world.advance(19.75)
    client.read_on()
    world.advance(1000)
    assert world.last.cancelled is None
    assert alive(client)


def test_unread_answer_of_a_client_that_closes() -> None:
    """A last answer has 20 s to be read; then the connection is reset whatever is left."""
    world = World()
    client = world.connect()
    client.deliver(GET)
    client.stall()
    world.last.answer(b"x" * 100_000, keep_alive=False)
    world.advance(19.75)
    assert not client.was_reset
    world.advance(0.25)
    assert client.was_reset
