"""The series of circuit breakers, targets, retries and health checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

import pytest

from gatewayd.core.breaker import Breaker, Settings
from gatewayd.core.outcomes import Outcome
from gatewayd.telemetry import Metrics
from gatewayd.telemetry.catalogue import RETRIES
from tests.telemetry.test_traffic import value

PAIRS = (("closed", "open"), ("open", "half_open"))


class State(Enum):
    """States as a breaker has them."""

    CLOSED = "closed"
    OPEN = "open"
    FORCED_OPEN = "forced_open"
    HALF_OPEN = "half_open"

    @property
    def gauge(self) -> int:
        """The number of the metric."""
        return {"closed": 0, "half_open": 2}.get(self.value, 1)


@dataclass
class Counted:
    """What a breaker counted."""

    state: State = State.OPEN
    successes: int = 7
    failures: int = 5
    timeouts: int = 2
    rejects: int = 3
    transitions: Mapping[tuple[State, State], int] = field(
        default_factory=lambda: {(State.CLOSED, State.OPEN): 4, (State.OPEN, State.FORCED_OPEN): 1}
    )


def test_a_breaker_is_read_when_scraped() -> None:
    """Rows 8 to 12 are what the breaker has at the moment of the scrape."""
    metrics = Metrics()
    breaker = Counted()
    metrics.service("payment").breaker = breaker
    names = ("state", "successes_total", "failures_total", "timeouts_total", "rejects_total")

    def figures() -> list[float | None]:
        return [value(metrics, f"circuit_breaker_{name}", service="payment") for name in names]

    assert figures() == [1, 7, 5, 2, 3]
    breaker.state = State.HALF_OPEN
    breaker.rejects += 1
    assert figures() == [2, 7, 5, 2, 4]


def test_transitions_begin_at_zero() -> None:
    """The usual changes exist before the first of them; what happened beyond them is there as well."""
    metrics = Metrics(PAIRS)
    breaker = metrics.service("payment").breaker = Counted(transitions={})

    def transitions(before: str, after: str) -> float | None:
        return value(metrics, "circuit_breaker_transitions_total", service="payment", from_state=before, to_state=after)

    assert [transitions(*pair) for pair in PAIRS] == [0, 0]
    assert transitions("open", "forced_open") is None
    breaker.transitions = Counted().transitions
    assert [transitions(*pair) for pair in PAIRS] == [4, 0]
    assert transitions("open", "forced_open") == 1


def test_a_real_breaker_can_be_read() -> None:
    """What a breaker keeps is what the metrics ask for, and its usual changes are known beforehand."""
    metrics = Metrics()
    breaker = metrics.service("payment").breaker = Breaker(Settings(consecutive=1), lambda: 0.5)
    labels = {"service": "payment", "from_state": "closed", "to_state": "open"}
    assert value(metrics, "circuit_breaker_transitions_total", **labels) == 0
    breaker.permit(0.0).report(Outcome.FAILURE, 1.0)
    assert value(metrics, "circuit_breaker_transitions_total", **labels) == 1
    assert value(metrics, "circuit_breaker_state", service="payment") == 1
    assert value(metrics, "circuit_breaker_failures_total", service="payment") == 1


def test_a_service_without_breaker_or_checks_has_no_such_series() -> None:
    """A zero would say that a breaker is closed, or that a service is ill."""
    metrics = Metrics(PAIRS)
    metrics.service("payment")
    assert value(metrics, "circuit_breaker_state", service="payment") is None
    assert value(metrics, "circuit_breaker_failures_total", service="payment") is None
    for before, after in PAIRS:
        labels = {"service": "payment", "from_state": before, "to_state": after}
        assert value(metrics, "circuit_breaker_transitions_total", **labels) is None
    assert value(metrics, "health_check_status", check_type="payment") is None
    assert value(metrics, "health_check_duration_seconds_count", check_type="payment") is None


def test_retries_count_by_reason() -> None:
    """Every reason exists before the first retry, and an unknown one is the caller's mistake."""
    metrics = Metrics()
    payment = metrics.service("payment")

    def retries() -> list[float | None]:
        return [value(metrics, "downstream_retries_total", service="payment", reason=name) for name in RETRIES.known]

    assert retries() == [0] * 7
    payment.retry("connect")
    payment.retry("hedge")
    payment.retry("hedge")
    assert retries() == [1, 0, 0, 0, 0, 0, 2]
    with pytest.raises(KeyError):
        payment.retry("gremlins")


def test_targets_are_asked_when_scraped() -> None:
    """Targets are counted by state at scrape time; before anybody knows they are 0."""
    metrics = Metrics()
    payment = metrics.service("payment")

    def states() -> list[float | None]:
        return [
            value(metrics, "downstream_targets", service="payment", state=state)
            for state in ("healthy", "unhealthy", "draining")
        ]

    assert states() == [0, 0, 0]
    payment.targets = lambda: (3, 2, 1)
    assert states() == [3, 2, 1]


def test_checks_are_timed() -> None:
    """A checked service has a status, and a duration for each check, folded with the others."""
    metrics = Metrics()
    payment = metrics.service("payment")
    payment.check_status = 0
    payment.checked(0.007)
    metrics.fold()
    assert value(metrics, "health_check_status", check_type="payment") == 0
    assert value(metrics, "health_check_duration_seconds_bucket", check_type="payment", le="0.01") == 1
    assert value(metrics, "health_check_duration_seconds_bucket", check_type="payment", le="0.001") == 0
    payment.check_status = 1
    assert value(metrics, "health_check_status", check_type="payment") == 1
