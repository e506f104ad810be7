"""The service's circuit breaker: what it is told of a request, exactly once, and what follows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gatewayd.core.breaker import Breaker
from gatewayd.core.reasons import CONNECT_FAILED, CONNECT_TIMEOUT, Reason
from tests.pipeline.test_failures import CASES, Case
from tests.pipeline.test_request_heads import fields
from tests.pipeline.test_upgrades import SWITCHED, UPGRADE
from tests.pipeline.wire import Wire
from tests.pipeline.world import World, get, ok, reason

BREAKER = "minimum: 2, consecutive: 2, failure_rate: off, probes: 2, open: 10s, jitter: 0%, ramp: 5s"
CONFIG = f"""
services:
  main:
    targets: ["http://127.0.0.1:9005"]
    timeouts: {{response: 10s, idle: 30s, total: 60s}}
    retries: {{attempts: 0}}
    breaker: {{{BREAKER}}}
routes:
  - {{name: all, path: "/**", service: main}}
"""
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"
POST = get(b"/", b"Content-Length: 5\r\n", method=b"POST")


def counts(breaker: Breaker) -> tuple[int, int, int, int]:
    """What the breaker was told: successes, failures, those among them that were timeouts; and what it refused."""
    return breaker.successes, breaker.failures, breaker.timeouts, breaker.rejects


def fail(world: World) -> None:
    """A request that the service breaks off."""
    client, service = world.ask(get())
    service.reset()
    assert reason(client) == "upstream-reset"


def refused(world: World) -> bytes:
    """The Retry-After of a request that is refused."""
    client = world.client()
    client.send(get())
    sent = client.take()
    assert b"\r\nX-Gateway-Reason: circuit-open\r\n" in sent
    client.hang_up()
    return b"".join(fields(sent, b"Retry-After"))


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A gateway whose service may fail once."""
    return World(tmp_path, CONFIG, draw=0.0)


@pytest.fixture
def half_open(world: World) -> World:
    """A gateway that would like to know whether its service is back."""
    fail(world)
    fail(world)
    world.pass_time(10)
    world.records.clear()
    return world


def test_a_whole_life(world: World) -> None:
    """Closed, open with the time that is really left, half-open with two probes, ramping, closed."""
    fail(world)
    assert world.breaker().state == "closed"
    fail(world)
    assert world.breaker().state == "open"
    dials = len(world.dials)
    assert refused(world) == b"10"
    world.clock.advance(8.5)
    assert refused(world) == b"2"
    world.clock.advance(1.4)
    assert refused(world) == b"1"
    assert len(world.dials) == dials
    world.clock.advance(0.1)
    probes = [world.ask(get()) for _ in range(2)]
    assert world.breaker().state == "half_open"
    assert refused(world) == b"1"
    for client, service in probes:
        service.send(ok())
        assert client.take().startswith(b"HTTP/1.1 200 ")
    assert world.breaker().state == "ramping"
    world.random = lambda: 0.5
    assert refused(world) == b"5"
    world.random = lambda: 0.05
    client, _ = world.ask(get())
    world.clock.advance(5)
    world.random = lambda: 0.99
    world.ask(get())
    assert world.breaker().state == "closed"
    for dial in world.dials[-2:]:
        dial.wire.send(ok(), ok())
    assert world.metric("circuit_breaker_state", service="main") == 0
    world.settled()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_counts(tmp_path: Path, case: Case) -> None:
    """Every failure once, whenever it comes: where a good answer broke off, it was a success too early."""
    world = World(tmp_path, CONFIG, draw=0.0)
    world.accepting = not case.name.startswith("connect")
    client = world.client()
    client.send(case.request)
    case.happens(world)
    assert counts(world.breaker()) == (not case.status, 1, case.error == "timeout" and bool(case.status), 0)
    world.settled()


@pytest.mark.parametrize(
    ("rules", "status", "expected"),
    [
        ("", 200, (1, 0)),
        ("", 302, (1, 0)),
        ("", 404, (0, 0)),
        ("", 500, (0, 1)),
        ("statuses: [503]", 500, (1, 0)),
        ("statuses: [503]", 503, (0, 1)),
        ("statuses: [429]", 429, (0, 1)),
    ],
)
def test_statuses(tmp_path: Path, rules: str, status: int, expected: tuple[int, int]) -> None:
    """What a failure is can be said; of other answers those to mistakes of clients say nothing."""
    world = World(tmp_path, CONFIG.replace(BREAKER, f"{BREAKER}, {rules}" if rules else BREAKER))
    _, service = world.ask(get())
    service.send(ok(status=b"%d X" % status))
    assert counts(world.breaker())[:2] == expected
    world.settled()


@pytest.mark.parametrize(
    ("errors", "failure", "expected"),
    [("[reset]", CONNECT_FAILED, 0), ("[connect]", CONNECT_FAILED, 1), ("[connect]", CONNECT_TIMEOUT, 0)],
)
def test_errors(tmp_path: Path, errors: str, failure: Reason, expected: int) -> None:
    """The same for what goes wrong on the way to an answer."""
    world = World(tmp_path, CONFIG.replace(BREAKER, f"{BREAKER}, errors: {errors}"))
    world.accepting = False
    world.ask(get())
    world.dials[-1].refuse(failure)
    assert world.breaker().failures == expected
    world.settled()


def test_slow_answers(tmp_path: Path) -> None:
    """What a service takes for the head counts; what a client takes for its body does not."""
    slow = BREAKER.replace("consecutive: 2", "slow_rate: 50%, slow_after: 3s")
    world = World(tmp_path, CONFIG.replace(BREAKER, slow), draw=0.0)
    client, service = world.ask(POST)
    world.pass_time(4)
    client.send(b"12345")
    world.pass_time(3)
    service.send(ok())
    assert (world.breaker().window.total, world.breaker().window.slow) == (1, 0)
    client.hang_up()
    client, service = world.ask(get())
    world.pass_time(3.25)
    service.send(ok())
    assert counts(world.breaker()) == (2, 0, 0, 0)
    assert refused(world) == b"10"
    world.settled()


def dialing(world: World) -> Wire:
    """The probe has no connection yet."""
    world.accepting = False
    return world.ask(get())[0]


def waiting(world: World) -> Wire:
    """The service thinks."""
    return world.ask(get())[0]


def uploading(world: World) -> Wire:
    """The client has not sent all."""
    return world.ask(POST, b"123")[0]


@pytest.mark.parametrize("moment", [dialing, waiting, uploading])
@pytest.mark.parametrize("how", ["hang_up", "reset", "expel"])
def test_a_probe_whose_client_leaves(half_open: World, moment: Callable[[World], Wire], how: str) -> None:
    """Its place is free again: nothing was learned."""
    world = half_open
    for _ in range(3):
        client = moment(world)
        if how == "expel":
            for channel in list(world.listener.channels):
                channel.expel()
            client.turn()
        else:
            getattr(client, how)()
    assert counts(world.breaker()) == (0, 2, 0, 0)
    for dial in world.dials:
        if not dial.outcome.called:
            dial.accept()
    world.accepting = True
    for _ in range(2):
        client = world.client()
        client.send(get())
        next(dial.wire for dial in reversed(world.dials) if dial.wire.written.endswith(b"\r\n\r\n")).send(ok())
        assert client.take().startswith(b"HTTP/1.1 200 ")
        client.hang_up()
    assert world.breaker().state == "ramping"
    world.settled()


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (ok(), "ramping"),
        (ok(status=b"404 Not Found"), "ramping"),
        (ok(status=b"500 Oh"), "open"),
        (b"nonsense\r\n\r\n", "open"),
        (HALF, "ramping"),
    ],
)
def test_what_probes_prove(half_open: World, answer: bytes, state: str) -> None:
    """That a service answers at all, whatever it says to mistakes of clients."""
    for _ in range(2):
        client = half_open.client()
        client.send(get())
        half_open.service.send(answer)
        client.hang_up()
        if half_open.breaker().state == "open":
            break
    assert half_open.breaker().state == state
    half_open.settled()


def test_a_probe_that_breaks_off(half_open: World) -> None:
    """It had passed with its head; with its body it fails."""
    _, service = half_open.ask(get())
    service.send(HALF)
    assert half_open.breaker().state == "half_open"
    service.reset()
    assert half_open.breaker().state == "open"
    assert refused(half_open) == b"20"
    half_open.settled()


def test_late_reports(world: World) -> None:
    """What was asked before the breaker opened changes nothing any more, however it ends."""
    early = [world.ask(get()) for _ in range(3)]
    halves = [world.ask(get()) for _ in range(2)]
    for _, service in halves:
        service.send(HALF)
    fail(world)
    fail(world)
    early[0][1].send(ok())
    early[1][1].reset()
    halves[0][1].reset()
    world.clock.advance(10)
    assert early[2][1].ending == "aborted"  # it took too long
    probe, _ = world.ask(get())
    halves[1][1].reset()
    assert world.breaker().state == "half_open"
    early[0][1].send(ok())  # the probe's connection: it was free
    assert probe.take().startswith(b"HTTP/1.1 200 ")
    assert world.breaker().state == "half_open"
    assert counts(world.breaker()) == (1 + 2 + 1, 2 + 4, 1, 0)
    world.settled()


def test_a_tunnel(half_open: World) -> None:
    """The switch is the answer: what the tunnel ends of is nobody's failure."""
    for _ in range(2):
        client, service = half_open.ask(get(b"/ws", *UPGRADE))
        service.send(SWITCHED)
        service.reset()
        assert client.ending == "closed"
    assert half_open.breaker().state == "ramping"
    half_open.settled()


@pytest.mark.parametrize("mode", ["forced_open", "forced_closed", "metrics_only"])
def test_modes(tmp_path: Path, mode: str) -> None:
    """A breaker that was told what to do does that, whatever happens."""
    world = World(tmp_path, CONFIG.replace("minimum", f"mode: {mode}, minimum"), draw=0.0)
    if mode == "forced_open":
        assert refused(world) == b"10"
        world.pass_time(1000)
        assert refused(world) == b"10"
        assert world.ports == []
    else:
        for _ in range(5):
            fail(world)
        assert (world.breaker().state, world.breaker().failures) == (mode, 5)
    assert world.metric("circuit_breaker_state", service="main") == (mode == "forced_open")
    world.settled()
