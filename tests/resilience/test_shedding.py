"""A process that falls behind refuses what matters least, and says so."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from tests.harness import GatewayProcess, RecordingUpstream
from tests.wire.world import route

from .world import ask, ask_until, logged, service, verdict, world

SHED = (503, b"overloaded")


@contextmanager
def stalled(gateway: GatewayProcess) -> Iterator[None]:
    """Stops the process for most of the time, as a machine does that is too busy with others."""
    enough = Event()

    def stall() -> None:
        while not enough.is_set():
            os.kill(gateway.pid, signal.SIGSTOP)
            enough.wait(0.04)
            os.kill(gateway.pid, signal.SIGCONT)
            enough.wait(0.002)

    thread = Thread(target=stall)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def test_lowest_first(upstream: RecordingUpstream) -> None:
    """While the process lags, some requests of low priority are refused, and none that are critical."""
    routes = [
        route("low", "/low/**", "main", priority="low"),
        route("critical", "/critical/**", "main", priority="critical"),
    ]
    config = world({"main": service(upstream)}, routes, shedding={"lag": "1ms", "lag_full": "200ms"})
    with GatewayProcess(config) as gateway:
        low = [ask(gateway, b"/low/x")]
        critical = []
        with stalled(gateway):
            while low[-1].status == 200:
                low.append(ask(gateway, b"/low/x"))
                critical.append(ask(gateway, b"/critical/x").status)
        *served, refused = low
        assert verdict(refused) == SHED
        assert refused.get(b"retry-after") == b"1"
        assert len(upstream.requests(b"/low/x")) == len(served)
        assert set(critical) == {200}
        assert logged(gateway, "overloaded: ") == 1
        assert gateway.metric("http_requests_total", route="/low/**", status_code="503") == 1


def test_switched_off(upstream: RecordingUpstream) -> None:
    """Nobody is refused where that is not wanted."""
    routes = [route("low", "/low/**", "main", priority="low")]
    shedding = {"enabled": False, "lag": "1ms", "lag_full": "2ms"}
    with GatewayProcess(world({"main": service(upstream)}, routes, shedding=shedding)) as gateway:
        lags = gateway.metric("event_loop_lag_seconds_count")
        with stalled(gateway):
            answers = ask_until(gateway, b"/low/x", lambda: gateway.metric("event_loop_lag_seconds_count") >= lags + 3)
        assert {verdict(answer) for answer in answers} == {(200, None)}
