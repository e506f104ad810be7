"""Bulkheads: a service gets so many requests at a time, some wait, and the rest are refused, with the right reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness import Client, GatewayProcess, RecordingUpstream
from tests.wire.world import get, route

from .scripts import held
from .world import ask, breaker, service, verdict, world


@pytest.fixture(scope="module")
def gateway(upstream: RecordingUpstream) -> Iterator[GatewayProcess]:
    """A gateway that lets one request at a time to a service, and one wait."""
    concurrency = {"most": 1, "queue": 1, "wait": "30s"}
    services = {
        "full": service(upstream, concurrency=concurrency, breaker={"consecutive": 1}),
        "late": service(upstream, concurrency=concurrency | {"wait": "200ms"}, breaker={"consecutive": 1}),
        "total": service(upstream, concurrency=concurrency, timeouts={"total": "200ms"}),
        "well": service(upstream),
    }
    patient = route("patient", "/total/patient", "total", timeouts={"total": "off"})
    with GatewayProcess(world(services, [patient])) as process:
        yield process


def test_full(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """One is served, one waits, the third is refused at once; whoever waited is served when the first has left."""
    release = upstream.event()
    upstream.on(b"/full/held", held(release))
    with Client(gateway.address) as first, Client(gateway.address) as second:
        first.send(get(b"/full/held"))
        upstream.wait_for(lambda: len(upstream.requests(b"/full/held")) == 1)
        second.send(get(b"/full/second"))
        gateway.wait_metric("http_requests_in_progress", 2, route="/full/**")
        for _ in range(3):
            assert verdict(ask(gateway, b"/full/third")) == (503, b"bulkhead-full")
        assert ask(gateway, b"/well/x").status == 200  # nobody else is held up
        assert upstream.requests(b"/full/second") == []
        release.set()
        assert first.response().body == b"held"
        assert second.response().body == b"ok"
    assert upstream.requests(b"/full/third") == []
    assert gateway.metric("http_requests_total", route="/full/**", status_code="503") == 3
    rows = breaker(gateway, "full")  # the service was not asked, and is not blamed
    assert (rows.state, rows.successes, rows.failures, rows.rejects) == (0, 2, 0, 0)
    assert ask(gateway, b"/full/x").status == 200


def test_waited_for_too_long(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Who waits longer than it may is refused, and its place in the queue is free."""
    release = upstream.event()
    upstream.on(b"/late/held", held(release))
    with Client(gateway.address) as first:
        first.send(get(b"/late/held"))
        upstream.wait_for(lambda: len(upstream.requests(b"/late/held")) == 1)
        for _ in range(2):
            assert verdict(ask(gateway, b"/late/second")) == (503, b"bulkhead-timeout")
        release.set()
        assert first.response().body == b"held"
    assert upstream.requests(b"/late/second") == []
    assert breaker(gateway, "late").failures == 0
    assert ask(gateway, b"/late/x").status == 200


def test_time_is_over_while_waiting(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """The deadline of a request covers the time it waits."""
    with Client(gateway.address) as first:
        release = upstream.event()
        upstream.on(b"/total/patient", held(release))
        first.send(get(b"/total/patient"))
        upstream.wait_for(lambda: len(upstream.requests(b"/total/patient")) == 1)
        assert verdict(ask(gateway, b"/total/second")) == (504, b"total-timeout")
        release.set()
        assert first.response().body == b"held"
    assert upstream.requests(b"/total/second") == []


def test_client_that_leaves_the_queue(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Who goes away while waiting makes room for another one."""
    release = upstream.event()
    upstream.on(b"/full/again", held(release))
    with Client(gateway.address) as first, Client(gateway.address) as third:
        first.send(get(b"/full/again"))
        upstream.wait_for(lambda: len(upstream.requests(b"/full/again")) == 1)
        with Client(gateway.address) as second:
            second.send(get(b"/full/left"))
            gateway.wait_metric("http_requests_in_progress", 2, route="/full/**")
            second.reset()
        gateway.wait_metric("http_requests_in_progress", 1, route="/full/**")
        third.send(get(b"/full/after"))
        gateway.wait_metric("http_requests_in_progress", 2, route="/full/**")
        release.set()
        assert first.response().body == b"held"
        assert third.response().body == b"ok"
    assert upstream.requests(b"/full/left") == []
