"""Targets that are asked how they are, from a start to a stop."""

from __future__ import annotations

from pathlib import Path

from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from gatewayd.core.streak import Health
from tests.app.kept import CONNECT, ONE, A, B, C, Kept, accept, file


def test_every_target_is_checked(tmp_path: Path) -> None:
    """From a random moment of the first interval on, at its own port."""
    kept = Kept(tmp_path, CONNECT).start()
    assert kept.started
    assert kept.asked(4.999) == []
    assert kept.asked(0.001) == [("10.0.0.1", 81), ("10.0.0.2", 81)]
    kept.answer()
    assert kept.asked(9.999) == []
    assert kept.asked(0.001) == [("10.0.0.1", 81), ("10.0.0.2", 81)]
    kept.upkeep.stop()
    assert not [call for call in kept.reactor.getDelayedCalls() if call.active()]


def test_checks_follow_the_targets(tmp_path: Path) -> None:
    """Who joins is checked, and who went is not."""
    kept = Kept(tmp_path, CONNECT, targets=file(tmp_path, A, B)).start()
    assert kept.asked(5.0) == [("10.0.0.1", 81), ("10.0.0.2", 82)]
    kept.answer()
    file(tmp_path, B, C)
    assert kept.asked(1.0) == []
    assert kept.asked(5.0) == [("10.0.0.3", 83)]
    kept.answer()
    assert kept.asked(4.0) == [("10.0.0.2", 82)]
    kept.answer()
    kept.stop()


def test_the_health_of_a_target(tmp_path: Path, log: list[str]) -> None:
    """It takes the configured number of checks in a row; each change is told once, and decides who is asked."""
    kept = Kept(tmp_path, CONNECT, targets=ONE).start()
    (target,) = kept.service.targets
    assert target.health is Health.UNKNOWN
    assert kept.metric("health_check_status", "check_type") == 0
    kept.check(True)
    assert target.health is Health.HEALTHY
    assert kept.metric("health_check_status", "check_type") == 1
    kept.check(False, 2)
    assert target.health is Health.HEALTHY
    kept.check(False)
    assert target.health is Health.UNHEALTHY
    assert kept.service.standings(kept.now()) == (0, 1, 0)
    assert kept.metric("health_check_status", "check_type") == 0
    kept.check(False, 3)
    kept.check(True)
    assert target.health is Health.UNHEALTHY
    kept.check(True)
    assert target.health is Health.HEALTHY
    assert log == [
        f"info: main: {A} is healthy",
        f"warn: main: {A} fails its checks: connection refused",
        f"info: main: {A} is healthy",
    ]
    assert kept.metric("health_check_duration_seconds_count", "check_type") == 9
    kept.stop()


def test_an_unhealthy_target_gets_nothing(tmp_path: Path) -> None:
    """The other one gets all; a new one in the place of one that went is as unknown as any."""
    kept = Kept(tmp_path, "health: {path: off, interval: 10s, jitter: 0%, fall: 1}", targets=file(tmp_path, A, B))
    kept.start()
    kept.asked(5.0)
    accept(kept.reactor.tcpClients.pop(0))
    kept.answer(ok=False)
    assert {kept.service.pick(None, kept.now()).url for _ in range(4)} == {A}
    for urls in ((A,), (A, B)):
        file(tmp_path, *urls)
        kept.pass_time(2.0)
    assert {kept.service.pick(None, kept.now()).url for _ in range(4)} == {A, B}
    kept.stop()


def test_a_service_that_is_not_checked(tmp_path: Path) -> None:
    """Nothing is said of its health."""
    kept = Kept(tmp_path).start()
    assert kept.metric("health_check_status", "check_type") is None
    kept.stop()


def test_readiness(tmp_path: Path) -> None:
    """A required service keeps the gateway unready until one of its targets is known to be well, and again later."""
    kept = Kept(tmp_path, CONNECT.replace("}", ", required: true}"), targets=ONE).start()
    assert kept.readiness.findings()[0].name == "service main"
    assert kept.why == "no target is known to be healthy"
    kept.check(True)
    assert kept.why is None
    kept.check(False, 3)
    assert kept.why == "no target is known to be healthy"
    kept.stop()


def test_what_is_asked(tmp_path: Path) -> None:
    """Method, path, Host and port are those of the configuration, and the answer is judged by its rules."""
    kept = Kept(
        tmp_path,
        "health: {path: '/up?deep=1', port: 9000, host: 'up.internal:82', interval: 10s, jitter: 0%, timeout: 3s,",
        "         statuses: [418], body: fine, fall: 1}",
        targets=ONE,
    ).start()
    (target,) = kept.service.targets
    for wait, answer, health in ((5.0, b"all is fine", Health.HEALTHY), (10.0, b"alas", Health.UNHEALTHY)):
        assert kept.asked(wait) == [("10.0.0.1", 9000)]
        protocol, transport = accept(kept.reactor.tcpClients.pop())
        assert kept.reactor.getDelayedCalls()[0].getTime() - kept.now() <= 3.0
        asked = transport.value()
        assert asked.startswith(b"GET /up?deep=1 HTTP/1.1\r\n")
        assert b"\r\nHost: up.internal:82\r\n" in asked
        protocol.dataReceived(b"HTTP/1.1 418 x\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))
        protocol.connectionLost(Failure(ConnectionDone()))
        assert target.health is health
    kept.stop()


def test_a_stop_during_a_check(tmp_path: Path, log: list[str]) -> None:
    """It is cancelled, and its end changes nothing."""
    kept = Kept(tmp_path, CONNECT, targets=ONE).start()
    kept.asked(5.0)
    kept.stop()
    assert kept.service.targets[0].health is Health.UNKNOWN
    assert log == []


def test_a_target_that_goes_during_its_check(tmp_path: Path, log: list[str]) -> None:
    """What comes of the check is nobody's concern any more."""
    kept = Kept(tmp_path, CONNECT, targets=file(tmp_path, A, B)).start()
    assert kept.asked(5.0) == [("10.0.0.1", 81), ("10.0.0.2", 82)]
    kept.reactor.tcpClients.clear()
    file(tmp_path, B)
    kept.pass_time(1.0)
    assert kept.asked(1.9) == []
    assert kept.urls == [B]
    assert not any("fails" in line for line in log)
    kept.stop()
