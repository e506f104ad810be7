"""The store in memory beside the contract: its bounds, and what it does in time."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from gatewayd.stores import MemoryStore, Unavailable
from gatewayd.stores.memory import ROUND
from tests.stores.test_contract import APPEND


def of(call: Deferred[Any]) -> object:
    """What a call has answered already, or the kind of its failure."""
    found: list[object] = []

    def failed(failure: Any) -> None:
        failure.trap(Unavailable)
        found.append(failure.value.kind)

    call.addCallbacks(found.append, failed)
    return found[0]


def test_time() -> None:
    """What has a time to live is there until it is over, and not at that moment."""
    clock = Clock()
    store = MemoryStore(clock)
    store.set(b"v", b"value", 10.0)
    store.count(b"c", 1, 10.0)
    store.add(b"s", b"member", 1.0, 10.0)
    store.run(APPEND, b"r", b"x")
    clock.advance(9.999)
    assert of(store.get(b"v")) == b"value"
    assert of(store.count(b"c", 1, 10.0)) == 2
    assert of(store.above(b"s", 0.0, 10)) == [(b"member", 1.0)]
    clock.advance(0.001)
    assert of(store.get(b"v")) is None
    assert of(store.get(b"c")) is None
    assert of(store.above(b"s", 0.0, 10)) == []
    assert of(store.get(b"r")) == b"x"
    clock.advance(50.0)
    assert of(store.get(b"r")) is None


def test_sweeping() -> None:
    """What has expired takes no room after a minute; without a sweep nothing is looked for."""
    clock = Clock()
    store = MemoryStore(clock, most=10_000)
    store.start()
    for number in range(5000):
        store.set(b"%d" % number, b"v", 1.0)
    store.set(b"kept", b"v")
    clock.pump([0.1] * int(10 * (ROUND + 2)))
    assert repr(store) == "<MemoryStore: 1 keys, 0 KiB>"
    assert of(store.get(b"kept")) == b"v"
    store.stop()
    store.stop()
    assert clock.getDelayedCalls() == []


def test_too_large() -> None:
    """A value or set that would displace an eighth of everything is refused; what is there stays."""
    store = MemoryStore(Clock(), most_bytes=80_000)
    store.set(b"k", b"old")
    assert of(store.set(b"k", b"v" * 10_000)) == "other"
    assert of(store.get(b"k")) == b"old"
    assert of(store.run(APPEND, b"k", b"v" * 10_000)) == "other"
    added = 0
    while of(store.add(b"s", b"%d" % added, float(added), 60.0)) is None:
        added += 1
    assert 20 < added < 100
    assert of(store.drop(b"s", 10.0)) == 11
    assert of(store.add(b"s", b"again", 1.0, 60.0)) is None


def test_full() -> None:
    """The keys that were written longest ago make room."""
    store = MemoryStore(Clock(), most=3)
    for key in (b"a", b"b", b"c"):
        store.count(key, 1, 60.0)
    store.count(b"a", 1, 60.0)
    store.set(b"d", b"v")
    assert [of(store.get(key)) for key in (b"a", b"b", b"c", b"d")] == [b"2", None, b"1", b"v"]
    assert store.entries.evicted == 1
