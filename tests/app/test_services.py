"""Services as they are configured: their breakers, and when single targets are ejected."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from gatewayd.app.services import Asked, Place
from gatewayd.core.backoff import Backoff
from gatewayd.core.breaker import Rejected, Settings, State
from gatewayd.core.membership import Found
from gatewayd.core.outcomes import Outcome
from tests.app.world import FOUND, TWO, World


def service(folder: Path, *lines: str, targets: str = TWO) -> Asked:
    """The one service."""
    return World(folder, *lines, targets=targets).service


def fail(target: Place, now: float, times: int = 1) -> None:
    """So many requests fail at `target`."""
    for _ in range(times):
        permit = target.permit(now)
        assert permit is not None
        permit.report(Outcome.FAILURE, now)


# Its breaker.


@pytest.mark.parametrize(
    ("mode", "state"),
    [
        ("auto", State.CLOSED),
        ("forced_open", State.FORCED_OPEN),
        ("forced_closed", State.FORCED_CLOSED),
        ("metrics_only", State.METRICS_ONLY),
    ],
)
def test_modes(tmp_path: Path, log: list[str], mode: str, state: State) -> None:
    """The breaker is in the state that the mode stands for from the start, and metrics show it."""
    made = World(tmp_path, f"breaker: {{mode: {mode}}}")
    breaker = made.service.breaker
    assert breaker is not None
    assert breaker.state is state
    assert made.metrics.service("main").breaker is breaker
    assert made.metric("circuit_breaker_state") == state.gauge
    if state is State.CLOSED:
        assert not log
    else:
        (line,) = log
        assert f"breaker of main: closed -> {state}, it is configured so;" in line
    if state is State.FORCED_OPEN:
        with pytest.raises(Rejected):
            breaker.permit(0.0)
    else:
        breaker.permit(0.0).report(Outcome.SUCCESS, 0.0)


def test_no_breaker(tmp_path: Path) -> None:
    """`off`: none is there, and there is nothing to count."""
    made = World(tmp_path, "breaker: {mode: off}")
    assert made.service.breaker is None
    assert made.metrics.service("main").breaker is None


def test_numbers_of_the_breaker(tmp_path: Path) -> None:
    """Every one of them."""
    breaker = service(
        tmp_path,
        "breaker: {window: 30s, minimum: 5, failure_rate: 40%, slow_rate: 12.5%, slow_after: 2s, consecutive: 4,",
        "          open: 5s, open_most: 1m, factor: 3, jitter: 20%, probes: 7, ramp: 9s}",
    ).breaker
    assert breaker is not None
    assert breaker.settings == Settings(
        calls=None,
        seconds=30.0,
        minimum=5,
        failure_rate=0.4,
        slow_rate=0.125,
        slow_after=2.0,
        consecutive=4,
        open=Backoff(5.0, 3.0, 60.0, 0.2),
        probes=7,
        ramp=9.0,
    )


def test_numbers_that_are_off(tmp_path: Path) -> None:
    """Rules that are switched off, and a window of calls."""
    breaker = service(tmp_path, "breaker: {window: 50, failure_rate: off, consecutive: 3, ramp: 0s}").breaker
    assert breaker is not None
    settings = breaker.settings
    assert (settings.calls, settings.seconds) == (50, None)
    assert (settings.failure_rate, settings.slow_rate, settings.slow_after) == (None, None, None)
    assert (settings.consecutive, settings.ramp) == (3, 0.0)


def test_defaults_of_the_breaker(tmp_path: Path) -> None:
    """Those that the core has."""
    breaker = service(tmp_path).breaker
    assert breaker is not None
    assert breaker.settings == Settings()


def test_a_breaker_that_opens(tmp_path: Path, log: list[str]) -> None:
    """One line says why, and for how long."""
    made = World(tmp_path, "breaker: {consecutive: 2, open: 5s, jitter: 0%}")
    breaker = made.service.breaker
    assert breaker is not None
    for _ in range(2):
        permit = breaker.permit(0.0)
        permit.note("connect-failed")
        permit.report(Outcome.FAILURE, 0.0)
    (line,) = log
    assert line.startswith("warn: breaker of main: closed -> open for 5.0 s, 2 calls in a row failed (limit 2); ")
    assert line.endswith("2 failed, 0 were slow; last failure: connect-failed")
    assert made.metric("circuit_breaker_state") == 1


# Ejection.


def test_numbers_of_an_ejection(tmp_path: Path) -> None:
    """Every one of them; a target's own breaker has one probe, and no ramp."""
    made = service(
        tmp_path,
        "ejection: {consecutive: 3, failure_rate: 90%, window: 20s, minimum: 7, time: 3s, time_most: 1m, ramp: 4s}",
    )
    for target in made.targets:
        assert target.ejection is not None
        assert target.ejection.settings == Settings(
            calls=None,
            seconds=20.0,
            minimum=7,
            failure_rate=0.9,
            consecutive=3,
            open=Backoff(3.0, 2.0, 60.0, 0.1),
            probes=1,
            ramp=0.0,
            memory=60.0,
        )


@pytest.mark.parametrize(
    ("targets", "line", "expected"),
    [
        (TWO, "", True),
        (TWO, "ejection: {enabled: false}", False),
        ("targets: ['http://10.0.0.1:81']", "", False),
        (FOUND, "", True),
        (FOUND, "ejection: {enabled: false}", False),
    ],
)
def test_who_may_be_ejected(tmp_path: Path, targets: str, line: str, expected: bool) -> None:
    """Targets that are not the only one for good; what is found may get company."""
    made = World(tmp_path, line, targets=targets)
    found = made.builder.found(made.service, made.settings, Found("10.0.0.9", 81))
    assert {target.ejection is not None for target in (*made.service.targets, found)} == {expected}


def test_an_ejection(tmp_path: Path, log: list[str]) -> None:
    """From the last failure to the full share: each step changes who is asked, and is told once."""
    made = World(tmp_path, "ejection: {consecutive: 2, time: 10s, ramp: 20s}")
    main = made.service
    first, second = main.targets
    fail(first, 0.0, 2)
    assert log == ["warn: main: http://10.0.0.1:81 is passed over for 10.0 s: 2 calls in a row failed (limit 2)"]
    assert {main.pick(None, 9.9) for _ in range(10)} == {second}
    fail(second, 9.9, 5)
    assert {main.pick(None, 9.9) for _ in range(10)} == {second}
    assert {main.pick(None, 10.0) for _ in range(10)} == {first, second}
    permit = first.permit(10.0)
    assert permit is not None
    permit.report(Outcome.SUCCESS, 10.5)
    assert log[1:] == ["info: main: http://10.0.0.1:81 answers again"]
    assert (first.slow_since, first.slow_until) == (10.5, 30.5)
    assert {main.pick(None, 10.5) for _ in range(10)} == {second}  # a share of 0.1
    assert Counter(main.pick(None, 30.4) for _ in range(10)) == {first: 5, second: 5}
    assert Counter(main.pick(None, 30.5) for _ in range(10)) == {first: 5, second: 5}
    assert len(log) == 2


def test_an_ejection_without_a_ramp(tmp_path: Path) -> None:
    """Who is back has its full share at once."""
    made = World(tmp_path, "ejection: {consecutive: 1, time: 10s, ramp: 0s}")
    first, second = made.service.targets
    fail(first, 0.0)
    permit = first.permit(10.0)
    assert permit is not None
    permit.report(Outcome.SUCCESS, 10.0)
    assert not first.cautious(10.0)
    assert Counter(made.service.pick(None, 10.0) for _ in range(10)) == {first: 5, second: 5}


def test_the_only_one_found_is_not_ejected(tmp_path: Path) -> None:
    """Discovery has found one so far."""
    made = World(tmp_path, "ejection: {consecutive: 1}", targets=FOUND)
    main = made.service
    only = made.builder.found(main, made.settings, Found("10.0.0.9", 81))
    main.replace([only], 0.0)
    fail(only, 0.0, 10)
    assert main.pick(None, 0.0) is only
    assert not only.on_trial


def test_standings(tmp_path: Path) -> None:
    """What metrics say of the targets is what holds at that time."""
    made = World(tmp_path, "ejection: {consecutive: 1, time: 10s}")
    main, targets = made.service, made.metrics.service("main").targets
    assert targets() == (2, 0, 0)
    fail(main.targets[0], made.now())
    assert targets() == (1, 1, 0)
    made.reactor.advance(10.0)
    assert targets() == (2, 0, 0)
