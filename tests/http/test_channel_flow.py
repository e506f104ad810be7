"""Back-pressure: a sink that is full stops the client, a client that does not read stops everything else."""

from __future__ import annotations

import pytest

from .script import GET, Bounds, ScriptedExchange, Sink, World, channel_of

POST = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"


class FullSink(Sink):
    """Is full after every piece."""

    def __init__(self, exchange: ScriptedExchange) -> None:
        super().__init__()
        self._exchange = exchange

    def body_data(self, data: bytes) -> None:
        """Take it, and no more."""
        super().body_data(data)
        self._exchange.body.hold()


class Recorder:
    """Where an answer comes from: notes when it is told to pause and to go on."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def pause(self) -> None:
        """Note it."""
        self.calls.append("pause")

    def resume(self) -> None:
        """Note it."""
        self.calls.append("resume")


def test_full_sink_stops_the_client() -> None:
    """A client whose body finds its sink full is not read until the sink takes data again."""
    world = World()
    client = world.connect()
    client.deliver(POST)
    exchange = world.last
    exchange.sink = FullSink(exchange)
    exchange.accept()
    client.deliver(b"1" * 1000)
    assert not client.reading
    client.deliver(b"2" * 1000)
    assert len(exchange.sink.data) == 1000
    exchange.body.release()
    client.turn()
    assert len(exchange.sink.data) == 2000
    assert not client.reading


def test_full_sink_at_the_end_of_its_body() -> None:
    """A sink that is full with the last of its body has no reason to release: the client is read on all the same."""
    world = World()
    client = world.connect()
    client.deliver(POST.replace(b"100000", b"5"))
    exchange = world.last
    exchange.sink = FullSink(exchange)
    exchange.accept()
    client.deliver(b"hello")
    assert exchange.sink.trailers == b""
    assert client.reading
    exchange.answer()
    client.deliver(GET)
    assert len(world.exchanges) == 2


@pytest.mark.parametrize("accepted", [False, True])
def test_answered_while_held(accepted: bool) -> None:
    """An answer while the client is held leaves it free: to send its next request, or to be heard out."""
    for length in (b"60000", b"1000000"):
        world = World()
        client = world.connect()
        client.deliver(POST.replace(b"100000", length))
        exchange = world.last
        if accepted:
            exchange.sink = FullSink(exchange)
            exchange.accept()
        client.deliver(b"x" * 1000)
        exchange.body.hold()
        assert not client.reading
        if accepted:
            exchange.body.detach()
        exchange.answer()
        assert client.reading
        client.deliver(b"x" * 59_000 + GET)
        assert len(world.exchanges) == (2 if length == b"60000" else 1)


def test_body_without_a_sink_is_bounded() -> None:
    """While nobody takes a body, 64 KiB of it are kept and then the client is stopped."""
    world = World()
    client = world.connect()
    client.deliver(POST)
    for _ in range(10):
        client.deliver(b"x" * 10_000)
    assert not client.reading
    assert 65536 < world.last.body.received <= 75536
    world.last.accept()
    client.turn()
    assert world.last.sink.data == b"x" * 100_000
    assert client.reading


def test_whole_body_without_a_sink() -> None:
    """A body that is complete holds nobody, wanted or not."""
    world = World()
    client = world.connect()
    client.deliver(POST.replace(b"100000", b"66000"))
    client.deliver(b"x" * 65_999)
    assert not client.reading
    world.last.answer()
    client.deliver(b"x" + GET)
    assert len(world.exchanges) == 2
    assert client.reading


def test_pipelined_requests_are_bounded() -> None:
    """Behind a request in progress 64 KiB are kept, then the client is stopped until its turn has come."""
    world = World(Bounds(requests_per_connection=100_000))
    client = world.connect()
    client.deliver(GET)
    for _ in range(20):
        client.deliver(GET * 200)
    assert not client.reading
    assert len(channel_of(client)._buffer) < 65536 + len(GET) * 200
    count = 1 + 20 * 200
    for _ in range(count):
        world.last.answer()
        client.turn()
    assert len(world.exchanges) == count
    assert client.reading


def test_held_with_a_beginning_only() -> None:
    """A client that is held with a beginning of a head in the buffer is read on for the rest of it."""
    world = World(Bounds(head_size=200_000))
    client = world.connect()
    long = b"GET /long HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 100_000
    client.deliver(GET + long[:50_000], long[50_000:90_000])
    assert not client.reading
    world.last.answer()
    client.deliver(long[90_000:] + b"\r\n\r\n")
    assert world.last.head.path == b"/long"


def test_client_that_does_not_read_pauses_the_source() -> None:
    """Too much unread pauses where the answer comes from; the client reading on resumes it, once each."""
    world = World()
    client = world.connect()
    client.deliver(GET)
    source = Recorder()
    world.last.channel.source = source
    client.stall()
    world.last.begin(200_000)
    for _ in range(4):
        world.last.channel.writer.write(b"x" * 50_000)
    assert source.calls == ["pause"]
    client.read_on()
    assert source.calls == ["pause", "resume"]
    assert len(client.received) > 200_000


def test_blocked_client_begins_nothing() -> None:
    """While a client does not read its answers, no further request of it is begun, and no more than 64 KiB is kept."""
    world = World(Bounds(requests_per_connection=100_000))
    client = world.connect()
    client.stall()
    client.deliver(GET)
    world.last.answer(b"x" * 70_000)
    assert client.unsent > 65536
    for _ in range(20):
        client.deliver(GET * 200)
    assert len(world.exchanges) == 1
    assert not client.reading
    assert len(channel_of(client)._buffer) < 65536 + len(GET) * 200
    client.read_on()
    assert len(world.exchanges) == 2
    for _ in range(20 * 200):
        world.last.answer()
        client.turn()
    assert len(world.exchanges) == 1 + 20 * 200
    assert client.reading


def test_pipelined_answers_stop_when_unread() -> None:
    """Requests answered at once stop being begun as soon as their answers lie unread."""
    world = World(Bounds(requests_per_connection=100_000))

    def answer(exchange: ScriptedExchange) -> None:
        exchange.answer(b"x" * 10_000)

    world.application.script = answer
    client = world.connect()
    client.stall()
    client.deliver(GET * 1000)
    assert len(world.exchanges) == 7
    client.read_on()
    assert len(world.exchanges) == 1000
    assert client.unsent == 0


def test_blocked_with_a_beginning() -> None:
    """A beginning of a request that lies there when the client reads on is waited for as any other."""
    world = World()
    client = world.connect()
    client.stall()
    client.deliver(GET + GET[:10])
    world.last.answer(b"x" * 70_000)
    client.read_on()
    world.advance(9.75)
    assert world.application.refused == []
    client.deliver(GET[10:])
    assert len(world.exchanges) == 2


def test_holding_a_client_that_is_gone() -> None:
    """Holding and releasing after the end does nothing to a transport that is no more."""
    world = World()
    client = world.connect()
    client.deliver(POST)
    exchange = world.last
    exchange.accept()
    exchange.body.hold()
    client.reset()
    client.reading = False
    exchange.body.release()
    assert not client.reading
