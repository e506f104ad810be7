"""What routes say of what is kept, and what makes it old."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatewayd.core.caching import Key, Scope, partition_of
from tests.pipeline.keeping import CONFIG, FRESH, TAGGED, fetched, hit, hits, status_of
from tests.pipeline.test_request_heads import fields
from tests.pipeline.world import World, get, ok, reason


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A gateway that keeps answers."""
    return World(tmp_path, CONFIG, draw=0.0)


def test_times_of_the_route(world: World) -> None:
    """Where the service says nothing the route does, of errors as well."""
    request = get(b"/times", b"X-Kind: a\r\n")
    fetched(world, ok(b"body"), request)
    assert hit(world, request).endswith(b"body")
    fetched(world, ok(b"none", status=b"404 Not Found"), get(b"/times", b"X-Kind: b\r\n"))
    assert hit(world, get(b"/times", b"X-Kind: b\r\n")).startswith(b"HTTP/1.1 404 ")
    world.clock.advance(6)
    fetched(world, ok(b"found"), get(b"/times", b"X-Kind: b\r\n"))


def test_edits(world: World) -> None:
    """What the route changes in answers counts, and is in what is kept."""
    fetched(world, ok(b"body", b"Cache-Control: no-store\r\nX-Gone: 1\r\nX-A: 1\r\n"), get(b"/edited"))
    sent = hit(world, get(b"/edited"))
    assert fields(sent, b"Cache-Control") == [b"max-age=60"]
    assert fields(sent, b"X-Gone") == []
    assert fields(sent, b"X-A") == [b"1"]


def test_clients_wishes(world: World) -> None:
    """A client may want the service asked, or not at all, where the route listens."""
    only = get(b"/", b"Cache-Control: only-if-cached\r\n")
    client = world.client()
    client.send(only)
    assert reason(client) == "not-kept"
    fetched(world, ok(b"one", TAGGED))
    assert hit(world, only).endswith(b"one")
    sent = fetched(world, ok(b"two", TAGGED), get(b"/", b"Cache-Control: no-cache\r\n"))
    assert status_of(sent) == [b"gatewayd; fwd=request; stored"]
    assert hit(world).endswith(b"two")


@pytest.mark.parametrize(("status", "location", "old"), [(b"200 OK", b"/b", True), (b"500 Error", b"/b", False)])
def test_invalidated(world: World, status: bytes, location: bytes, old: bool) -> None:
    """A change that went well makes old what was kept of that URL and of those that it refers to."""
    for path in (b"/a", b"/b", b"/c"):
        fetched(world, ok(b"old", FRESH), get(path))
    post = get(b"/a", b"Content-Length: 0\r\n", method=b"POST")
    sent = fetched(world, ok(b"", b"Location: " + location + b"\r\n", status=status), post)
    assert status_of(sent) == [b"gatewayd; fwd=method; detail=method"]
    assert hit(world, get(b"/c")).endswith(b"old")
    for path in (b"/a", b"/b"):
        if old:
            fetched(world, ok(b"new", FRESH), get(path))
        else:
            assert hit(world, get(path)).endswith(b"old")
    assert hits(world)[1] == (5 if old else 3)


def test_purged_on_its_way(world: World) -> None:
    """What was asked for before a purge is sent to who asked, and not kept."""
    client, service = world.ask(get())
    responses = world.keeper.responses
    assert responses is not None
    responses.invalidate(b"http://a.test/")
    service.send(ok(b"old", FRESH))
    assert client.take().endswith(b"old")
    fetched(world, ok(b"new", FRESH))


def test_nobody_s(world: World) -> None:
    """What is kept for tenants is kept for no caller without one."""
    for _ in range(2):
        assert status_of(fetched(world, ok(b"body"), get(b"/tenants"))) == []
    responses = world.keeper.responses
    assert responses is not None
    assert len(responses.memory) == 0


def test_fallback_is_not_kept(world: World) -> None:
    """What stands in for a service is sent, and not kept."""
    client, service = world.ask(get(b"/spare"))
    service.reset()
    assert client.take().startswith(b"HTTP/1.1 203 ")
    responses = world.keeper.responses
    assert responses is not None
    partition = partition_of(Scope.PUBLIC, "spare", None)
    assert partition is not None
    assert responses.memory.get(Key(partition, b"http://a.test/spare")) == ()


def test_other_routes(world: World) -> None:
    """Routes without a cache notice nothing of it."""
    for _ in range(2):
        assert status_of(fetched(world, ok(b"body", FRESH), get(b"/other"))) == []
    assert hits(world) == (0, 0)


def test_channel_goes_on(world: World) -> None:
    """A client may ask again on the same connection, behind a hit and within it."""
    fetched(world, ok(b"body", FRESH))
    client = world.client()
    client.send(get() + get())
    assert client.take().count(b"\r\n\r\nbody") == 2
    client.send(get(version=b"1.0"))
    assert client.take().endswith(b"body")
    assert client.ending == "closed"
