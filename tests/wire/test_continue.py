"""`Expect: 100-continue`: the client is told to go on only once somebody wants its body (RFC 9110 section 10.1.1)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness import (
    Client,
    GatewayProcess,
    RecordingUpstream,
    Request,
    UpstreamConnection,
    refusing_port,
    reply,
)

from .checks import check_problem, fresh
from .world import get, route, service, world


@pytest.fixture(scope="module")
def gateway(upstream: RecordingUpstream) -> Iterator[GatewayProcess]:
    """A gateway with a live service, a dead one, and paths that have none."""
    with refusing_port() as nobody:
        services = {"main": service(upstream), "dead": service(f"http://{nobody}")}
        routes = [route("live", "/live/**", "main"), route("dead", "/dead/**", "dead")]
        with GatewayProcess(world(upstream, services=services, routes=routes)) as process:
            yield process


def expecting(path: bytes, *lines: bytes, length: int = 5) -> bytes:
    """A POST whose body waits for permission."""
    return get(path, b"Expect: 100-continue", b"Content-Length: %d" % length, *lines, method=b"POST")


def test_permission_then_answer(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """One 100 comes, then the body is sent, then the final answer; the service gets the body whole."""
    mark = fresh()
    with Client(gateway.address) as client:
        client.send(expecting(b"/live/" + mark))
        interim = client.interim()
        assert interim.status == 100
        answer = client.ask(b"hello")
        assert (answer.status, answer.body, answer.interim) == (200, b"hello", ())
        assert client.ask(get(b"/live/again")).status == 200
    assert upstream.wait_request(b"/live/" + mark).body == b"hello"


def test_permission_for_chunked_bodies(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A chunked body waits for its 100 as well."""
    with Client(gateway.address) as client:
        client.send(get(b"/live/c", b"Expect: 100-continue", b"Transfer-Encoding: chunked", method=b"POST"))
        assert client.interim().status == 100
        assert client.ask(b"5\r\nhello\r\n0\r\n\r\n").body == b"hello"


def test_permission_is_given_once(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A service that says 100 itself does not make the client hear it twice."""
    path = b"/live/" + fresh()

    def says_continue(connection: UpstreamConnection, request: Request) -> None:
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.send(reply(connection.read_body(request)))

    upstream.on(path, says_continue)
    with Client(gateway.address) as client:
        client.send(expecting(path))
        assert client.interim().status == 100
        answer = client.ask(b"hello")
        assert (answer.body, answer.interim) == (b"hello", ())


@pytest.mark.parametrize(
    ("path", "length", "status"),
    [(b"/nowhere", 5, 404), (b"/live/large", 1 << 30, 413), (b"/dead/x", 5, 502)],
    ids=["no-route", "too-large", "dead-service"],
)
def test_refused_without_permission(path: bytes, length: int, status: int, gateway: GatewayProcess) -> None:
    """What cannot be served is refused at once; no 100 comes first, and the unread body ends the connection."""
    with Client(gateway.address) as client:
        client.send(expecting(path, length=length))
        answer = client.response()
        check_problem(answer, (status,))
        assert answer.interim == ()
        assert answer.get(b"connection") == b"close"
        assert client.ending() in ("closed", "reset")


def test_service_may_refuse_without_permission(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A final answer before any body was sent reaches the client at once, and ends the connection."""
    path = b"/live/" + fresh()

    def refuses(connection: UpstreamConnection, request: Request) -> None:
        connection.send(reply(b"no", b"Connection: close", status=b"401 Unauthorized"))
        connection.close()

    upstream.on(path, refuses)
    with Client(gateway.address) as client:
        client.send(expecting(path))
        answer = client.response()
        assert (answer.status, answer.body) == (401, b"no")
        client.finish()
        assert client.ending() in ("closed", "reset")


def test_body_without_permission_is_taken(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A client that does not wait is served all the same."""
    with Client(gateway.address) as client:
        answer = client.ask(expecting(b"/live/eager") + b"hello")
        assert (answer.status, answer.body) == (200, b"hello")
        assert client.ask(get(b"/live/next")).status == 200


def test_http_1_0_expectations_are_ignored(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """An HTTP/1.0 client gets no 100, whatever it expects."""
    request = get(b"/live/old", b"Expect: 100-continue", method=b"POST", body=b"hello", version=b"HTTP/1.0")
    with Client(gateway.address) as client:
        answer = client.ask(request)
        assert (answer.status, answer.body, answer.interim) == (200, b"hello", ())


def test_refused_body_is_not_read_as_a_request(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A body sent anyway behind a refusal is never taken for the next request."""
    mark = fresh()
    inner = get(b"/live/smuggled-" + mark)
    request = get(b"/nowhere", b"Expect: 100-continue", method=b"POST", body=inner)
    with Client(gateway.address) as client:
        check_problem(client.ask(request), (404,))
        assert client.ending() in ("closed", "reset")
    assert upstream.carrying(mark) == []
