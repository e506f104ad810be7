"""Circuit breakers: a service that dies is left alone, asked again, and taken back step by step."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness import GatewayProcess, RecordingUpstream, reply

from .scripts import FAILED, MISSING
from .world import BreakerRows, ask, ask_until, breaker, logged, service, transitions, verdict, world

OPEN = (503, b"circuit-open")


@pytest.fixture(scope="module")
def mortal() -> Iterator[RecordingUpstream]:
    """The service that is killed."""
    with RecordingUpstream() as server:
        yield server


@pytest.fixture(scope="module")
def gateway(upstream: RecordingUpstream, mortal: RecordingUpstream) -> Iterator[GatewayProcess]:
    """A gateway whose breakers open soon and for a short time."""
    patient = {"window": 20, "minimum": 6, "jitter": "0%", "open": "1s", "probes": 2, "ramp": "1s"}
    hasty = {"window": 10, "minimum": 2, "jitter": "0%", "open": "100ms", "probes": 1, "ramp": "0s"}
    services = {
        "mortal": service(mortal, breaker=patient),
        "well": service(upstream, breaker=patient),
        "sick": service(upstream, breaker=hasty),
        "long": service(upstream, breaker=hasty | {"open": "30s"}),
        "refusing": service(upstream, breaker=hasty),
        "strict": service(upstream, breaker=hasty | {"open": "30s", "statuses": [404]}),
    }
    with GatewayProcess(world(services)) as process:
        yield process


def test_death_and_return(gateway: GatewayProcess, upstream: RecordingUpstream, mortal: RecordingUpstream) -> None:
    """Killed, refused at once from the minimum volume on, started again, probed, let in by and by, closed."""
    well = 0

    def others_are_served() -> None:
        nonlocal well
        well += 1
        assert ask(gateway, b"/well/x").status == 200

    for _ in range(3):
        assert ask(gateway, b"/mortal/x").status == 200
        others_are_served()
    mortal.go_down()
    for _ in range(3):  # 3 of 6 calls, the first number of which the rate counts
        assert verdict(ask(gateway, b"/mortal/x")) == (502, b"connect-failed")
        others_are_served()
    refused = ask(gateway, b"/mortal/x")
    assert verdict(refused) == OPEN
    assert refused.get(b"retry-after") == b"1"
    others_are_served()
    assert breaker(gateway, "mortal") == BreakerRows(state=1, successes=3, failures=3, timeouts=0, rejects=1)
    assert gateway.metric("downstream_requests_total", service="mortal", status_code="200") == 3
    assert gateway.metric("downstream_requests_total", service="mortal", status_code="error") == 3
    assert gateway.metric("downstream_errors_total", service="mortal", error_type="connect") == 3

    mortal.come_back()
    seen = len(mortal.requests())
    waiting = ask_until(gateway, b"/mortal/x", lambda: len(mortal.requests()) > seen)
    assert [verdict(answer) for answer in waiting] == [OPEN] * (len(waiting) - 1) + [(200, None)]
    assert {answer.get(b"retry-after") for answer in waiting[:-1]} <= {b"1"}
    assert breaker(gateway, "mortal").state == 2
    others_are_served()

    assert ask(gateway, b"/mortal/x").status == 200  # the second of two probes
    assert breaker(gateway, "mortal").state == 0
    assert transitions(gateway, "mortal")["half_open", "ramping"] == 1
    growing = ask_until(gateway, b"/mortal/x", lambda: logged(gateway, "breaker of mortal: ramping -> closed") == 1)
    assert {verdict(answer) for answer in growing} == {OPEN, (200, None)}
    others_are_served()
    assert [ask(gateway, b"/mortal/x").status for _ in range(20)] == [200] * 20

    rows = breaker(gateway, "mortal")
    assert rows.state == 0
    assert rows.failures == 3
    assert rows.successes == len(mortal.requests())
    assert rows.rejects == 1 + sum(verdict(answer) == OPEN for answer in (*waiting, *growing))
    assert list(transitions(gateway, "mortal").values()) == [1, 1, 1, 1]
    told = gateway.wait_log(r"breaker of mortal: (\w+) -> (\w+)", 4)
    assert [match.groups() for match in told] == [
        ("closed", "open"),
        ("open", "half_open"),
        ("half_open", "ramping"),
        ("ramping", "closed"),
    ]
    assert breaker(gateway, "well") == BreakerRows(state=0, successes=well, failures=0, timeouts=0, rejects=0)
    assert transitions(gateway, "well") == {}


def test_failed_probes(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A service that stays ill is asked once after each open time, which doubles; the log says for how long."""
    upstream.on(b"/sick/x", FAILED)
    ask_until(gateway, b"/sick/x", lambda: logged(gateway, "breaker of sick: half_open -> open") == 2)
    told = gateway.wait_log(r"breaker of sick: (\w+) -> open for ([\d.]+) s", 3)
    assert [match.groups() for match in told] == [("closed", "0.1"), ("half_open", "0.2"), ("half_open", "0.4")]
    assert len(upstream.requests(b"/sick/x")) == 2 + 1 + 1
    assert told[0].string.endswith("of 2 calls in its window 2 failed, 0 were slow; last failure: status 500")

    upstream.on(b"/sick/x", reply(b"well"))
    answers = ask_until(gateway, b"/sick/x", lambda: len(upstream.requests(b"/sick/x")) == 5)
    assert verdict(answers[-1]) == (200, None)
    assert breaker(gateway, "sick").state == 0  # there is no ramp
    assert transitions(gateway, "sick")["half_open", "closed"] == 1


def test_time_left(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Who is refused is told when to come again, and nothing of it reaches the service."""
    upstream.on(b"/long/x", FAILED)
    for _ in range(2):
        assert verdict(ask(gateway, b"/long/x")) == (500, None)
    for _ in range(5):
        refused = ask(gateway, b"/long/x", method=b"POST", body=b"x")
        assert verdict(refused) == OPEN
        assert 20 <= int(refused.get(b"retry-after") or 0) <= 30
    assert len(upstream.requests(b"/long/x")) == 2
    assert gateway.metric("downstream_requests_total", service="long") == 2
    assert gateway.metric("downstream_errors_total", service="long", error_type="http_5xx") == 2
    assert breaker(gateway, "long") == BreakerRows(state=1, successes=0, failures=2, timeouts=0, rejects=5)


def test_client_errors(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Answers of 4xx are neither failures nor successes, however many there are."""
    upstream.on(b"/refusing/x", MISSING)
    for _ in range(20):
        assert verdict(ask(gateway, b"/refusing/x")) == (404, None)
    assert breaker(gateway, "refusing") == BreakerRows(state=0, successes=0, failures=0, timeouts=0, rejects=0)


def test_statuses_that_count(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """What counts as a failure is configured: here 404, and not 500."""
    upstream.on(b"/strict/failed", FAILED)
    upstream.on(b"/strict/missing", MISSING)
    assert verdict(ask(gateway, b"/strict/failed")) == (500, None)
    assert breaker(gateway, "strict") == BreakerRows(state=0, successes=1, failures=0, timeouts=0, rejects=0)
    assert verdict(ask(gateway, b"/strict/missing")) == (404, None)  # one of two failed
    assert verdict(ask(gateway, b"/strict/x")) == OPEN
