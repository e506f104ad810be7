"""Preflights: answered by the gateway for the route that the real request would take."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.callers import Gate, bearer, configured
from tests.pipeline.test_request_heads import fields
from tests.pipeline.world import World, get, plain

ONE = "cors: {origins: ['https://app.test'], methods: [POST], headers: [X-A]}"
ROUTES = f"""path: "/a/**", service: main, methods: [GET], cors: {{origins: ['https://other.test']}}
path: "/a/**", service: main, methods: [POST, DELETE], {ONE}
path: "/any", service: main, cors: {{origins: ['*'], headers: ['*'], max_age: 10m}}
path: "/none", service: main
path: "/options", service: main, methods: [OPTIONS], auth: public"""
CONFIG = configured(ROUTES)
VARY = [b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"]


def preflight(world: World, path: bytes, origin: bytes, method: bytes, *lines: bytes) -> bytes:
    """The answer to a preflight."""
    client = world.client()
    asking = b"Origin: %b\r\nAccess-Control-Request-Method: %b\r\n" % (origin, method)
    client.send(get(path, asking, *lines, method=b"OPTIONS"))
    return client.take()


@pytest.mark.parametrize(
    ("path", "origin", "method", "headers", "allowed"),
    [
        (b"/a/1", b"https://app.test", b"POST", b"", b"https://app.test"),
        (b"/a/1", b"https://app.test", b"POST", b"x-a", b"https://app.test"),
        (b"/a/1", b"https://app.test", b"POST", b"x-b", None),
        (b"/a/1", b"https://app.test", b"POST", b"x-a, authorization", None),
        (b"/a/1", b"https://app.test", b"DELETE", b"", None),
        (b"/a/1", b"https://app.test", b"GET", b"", None),
        (b"/a/1", b"https://other.test", b"GET", b"", b"https://other.test"),
        (b"/a/1", b"https://evil.test", b"POST", b"", None),
        (b"/any", b"https://evil.test", b"POST", b"x-anything", b"*"),
        (b"/any", b"null", b"GET", b"", b"*"),
    ],
)
def test_preflights(
    tmp_path: Path, path: bytes, origin: bytes, method: bytes, headers: bytes, allowed: bytes | None
) -> None:
    """204 without credentials, by the policy of the route that `method` takes; no service hears of it."""
    world = Gate(tmp_path, CONFIG)
    lines = (b"Access-Control-Request-Headers: %b\r\n" % headers,) if headers else ()
    data = preflight(world, path, origin, method, *lines)
    assert data.startswith(b"HTTP/1.1 204 ")
    assert fields(data, b"Access-Control-Allow-Origin") == ([] if allowed is None else [allowed])
    assert fields(data, b"Vary") == VARY
    assert world.dials == []
    assert (world.record["status"], world.record["reason"]) == (204, None)
    route = "/any" if path == b"/any" else "/a/**"
    assert world.record["route"] == route
    assert world.metric("http_requests_total", method="OPTIONS", route=route, status_code="204") == 1
    assert world.total("auth_attempts_total") == 0
    world.settled()


def test_the_whole_answer(tmp_path: Path) -> None:
    """Without a body, on a connection that stays."""
    world = Gate(tmp_path, CONFIG)
    data = preflight(world, b"/any", b"https://a.test", b"POST", b"Access-Control-Request-Headers: X-A,x-b\r\n")
    assert plain(data) == (
        b"HTTP/1.1 204 No Content\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nAccess-Control-Allow-Origin: *\r\n"
        b"Access-Control-Allow-Methods: GET, HEAD, POST\r\nAccess-Control-Max-Age: 600\r\n"
        b"Access-Control-Allow-Headers: X-A, x-b\r\nVary: %b\r\nX-Request-Id: <id>\r\n\r\n" % VARY[0]
    )


@pytest.mark.parametrize(
    ("path", "lines", "status"),
    [
        (b"/none", (b"Origin: https://app.test\r\n", b"Access-Control-Request-Method: GET\r\n"), b"401"),
        (b"/any", (b"Origin: https://app.test\r\n",), b"401"),
        (b"/any", (b"Access-Control-Request-Method: GET\r\n",), b"401"),
        (b"/a/1", (b"Origin: https://app.test\r\n", b"Access-Control-Request-Method: PUT\r\n"), b"405"),
        (b"/lost", (b"Origin: https://app.test\r\n", b"Access-Control-Request-Method: GET\r\n"), b"404"),
    ],
)
def test_no_preflights(tmp_path: Path, path: bytes, lines: tuple[bytes, ...], status: bytes) -> None:
    """What is none, or asks about a route that tells other origins nothing, is a request like any other."""
    world = Gate(tmp_path, CONFIG)
    client = world.client()
    client.send(get(path, *lines, method=b"OPTIONS"))
    assert client.take().startswith(b"HTTP/1.1 " + status)


def test_a_service_that_answers_options_itself(tmp_path: Path) -> None:
    """Where the gateway has no policy the service is asked."""
    world = Gate(tmp_path, CONFIG)
    assert world.call(path=b"/options", method=b"OPTIONS") == "served"


def test_the_next_request_of_the_connection(tmp_path: Path) -> None:
    """Pipelined behind a preflight, with a body that nobody wanted in between."""
    world = Gate(tmp_path, CONFIG)
    client = world.client()
    asking = b"Origin: https://a.test\r\nAccess-Control-Request-Method: GET\r\nContent-Length: 3\r\n"
    client.send(get(b"/any", asking, method=b"OPTIONS") + b"abc" + get(b"/any", bearer()))
    assert client.take().startswith(b"HTTP/1.1 204 ")
    assert world.outcome(client) == "served"
    world.settled()
