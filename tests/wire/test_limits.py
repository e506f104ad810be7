"""How many connections and requests there may be; what is above is refused without touching the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.harness import Client, GatewayProcess, RecordingUpstream, Request, UpstreamConnection, raw, reply

from .checks import check_problem, fresh
from .corpus.cases import chunk
from .world import get, route, service, world


@pytest.fixture(scope="module")
def gateway(upstream: RecordingUpstream) -> Iterator[GatewayProcess]:
    """A gateway with room for six connections, three requests on each, and a service with one connection."""
    limits = {"connections": 6, "requests_per_connection": 3, "body_size": "16KiB"}
    pool = {"connections": 1, "waiters": 1, "wait": "300ms"}
    services = {"main": service(upstream), "narrow": service(upstream, pool=pool)}
    routes = [
        route("all", "/**", "main"),
        route("narrow", "/narrow/**", "narrow"),
        route("large", "/large/**", "main", body_size="unlimited"),
        route("small", "/small/**", "main", body_size="1KiB"),
    ]
    with GatewayProcess(world(upstream, limits=limits, services=services, routes=routes)) as process:
        yield process


def served(gateway: GatewayProcess) -> Client | None:
    """A new connection that was served a request, or None where it was refused."""
    try:
        client = Client(gateway.address)
    except ConnectionResetError:
        return None  # refused before the client had noticed that it was connected
    try:
        client.send(get(b"/"))
        if client.reader.fill():
            assert client.response().status in (200, 503)
            return client
    except OSError:
        client.sock.close()
        return None
    client.sock.close()
    return None


def test_connections_in_all(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Above `connections` new ones are turned away; those there go on, and room made is used again."""
    with ExitStack() as stack:
        clients: list[Client] = []
        while (client := served(gateway)) is not None and len(clients) < 20:
            clients.append(client)
            stack.callback(client.sock.close)
        if client is not None:
            client.sock.close()
        assert len(clients) == 6
        for client in clients:
            assert client.ask(get(b"/")).status == 200
    wait_for_room(gateway)


def wait_for_room(gateway: GatewayProcess) -> None:
    """Returns once the gateway has noticed that clients left."""
    for _ in range(1000):
        if (client := served(gateway)) is not None:
            client.sock.close()
            return
    raise AssertionError("no room is made")


def test_connections_of_one_client(upstream: RecordingUpstream) -> None:
    """Above `connections_per_client` one address is turned away."""
    with GatewayProcess(world(upstream, limits={"connections_per_client": 3})) as gateway, ExitStack() as stack:
        clients: list[Client] = []
        while (client := served(gateway)) is not None and len(clients) < 20:
            clients.append(client)
            stack.callback(client.sock.close)
        if client is not None:
            client.sock.close()
        assert len(clients) == 3


def test_requests_per_connection(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """The last request a connection may carry is answered with `Connection: close`, and it closes."""
    wait_for_room(gateway)
    with Client(gateway.address) as client:
        answers = [client.ask(get(b"/")) for _ in range(3)]
        assert [(a.get(b"connection") or b"").lower() for a in answers] == [b"", b"", b"close"]
        assert client.ending() == "closed"


def test_pipelined_requests_above_the_limit_are_not_served(
    gateway: GatewayProcess, upstream: RecordingUpstream
) -> None:
    """Of a longer pipeline only as many requests are served as a connection may carry."""
    mark = fresh()
    conversation = raw(gateway.address, get(b"/" + mark) * 5)
    assert [r.status for r in conversation.responses] == [200] * 3
    assert conversation.end in ("closed", "reset")
    assert len(upstream.requests(b"/" + mark)) == 3


@pytest.mark.parametrize(("path", "limit"), [(b"/", 16384), (b"/small/", 1024)], ids=["default", "route"])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_body_limit_of_the_route(
    path: bytes, limit: int, chunked: bool, gateway: GatewayProcess, upstream: RecordingUpstream
) -> None:
    """Exactly the limit passes, one byte more is a 413."""
    for size, status in ((limit, 200), (limit + 1, 413)):
        mark = fresh()
        body = b"a" * size
        if chunked:
            request = get(path + mark, b"Transfer-Encoding: chunked", method=b"POST") + chunk(body) + b"0\r\n\r\n"
        else:
            request = get(path + mark, method=b"POST", body=body)
        (response,) = raw(gateway.address, request, wanted=1).responses
        assert response.status == status
        assert any(r.complete for r in upstream.requests(path + mark)) == (status == 200)


def test_unlimited_route(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A route may take bodies of any size."""
    body = b"a" * (1 << 20)
    with Client(gateway.address) as client:
        assert client.ask(get(b"/large/x", method=b"POST", body=body)).body == body


def test_pool_is_bounded(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """With the only connection busy one request waits and gives up in time; a further one is refused at once."""
    path = b"/narrow/" + fresh()
    release = upstream.event()

    def waits(connection: UpstreamConnection, request: Request) -> None:
        connection.wait_for(release)
        connection.send(reply())

    upstream.on(path, waits)
    with Client(gateway.address) as busy, Client(gateway.address) as waiting, Client(gateway.address) as refused:
        busy.send(get(path))
        upstream.wait_for(lambda: len(upstream.requests(path)) == 1)
        waiting.send(get(path))
        refused.send(get(path))
        for client in (waiting, refused):
            assert check_problem(client.response(), (503,)) == "pool-exhausted"
        release.set()
        assert busy.response().status == 200
        assert waiting.ask(get(b"/narrow/free")).status == 200
    assert len(upstream.requests(path)) == 1


def test_waiting_requests_get_their_turn(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A request that waited for the only connection is served on it."""
    path = b"/narrow/" + fresh()
    release = upstream.event()

    def waits(connection: UpstreamConnection, request: Request) -> None:
        if len(upstream.requests(path)) == 1:
            connection.wait_for(release)
        connection.send(reply(b"%d" % connection.serial))

    upstream.on(path, waits)
    with Client(gateway.address) as first, Client(gateway.address) as second:
        first.send(get(path))
        upstream.wait_for(lambda: len(upstream.requests(path)) == 1)
        second.send(get(path))
        release.set()
        assert first.response().body == second.response().body
