"""What a route changes: heads either way, and the target the service sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.test_request_heads import OURS, fields
from tests.pipeline.world import DATE, SERVICE, World, get, ok, plain


def routed(folder: Path, route: str, extra: str = "") -> World:
    """A gateway with one route to the service."""
    return World(folder, f"{SERVICE}\n{extra}\nroutes:\n  - {{service: main, {route}}}\n")


EDITS = (
    "path: '/**', request_headers: {set: {X-Team: a, X-New: b}, add: {X-Team: c, X-Many: d}, remove: [Cookie, X-Gone]}"
)


def test_request_edits(tmp_path: Path) -> None:
    """Removed, set whatever was there before, added to what was there; the rest as it came, ours last."""
    lines = (
        b"cookie: 1\r\n",
        b"x-team: evil\r\n",
        b"X-Many: first\r\n",
        b"x-gone: 1\r\n",
        b"X-TEAM: worse\r\n",
        b"Accept: x\r\n",
    )
    _, service = routed(tmp_path, EDITS).ask(get(b"/", *lines))
    assert plain(service.take()) == (
        b"GET / HTTP/1.1\r\nHost: a.test\r\nX-Many: first\r\nAccept: x\r\n"
        b"X-Team: a\r\nX-New: b\r\nX-Team: c\r\nX-Many: d\r\n" + OURS + b"\r\n"
    )


def test_a_client_cannot_strip_what_a_route_sets(tmp_path: Path) -> None:
    """Naming it in Connection takes away the client's own only."""
    _, service = routed(tmp_path, EDITS).ask(get(b"/", b"Connection: X-Team, X-New, X-Many\r\nX-Many: mine\r\n"))
    sent = service.take()
    assert fields(sent, b"X-Team") == [b"a", b"c"]
    assert fields(sent, b"X-Many") == [b"d"]


def test_request_edits_may_take_the_date(tmp_path: Path) -> None:
    """As any other field of the client's."""
    world = routed(tmp_path, "path: '/**', request_headers: {remove: [date]}")
    assert fields(world.ask(get(b"/", DATE))[1].take(), b"Date") == []


def test_edits_of_one_connection_differ_by_route(tmp_path: Path) -> None:
    """The lines kept for a client's repeated head are those of the route it takes."""
    text = (
        f"{SERVICE}\nroutes:\n  - {{path: /a, service: main, request_headers: {{set: {{X-Route: a}}}}}}\n"
        "  - {path: /b, service: main, request_headers: {set: {X-Route: b}}}\n  - {path: /c, service: main}\n"
    )
    client = (world := World(tmp_path, text)).client()
    for path, expected in ((b"/a", [b"a"]), (b"/c", []), (b"/b", [b"b"]), (b"/c", []), (b"/a", [b"a"])):
        client.send(get(path, b"Accept: x\r\n"))
        assert fields(world.service.take(), b"X-Route") == expected
        world.service.send(ok())


RESPONSE = "path: '/**', response_headers: {set: {Server: gw}, add: {Vary: Origin}, remove: [X-Powered-By]}"


def test_response_edits(tmp_path: Path) -> None:
    """The same on the way back, for each answer anew."""
    client, service = routed(tmp_path, RESPONSE).ask(get())
    for body in (b"1", b"22"):
        service.send(ok(body, b"server: secret/1.0\r\n", b"Vary: Accept\r\n", b"x-powered-by: y\r\n"))
        assert plain(client.take()) == (
            b"HTTP/1.1 200 OK\r\n" + DATE + b"Vary: Accept\r\nServer: gw\r\nVary: Origin\r\n"
            b"Content-Length: %d\r\nVia: 1.1 gatewayd\r\nX-Request-Id: <id>\r\n\r\n%b" % (len(body), body)
        )
        client.send(get())


def test_response_edits_spare_the_framing(tmp_path: Path) -> None:
    """A service that nominates what a route sets does not take it away."""
    client, service = routed(tmp_path, RESPONSE).ask(get())
    service.send(ok(b"ok", b"Connection: server, vary\r\nServer: x\r\nVary: y\r\n"))
    sent = client.take()
    assert fields(sent, b"Server") == [b"gw"]
    assert fields(sent, b"Vary") == [b"Origin"]


def test_the_gateways_own_answers_are_not_edited(tmp_path: Path) -> None:
    """Edits are of the service's answers."""
    world = routed(tmp_path, RESPONSE)
    client, service = world.ask(get())
    service.hang_up()
    sent = client.take()
    assert sent.startswith(b"HTTP/1.1 502 ")
    assert fields(sent, b"Server") == []


STRIP = "path: '/api/v1/**', strip_prefix: /api/v1"
REWRITE = "path: '/tickets/{id}/**', rewrite: '/v2/{id}/x/{**}'"
PARAMETERS = "path: '/{a}/x/{b}', rewrite: '/{b}/{a}/{b}'"


@pytest.mark.parametrize(
    ("route", "target", "expected"),
    [
        (STRIP, b"/api/v1/orders/7", b"/orders/7"),
        (STRIP, b"/api/v1/orders/?a=b", b"/orders/?a=b"),
        (STRIP, b"/api/v1", b"/"),
        (STRIP, b"/api/v1/", b"/"),
        (STRIP, b"/api/v1?", b"/?"),
        (STRIP, b"/api//v1///x", b"/x"),
        (STRIP, b"/api/v1/%2e%2e%2f", None),
        (STRIP, b"/api/v1/a%20b", b"/a%20b"),
        (REWRITE, b"/tickets/7/a/b", b"/v2/7/x/a/b"),
        (REWRITE, b"/tickets/7", b"/v2/7/x/"),
        (REWRITE, b"/tickets/7/", b"/v2/7/x/"),
        (REWRITE, b"/tickets/7/a/?q=1&r", b"/v2/7/x/a/?q=1&r"),
        (REWRITE, b"/tickets/a%3Fb/c", b"/v2/a%3Fb/x/c"),
        (PARAMETERS, b"/1/x/2", b"/2/1/2"),
        ("path: /a, rewrite: /b", b"/a?x", b"/b?x"),
        ("path: '/a/**'", b"/a/b?x=%zz", b"/a/b?x=%zz"),
    ],
)
def test_targets(tmp_path: Path, route: str, target: bytes, expected: bytes | None) -> None:
    """Leading segments are stripped or the whole path rewritten; the query goes along as it came."""
    world = routed(tmp_path, route)
    client = world.client()
    client.send(get(target))
    if expected is None:
        assert client.take().startswith(b"HTTP/1.1 400 ")
        assert world.dials == []
        return
    assert world.service.take().startswith(b"GET " + expected + b" HTTP/1.1\r\n")


def test_what_is_logged_is_what_the_client_asked_for(tmp_path: Path) -> None:
    """The path before it was rewritten, without its query; the route by its pattern."""
    world = routed(tmp_path, REWRITE)
    _, service = world.ask(get(b"/tickets/7/a?token=secret"))
    service.send(ok())
    assert (world.record["path"], world.record["route"]) == ("/tickets/7/a", "/tickets/{id}/**")
    assert "secret" not in str(world.record)


def test_a_routes_own_timeouts(tmp_path: Path) -> None:
    """They stand above the service's."""
    world = routed(tmp_path, "path: '/**', timeouts: {response: 30s}")
    client, _ = world.ask(get())
    world.pass_time(29.75)
    assert client.take() == b""
    world.pass_time(0.75)
    assert client.take().startswith(b"HTTP/1.1 504 ")


@pytest.mark.parametrize(
    ("route", "taken"), [("body_size: 20KiB", True), ("body_size: unlimited", True), ("name: x", False)]
)
def test_a_routes_own_body_size(tmp_path: Path, route: str, *, taken: bool) -> None:
    """It stands above the one of `limits`."""
    world = routed(tmp_path, f"path: '/**', {route}", "limits: {body_size: 10KiB}")
    client = world.client()
    client.send(get(b"/", b"Content-Length: 20480\r\n", method=b"POST"))
    assert bool(world.dials) is taken
    assert client.take().startswith(b"" if taken else b"HTTP/1.1 413 ")
