"""Asking a second target when the first is slow: one answer for the client, and nothing left of the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatewayd.core.breaker import Breaker
from tests.pipeline.test_upgrades import SWITCHED, UPGRADE
from tests.pipeline.wire import Wire
from tests.pipeline.world import World, get, ok, reason

CONFIG = """
services:
  main:
    targets: ["http://127.0.0.1:9001", "http://127.0.0.1:9002"]
    timeouts: {response: 10s}
    retries: {attempts: 0, hedge: {percentile: 95, least: 10ms, most: 1s}}
    pool: {connections: 1, waiters: 0}
routes:
  - {name: all, path: "/**", service: main}
"""
ONE = CONFIG.replace(', "http://127.0.0.1:9002"', "")
HALF = ok(b"half of it")[:-6]


def counts(breaker: Breaker) -> tuple[int, int]:
    """The calls that succeeded and failed."""
    return breaker.successes, breaker.failures


def hedged(folder: Path, text: str = CONFIG) -> tuple[World, Wire, Wire, Wire]:
    """A gateway, a client, and two targets that both have its request."""
    world = World(folder, text, draw=0.0)
    client, first = world.ask(get())
    world.clock.advance(0.999)
    assert world.ports == [9001]
    world.clock.advance(0.001)
    assert world.ports == [9001, 9002]
    return world, client, first, world.at(9002)


def test_an_answer_in_time(tmp_path: Path) -> None:
    """Nobody else is asked, then or later."""
    world = World(tmp_path, CONFIG, draw=0.0)
    timers = len(world.clock.getDelayedCalls())
    client, first = world.ask(get())
    world.clock.advance(0.9)
    first.send(ok())
    assert len(world.clock.getDelayedCalls()) == timers
    world.pass_time(5)
    assert client.take().startswith(b"HTTP/1.1 200 ")
    assert (world.ports, world.record["attempts"]) == ([9001], 1)
    assert world.total("downstream_retries_total") == 0
    world.settled()


@pytest.mark.parametrize("winner", [9001, 9002])
def test_the_first_answer_counts(tmp_path: Path, winner: int) -> None:
    """The other request is broken off, and says nothing about its target."""
    world, client, first, second = hedged(tmp_path)
    assert first.written == second.written
    assert world.services["main"].budget.taken == 1
    loser = {9001: second, 9002: first}[winner]
    world.at(winner).send(ok(b"won"))
    assert client.take().endswith(b"\r\n\r\nwon")
    assert loser.ending == "aborted"
    loser.send(ok(b"too late"))
    assert client.take() == b""
    assert (world.record["attempts"], world.record["target"]) == (2, f"http://127.0.0.1:{winner}")
    assert world.retried("hedge") == 1
    assert world.total("downstream_requests_total") == 1
    assert [counts(world.breaker(port)) for port in (winner, 18003 - winner)] == [(1, 0), (0, 0)]
    assert counts(world.breaker()) == (1, 0)
    world.settled()


@pytest.mark.parametrize("failing", [9001, 9002])
def test_one_of_them_fails(tmp_path: Path, failing: int) -> None:
    """The other may still answer."""
    world, client, _, _ = hedged(tmp_path)
    world.at(failing).reset()
    assert client.take() == b""
    world.at(18003 - failing).send(ok())
    assert client.take().startswith(b"HTTP/1.1 200 ")
    assert world.metric("downstream_errors_total", service="main", error_type="reset") == 1
    assert counts(world.breaker(failing)) == (0, 1)
    assert counts(world.breaker()) == (1, 0)
    world.settled()


@pytest.mark.parametrize("order", [(9001, 9002), (9002, 9001)])
def test_both_fail(tmp_path: Path, order: tuple[int, int]) -> None:
    """What the first target failed of is what the client is told."""
    world, client, first, second = hedged(tmp_path)
    for port in order:
        world.at(port).send(b"nonsense\r\n\r\n" if port == 9002 else b"")
        if port == 9001:
            first.reset()
    assert reason(client) == "upstream-reset"
    assert second.ending == "aborted"
    assert [counts(world.breaker(port)) for port in (9001, 9002, None)] == [(0, 1)] * 3
    world.settled()


@pytest.mark.parametrize("failing", [9001, 9002])
def test_an_answer_that_counts_as_a_failure(tmp_path: Path, failing: int) -> None:
    """It does not win: a target that fails is often the quickest."""
    world, client, _, _ = hedged(tmp_path)
    world.at(failing).send(ok(b"oh", status=b"500 Oh"))
    assert client.take() == b""
    world.at(18003 - failing).send(ok(b"well"))
    assert client.take().endswith(b"\r\n\r\nwell")
    assert counts(world.breaker()) == (1, 0)
    assert counts(world.breaker(failing)) == (0, 1)
    assert world.metric("downstream_errors_total", service="main", error_type="http_5xx") == 1
    world.settled()


@pytest.mark.parametrize("order", [(9001, 9002), (9002, 9001)])
def test_two_answers_that_count_as_failures(tmp_path: Path, order: tuple[int, int]) -> None:
    """The first target's is as good as the other."""
    world, client, _, _ = hedged(tmp_path)
    for port in order:
        world.at(port).send(ok(b"%d" % port, status=b"500 Oh"))
    assert client.take().endswith(b"\r\n\r\n9001")
    assert (world.record["status"], counts(world.breaker())) == (500, (0, 1))
    world.settled()


@pytest.mark.parametrize("how", ["reset", "hang_up"])
def test_only_a_failure_is_left(tmp_path: Path, how: str) -> None:
    """An answer that counts as one is still better than none."""
    world, client, first, second = hedged(tmp_path)
    second.send(ok(b"oh", status=b"500 Oh"))
    getattr(first, how)()
    assert client.take().endswith(b"\r\n\r\noh")
    assert world.record["target"] == "http://127.0.0.1:9002"
    world.settled()


def test_both_fail_and_a_third_time_is_tried(tmp_path: Path) -> None:
    """Retries come after the hedge, from the same budget."""
    world, client, first, second = hedged(tmp_path, CONFIG.replace("attempts: 0", "attempts: 1"))
    second.reset()
    first.reset()
    assert world.services["main"].budget.taken == 1
    world.service.send(ok())
    assert client.take().startswith(b"HTTP/1.1 200 ")
    assert (world.retried("hedge"), world.retried("reset")) == (1, 1)
    assert world.record["attempts"] == 3
    world.settled()


def test_the_first_fails_before_a_hedge(tmp_path: Path) -> None:
    """That is no matter of being slow: nobody else is asked."""
    world = World(tmp_path, CONFIG, draw=0.0)
    client, first = world.ask(get())
    first.reset()
    assert reason(client) == "upstream-reset"
    world.pass_time(5)
    assert world.ports == [9001]
    world.settled()


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (get(method=b"POST"), CONFIG),
        (get(b"/", b"Idempotency-Key: 1\r\n", method=b"PUT"), CONFIG),
        (get(b"/", b"Content-Length: 1\r\n") + b"x", CONFIG),
        (get(), ONE),
        (get(), CONFIG.replace("attempts: 0", "attempts: 0, budget: 0%, budget_least: 0")),
    ],
    ids=["unsafe", "keyed", "with a body", "one target", "no budget"],
)
def test_who_is_not_hedged(tmp_path: Path, request_: bytes, text: str) -> None:
    """Requests that may change something or have a body; nor any where there is no other target or no budget."""
    world = World(tmp_path, text, draw=0.0)
    client, first = world.ask(request_)
    world.pass_time(5)
    assert world.ports == [9001]
    first.send(ok())
    assert client.take().startswith(b"HTTP/1.1 200 ")
    world.settled()


def test_the_other_target_has_no_room(tmp_path: Path) -> None:
    """A second attempt that is refused at once leaves the first one alone."""
    world = World(tmp_path, CONFIG, draw=0.0)
    client, first = world.ask(get())
    busy, other = world.ask(get(b"/other", method=b"POST"))
    assert world.ports == [9001, 9002]
    world.pass_time(2)
    assert world.retried("hedge") == 1
    first.send(ok())
    other.send(ok())
    assert client.take().startswith(b"HTTP/1.1 200 ")
    assert busy.take().startswith(b"HTTP/1.1 200 ")
    world.settled()


def test_both_are_being_connected(tmp_path: Path) -> None:
    """Whoever is left over gets an unused connection, or none; nobody is stranded."""
    world = World(tmp_path, CONFIG, draw=0.0)
    world.accepting = False
    client, _ = world.ask(get())
    world.pass_time(1.25)
    assert world.ports == [9001, 9002]
    world.dials[1].accept().send(ok())
    assert client.take().startswith(b"HTTP/1.1 200 ")
    assert world.record["attempts"] == 1
    world.dials[0].accept()
    assert world.service.ending == world.at(9001).ending == ""
    world.settled()


@pytest.mark.parametrize("how", ["hang_up", "reset", "expel"])
@pytest.mark.parametrize("moment", ["dialing", "before", "dialing both", "both", "one failed", "answered"])
def test_the_client_leaves(tmp_path: Path, moment: str, how: str) -> None:
    """At any moment: both requests are broken off, nobody is to blame, and no timer is left."""
    world = World(tmp_path, CONFIG, draw=0.0)
    world.accepting = "dialing" not in moment
    client, first = world.ask(get())
    if moment not in ("dialing", "before"):
        world.clock.advance(1)
        if moment == "one failed":
            first.reset()
        elif moment == "answered":
            world.at(9002).send(HALF)
    if how == "expel":
        for channel in list(world.listener.channels):
            channel.expel()
        client.turn()
    else:
        getattr(client, how)()
    assert world.record["status"] == 499
    for dial in world.dials:
        if not dial.made:
            dial.accept()
        else:
            assert dial.wire.ending == "aborted" or dial.wire.gone
    world.settled()
    assert counts(world.breaker()) == ((1, 0) if moment == "answered" else (0, 0))
    world.pass_time(5)
    assert len(world.dials) == (1 if moment in ("dialing", "before") else 2)


def test_time_runs_out_for_both(tmp_path: Path) -> None:
    """The first one's end is told, as if there had been no other."""
    world, client, first, second = hedged(tmp_path)
    world.pass_time(9.25)
    assert (first.ending, client.take()) == ("aborted", b"")
    world.pass_time(1)
    assert second.ending == "aborted"
    assert reason(client) == "response-timeout"
    assert world.metric("downstream_errors_total", service="main", error_type="timeout") == 2
    world.settled()


def test_an_upgrade(tmp_path: Path) -> None:
    """The tunnel is with whoever switched; the other one hears no more of it."""
    world = World(tmp_path, CONFIG, draw=0.0)
    client, first = world.ask(get(b"/ws", *UPGRADE))
    world.clock.advance(1)
    world.at(9002).send(SWITCHED)
    assert first.ending == "aborted"
    client.take()
    client.send(b"hello")
    assert world.at(9002).take().endswith(b"hello")
    client.hang_up()
    assert world.record["status"] == 101
    world.settled()


def test_slow_is_what_is_slower_than_most(tmp_path: Path) -> None:
    """Once a hundred answers are known, the second target is asked after the time that most of them took."""
    world = World(tmp_path, CONFIG, draw=0.0)
    for _ in range(100):
        client, _ = world.ask(get())
        world.clock.advance(0.02)
        next(dial.wire for dial in world.dials if dial.wire.take()).send(ok())
        assert client.take().startswith(b"HTTP/1.1 200 ")
        client.hang_up()
    client, _ = world.ask(get())
    world.clock.advance(0.0199)
    assert world.retried("hedge") == 0
    world.clock.advance(0.0025)
    assert world.retried("hedge") == 1
    client.hang_up()
    world.settled()
