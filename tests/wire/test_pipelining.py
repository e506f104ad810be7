"""One connection, many requests: kept alive, answered in order, ended when it should be."""

from __future__ import annotations

import pytest

from tests.harness import Client, Ended, GatewayProcess, RecordingUpstream, Request, UpstreamConnection, raw, reply

from .checks import check_problem, fresh
from .world import get


def test_keep_alive_over_many_requests(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A hundred requests share a client connection, and a connection to the service."""
    mark = fresh()
    with Client(gateway.address) as client:
        for n in range(100):
            answer = client.ask(get(b"/" + mark, method=b"POST", body=b"%d" % n))
            assert answer.body == b"%d" % n
    assert len({upstream.connection_of(r).serial for r in upstream.requests(b"/" + mark)}) == 1


def test_pipelined_requests_are_answered_in_order(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Twenty pipelined requests are answered in order although the service takes longer for some."""
    mark = fresh()
    last_seen = upstream.event()

    def slow_first(connection: UpstreamConnection, request: Request) -> None:
        body = connection.read_body(request)
        if body == b"0":
            connection.wait_for(last_seen)
        connection.send(reply(body))

    upstream.on(b"/" + mark, slow_first)
    with Client(gateway.address) as client:
        client.send(b"".join(get(b"/" + mark, method=b"POST", body=b"%d" % n) for n in range(20)))
        upstream.wait_for(lambda: bool(upstream.requests(b"/" + mark)))
        last_seen.set()
        assert [client.response().body for _ in range(20)] == [b"%d" % n for n in range(20)]


@pytest.mark.parametrize("bytewise", [False, True])
def test_pipelined_mixture(bytewise: bool, gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Bodies of both framings, HEAD, a 404-like answer and 204 in one flight stay apart."""
    mark = fresh()
    path = b"/" + mark
    upstream.on(path + b"/204", b"HTTP/1.1 204 No Content\r\n\r\n")
    upstream.on(path + b"/404", reply(b"not here", status=b"404 Not Found"))
    flight = (
        get(path, method=b"POST", body=b"GET /smuggled HTTP/1.1\r\n\r\n"),
        get(path, b"Transfer-Encoding: chunked", method=b"POST") + b"3\r\nabc\r\n0\r\n\r\n",
        get(path, method=b"HEAD"),
        get(path + b"/204"),
        get(path + b"/404"),
        get(path, b"Connection: close"),
    )
    data = b"".join(flight)
    pieces = [data[at : at + 1] for at in range(len(data))] if bytewise else data
    methods = (b"POST", b"POST", b"HEAD", b"GET", b"GET", b"GET")
    conversation = raw(gateway.address, pieces, methods=methods)
    seen = [(r.status, r.body) for r in conversation.responses]
    assert seen == [
        (200, b"GET /smuggled HTTP/1.1\r\n\r\n"),
        (200, b"abc"),
        (200, b""),
        (204, b""),
        (404, b"not here"),
        (200, b"ok"),
    ]
    assert conversation.end == "closed"
    assert len([r for r in upstream.requests() if mark in r.target]) == 6


def test_nothing_is_served_behind_close(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """What follows a request with `Connection: close` is not read as a request (RFC 9112 section 9.6)."""
    mark = fresh()
    conversation = raw(gateway.address, get(b"/a-" + mark, b"Connection: close") + get(b"/b-" + mark))
    assert len(conversation.responses) == 1
    assert conversation.end in ("closed", "reset")
    assert upstream.requests(b"/b-" + mark) == []


def test_a_bad_request_ends_the_pipeline(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Requests before a malformed one are answered, it is refused, and nothing behind it is served."""
    mark = fresh()
    bad = b"GET /bad-" + mark + b" HTTP/1.1\r\nHost: gw.test\r\nBad Name: x\r\n\r\n"
    conversation = raw(gateway.address, get(b"/a-" + mark) + bad + get(b"/b-" + mark))
    assert [r.status for r in conversation.responses] == [200, 400]
    check_problem(conversation.responses[1], (400,))
    assert conversation.end in ("closed", "reset")
    assert upstream.carrying(b"/b-" + mark) == []
    assert upstream.carrying(b"/bad-" + mark) == []


def test_half_closed_client_gets_all_or_nothing(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A FIN behind a request may be taken for a hang-up, but what is answered is answered whole."""
    with Client(gateway.address) as client:
        client.send(get(b"/half"))
        client.finish()
        try:
            answer = client.response()
        except Ended:
            return
        assert (answer.status, answer.body, answer.complete) == (200, b"ok", True)
        assert client.ending() == "closed"


def test_http_1_0_keep_alive_is_answered(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """An HTTP/1.0 client that asks for it keeps its connection, and is told so (RFC 9112 appendix C.2.2)."""
    with Client(gateway.address) as client:
        first = client.ask(get(b"/old", b"Connection: keep-alive", version=b"HTTP/1.0"))
        assert (first.get(b"connection") or b"").lower() == b"keep-alive"
        assert client.ask(get(b"/old", version=b"HTTP/1.0")).status == 200
        assert client.ending() == "closed"


def test_head_has_the_length_and_no_body(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """HEAD is answered with the service's Content-Length and no bytes behind the head."""
    with Client(gateway.address) as client:
        answer = client.ask(get(b"/head", method=b"HEAD"), b"HEAD")
        assert (answer.status, answer.get(b"content-length")) == (200, b"2")
        assert client.ask(get(b"/after-head")).body == b"ok"
