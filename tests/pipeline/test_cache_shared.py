"""Two gateways that share a store: what one has fetched the other answers with, and what one changes both forget."""

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from gatewayd.stores.responses.purgelog import DEAF, EVERY
from tests.pipeline.keeping import FRESH, GONE, TAGGED, crowd, fetched, hit, hits, status_of, undated, written
from tests.pipeline.test_limits import CALLERS, keyed
from tests.pipeline.test_request_heads import fields
from tests.pipeline.world import World, get, ok
from tests.stores.held import HeldStore

CONFIG = """
redis: {}
cache: {redis: true, redis_most: 1KiB}
services:
  main:
    targets: ["http://127.0.0.1:9001"]
    timeouts: {response: 30s, total: 60s}
    retries: {attempts: 0}
    breaker: {mode: off}
    pool: {connections: 1000}
routes:
  - {name: all, path: "/**", service: main, cache: {scope: public, ignore_client: false}}
  - {name: own, path: /own, service: main, cache: {scope: public, redis: false}}
"""
TENANTS = """
redis: {}
cache: {redis: true}
services:
  main: {targets: ["http://127.0.0.1:9001"], retries: {attempts: 0}}
routes:
  - {path: /tenant, service: main, cache: {scope: tenant, ttl: 60s}}
""" + CALLERS.replace("limits: {mine: 1/1m}", "")


class Pair:
    """Two gateways, one clock and one store."""

    def __init__(self, folder: Path, config: str = CONFIG) -> None:
        self.clock = Clock()
        self.clock.advance(1.0)
        self.store = HeldStore(self.clock)
        self.here, self.there = [self._gateway(folder / name, config) for name in ("here", "there")]
        self.clock.advance(0)
        self.store.calls.clear()

    def _gateway(self, folder: Path, config: str) -> World:
        folder.mkdir()
        world = World(folder, config, draw=0.0, clock=self.clock, store=self.store)
        responses = world.keeper.responses
        assert responses is not None
        responses.start()
        return world

    def hear(self) -> None:
        """As much time passes as purges take."""
        self.clock.pump([0.05] * round(2 * EVERY / 0.05))

    def errors(self, world: World, operation: str) -> float:
        """How many calls failed."""
        return world.metric("cache_errors_total", cache_type="response", operation=operation)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Two gateways whose store answers."""
    return Pair(tmp_path)


def test_shared(pair: Pair) -> None:
    """What one has fetched the other serves, with its age; and from its own memory the next time."""
    fetched(pair.here, ok(b"body", FRESH, b"X-A: 1\r\n"))
    pair.clock.advance(1)
    sent = hit(pair.there)
    assert sent.endswith(b"\r\n\r\nbody")
    assert fields(sent, b"X-A") == [b"1"]
    first = int(fields(sent, b"Age")[0])
    assert status_of(sent)[0].endswith(b"; detail=shared")
    assert b"; hit; ttl=" in status_of(sent)[0]
    pair.store.calls.clear()
    pair.clock.advance(1)
    again = hit(pair.there)
    assert int(fields(again, b"Age")[0]) == first + 1
    assert b"detail" not in status_of(again)[0]
    assert "get" not in pair.store.calls
    assert hits(pair.there) == (2, 0)
    pair.there.settled()


def test_only_on_a_miss(pair: Pair) -> None:
    """The store is asked when memory has nothing, once; and never for what only the service can answer."""
    fetched(pair.here, ok(b"body", FRESH))
    assert pair.store.calls == ["get", "set"]
    hit(pair.here)
    fetched(pair.here, ok(b"new"), get(b"/", b"Content-Length: 0\r\n", method=b"POST"))
    assert "get" not in pair.store.calls[2:]


def test_parts(pair: Pair) -> None:
    """HEAD, ranges, conditions and `only-if-cached` are answered from what the other has fetched."""
    for path in (b"/h", b"/r", b"/c", b"/o"):
        fetched(pair.here, ok(b"0123456789", TAGGED), get(path))
    assert fields(hit(pair.there, get(b"/h", method=b"HEAD")), b"Content-Length") == [b"10"]
    assert hit(pair.there, get(b"/r", b"Range: bytes=2-4\r\n")).endswith(b"\r\n\r\n234")
    assert hit(pair.there, get(b"/c", b'If-None-Match: "a"\r\n')).startswith(b"HTTP/1.1 304 ")
    only = b"Cache-Control: only-if-cached\r\n"
    assert hit(pair.there, get(b"/o", only)).endswith(b"0123456789")
    assert hit(pair.there, get(b"/none", only)).startswith(b"HTTP/1.1 504 ")


def test_variants(pair: Pair) -> None:
    """Each request gets the variant that is for it, from either."""
    vary = FRESH + b"Vary: X-Kind\r\n"
    for kind in (b"a", b"b"):
        fetched(pair.here, ok(kind, vary), get(b"/", b"X-Kind: %b\r\n" % kind))
    for kind in (b"b", b"a"):
        assert hit(pair.there, get(b"/", b"X-Kind: %b\r\n" % kind)).endswith(kind)
    assert status_of(fetched(pair.there, ok(b"c", vary))) == [b"gatewayd; fwd=vary-miss; stored"]


def test_validated(pair: Pair) -> None:
    """A stale answer of the other's is validated; what comes of it is there for the other."""
    fetched(pair.here, ok(b"old", b'Cache-Control: max-age=10, stale-if-error=600\r\nETag: "a"\r\n'))
    pair.clock.advance(11)
    client, service = pair.there.ask(get())
    assert fields(service.written, b"If-None-Match") == [b'"a"']
    service.send(GONE + TAGGED + b"\r\n")
    assert status_of(client.take()) == [b"gatewayd; fwd=stale; fwd-status=304; stored"]
    assert hit(pair.here).endswith(b"old")
    assert hits(pair.here) == (1, 1)


def test_stands_in(pair: Pair) -> None:
    """An answer that the other has fetched stands in for an error."""
    fetched(pair.here, ok(b"old", b"Cache-Control: max-age=10, stale-if-error=600\r\n"))
    pair.clock.advance(11)
    assert fetched(pair.there, ok(b"", status=b"503 Busy")).endswith(b"old")


def test_stale_while_revalidate(pair: Pair) -> None:
    """A stale answer of the other's is used, and a new one fetched behind it; the other need not fetch any."""
    stale = b"Cache-Control: max-age=10, stale-while-revalidate=60\r\n"
    fetched(pair.here, undated(b"old", stale))
    pair.clock.advance(11)
    client = pair.there.client()
    client.send(get())
    assert client.take().endswith(b"old")
    pair.there.service.send(undated(b"new", stale))
    before = written(pair.here)
    client = pair.here.client()
    client.send(get())
    assert client.take().endswith(b"old")
    assert hit(pair.here).endswith(b"new")
    assert written(pair.here) == before


def test_changed(pair: Pair) -> None:
    """What is changed by way of one is forgotten by the other within a second, in memory and in the store."""
    for path in (b"/a", b"/b"):
        fetched(pair.here, ok(b"old", FRESH), get(path))
    hit(pair.there, get(b"/a"))
    fetched(pair.here, ok(b""), get(b"/a", b"Content-Length: 0\r\n", method=b"PUT"))
    fetched(pair.here, ok(b"new", FRESH), get(b"/a"))
    pair.hear()
    assert hit(pair.here, get(b"/a")).endswith(b"new")
    fetched(pair.there, ok(b"newer", FRESH), get(b"/a"))
    assert hit(pair.there, get(b"/b")).endswith(b"old")


def test_purged(pair: Pair) -> None:
    """So is what an operator purges."""
    fetched(pair.here, ok(b"old", FRESH, b"Cache-Tag: red\r\n"))
    hit(pair.there)
    responses = pair.here.keeper.responses
    assert responses is not None
    told = Deferred.fromCoroutine(responses.purge_tag(b"red"))
    pair.hear()
    assert told.result is True
    fetched(pair.there, ok(b"new", FRESH))


def test_many_misses(pair: Pair) -> None:
    """Of 500 requests one asks the store; nobody goes to the service for what is there."""
    fetched(pair.here, ok(b"body", FRESH))
    pair.store.calls.clear()
    pair.store.holding = True
    clients = crowd(pair.there, 500)
    assert pair.store.calls == ["get"]
    pair.store.release()
    pair.clock.advance(0)
    answers = [client.take() for client in clients]
    assert all(sent.endswith(b"\r\n\r\nbody") for sent in answers)
    assert not pair.there.dials
    assert b"hit" in status_of(answers[-1])[0]
    assert hits(pair.there) == (500, 0)
    pair.there.settled()


def test_leader_goes(pair: Pair) -> None:
    """Whoever asks the store for all may go away meanwhile: the next asks."""
    fetched(pair.here, ok(b"body", FRESH))
    pair.store.holding = True
    first, *others = crowd(pair.there, 3)
    first.reset()
    pair.store.release()
    pair.clock.advance(0)
    assert all(client.take().endswith(b"body") for client in others)
    pair.there.settled()


@pytest.mark.parametrize("how", ["failing", "up"])
def test_away(pair: Pair, how: str) -> None:
    """While the store is away each gateway goes on alone, and counts what it would have asked."""
    fetched(pair.here, ok(b"body", FRESH))
    setattr(pair.store, how, how == "failing")
    fetched(pair.there, ok(b"mine", FRESH))
    assert hit(pair.there).endswith(b"mine")
    assert hit(pair.here).endswith(b"body")
    assert (pair.errors(pair.there, "get"), pair.errors(pair.there, "set")) == (1, 1)
    pair.clock.pump([0.1] * int(10 * DEAF + 10))
    fetched(pair.there, ok(b"", FRESH), get(b"/", b"Content-Length: 0\r\n", method=b"DELETE"))
    fetched(pair.there, ok(b"newer", FRESH))
    pair.hear()
    assert pair.errors(pair.there, "delete") > 0
    setattr(pair.store, how, how != "failing")
    pair.hear()
    pair.hear()
    assert hit(pair.there).endswith(b"newer")
    fetched(pair.here, ok(b"here", FRESH))  # it has heard of the change by now


def test_slow(pair: Pair) -> None:
    """Keeping an answer waits for nothing: a store that does not answer holds nobody up."""
    client, service = pair.here.ask(get())
    pair.store.holding = True
    service.send(ok(b"body", FRESH))
    assert client.take().endswith(b"body")
    assert hit(pair.here).endswith(b"body")


def test_opted_out(pair: Pair) -> None:
    """A route may keep its answers to itself; what is large stays where it is, too."""
    fetched(pair.here, ok(b"mine", FRESH), get(b"/own"))
    assert pair.store.calls == []
    fetched(pair.there, ok(b"yours", FRESH), get(b"/own"))
    fetched(pair.here, ok(b"x" * 1025, FRESH), get(b"/large"))
    fetched(pair.there, ok(b"x" * 1025, FRESH), get(b"/large"))


def test_not_to_be_shared(pair: Pair) -> None:
    """Where the last answer was nothing to keep the store is not asked for the next."""
    for _ in range(3):
        fetched(pair.here, ok(b"mine"))
    assert pair.store.calls == ["get"]


def test_forgotten_in_the_store(pair: Pair) -> None:
    """What was to be validated, and is something else now that cannot be kept, is gone from the store as well."""
    fetched(pair.here, ok(b"old", b'Cache-Control: max-age=10, stale-if-error=600\r\nETag: "a"\r\n'))
    pair.clock.advance(11)
    fetched(pair.here, ok(b"new", b"Cache-Control: no-store\r\n"))
    assert pair.store.calls[-1] == "delete"
    assert fields(fetched(pair.there, ok(b"new")), b"Cache-Status") == [b"gatewayd; fwd=uri-miss; detail=silent"]


def test_tenants(tmp_path: Path) -> None:
    """What a tenant was given at one gateway its people are given at the other, and nobody else is."""
    pair = Pair(tmp_path, TENANTS)
    fetched(pair.here, ok(b"ann"), get(b"/tenant", keyed("ann")))
    assert hit(pair.there, get(b"/tenant", keyed("bob"))).endswith(b"ann")
    fetched(pair.there, ok(b"cat"), get(b"/tenant", keyed("cat")))
    assert hit(pair.here, get(b"/tenant", keyed("cat"))).endswith(b"cat")
    assert hit(pair.here, get(b"/tenant", keyed("bob"))).endswith(b"ann")
