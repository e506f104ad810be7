"""Every wait has an end: slow clients get 408 or the door, slow services 504, and the others are not held up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness import (
    Client,
    Ended,
    GatewayProcess,
    RecordingUpstream,
    Request,
    UpstreamConnection,
    raw,
    refusing_port,
    silent_port,
)

from .checks import check_problem, fresh
from .world import get, route, service, world

SHORT = "300ms"


@pytest.fixture(scope="module")
def gateway(upstream: RecordingUpstream) -> Iterator[GatewayProcess]:
    """A gateway with short patience on every side."""
    timeouts = {"request_head": SHORT, "request_body": SHORT, "keepalive": SHORT, "send": SHORT}
    with refusing_port() as nobody, silent_port() as silent:
        services = {
            "main": service(upstream),
            "connect": service(f"http://{silent}", connect=SHORT),
            "refused": service(f"http://{nobody}"),
            "response": service(upstream, response=SHORT),
            "idle": service(upstream, idle=SHORT),
            "total": service(upstream, total=SHORT),
            "tunnel": service(upstream, tunnel=SHORT),
        }
        routes = [route(name, f"/{name}/**", name) for name in services]
        routes.append(route("patient", "/response/patient", "response", timeouts={"response": "30s"}))
        with GatewayProcess(world(upstream, timeouts=timeouts, services=services, routes=routes)) as process:
            yield process


def silence(connection: UpstreamConnection, request: Request) -> None:
    """Never answers."""
    connection.wait_end()


@pytest.mark.parametrize(
    "beginning",
    [b"G", b"GET /main/x HTTP/1.1\r\nHost: gw.test\r\n", b"GET /main/x HTTP/1.1\r\nHost: gw.test\r\nX-A: b"],
    ids=["one-byte", "field", "half-field"],
)
def test_slow_head(beginning: bytes, gateway: GatewayProcess) -> None:
    """A head that does not end in time is answered 408, and the connection closed."""
    with Client(gateway.address) as client:
        client.send(beginning)
        check_problem(client.response(), (408,))
        assert client.ending() in ("closed", "reset")


def test_trickled_head(gateway: GatewayProcess) -> None:
    """The time is for the whole head: a byte now and then does not extend it (slowloris)."""
    with Client(gateway.address) as client:
        client.send(b"GET /main/x HTTP/1.1\r\nHost: gw.test\r\n")
        client.sock.settimeout(0.05)
        for _ in range(200):
            try:
                client.send(b"X-A: b\r\n")
                if client.reader.fill():
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        client.sock.settimeout(5)
        check_problem(client.response(), (408,))


def test_silent_connection(gateway: GatewayProcess) -> None:
    """A connection on which nothing is ever sent is closed; there is nothing to answer."""
    conversation = raw(gateway.address, b"")
    assert conversation.end in ("closed", "reset")
    for response in conversation.responses:
        check_problem(response, (408,))


def test_idle_connection(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A kept-alive connection that stays idle is closed without a word."""
    with Client(gateway.address) as client:
        assert client.ask(get(b"/main/x")).status == 200
        assert client.ending() == "closed"


@pytest.mark.parametrize("framing", [b"Content-Length: 100", b"Transfer-Encoding: chunked"])
def test_slow_body(framing: bytes, gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A body that stops arriving is answered 408, and the request to the service aborted."""
    path = b"/main/" + fresh()
    with Client(gateway.address) as client:
        client.send(get(path, framing, method=b"POST") + b"5\r\nhello\r\n")
        check_problem(client.response(), (408,))
        assert client.ending() in ("closed", "reset")
    for request in upstream.requests(path):
        assert not request.complete
        connection = upstream.connection_of(request)
        upstream.wait_for(lambda c=connection: c.ended is not None)  # type: ignore[misc]


def test_client_that_does_not_read(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A client that leaves its answer unread is cut off, and the service's connection ends."""
    path = b"/main/" + fresh()

    def pours(connection: UpstreamConnection, request: Request) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 268435456\r\n\r\n")
        for _ in range(256):
            if not connection.closed:
                connection.send(b"a" * (1 << 20))

    upstream.on(path, pours)
    with Client(gateway.address, receive_buffer=65536) as client:
        client.send(get(path))
        upstream.wait_for(lambda: len(upstream.requests(path)) == 1)
        connection = upstream.connection_of(upstream.requests(path)[0])
        upstream.wait_for(lambda: connection.closed, why="the end of the service's connection")


@pytest.mark.parametrize(
    ("path", "status", "slug"),
    [
        (b"/connect/x", 504, "connect-timeout"),
        (b"/refused/x", 502, "connect-failed"),
        (b"/response/x", 504, "response-timeout"),
        (b"/total/x", 504, "total-timeout"),
    ],
)
@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_slow_service(
    path: bytes, status: int, slug: str, method: bytes, gateway: GatewayProcess, upstream: RecordingUpstream
) -> None:
    """Each stage has its own limit, status and reason, and the client's connection stays usable where it can."""
    upstream.on(path, silence)
    with Client(gateway.address) as client:
        answer = client.ask(get(path, method=method, body=b"x" if method == b"POST" else b""))
        assert check_problem(answer, (status,)) == slug
        if answer.get(b"connection") is None:
            assert client.ask(get(b"/main/after")).status == 200
    for request in upstream.requests(path):
        connection = upstream.connection_of(request)
        upstream.wait_for(lambda c=connection: c.ended is not None)  # type: ignore[misc]


@pytest.mark.parametrize("name", [b"idle", b"total"])
@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
def test_service_that_stops_in_the_middle(
    name: bytes, version: bytes, gateway: GatewayProcess, upstream: RecordingUpstream
) -> None:
    """An answer that stops coming is aborted; it never looks whole."""
    path = b"/" + name + b"/" + fresh()

    def stops(connection: UpstreamConnection, request: Request) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        connection.wait_end()

    upstream.on(path, stops)
    with Client(gateway.address) as client:
        client.send(get(path, version=version))
        start = client.start()
        assert start.status == 200
        with pytest.raises((Ended, ConnectionError)):
            list(client.reader.pieces(start.framing))


def test_idle_tunnel(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A tunnel on which nothing moves is closed on both sides."""
    path = b"/tunnel/" + fresh()

    def switch(connection: UpstreamConnection, request: Request) -> None:
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n")
        connection.wait_end()

    upstream.on(path, switch)
    with Client(gateway.address) as client:
        client.send(get(path, b"Connection: Upgrade", b"Upgrade: foo"))
        assert client.start().status == 101
        assert client.ending() in ("closed", "reset")
    connection = upstream.connection_of(upstream.requests(path)[0])
    upstream.wait_for(lambda: connection.ended is not None)


def test_route_overrides_its_service(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A route's own limit stands instead of its service's."""
    release = upstream.event()
    with Client(gateway.address) as other, Client(gateway.address) as client:

        def waits(connection: UpstreamConnection, request: Request) -> None:
            connection.wait_for(release)
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        upstream.on(b"/response/patient", waits)
        client.send(get(b"/response/patient"))
        upstream.on(b"/response/other", silence)
        check_problem(other.ask(get(b"/response/other")), (504,))
        release.set()
        assert client.response().status == 200
