"""Many requests for the same at once: one goes to the service, and nobody is left waiting."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.keeping import CONFIG, FRESH, GONE, TAGGED, crowd, fetched, hit, status_of, written
from tests.pipeline.world import World, get, ok, reason


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A gateway that keeps answers."""
    return World(tmp_path, CONFIG, draw=0.0)


def test_many_misses(world: World) -> None:
    """Of 500 requests for what is not there one goes to the service, and all are answered."""
    clients = crowd(world, 500)
    assert len(world.dials) == 1
    assert written(world).count(b"GET / ") == 1
    world.service.send(ok(b"body", FRESH))
    answers = [client.take() for client in clients]
    assert all(sent.endswith(b"\r\n\r\nbody") for sent in answers)
    assert status_of(answers[0]) == [b"gatewayd; fwd=uri-miss; stored"]
    assert status_of(answers[1]) == [b"gatewayd; fwd=uri-miss; collapsed"]
    world.settled()


def test_many_validations(world: World) -> None:
    """So it is where a stale answer is to be validated, and with what stands in for an error."""
    fetched(world, ok(b"old", b'Cache-Control: max-age=60, stale-if-error=600\r\nETag: "a"\r\n'))
    for status in (b"503 Busy", b"304"):
        world.clock.advance(61)
        before = written(world).count(b"GET / ")
        clients = crowd(world, 20)
        assert written(world).count(b"GET / ") == before + 1
        world.service.send(ok(b"", status=status) if status[:1] == b"5" else GONE + TAGGED + b"\r\n")
        assert all(client.take().endswith(b"old") for client in clients)
        world.pass_time(30)
    world.settled()


def test_leader_goes(world: World) -> None:
    """Whoever asks for all may go away: the next asks."""
    first, *others = crowd(world, 5)
    first.reset()
    assert len(world.dials) == 2
    world.service.send(ok(b"body", FRESH))
    assert all(client.take().endswith(b"body") for client in others)
    world.settled()


def test_waiters_go(world: World) -> None:
    """Those who wait may go away, too, whoever is next among them."""
    first, second, third, fourth = crowd(world, 4)
    second.reset()
    first.reset()
    third.reset()
    assert len(world.dials) == 3
    world.service.send(ok(b"body", FRESH))
    assert fourth.take().endswith(b"body")
    world.settled()


def test_leader_fails(world: World) -> None:
    """One error is one client's: the next asks for the others."""
    first, *others = crowd(world, 3)
    world.service.send(b"garbage\r\n\r\n")
    assert reason(first) == "upstream-malformed"
    # The breaker has opened, and refuses the others one after another.
    assert [reason(client) for client in others] == ["circuit-open", "circuit-open"]
    world.settled()


def test_a_crowd_fails(world: World) -> None:
    """However many they are, all hear that the service is not to be had."""
    clients = crowd(world, 600)
    world.service.reset()
    assert {reason(client) for client in clients} == {"upstream-reset", "circuit-open"}
    world.settled()


def test_nothing_to_share(world: World) -> None:
    """What cannot be kept is fetched by everybody, all at once."""
    clients = crowd(world, 4)
    world.service.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
    assert len(world.dials) == 4
    for dial in world.dials[1:]:
        dial.wire.send(ok(b"mine"))
    world.dials[0].wire.send(b"mine")
    assert all(client.take().endswith(b"mine") for client in clients)
    world.settled()


def test_waiting_in_vain(world: World) -> None:
    """Nobody waits for what was nothing to share the last time, until it is once more."""
    fetched(world, ok(b"mine"))
    clients = crowd(world, 3)
    assert written(world).count(b"GET / ") == 4
    wires = [dial.wire for dial in world.dials]
    for wire in wires:
        wire.send(ok(b"all", FRESH))
    assert all(client.take().endswith(b"all") for client in clients)
    world.keeper.access.keeping.responses.memory.clear()  # type: ignore[union-attr]
    crowd(world, 3)
    assert written(world).count(b"GET / ") == 5
    world.service.send(ok(b"all", FRESH))


def test_errors_are_not_held_against_it(world: World) -> None:
    """An error says nothing of what the next answer will be."""
    fetched(world, ok(b"", status=b"501 No"))
    world.pass_time(60)
    before = written(world).count(b"GET / ")
    crowd(world, 3)
    assert written(world).count(b"GET / ") == before + 1


def test_patience(world: World) -> None:
    """Nobody waits for another's request for long."""
    first, second = crowd(world, 2)
    world.pass_time(9.75)
    assert len(world.dials) == 1
    world.pass_time(0.5)
    assert len(world.dials) == 2
    world.service.send(ok(b"second", FRESH))
    assert second.take().endswith(b"second")
    world.dials[0].wire.send(ok(b"first", FRESH))
    assert first.take().endswith(b"first")
    world.settled()


def test_others_wait_for_nothing(world: World) -> None:
    """HEAD, ranges, and other variants do not wait for what is none for them."""
    world.ask(get())
    for request in (get(method=b"HEAD"), get(b"/", b"Range: bytes=0-1\r\n"), get(b"/x"), get(method=b"POST")):
        before = len(world.dials)
        world.ask(request)
        assert len(world.dials) == before + 1


def test_other_variants_fetch(world: World) -> None:
    """Who waited for an answer that is for somebody else asks for their own."""
    clients = [world.client() for _ in range(2)]
    for number, client in enumerate(clients):
        client.send(get(b"/", b"Kind: %d\r\n" % number))
    world.service.send(ok(b"zero", FRESH, b"Vary: Kind\r\n"))
    world.service.send(ok(b"one", FRESH, b"Vary: Kind\r\n"))
    assert [client.take().rpartition(b"\r\n")[2] for client in clients] == [b"zero", b"one"]
    assert [hit(world, get(b"/", b"Kind: %d\r\n" % n)).rpartition(b"\r\n")[2] for n in (0, 1)] == [b"zero", b"one"]
