"""Connections to services are used again, and a stale one costs nobody a request that is safe to repeat."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness import Client, GatewayProcess, RecordingUpstream, Request, UpstreamConnection, reply

from .checks import check_problem, fresh
from .world import get, route, service, world


@pytest.fixture(scope="module")
def gateway(upstream: RecordingUpstream) -> Iterator[GatewayProcess]:
    """A gateway with one connection to its service, and one that uses each connection once."""
    services = {
        "main": service(upstream, pool={"connections": 1}),
        "once": service(upstream, pool={"requests": 1}),
        "brief": service(upstream, pool={"idle": "300ms"}),
    }
    routes = [route(name, f"/{name}/**", name) for name in services]
    with GatewayProcess(world(upstream, services=services, routes=routes)) as process:
        yield process


def gone_stale(how: str) -> object:
    """A script that goes away without an answer where its connection was used before, and answers on a fresh one."""

    def script(connection: UpstreamConnection, request: Request) -> None:
        connection.read_body(request)
        if len(connection.requests) > 1:
            (connection.reset if how == "rst" else connection.close)()
        else:
            connection.send(reply(b"fresh"))

    return script


@pytest.mark.parametrize("how", ["fin", "rst"])
@pytest.mark.parametrize(
    ("method", "body", "repeats"),
    [
        (b"GET", b"", True),
        (b"HEAD", b"", True),
        (b"OPTIONS", b"", True),
        (b"POST", b"x", False),
        (b"PATCH", b"x", False),
        (b"POST", b"", False),
    ],
    ids=["get", "head", "options", "post", "patch", "post-empty"],
)
def test_stale_connection(
    method: bytes, body: bytes, repeats: bool, how: str, gateway: GatewayProcess, upstream: RecordingUpstream
) -> None:
    """A safe request is repeated once on a fresh connection; any other is a 502, since it may have been carried out."""
    path = b"/main/" + fresh()
    upstream.on(path, gone_stale(how))  # type: ignore[arg-type]
    with Client(gateway.address) as client:
        assert client.ask(get(b"/main/warm")).status == 200
        answer = client.ask(get(path, method=method, body=body), method)
        if repeats:
            assert answer.status == 200
            assert len(upstream.requests(path)) == 2
        else:
            assert check_problem(answer, (502,)) == "upstream-reset"
            assert len(upstream.requests(path)) == 1


def test_connection_that_closed_while_idle(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A connection the service closed between two requests is not used; even a POST gets through."""
    path = b"/main/" + fresh()

    def answers_and_leaves(connection: UpstreamConnection, request: Request) -> None:
        connection.read_body(request)
        connection.send(reply(b"bye"))
        connection.close()

    upstream.on(path, answers_and_leaves)
    with Client(gateway.address) as client:
        for _ in range(5):
            idle = gateway.metric("downstream_connections", service="main", state="idle")
            assert client.ask(get(path)).body == b"bye"
            gateway.wait_metric("downstream_connections", max(idle - 1, 0), service="main", state="idle")
            assert client.ask(get(b"/main/post", method=b"POST", body=b"x")).status == 200


@pytest.mark.parametrize("how", ["fin", "rst"])
def test_fresh_connection_is_not_tried_again(how: str, gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A service that hangs up on a fresh connection is asked once only: 502."""
    path = b"/once/" + fresh()

    def leaves(connection: UpstreamConnection, request: Request) -> None:
        (connection.reset if how == "rst" else connection.close)()

    upstream.on(path, leaves)
    with Client(gateway.address) as client:
        assert check_problem(client.ask(get(path)), (502,)) == "upstream-reset"
    assert len(upstream.requests(path)) == 1


def test_half_an_answer_is_not_tried_again(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Once a byte of an answer came, the request was carried out: no second try."""
    path = b"/main/" + fresh()

    def half(connection: UpstreamConnection, request: Request) -> None:
        connection.send(b"HTTP/1.1 200")
        connection.close()

    upstream.on(path, half)
    with Client(gateway.address) as client:
        assert client.ask(get(b"/main/warm")).status == 200
        check_problem(client.ask(get(path)), (502,))
    assert len(upstream.requests(path)) == 1


def test_a_connection_is_used_as_often_as_configured(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """With `requests: 1` no connection serves twice."""
    path = b"/once/" + fresh()
    with Client(gateway.address) as client:
        for _ in range(5):
            assert client.ask(get(path)).status == 200
    assert len({upstream.connection_of(r).serial for r in upstream.requests(path)}) == 5


def test_idle_connections_expire(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A pooled connection that stays idle is closed by the gateway."""
    path = b"/brief/" + fresh()
    with Client(gateway.address) as client:
        assert client.ask(get(path)).status == 200
    connection = upstream.connection_of(upstream.requests(path)[0])
    upstream.wait_for(lambda: connection.ended is not None, why="the end of an idle connection")


def test_unsolicited_bytes_poison_nothing(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A response nobody asked for, sent on an idle connection, ends that connection and answers nobody."""
    path = b"/main/" + fresh()
    answered = upstream.event()

    def goes_on(connection: UpstreamConnection, request: Request) -> None:
        connection.send(reply(b"first"))
        connection.wait_for(answered)
        connection.send(reply(b"evil"))
        connection.wait_end()

    upstream.on(path, goes_on)
    with Client(gateway.address) as client:
        assert client.ask(get(path)).body == b"first"
        answered.set()
        connection = upstream.connection_of(upstream.requests(path)[0])
        upstream.wait_for(lambda: connection.ended is not None, why="the end of a connection that talks unasked")
        assert client.ask(get(b"/main/next")).body == b"ok"
        assert len(connection.requests) == 1 + connection.requests.index(upstream.requests(path)[0])
