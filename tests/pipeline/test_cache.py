"""Answers out of the cache: who is asked, and what is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.keeping import CONFIG, FRESH, GONE, TAGGED, fetched, hit, hits, status_of, undated, written
from tests.pipeline.test_request_heads import fields
from tests.pipeline.world import World, get, ok


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A gateway that keeps answers."""
    return World(tmp_path, CONFIG, draw=0.0)


def test_hit(world: World) -> None:
    """The second client is given what the first was, with its age; the service is asked once."""
    first = fetched(world, ok(b"body", FRESH, b"X-A: 1\r\n"))
    assert status_of(first) == [b"gatewayd; fwd=uri-miss; stored"]
    assert fields(first, b"Age") == []
    world.clock.advance(10)
    second = hit(world)
    assert second.startswith(b"HTTP/1.1 200 OK\r\n")
    assert second.endswith(b"\r\n\r\nbody")
    assert fields(second, b"X-A") == [b"1"]
    assert fields(second, b"Date") == fields(first, b"Date")
    assert fields(second, b"Content-Length") == [b"4"]
    assert fields(second, b"Via") == fields(first, b"Via")
    assert status_of(second)[0].startswith(b"gatewayd; hit; ttl=")
    assert int(fields(second, b"Age")[0]) >= 10
    assert hits(world) == (1, 1)
    assert [record["status"] for record in world.records] == [200, 200]
    world.settled()


def test_not_kept(world: World) -> None:
    """What is not to be kept is asked for each time, and the client is told why."""
    for _ in range(2):
        assert status_of(fetched(world, ok(b"body"))) == [b"gatewayd; fwd=uri-miss; detail=silent"]
    assert hits(world) == (0, 2)


def test_streamed(world: World) -> None:
    """A body that comes bit by bit reaches the client at once, and is kept when it is whole."""
    client, service = world.ask(get())
    service.send(b"HTTP/1.1 200 OK\r\n" + FRESH + b"Transfer-Encoding: chunked\r\n\r\n")
    service.send(b"3\r\nabc\r\n")
    assert client.take().endswith(b"3\r\nabc\r\n")
    service.send(b"2\r\nde\r\n0\r\n\r\n")
    sent = hit(world)
    assert sent.endswith(b"\r\n\r\nabcde")
    assert fields(sent, b"Content-Length") == [b"5"]


@pytest.mark.parametrize("announced", [True, False])
def test_too_large(world: World, announced: bool) -> None:
    """A large body passes through, and is not kept, whether it was announced or not."""
    body = b"x" * 70_000
    client, service = world.ask(get())
    if announced:
        service.send(ok(body, FRESH))
    else:
        service.send(b"HTTP/1.1 200 OK\r\n" + FRESH + b"Transfer-Encoding: chunked\r\n\r\n")
        for at in range(0, 70_000, 7000):
            service.send(b"%x\r\n%b\r\n" % (7000, body[at : at + 7000]))
        service.send(b"0\r\n\r\n")
    assert client.take().count(b"x") >= 70_000
    fetched(world, ok(b"again"))


def test_broken_off(world: World) -> None:
    """Half an answer is kept for nobody."""
    client, service = world.ask(get())
    service.send(b"HTTP/1.1 200 OK\r\n" + FRESH + b"Content-Length: 10\r\n\r\nhalf")
    service.reset()
    assert client.ending == "aborted"
    world.pass_time(60)  # of the breaker
    assert fetched(world, ok(b"whole", FRESH)).endswith(b"whole")


def test_head_and_parts(world: World) -> None:
    """HEAD, ranges and conditions are answered from what GET was."""
    fetched(world, ok(b"0123456789", TAGGED))
    head = hit(world, get(method=b"HEAD"))
    assert head.endswith(b"\r\n\r\n")
    assert fields(head, b"Content-Length") == [b"10"]
    part = hit(world, get(b"/", b"Range: bytes=2-4\r\n"))
    assert part.startswith(b"HTTP/1.1 206 ")
    assert part.endswith(b"\r\n\r\n234")
    assert fields(part, b"Content-Range") == [b"bytes 2-4/10"]
    assert hit(world, get(b"/", b"Range: bytes=20-\r\n")).startswith(b"HTTP/1.1 416 ")
    same = hit(world, get(b"/", b'If-None-Match: "a"\r\n'))
    assert same.startswith(b"HTTP/1.1 304 ")
    assert fields(same, b"ETag") == [b'"a"']
    assert fields(same, b"Content-Length") == []
    assert {record["status"] for record in world.records} == {200, 206, 304, 416}


def test_validated(world: World) -> None:
    """A stale answer is asked about, without the client's own conditions, and sent with the fields that came."""
    fetched(world, ok(b"0123456789", TAGGED, b"X-A: 1\r\n"))
    world.clock.advance(61)
    client = world.client()
    client.send(get(b"/", b"Range: bytes=0-1\r\n", b"X-Mine: 1\r\n"))
    asked = world.service.written.rpartition(b"GET / ")[2]
    assert fields(asked, b"If-None-Match") == [b'"a"']
    assert fields(asked, b"Range") == []
    assert fields(asked, b"X-Mine") == [b"1"]
    world.service.send(GONE + TAGGED + b"X-A: 2\r\n\r\n")
    sent = client.take()
    assert sent.startswith(b"HTTP/1.1 206 ")
    assert sent.endswith(b"\r\n\r\n01")
    assert fields(sent, b"X-A") == [b"2"]
    assert status_of(sent) == [b"gatewayd; fwd=stale; fwd-status=304; stored"]
    assert hit(world).endswith(b"0123456789")
    world.settled()


def test_changed(world: World) -> None:
    """What comes instead of a stale answer takes its place."""
    fetched(world, ok(b"old", TAGGED))
    world.clock.advance(61)
    assert status_of(fetched(world, undated(b"new", TAGGED))) == [b"gatewayd; fwd=stale; stored"]
    assert hit(world).endswith(b"new")


def test_gone(world: World) -> None:
    """What is gone is not kept for bad times, and a last 304 is for one client only."""
    fetched(world, ok(b"old", b'Cache-Control: max-age=60, stale-if-error=600\r\nETag: "a"\r\n'))
    world.clock.advance(61)
    fetched(world, ok(b"", status=b"404 Not Found"))
    assert fetched(world, ok(b"", status=b"503 Busy")).startswith(b"HTTP/1.1 503 ")


def test_last_time(world: World) -> None:
    """A 304 that forbids to keep the answer is for one client only."""
    fetched(world, ok(b"old", TAGGED))
    world.clock.advance(61)
    sent = fetched(world, GONE + b"Cache-Control: no-store\r\n\r\n")
    assert sent.endswith(b"old")
    fetched(world, ok(b"new"))


def test_stale_while_revalidate(world: World) -> None:
    """A client gets the stale answer at once; a new one is fetched behind its back, once."""
    fetched(world, ok(b"old", b"Cache-Control: max-age=60, stale-while-revalidate=60\r\n"))
    world.clock.advance(61)
    asked = written(world)
    for _ in range(3):
        client = world.client()
        client.send(get())
        sent = client.take()
        assert sent.endswith(b"old")
        assert status_of(sent)[0].startswith(b"gatewayd; hit; ttl=-")
    assert written(world).removeprefix(asked).count(b"GET / ") == 1
    world.service.send(undated(b"new", FRESH))
    assert hit(world).endswith(b"new")
    assert hits(world) == (4, 1)
    world.settled()


@pytest.mark.parametrize("how", ["503", "reset", "304"])
def test_failing_behind(world: World, how: str) -> None:
    """What fails behind a client's back concerns no client, and is tried again for the next."""
    fetched(world, ok(b"old", b'Cache-Control: max-age=60, stale-while-revalidate=90\r\nETag: "a"\r\n'))
    world.clock.advance(61)
    client = world.client()
    client.send(get())
    assert client.take().endswith(b"old")
    if how == "reset":
        world.service.reset()
    else:
        world.service.send(ok(b"", status=b"503 Busy") if how == "503" else GONE + FRESH + b"\r\n")
    client.send(get())
    assert client.take().endswith(b"old")
    if how != "304":
        world.pass_time(60)  # of the request behind, if the breaker let it pass
    world.settled()


@pytest.mark.parametrize("how", ["503", "reset", "unreachable"])
def test_stale_if_error(world: World, how: str) -> None:
    """A stale answer stands in for an error, for as long as it may; then the client hears of the error."""
    fetched(world, ok(b"old", b"Cache-Control: max-age=60, stale-if-error=60\r\n", b"Connection: close\r\n"))
    for at, expected in ((61, b"200"), (60, b"50")):
        world.clock.advance(at)
        if at == 60:
            world.pass_time(30)
        world.accepting = how != "unreachable"
        before = len(world.dials)
        client = world.client()
        client.send(get())
        if len(world.dials) > before:  # else the breaker says no
            if how == "unreachable":
                world.dials[-1].refuse()
            elif how == "reset":
                world.service.reset()
            else:
                world.service.send(ok(b"", status=b"503 Busy"))
        assert client.take().startswith(b"HTTP/1.1 " + expected)
    world.settled()


def test_stale_if_error_with_a_long_error(world: World) -> None:
    """An error's body that is still on its way is waited for by nobody."""
    fetched(world, ok(b"old", b"Cache-Control: max-age=60, stale-if-error=60\r\n"))
    world.clock.advance(61)
    client = world.client()
    client.send(get())
    world.service.send(b"HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\nbegin")
    sent = client.take()
    assert sent.endswith(b"old")
    assert status_of(sent) == [b"gatewayd; fwd=stale; fwd-status=503"]
    assert world.service.ending == "aborted"
    world.settled()
