"""A gateway whose requests are carried out once, and clients that repeat them."""

from __future__ import annotations

from pathlib import Path

from twisted.internet.task import Clock

from gatewayd.stores import Store
from tests.pipeline.test_limits import CALLERS, keyed
from tests.pipeline.test_request_heads import fields
from tests.pipeline.wire import Wire
from tests.pipeline.world import World, get, ok

SERVICES = """
services:
  main:
    targets: ["http://127.0.0.1:9005"]
    breaker: BREAKER
    retries: {attempts: 0}
    timeouts: {response: 10s, idle: 10s, total: 40s}
"""
OPTIONS = "max_body: 1KiB, max_answer: 1KiB, ttl: 1h, lease: 30s"


def a_world(
    folder: Path,
    more: str = "",
    route: str = "",
    rest: str = "",
    *,
    breaker: str = "{mode: off}",
    store: Store | None = None,
    clock: Clock | None = None,
) -> World:
    """A gateway; `more` are further keys of the route's idempotency, `route` of the route, `rest` further sections."""
    text = (
        f"{SERVICES.replace('BREAKER', breaker)}\n{CALLERS.replace('limits: {mine: 1/1m}', '')}\n{rest}\n"
        f"routes:\n  - {{name: all, path: '/**', service: main, idempotency: {{{OPTIONS}{more}}}{route}}}\n"
        "  - {name: other, path: /other, service: main, idempotency: {}}\n"
    )
    return World(folder, text, draw=0.0, store=store, clock=clock)


def post(
    key: bytes | None = b'"k-1"',
    body: bytes = b"pay 10",
    *lines: bytes,
    path: bytes = b"/pay",
    owner: str = "ann",
    method: bytes = b"POST",
) -> bytes:
    """A request of somebody's, with a key unless that is None."""
    own: tuple[bytes, ...] = (keyed(owner),) if owner else ()
    if key is not None:
        own += (b"Idempotency-Key: %b\r\n" % key,)
    return get(path, *own, *lines, b"Content-Length: %d\r\n" % len(body), method=method) + body


def send(world: World, request: bytes | None = None) -> Wire:
    """A client of its own sends a request."""
    client = world.client()
    client.send(post() if request is None else request)
    return client


def done(world: World, answer: bytes | None = None, request: bytes | None = None) -> bytes:
    """What a client gets whose request the service is asked, which answers so."""
    before = asked(world)
    client = send(world, request)
    assert asked(world) == before + 1
    world.service.send(ok(b"paid") if answer is None else answer)
    return client.take()


def repeated(world: World, request: bytes | None = None) -> bytes:
    """What a client gets without the service being asked."""
    before = asked(world)
    client = send(world, request)
    assert asked(world) == before
    return client.take()


def asked(world: World) -> int:
    """How many requests went to the service."""
    return sum(dial.wire.written.count(b" HTTP/1.1\r\nHost: ") for dial in world.dials)


def is_replay(sent: bytes) -> bool:
    """Whether an answer says that it is a repetition."""
    return fields(sent, b"Idempotency-Replayed") == [b"true"]


def why(sent: bytes) -> bytes:
    """Why the gateway refuses, nothing if it does not."""
    return b"".join(fields(sent, b"X-Gateway-Reason"))
