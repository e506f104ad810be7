"""Hits, and what is said in them: the short way of plain requests gives what the long way would."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatewayd.pipeline.task import ANSWERED
from tests.pipeline.keeping import CONFIG, FRESH, TAGGED, fetched, hit, hits, status_of
from tests.pipeline.test_request_heads import fields
from tests.pipeline.world import World, get, ok

TAGS = b"Surrogate-Key: a b\r\nCache-Tag: c\r\nSurrogate-Control: max-age=9\r\nX-A: 1\r\n"
NAMES = (b"Surrogate-Key", b"Cache-Tag", b"Surrogate-Control")
ROUTES = """
services:
  main: {targets: ["http://127.0.0.1:9001"], retries: {attempts: 0}}
rate_limits:
  all: {key: [client], limit: 100/1m}
routes:
  - {path: /hidden, service: main, cache: {scope: public}}
  - {path: /shown, service: main, cache: {scope: public, send_tags: true}}
  - {path: /plain, service: main}
  - {path: /cors, service: main, cache: {scope: public}, cors: {origins: ["https://app.test"]}}
  - {path: /limited, service: main, cache: {scope: public}, rate_limits: [all]}
  - {path: /tenant, service: main, cache: {scope: tenant}}
  - {path: /cookies, service: main, cache: {scope: public, cookies: true}}
  - {path: /guessed, service: main, cache: {scope: public, heuristic: 10%}}
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A gateway that keeps answers."""
    return World(tmp_path, CONFIG, draw=0.0)


@pytest.fixture
def routes(tmp_path: Path) -> World:
    """One with a route of every kind."""
    return World(tmp_path, ROUTES, draw=0.0)


def test_the_same(world: World) -> None:
    """The second hit, the third and one a second later say the same, but for age and id."""
    fetched(world, ok(b"body", FRESH, b"X-A: 1\r\n"))
    found = [hit(world) for _ in range(3)]
    world.clock.advance(1)
    found.append(hit(world))
    assert all(sent.endswith(b"\r\n\r\nbody") for sent in found)
    for name in (b"Date", b"X-A", b"Content-Length", b"Via"):
        assert len({tuple(fields(sent, name)) for sent in found}) == 1
        assert len(fields(found[-1], name)) == 1
    assert len({tuple(fields(sent, b"X-Request-Id")) for sent in found}) == 4
    ages = [int(fields(sent, b"Age")[0]) for sent in found]
    assert ages == [ages[0]] * 3 + [ages[0] + 1]
    assert status_of(found[3]) == [b"gatewayd; hit; ttl=%d" % (60 - ages[3])]
    assert hits(world) == (4, 1)
    assert [record["bytes_out"] for record in world.records] == [4] * 5
    world.settled()


@pytest.mark.parametrize(
    ("lines", "version", "connection"),
    [((), b"1.0", b"close"), ((b"Connection: close\r\n",), b"1.1", b"close"),
     ((b"Connection: keep-alive\r\n",), b"1.0", b"keep-alive")],
)  # fmt: skip
def test_connections(world: World, lines: tuple[bytes, ...], version: bytes, connection: bytes) -> None:
    """Clients are told about their connection as in any other answer."""
    fetched(world, ok(b"body", FRESH))
    hit(world)
    client = world.client()
    client.send(get(b"/", *lines, version=version))
    assert fields(client.written, b"Connection") == [connection]
    assert (client.ending == "closed") is (connection == b"close")


@pytest.mark.parametrize("size", [0, 20_000])
def test_sizes(world: World, size: int) -> None:
    """No body is an answer too; a large one follows its head."""
    body = b"x" * size
    fetched(world, ok(body, FRESH))
    for _ in range(2):
        assert hit(world).endswith(b"\r\n\r\n" + body)


def test_other_statuses(world: World) -> None:
    """What is kept besides 200 is sent as it is; 204 has no length."""
    fetched(world, b"HTTP/1.1 204 No Content\r\n" + FRESH + b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n")
    for _ in range(2):
        sent = hit(world)
        assert sent.startswith(b"HTTP/1.1 204 ")
        assert fields(sent, b"Content-Length") == []
    assert [record["status"] for record in world.records] == [204] * 3


@pytest.mark.parametrize(
    ("line", "begins"),
    [
        (b"Range: bytes=0-1\r\n", b"HTTP/1.1 206 "),
        (b'If-None-Match: "a"\r\n', b"HTTP/1.1 304 "),
        (b"If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", b"HTTP/1.1 304 "),
        (b"Authorization: Bearer x\r\n", b"HTTP/1.1 200 "),
    ],
)
def test_not_plain(world: World, line: bytes, begins: bytes) -> None:
    """What asks for less than all of it gets less, also on a connection that had all of it."""
    fetched(world, ok(b"0123456789", TAGGED))
    client = world.client()
    client.send(get())
    client.take()
    client.send(get(b"/", line))
    assert client.take().startswith(begins)


@pytest.mark.parametrize("line", [b"Cache-Control: no-cache\r\n", b"Pragma: no-cache\r\n", b'If-Match: "b"\r\n'])
def test_wishes(world: World, line: bytes) -> None:
    """What a client wishes is heeded where the route has it so; what only the service can answer always is."""
    fetched(world, ok(b"old", TAGGED))
    assert fetched(world, ok(b"new", TAGGED), get(b"/", line)).endswith(b"new")
    times = get(b"/times", line)
    fetched(world, ok(b"old", TAGGED), get(b"/times"))
    if b"Match" in line:
        assert fetched(world, ok(b"new", TAGGED), times).endswith(b"new")
    else:
        assert hit(world, times).endswith(b"old")


def test_variants_of_a_connection(world: World) -> None:
    """A connection that asks again and again is given what each request is for."""
    vary = FRESH + b"Vary: X-Kind\r\n"
    for kind in (b"a", b"b"):
        fetched(world, ok(kind, vary), get(b"/", b"X-Kind: %b\r\n" % kind))
    client = world.client()
    for kind in (b"a", b"a", b"b", b"a"):
        client.send(get(b"/", b"X-Kind: %b\r\n" % kind))
        assert client.take().endswith(b"\r\n\r\n" + kind)


@pytest.mark.parametrize(("path", "sent"), [(b"/hidden", 0), (b"/tenant", 0), (b"/shown", 1), (b"/plain", 1)])
def test_tags(routes: World, path: bytes, sent: int) -> None:
    """Fields that are for caches stay here on routes that have one, unless another cache is to see them."""
    answers = [fetched(routes, ok(b"body", FRESH, TAGS), get(path))]
    if path in (b"/hidden", b"/shown"):
        answers += [hit(routes, get(path)), hit(routes, get(path)), hit(routes, get(path, method=b"HEAD"))]
    for answer in answers:
        assert [len(fields(answer, name)) for name in NAMES] == [sent] * 3
        assert fields(answer, b"X-A") == [b"1"]


def test_cors(routes: World) -> None:
    """Each origin is told for itself, whoever asked before."""
    allow = b"Access-Control-Allow-Origin"
    lines = b"%b: https://other.test\r\nSurrogate-Key: a\r\n" % allow
    fetched(routes, ok(b"body", FRESH, lines), get(b"/cors"))
    origin = b"Origin: https://app.test\r\n"
    assert fields(hit(routes, get(b"/cors", origin)), allow) == [b"https://app.test"]
    assert fields(hit(routes, get(b"/cors")), allow) == []
    assert fields(hit(routes, get(b"/cors", origin)), b"Surrogate-Key") == []


def test_limits(routes: World) -> None:
    """A hit counts, and tells what is left."""
    fetched(routes, ok(b"body", FRESH), get(b"/limited"))
    left = [fields(hit(routes, get(b"/limited")), b"RateLimit")[0] for _ in range(2)]
    assert left[0] != left[1]


def test_cookies(routes: World) -> None:
    """Where the route has it so, cookies are kept, and set for whoever comes."""
    fetched(routes, ok(b"body", FRESH, b"Set-Cookie: a=b\r\n"), get(b"/cookies"))
    for _ in range(2):
        assert fields(hit(routes, get(b"/cookies")), b"Set-Cookie") == [b"a=b"]


def test_guessed(routes: World) -> None:
    """Where the route has it so, what has not changed for long is kept for a part of that."""
    fetched(routes, ok(b"body", b"Last-Modified: Sun, 06 Nov 1994 08:48:37 GMT\r\n"), get(b"/guessed"))
    assert status_of(hit(routes, get(b"/guessed"))) == [b"gatewayd; hit; ttl=6"]


def test_nothing_left_to_do() -> None:
    """What has answered at once can be awaited like any other answer, and closed."""

    async def wait() -> str:
        await ANSWERED
        return "done"

    with pytest.raises(StopIteration, match="done"):
        wait().send(None)
    with pytest.raises(StopIteration):
        ANSWERED.throw(ValueError())
    ANSWERED.close()
