"""Bodies flow as they come, both ways at once; whoever leaves is noticed by the other side."""

from __future__ import annotations

import pytest

from tests.harness import Client, Ended, GatewayProcess, RecordingUpstream, Request, UpstreamConnection, reply

from .checks import fresh
from .world import get

CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    """One chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def test_events_come_one_by_one(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Each server-sent event reaches the client before the next one exists."""
    path = b"/" + fresh()
    seen = [upstream.event() for _ in range(5)]

    def events(connection: UpstreamConnection, request: Request) -> None:
        connection.send(CHUNKED)
        for n, event in enumerate(seen):
            connection.send(chunk(b"data: %d\n\n" % n))
            connection.wait_for(event)
        connection.send(b"0\r\n\r\n")

    upstream.on(path, events)
    with Client(gateway.address) as client:
        client.send(get(path, b"Accept: text/event-stream"))
        start = client.start()
        assert start.head.get(b"content-type") == b"text/event-stream"
        pieces = client.reader.pieces(start.framing)
        for n, event in enumerate(seen):
            assert next(pieces) == b"data: %d\n\n" % n
            event.set()
        assert list(pieces) == []
        assert client.ask(get(b"/after-events")).status == 200


def test_answer_streams_while_the_upload_runs(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """The service may answer piece by piece while the client still sends: what goes up comes down at once."""
    path = b"/" + fresh()

    def mirror(connection: UpstreamConnection, request: Request) -> None:
        connection.send(CHUNKED)
        for piece in connection.pieces(request):
            connection.send(chunk(piece))
        connection.send(b"0\r\n\r\n")

    upstream.on(path, mirror)
    with Client(gateway.address) as client:
        client.send(get(path, b"Transfer-Encoding: chunked", method=b"POST"))
        pieces = client.reader.pieces(client.start().framing)
        for n in range(5):
            client.send(chunk(b"piece %d" % n))
            assert next(pieces) == b"piece %d" % n
        client.send(b"0\r\n\r\n")
        assert list(pieces) == []


@pytest.mark.parametrize("close", [False, True])
def test_early_answer(close: bool, gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A whole answer before the upload ended reaches the client at once; the rest is never taken for a request."""
    mark = fresh()
    path = b"/" + mark

    def early(connection: UpstreamConnection, request: Request) -> None:
        connection.send(reply(b"enough", *([b"Connection: close"] if close else []), status=b"403 Forbidden"))
        if close:
            connection.close()
        else:
            connection.wait_end()

    upstream.on(path, early)
    rest = get(b"/smuggled-" + mark)
    with Client(gateway.address) as client:
        client.send(get(path, b"Content-Length: %d" % (5 + len(rest)), method=b"POST") + b"hello")
        answer = client.response()
        assert (answer.status, answer.body, answer.complete) == (403, b"enough", True)
        client.send(rest)
        client.finish()
        assert client.ending() in ("closed", "reset")
    assert upstream.requests(b"/smuggled-" + mark) == []


def test_trailers_both_ways(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Trailers may be forwarded or dropped, and never become header fields."""
    path = b"/" + fresh()

    def trailing(connection: UpstreamConnection, request: Request) -> None:
        body = connection.read_body(request)
        connection.send(CHUNKED + chunk(body) + b"0\r\nX-Down: 1\r\n\r\n")

    upstream.on(path, trailing)
    with Client(gateway.address) as client:
        head = get(path, b"TE: trailers", b"Trailer: X-Up", b"Transfer-Encoding: chunked", method=b"POST")
        answer = client.ask(head + chunk(b"hello") + b"0\r\nX-Up: 1\r\n\r\n")
    request = upstream.wait_request(path)
    assert (bytes(request.body), answer.body) == (b"hello", b"hello")
    assert request.trailers in ((), ((b"x-up", b"1"),))
    assert answer.trailers in ((), ((b"x-down", b"1"),))
    assert request.get(b"x-up") is None
    assert answer.get(b"x-down") is None


def test_early_hints_are_relayed(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A 103 reaches the client before the final answer exists (RFC 9110 section 15.2, RFC 8297)."""
    path = b"/" + fresh()
    hinted = upstream.event()

    def hints(connection: UpstreamConnection, request: Request) -> None:
        connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")
        connection.wait_for(hinted)
        connection.send(reply())

    upstream.on(path, hints)
    with Client(gateway.address) as client:
        client.send(get(path))
        interim = client.interim()
        assert interim.status == 103
        assert interim.head.get(b"link") == b"</style.css>; rel=preload"
        hinted.set()
        assert client.response().status == 200


def test_http_1_0_clients_get_no_interim_answers(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """HTTP/1.0 knows no 1xx (RFC 9110 section 15.2), so they are kept from such a client."""
    path = b"/" + fresh()
    upstream.on(path, b"HTTP/1.1 103 Early Hints\r\n\r\n" + reply())
    with Client(gateway.address) as client:
        answer = client.ask(get(path, version=b"HTTP/1.0"))
        assert (answer.status, answer.interim) == (200, ())


@pytest.mark.parametrize("reset", [False, True], ids=["fin", "rst"])
@pytest.mark.parametrize("when", ["before-head", "in-body", "in-upload"])
def test_client_that_leaves_is_noticed(
    when: str, reset: bool, gateway: GatewayProcess, upstream: RecordingUpstream
) -> None:
    """When the client goes, the service's connection ends at once, whatever state the exchange is in."""
    path = b"/" + fresh()

    def holds(connection: UpstreamConnection, request: Request) -> None:
        if when == "in-body":
            connection.send(CHUNKED + chunk(b"first"))
        connection.wait_end()

    upstream.on(path, holds)
    client = Client(gateway.address)
    if when == "in-upload":
        client.send(get(path, b"Content-Length: 100", method=b"POST") + b"begun")
    else:
        client.send(get(path))
    if when == "in-body":
        assert next(client.reader.pieces(client.start().framing)) == b"first"
    upstream.wait_for(lambda: len(upstream.requests(path)) == 1)
    (request,) = upstream.requests(path)
    if reset:
        client.reset()
    else:
        client.sock.close()
    connection = upstream.connection_of(request)
    upstream.wait_for(lambda: connection.ended is not None, why="the end of the service's connection")


def test_service_that_leaves_is_noticed(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """When the service goes in the middle of its answer, the client's connection is aborted."""
    path = b"/" + fresh()
    seen = upstream.event()

    def breaks(connection: UpstreamConnection, request: Request) -> None:
        connection.send(CHUNKED + chunk(b"first"))
        connection.wait_for(seen)
        connection.reset()

    upstream.on(path, breaks)
    with Client(gateway.address) as client:
        client.send(get(path))
        pieces = client.reader.pieces(client.start().framing)
        assert next(pieces) == b"first"
        seen.set()
        with pytest.raises((Ended, ConnectionError)):
            next(pieces)
