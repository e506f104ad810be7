"""Keys in a store that gateways share, as requests meet it: waited for, away, and garbled."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatewayd.core.idempotency import Record, State, pack
from tests.pipeline.once import a_world, asked, done, is_replay, repeated, send, why
from tests.pipeline.test_request_heads import fields
from tests.pipeline.world import World, ok
from tests.stores.limits import HeldStore


def sharing(folder: Path, more: str = "") -> tuple[World, World, HeldStore]:
    """Two gateways, and the store that they share."""
    clock = a_world(folder).clock
    store = HeldStore(clock)
    first, second = (a_world(folder, more, store=store, clock=clock) for _ in range(2))
    return first, second, store


def test_shared(tmp_path: Path) -> None:
    """What one gateway had answered the other one repeats."""
    first, second, store = sharing(tmp_path)
    sent = done(first, ok(b"paid", b"X-A: 1\r\n"))
    again = repeated(second)
    assert is_replay(again)
    assert again.endswith(b"\r\n\r\npaid")
    assert fields(again, b"X-A") == fields(sent, b"X-A")
    assert store.asked == 3  # a claim and its end, and a claim


def test_waiting(tmp_path: Path) -> None:
    """Nobody is asked before the store has decided; the answer does not wait for it, only the next request does."""
    first, _, store = sharing(tmp_path)
    store.holding = True
    client = send(first)
    assert asked(first) == 0
    store.release()
    assert asked(first) == 1
    first.service.send(ok(b"paid"))
    assert client.take().endswith(b"paid")
    assert first.records == []
    client.hang_up()
    store.release()
    assert [(record["status"], record["reason"]) for record in first.records] == [(200, None)]
    first.settled()


@pytest.mark.parametrize("failing", [True, False])
def test_allowed(tmp_path: Path, failing: bool) -> None:
    """Where the route says so requests pass without it."""
    first, _, store = sharing(tmp_path, ", on_store_failure: allow")
    store.failing, store.up = failing, failing
    for _ in range(2):
        assert not is_replay(done(first))
    client = send(first)
    client.hang_up()
    assert first.service.ending == "aborted"
    first.settled()


def test_denied(tmp_path: Path) -> None:
    """Or nothing does."""
    first, _, store = sharing(tmp_path, ", on_store_failure: deny")
    store.up = False
    sent = repeated(first)
    assert sent.startswith(b"HTTP/1.1 503 ")
    assert (why(sent), fields(sent, b"Retry-After")) == (b"idempotency-unavailable", [b"1"])
    store.up = True
    done(first)


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 two hundred\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n"])
def test_garbled(tmp_path: Path, data: bytes) -> None:
    """What is no answer is sent to nobody."""
    first, second, store = sharing(tmp_path)
    done(first)
    (key,) = [key for shard in range(store.entries.shards) for key in store.entries._values[shard]]
    value = store.entries.get(key, 0.0)
    assert isinstance(value, bytes)
    store.entries.put(key, pack(Record(State.ANSWERED, value[1:17], value[17:49], 9999.0, data)), 9999.0)
    sent = repeated(second)
    assert why(sent) == b"idempotency-unavailable"
    second.settled()
