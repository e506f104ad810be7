"""Targets that fail are passed over for a while and come back by and by; the last one is never passed over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness import GatewayProcess, RecordingUpstream, reply

from .scripts import FAILED
from .world import ask, ask_until, load, logged, service, targets, verdict, world


@pytest.fixture(scope="module")
def gateway(upstream: RecordingUpstream, other: RecordingUpstream) -> Iterator[GatewayProcess]:
    """A gateway that ejects a target after three failures in a row."""
    ejection = {"consecutive": 3, "time": "1s", "ramp": "500ms"}
    services = {
        "main": service(upstream, other, ejection=ejection),
        "both": service(upstream, other, ejection=ejection | {"time": "60s"}),
        "single": service(upstream, ejection=ejection),
        "rate": service(
            upstream, other, ejection={"consecutive": "off", "failure_rate": "50%", "minimum": 4, "time": "60s"}
        ),
        "loaded": service(upstream, other, ejection=ejection | {"time": "200ms"}, retries={"attempts": 2}),
        "refusing": service(
            upstream, other, ejection=ejection | {"time": "60s"}, breaker={"consecutive": 6}, retries={"attempts": 1}
        ),
    }
    with GatewayProcess(world(services)) as process:
        yield process


def test_ejected_and_taken_back(gateway: GatewayProcess, upstream: RecordingUpstream, other: RecordingUpstream) -> None:
    """Three failures in a row, then nothing for a while, then a probe, then a growing share, then its full one."""
    path = b"/main/x"
    upstream.on(path, FAILED)
    answers = ask_until(gateway, path, lambda: logged(gateway, f"main: {upstream.url} is passed over for") == 1)
    assert [answer.status for answer in answers].count(500) == 3
    assert len(upstream.requests(path)) == 3
    assert targets(gateway, "main") == (1, 1, 0)
    assert [ask(gateway, path).status for _ in range(20)] == [200] * 20
    assert len(upstream.requests(path)) == 3

    upstream.on(path, reply(b"well"))
    ask_until(gateway, path, lambda: len(upstream.requests(path)) > 3)
    gateway.wait_log(f"main: {upstream.url} answers again")
    assert targets(gateway, "main") == (2, 0, 0)
    returned = len(upstream.requests(path)), len(other.requests(path))

    def in_turn() -> bool:
        """Whether 20 more requests go to the one and the other in turn."""
        before = len(upstream.requests(path)), len(other.requests(path))
        assert [ask(gateway, path).status for _ in range(20)] == [200] * 20
        return (len(upstream.requests(path)) - before[0], len(other.requests(path)) - before[1]) == (10, 10)

    ask_until(gateway, path, in_turn)
    assert len(upstream.requests(path)) - returned[0] < len(other.requests(path)) - returned[1]
    told = gateway.wait_log(f"main: {upstream.url} (is passed over|answers again)", 2)
    assert [match[1] for match in told] == ["is passed over", "answers again"]
    assert logged(gateway, f"main: {other.url}") == 0
    assert gateway.metric("downstream_errors_total", service="main", error_type="http_5xx") == 3


def test_the_last_one_stays(gateway: GatewayProcess, upstream: RecordingUpstream, other: RecordingUpstream) -> None:
    """Where both fail, one is passed over, and the other goes on being asked, however often it fails."""
    path = b"/both/x"
    upstream.on(path, FAILED)
    other.on(path, FAILED)
    assert [ask(gateway, path).status for _ in range(20)] == [500] * 20
    assert len(gateway.wait_log("both: ")) == 1
    assert targets(gateway, "both") == (1, 1, 0)
    assert sorted([len(upstream.requests(path)), len(other.requests(path))]) == [3, 17]


def test_a_single_target_stays(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A service with one target is asked, however often it fails: that is for its breaker to judge."""
    upstream.on(b"/single/x", FAILED)
    assert [ask(gateway, b"/single/x").status for _ in range(10)] == [500] * 10
    assert targets(gateway, "single") == (1, 0, 0)
    assert len(upstream.requests(b"/single/x")) == 10


def test_failure_rate(gateway: GatewayProcess, upstream: RecordingUpstream, other: RecordingUpstream) -> None:
    """Failures between successes, half of all, eject a target as well."""
    for turn in range(4):
        upstream.on(b"/rate/x", FAILED if turn % 2 else reply(b"well"))
        before = len(upstream.requests(b"/rate/x"))
        ask_until(gateway, b"/rate/x", lambda before=before: len(upstream.requests(b"/rate/x")) > before)  # type: ignore[misc]
    gateway.wait_log(f"rate: {upstream.url} is passed over for .* s: 2 of 4 calls failed")
    assert targets(gateway, "rate") == (1, 1, 0)


def test_the_service_does_not_suffer(
    gateway: GatewayProcess, upstream: RecordingUpstream, other: RecordingUpstream
) -> None:
    """A target that dies is tried for, and then passed over; clients and the service's breaker see nothing of it."""
    upstream.go_down()
    try:
        answers = [verdict(ask(gateway, b"/refusing/x", method=b"POST", body=b"x")) for _ in range(20)]
        assert answers == [(200, None)] * 20
        assert targets(gateway, "refusing") == (1, 1, 0)
        assert gateway.metric("downstream_errors_total", service="refusing", error_type="connect") == 3
        assert gateway.metric("downstream_retries_total", service="refusing", reason="connect") == 3
        assert gateway.metric("circuit_breaker_failures_total", service="refusing") == 0
        assert gateway.metric("circuit_breaker_successes_total", service="refusing") == 20
    finally:
        upstream.come_back()


def test_death_under_load(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """One of two targets dies and comes back while requests go on: none of them fails."""
    with load(gateway, b"/loaded/x", clients=3) as statuses:
        upstream.wait_request(b"/loaded/x", 20)
        upstream.go_down()
        try:
            gateway.wait_log(f"loaded: {upstream.url} is passed over for")
            answered = len(statuses)
            ask_until(gateway, b"/loaded/x", lambda: len(statuses) > answered + 20)
        finally:
            upstream.come_back()
        seen = len(upstream.requests(b"/loaded/x"))
        gateway.wait_log(f"loaded: {upstream.url} answers again")
        upstream.wait_for(lambda: len(upstream.requests(b"/loaded/x")) > seen + 20)
    assert set(statuses) == {200}
    assert gateway.metric("downstream_retries_total", service="loaded") > 0
    assert targets(gateway, "loaded") == (2, 0, 0)
