"""A gateway that keeps answers, and clients that ask for them."""

from __future__ import annotations

from tests.pipeline.test_request_heads import fields
from tests.pipeline.wire import Wire
from tests.pipeline.world import DATE, World, get, ok

CONFIG = """
services:
  main:
    targets: ["http://127.0.0.1:9001"]
    timeouts: {response: 30s, total: 60s}
    retries: {attempts: 0}
    breaker: {minimum: 1}
    pool: {connections: 1000}
routes:
  - {name: all, path: "/**", service: main, cache: {scope: public, most: 64KiB, ignore_client: false}}
  - {name: times, path: /times, service: main, cache: {scope: public, ttl: 60s, negative: 5s, vary: [X-Kind]}}
  - {name: edited, path: /edited, service: main, cache: {scope: public},
     response_headers: {set: {Cache-Control: max-age=60}, remove: [X-Gone]}}
  - {name: tenants, path: /tenants, service: main, cache: {scope: tenant, ttl: 60s}}
  - {name: spare, path: /spare, service: main, cache: {scope: public}, fallback: {respond: {status: 203, body: spare}}}
  - {name: other, path: /other, service: main}
"""
FRESH = b"Cache-Control: max-age=60\r\n"
TAGGED = FRESH + b'ETag: "a"\r\n'
GONE = b"HTTP/1.1 304 Not Modified\r\n"


def fetched(world: World, answer: bytes, request: bytes | None = None) -> bytes:
    """What a client gets that the service is asked for, which answers so."""
    client, service = world.ask(get() if request is None else request)
    before = len(world.dials)
    service.send(answer)
    assert len(world.dials) == before
    return client.take()


def hit(world: World, request: bytes | None = None) -> bytes:
    """What a client gets without the service being asked."""
    before = written(world)
    client = world.client()
    client.send(get() if request is None else request)
    assert written(world) == before
    return client.take()


def written(world: World) -> bytes:
    """Everything that was sent to services."""
    return b"".join(dial.wire.written for dial in world.dials)


def hits(world: World) -> tuple[float, float]:
    """How many look-ups were served, and how many were not."""
    names = "cache_hits_total", "cache_misses_total"
    served, missed = (world.metric(name, cache_type="response") for name in names)
    return served, missed


def status_of(sent: bytes) -> list[bytes]:
    """What an answer says that the cache did."""
    return fields(sent, b"Cache-Status")


def crowd(world: World, number: int) -> list[Wire]:
    """As many clients that ask for the same at once."""
    clients = [world.client() for _ in range(number)]
    for client in clients:
        client.send(get())
    return clients


def undated(body: bytes, *lines: bytes) -> bytes:
    """An answer that does not say when it was sent, and so was when it came."""
    return ok(body, *lines).replace(DATE, b"")
