"""The harness itself: what it records, what it reads, and that it is strict where a polite library is not."""

from __future__ import annotations

import pytest

from tests.harness import (
    ByteReader,
    Client,
    Framing,
    Garbled,
    RecordingUpstream,
    Request,
    UpstreamConnection,
    raw,
    read_all,
    refusing_port,
)

GET = b"GET /a HTTP/1.1\r\nHost: a.test\r\n\r\n"


def reader(*pieces: bytes) -> ByteReader:
    """A reader over these pieces."""
    left = list(pieces)
    return ByteReader(lambda: left.pop(0) if left else b"")


def test_records_every_byte_and_answers() -> None:
    """A request reaches the record byte for byte and is echoed."""
    with RecordingUpstream() as upstream, Client(upstream.address) as client:
        answer = client.ask(GET[:-2] + b"Content-Length: 3\r\n\r\nabc")
        assert (answer.status, answer.body, answer.complete) == (200, b"abc", True)
        assert upstream.connections[0].received == GET[:-2] + b"Content-Length: 3\r\n\r\nabc"
        assert upstream.wait_request(b"/a").body == b"abc"
        assert upstream.garbled == []


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET http://a.test/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX-A: b\nX-B: c\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
    ],
)
def test_notices_dirty_requests(request_bytes: bytes) -> None:
    """What a gateway must never forward is noted as garbled."""
    with RecordingUpstream() as upstream:
        conversation = raw(upstream.address, request_bytes)
        assert conversation.received == b""
        upstream.wait_for(lambda: bool(upstream.connections and upstream.connections[0].garbled))


def test_tells_how_the_gateway_left() -> None:
    """An aborted upload is told from a complete one, and a RST from a FIN."""
    with RecordingUpstream() as upstream:
        with Client(upstream.address) as client:
            client.send(GET[:-2] + b"Content-Length: 5\r\n\r\nab")
            upstream.wait_for(lambda: any(r.body == b"ab" for r in upstream.requests()))
        upstream.wait_for(lambda: upstream.connections[0].ended == "eof")
        assert not upstream.requests()[0].complete
        second = Client(upstream.address)
        second.send(GET)
        assert second.response().status == 200
        second.reset()
        upstream.wait_for(lambda: len(upstream.connections) == 2 and upstream.connections[1].ended == "reset")


def test_scripts_stall_close_and_reset() -> None:
    """A script may wait for an event, end the connection cleanly, or abort it."""
    with RecordingUpstream() as upstream:
        go_on = upstream.event()

        def stalled(connection: UpstreamConnection, request: Request) -> None:
            connection.wait_for(go_on)
            connection.send_each(b"HTTP/1.0 200 OK\r\n\r\ndone")
            connection.close()

        upstream.on(b"/stall", stalled)
        upstream.on(b"/reset", lambda connection, request: connection.reset())
        with Client(upstream.address) as client:
            client.send(GET.replace(b"/a", b"/stall"))
            go_on.set()
            assert client.response().body == b"done"
            assert client.ending() == "closed"
        assert raw(upstream.address, GET.replace(b"/a", b"/reset")).end == "reset"


def test_raw_reports_everything_and_the_end() -> None:
    """Pipelined answers come back together; without a close the end is open."""
    with RecordingUpstream() as upstream:
        conversation = raw(upstream.address, [GET, GET], wanted=2)
        assert [r.status for r in conversation.responses] == [200, 200]
        assert conversation.end == "open"
        assert raw(upstream.address, GET, timeout=0.05).end == "open"


def test_truncated_bodies_are_incomplete() -> None:
    """A body shorter than announced is never taken for a whole one."""
    short = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    assert [(r.body, r.complete) for data in (short, chunked) for r in read_all(data)] == [(b"abc", False)] * 2


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 1\r\n\r\na",
        b"HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 1\r\n\r\na",
        b"HTTP/1.1 204 No\r\nContent-Length: 1\r\n\r\na",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\n\r\n",
    ],
)
def test_dirty_responses_are_garbled(data: bytes) -> None:
    """A response that is not exactly valid fails the test that reads it."""
    with pytest.raises(Garbled):
        list(read_all(data))


def test_reads_the_same_byte_by_byte() -> None:
    """Heads, chunks and trailers do not depend on how the bytes arrive."""
    data = b"X / HTTP/1.1\r\nA: b\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: v\r\n\r\n"
    for source in (reader(data), reader(*(data[at : at + 1] for at in range(len(data))))):
        head = source.head()
        assert head is not None
        assert head.get(b"a") == b"b"
        assert b"".join(source.pieces(Framing("chunked"))) == b"abc"
        assert source.trailers == ((b"t", b"v"),)


def test_a_refusing_port_refuses() -> None:
    """The address is reserved and nobody answers there."""
    with refusing_port() as address, pytest.raises(ConnectionRefusedError):
        Client(address)
