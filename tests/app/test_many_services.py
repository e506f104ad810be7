"""A thousand services load as ten do, each at the same cost: nothing looks at all of them for each of them."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import NamedTuple

from twisted.internet.task import Clock

from gatewayd.app.services import ServiceBuilder
from gatewayd.config import load
from gatewayd.http.deadlines import Deadlines
from gatewayd.http.dial import dialer
from gatewayd.telemetry.metrics import Metrics

TARGETS = 10


class Cost(NamedTuple):
    """Of loading a configuration and building its services: function calls, and objects that stay."""

    calls: int
    objects: int


def text(services: int) -> str:
    """A configuration with so many services of ten targets each, and a route to each of them."""
    lines = ["services:"]
    for number in range(services):
        lines += [f"  service-{number}:", "    balance: {policy: least_requests}", "    targets:"]
        lines += [f"      - http://10.{number // 250}.{number % 250}.{host}:8080" for host in range(1, TARGETS + 1)]
    lines += ["routes:", *(f"  - {{path: /{number}/**, service: service-{number}}}" for number in range(services)), ""]
    return "\n".join(lines)


def cost(folder: Path, services: int) -> Cost:
    """What so many take."""
    path = folder / "gateway.yaml"
    path.write_text(text(services), encoding="utf-8")
    clock, calls = Clock(), 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += 1

    gc.collect()
    before = len(gc.get_objects())
    sys.setprofile(count)
    try:
        config = load(path, {})
        deadlines = Deadlines(clock, clock.seconds)
        builder = ServiceBuilder(Metrics(), dialer(clock), deadlines, clock.seconds, lambda: 0.5)
        built = builder.build(config)
    finally:
        sys.setprofile(None)
    assert sum(len(service.targets) for service in built.values()) == services * TARGETS
    gc.collect()
    return Cost(calls, len(gc.get_objects()) - before)


def test_the_cost_is_linear(tmp_path: Path) -> None:
    """Twice as many services take at most twice as much."""
    cost(tmp_path, 1)  # what is made once and kept
    some, twice = cost(tmp_path, 40), cost(tmp_path, 80)
    assert twice.calls <= 2 * some.calls
    assert twice.objects <= 2 * some.objects + 10
