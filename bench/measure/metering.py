"""What metrics cost, in memory: requests that are not counted, and the steps of a scrape."""

import statistics
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from bench.measure.inmemory import InMemory
from gatewayd.telemetry.exposition import OPENMETRICS, exposition
from gatewayd.telemetry.metrics import Metrics
from gatewayd.telemetry.traffic import MethodMetrics, ServiceMetrics

SERIES = 3000
STEPS_TIMED = 15


@contextmanager
def uncounted(gateway: InMemory) -> Iterator[None]:
    """Have nothing of a request counted while the block lasts: neither its end, nor its attempt, nor its overhead.

    What is left is the calls, and numbers that are added to where something happens anyway.
    """
    with ExitStack() as stack:
        for owner, name in ((MethodMetrics, "finish"), (ServiceMetrics, "attempt"), (gateway.application, "_overhead")):
            stack.callback(setattr, owner, name, getattr(owner, name))
            setattr(owner, name, _nothing)
        yield


def _nothing(*_: object) -> None:
    """Do nothing."""


def folding_us(gateway: InMemory, requests: int) -> float:
    """CPU microseconds for each of the last `requests` that sorting what they kept takes, four times a second."""
    began = time.process_time()
    gateway.metrics.fold()
    return (time.process_time() - began) / requests * 1e6


def longest_step_ms() -> float:
    """The longest time that a scrape of `SERIES` series, compressed, keeps others from being served."""
    metrics = Metrics()
    for number in range(SERIES):
        if sum(text.count(b"\n") for text in exposition(metrics.collectors, OPENMETRICS)) >= SERIES:
            break
        metrics.route(f"/api/v1/area-{number:05d}/orders/{{id}}").method(b"GET").finish(200, 0.01, 100, 2000)
    return statistics.median(_longest(metrics) for _ in range(STEPS_TIMED))


def _longest(metrics: Metrics) -> float:
    """The longest step of one scrape, in milliseconds."""
    compressor = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    longest, began = 0.0, time.perf_counter()
    for step in exposition(metrics.collectors, OPENMETRICS):
        compressor.compress(step)
        now = time.perf_counter()
        longest, began = max(longest, now - began), now
    return longest * 1000
