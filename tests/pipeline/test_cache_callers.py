"""Whose answers are whose, from one end of the gateway to the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.keeping import status_of
from tests.pipeline.test_limits import CALLERS, keyed
from tests.pipeline.world import World, get, ok

CONFIG = """
services:
  main: {targets: ["http://127.0.0.1:9001"], retries: {attempts: 0}}
routes:
  - {path: /public, service: main, cache: {scope: public, ttl: 60s}}
  - {path: /tenant, service: main, cache: {scope: tenant, ttl: 60s}}
  - {path: /user, service: main, cache: {scope: user, ttl: 60s}}
  - {path: /named, service: main, cache: {scope: tenant, ttl: 60s}, tenant: {header: X-Tenant}}
  - {path: /anyone, service: main, cache: {scope: public, ttl: 60s}, tenant: {header: X-Tenant}, auth: optional}
""" + CALLERS.replace("limits: {mine: 1/1m}", "")
PRIVATE = b"Cache-Control: private, max-age=60\r\n"
ALL = b"Cache-Control: public, max-age=60\r\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A gateway that knows its callers."""
    return World(tmp_path, CONFIG, draw=0.0)


def whose(world: World, owner: str, path: bytes, *lines: bytes) -> bytes:
    """For whom the answer was made that `owner` gets: the service makes it for whoever asks."""
    client = world.client()
    client.send(get(path, keyed(owner), *lines[1:]))
    if not client.written:
        world.service.send(ok(owner.encode(), *lines[:1]))
    sent = client.take()
    assert sent.startswith(b"HTTP/1.1 200 ")
    return sent.rpartition(b"\r\n")[2]


@pytest.mark.parametrize(
    ("path", "lines", "got"),
    [
        (b"/public", b"", [b"ann", b"bob", b"cat"]),  # credentials, and no word of the service's
        (b"/public", ALL, [b"ann", b"ann", b"ann"]),
        (b"/tenant", b"", [b"ann", b"ann", b"cat"]),
        (b"/tenant", PRIVATE, [b"ann", b"bob", b"cat"]),
        (b"/user", b"", [b"ann", b"bob", b"cat"]),
    ],
)
def test_shared_with(world: World, path: bytes, lines: bytes, got: list[bytes]) -> None:
    """Ann and Bob have one tenant, and Cat another: each gets what the scope has them share."""
    assert [whose(world, owner, path, lines) for owner in ("ann", "bob", "cat")] == got
    world.settled()


@pytest.mark.parametrize("line", [b"", PRIVATE])
def test_ones_own(world: World, line: bytes) -> None:
    """A user has back what is theirs, private as it may be."""
    for owner in ("ann", "bob"):
        whose(world, owner, b"/user", line)
    asked = world.service.written
    assert [whose(world, owner, b"/user", line) for owner in ("ann", "bob")] == [b"ann", b"bob"]
    assert world.service.written == asked


def test_tenants_do_not_wait_for_each_other(world: World) -> None:
    """What is on its way for one tenant is nothing that another waits for."""
    for owner in ("ann", "cat"):
        client = world.client()
        client.send(get(b"/tenant", keyed(owner)))
    assert len(world.dials) == 2


def test_named(world: World) -> None:
    """A request that names its tenant in a field is kept only where that is the caller's own."""
    own = b"X-Tenant: acme\r\n"
    assert whose(world, "ann", b"/named", b"", own) == b"ann"
    assert whose(world, "bob", b"/named", b"", own) == b"ann"


@pytest.mark.parametrize("name", [b"X-Tenant", b"x-tenant", b"x.tenant"])
def test_named_by_nobody(world: World, name: bytes) -> None:
    """What is about a tenant that is not the caller's is not kept, by whatever spelling of the field it is named."""
    for line in (name + b": acme\r\n", name + b": acme\r\n", b""):
        client = world.client()
        client.send(get(b"/anyone", line))
        assert client.written == b""
        world.service.send(ok(b"answer"))
        assert client.take().endswith(b"answer")
    client = world.client()
    client.send(get(b"/anyone"))
    assert client.take().endswith(b"answer")


def test_bad_credentials(world: World) -> None:
    """What is kept is only for those who may come in."""
    whose(world, "ann", b"/public", ALL)
    client = world.client()
    client.send(get(b"/public"))
    sent = client.take()
    assert sent.startswith(b"HTTP/1.1 401 ")
    assert status_of(sent) == []
