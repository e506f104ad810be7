"""Server-Sent Events of the notification service."""

from __future__ import annotations

import re

from tests.demo.pipe import Pipe

PATH = "/api/v1/notifications/stream"


def _ids(data: bytes) -> list[int]:
    """The event ids in a piece of a stream."""
    return [int(found) for found in re.findall(rb"^id: (\d+)$", data, re.MULTILINE)]


def test_an_event_comes_at_once_and_then_every_half_second() -> None:
    """Typed as an event stream, each event with id, name and JSON."""
    pipe = Pipe("notification")
    reply = pipe.ask("GET", PATH)
    assert reply.headers["content-type"] == "text/event-stream"
    assert _ids(reply.body) == [1]
    assert b'event: notification\ndata: {"id": 1, ' in reply.body
    pipe.clock.advance(0.499)
    assert pipe.take() == b""
    pipe.clock.advance(0.001)
    assert _ids(pipe.take()) == [2]


def test_a_heartbeat_is_a_comment() -> None:
    """After every tenth event."""
    pipe = Pipe("notification")
    pipe.send("GET", PATH)
    pipe.clock.pump([0.5] * 19)
    data = pipe.take()
    assert _ids(data) == list(range(1, 21))
    assert data.count(b": heartbeat\n\n") == 2


def test_a_stream_goes_on_where_the_client_left() -> None:
    """Last-Event-ID is honoured; what is no number counts as none."""
    assert _ids(Pipe("notification").ask("GET", PATH, last_event_id="41").body) == [42]
    assert _ids(Pipe("notification").ask("GET", PATH, last_event_id="x").body) == [1]


def test_a_stream_ends_at_its_limit() -> None:
    """The connection stays usable."""
    pipe = Pipe("notification")
    pipe.send("GET", PATH + "?limit=2")
    pipe.clock.advance(0.5)
    assert pipe.take().endswith(b"0\r\n\r\n")
    pipe.clock.advance(5)
    assert pipe.take() == b""
    assert pipe.ask("GET", "/api/v1/notifications/1").status == 200


def test_a_client_that_does_not_read_misses_events() -> None:
    """They are not kept for it."""
    pipe = Pipe("notification")
    pipe.send("GET", PATH)
    pipe.take()
    pipe.fill_buffer()
    pipe.clock.pump([0.5] * 5)
    assert pipe.take() == b""
    pipe.drain_buffer()
    pipe.clock.advance(0.5)
    assert _ids(pipe.take()) == [2]


def test_a_client_that_went_is_forgotten() -> None:
    """Nothing ticks on."""
    pipe = Pipe("notification")
    pipe.send("GET", PATH)
    pipe.hang_up()
    assert pipe.clock.getDelayedCalls() == []


def test_head_does_not_stream() -> None:
    """It tells the type and ends."""
    pipe = Pipe("notification")
    reply = pipe.ask("HEAD", PATH)
    assert (reply.status, reply.headers["content-type"], reply.body) == (200, "text/event-stream", b"")
    assert pipe.ask("GET", "/api/v1/notifications/1").status == 200
