"""What becomes of a key where the first request does not come to its end: clients that leave, services that fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatewayd.core.reasons import SHUTTING_DOWN
from gatewayd.pipeline.unattended import Unattended
from gatewayd.stores import MemoryStore
from gatewayd.upstream.service import Service
from tests.pipeline.once import a_world, asked, done, is_replay, post, repeated, send, why
from tests.pipeline.test_request_heads import fields
from tests.pipeline.world import World, failures_logged, ok
from tests.stores.limits import HeldStore

BEGUN = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegin"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A gateway that remembers."""
    return a_world(tmp_path)


@pytest.mark.parametrize("answered", [b"", BEGUN], ids=["before the answer", "within it"])
def test_client_leaves(world: World, answered: bytes) -> None:
    """Its request is carried out to the end, and the answer is there when it comes back."""
    client = send(world)
    world.service.send(answered)
    client.hang_up()
    assert world.service.ending == ""
    assert why(repeated(world)) == b"idempotency-in-progress"
    assert [record["reason"] for record in world.records] == ["idempotency-in-progress"]
    world.service.send(b"begun" if answered else ok(b"paid"))
    again = repeated(world)
    assert is_replay(again)
    assert again.endswith(b"beginbegun" if answered else b"paid")
    first = world.records[1]
    assert (first["status"], first["reason"], first["attempts"]) == (499, "client-closed", 1)
    assert world.metric("http_request_aborts_total", reason="client") == 1
    world.settled()


def test_crowds_that_leave(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many requests go on without their clients; the others are given up, and their outcome is unknown."""
    monkeypatch.setattr(Unattended, "enter", lambda self: False)
    client = send(world)
    client.hang_up()
    assert world.service.ending == "aborted"
    assert why(repeated(world)) == b"idempotency-outcome-unknown"
    world.settled()


def test_unattended() -> None:
    """They are counted."""
    unattended = Unattended(2)
    assert [unattended.enter() for _ in range(3)] == [True, True, False]
    unattended.leave()
    assert unattended.enter()


def test_client_leaves_with_its_body(world: World) -> None:
    """Who goes before the body is whole has asked for nothing."""
    client = world.client()
    client.send(post()[:-1])
    client.hang_up()
    assert asked(world) == 0
    done(world)
    world.settled()


def test_client_does_not_read(world: World) -> None:
    """Who lets the answer lie is let go after a while; the answer comes to its end without it."""
    client = send(world)
    world.service.send(BEGUN)
    client.fill()
    assert not world.service.reading
    world.pass_time(9)
    assert client.ending == ""
    world.pass_time(22)
    assert client.ending == "aborted"
    assert world.service.reading
    world.service.send(b"begun")
    assert repeated(world).endswith(b"beginbegun")
    assert world.records[0]["reason"] == "client-stalled"
    world.settled()


def test_client_that_was_full_leaves(world: World) -> None:
    """A client that goes while it does not read holds nothing up either."""
    client = send(world)
    world.service.send(BEGUN)
    client.fill()
    client.hang_up()
    assert world.service.reading
    world.service.send(b"begun")
    assert is_replay(repeated(world))
    world.settled()


def test_client_leaves_with_its_answer(world: World) -> None:
    """Who goes once it has its answer has not gone early, nor has who is only waited for by the store."""
    client = send(world)
    world.service.send(ok(b"paid"))
    client.hang_up()
    assert [(record["status"], record["reason"]) for record in world.records] == [(200, None)]


def test_client_leaves_and_the_service_fails(world: World) -> None:
    """Nobody is there to be told; the key stays taken, since the service may have done it."""
    client = send(world)
    client.hang_up()
    world.service.reset()
    assert client.take() == b""
    assert [record["reason"] for record in world.records] == ["client-closed"]
    assert why(repeated(world)) == b"idempotency-outcome-unknown"
    world.settled()


def test_stop(world: World) -> None:
    """A gateway that stops waits for nobody; the key stays taken."""
    send(world)
    (channel,) = world.listener.channels
    assert channel.exchange is not None
    channel.exchange.cancel(SHUTTING_DOWN)
    channel.abort()
    world.clock.advance(0)
    assert world.service.ending == "aborted"
    assert why(repeated(world)) == b"idempotency-outcome-unknown"
    world.settled()


@pytest.mark.parametrize("how", ["reset", "timeout", "garbled", "truncated"])
def test_answer_lost(world: World, how: str) -> None:
    """The service may have done it: the key stays taken until the lease is over, and is free then."""
    client = send(world)
    if how == "reset":
        world.service.reset()
    elif how == "timeout":
        world.pass_time(11)
    elif how == "garbled":
        world.service.send(b"nonsense\r\n\r\n")
    else:
        world.service.send(BEGUN)
        world.service.hang_up()
    assert client.take()[:12] in (b"HTTP/1.1 502", b"HTTP/1.1 504", b"HTTP/1.1 200")
    world.clock.advance(20)
    sent = repeated(world)
    assert sent.startswith(b"HTTP/1.1 409 ")
    assert why(sent) == b"idempotency-outcome-unknown"
    assert fields(sent, b"Retry-After") in ([b"9"], [b"10"])
    world.clock.advance(10)
    done(world)
    assert is_replay(repeated(world))
    world.settled()


def test_not_connected(world: World) -> None:
    """Where the service was not reached the client may try again at once."""
    world.accepting = False
    client = send(world)
    world.dials[-1].refuse()
    assert why(client.take()) == b"connect-failed"
    world.accepting = True
    done(world)
    world.settled()


def test_refused_by_a_breaker(tmp_path: Path) -> None:
    """What the gateway refuses leaves the key free."""
    world = a_world(tmp_path, breaker="{minimum: 1, consecutive: 1, open: 5s, jitter: 0%}")
    client = send(world)
    world.service.reset()
    assert why(client.take()) == b"upstream-reset"
    second = post(b"k-2")
    assert why(repeated(world, second)) == b"circuit-open"
    world.clock.advance(5)
    done(world, request=second)
    assert is_replay(repeated(world, second))
    world.settled()


def test_bug(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the gateway's own before the service is asked frees the key."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch, failures_logged() as events:
        patch.setattr(Service, "pick", broken)
        assert why(send(world).take()) == b"internal-error"
    assert len(events) == 1
    done(world)


def test_client_leaves_while_the_store_is_asked(tmp_path: Path) -> None:
    """Who goes before the store has answered has asked for nothing: the key is free again."""
    world = a_world(tmp_path)
    store = HeldStore(world.clock)
    world = a_world(tmp_path, store=store, clock=world.clock)
    store.holding = True
    client = send(world)
    client.hang_up()
    store.holding = False
    store.release()
    assert asked(world) == 0
    assert [record["reason"] for record in world.records] == ["client-closed"]
    done(world)
    world.settled()


@pytest.mark.parametrize("request_", [post(), post(body=b"other")])
def test_client_leaves_while_a_repetition_is_looked_up(tmp_path: Path, request_: bytes) -> None:
    """Who goes before the store has answered is sent nothing."""
    world = a_world(tmp_path)
    store = HeldStore(world.clock)
    world = a_world(tmp_path, store=store, clock=world.clock)
    done(world)
    store.holding = True
    client = send(world, request_)
    client.hang_up()
    store.release()
    assert client.take() == b""
    assert [record["status"] for record in world.records] == [200, 499]
    world.settled()


def test_the_lease_is_renewed(tmp_path: Path) -> None:
    """A request that takes long keeps its key; where its gateway dies the key becomes free."""
    world = a_world(tmp_path)
    store = MemoryStore(world.clock)
    first = a_world(tmp_path, store=store, clock=world.clock)
    second = a_world(tmp_path, store=store, clock=world.clock)
    client = send(first)
    for _ in range(3):
        first.pass_time(9)
        first.service.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" if not client.written else b"x")
        assert why(repeated(second)) == b"idempotency-in-progress"
    first.pass_time(5)
    first.service.send(b"x")
    assert is_replay(repeated(second))
