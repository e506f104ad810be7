"""What a scrape reads: label values and value of every series, in the catalogue's label order.

Each function copies the dictionary it walks before it yields, because requests go on between two parts of a scrape.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Mapping

from gatewayd.telemetry import memory as memory_figures
from gatewayd.telemetry import process
from gatewayd.telemetry.catalogue import POOL, TARGETS
from gatewayd.telemetry.collector import Row
from gatewayd.telemetry.tally import Events, HistogramTally
from gatewayd.telemetry.traffic import BreakerCounts, MethodMetrics, RouteMetrics, ServiceMetrics

Routes = Mapping[str, RouteMetrics]
Services = Mapping[str, ServiceMetrics]


def requests(routes: Routes) -> Iterator[Row]:
    """method, route, exact status: finished requests."""
    for method, route, metrics in _methods(routes):
        for status, outcome in list(metrics.outcomes.items()):
            yield (method, route, str(status)), outcome.requests


def request_durations(routes: Routes) -> Iterator[Row]:
    """method, route, status class: durations."""
    for method, route, metrics in _methods(routes):
        for status_class, durations in list(metrics.durations.items()):
            yield (method, route, status_class), durations


def by_method(routes: Routes, read: Callable[[MethodMetrics], float | HistogramTally]) -> Iterator[Row]:
    """method, route: what `read` finds."""
    for method, route, metrics in _methods(routes):
        yield (method, route), read(metrics)


def attempts(services: Services) -> Iterator[Row]:
    """service, exact status or "error": attempts."""
    for service, metrics in list(services.items()):
        for status, count in list(metrics.attempts.items()):
            yield (service, "error" if status is None else str(status)), count


def attempt_errors(services: Services) -> Iterator[Row]:
    """service, error type: failed attempts."""
    for service, metrics in list(services.items()):
        for kind, count in metrics.errors.items():
            yield (service, kind), count


def by_service(services: Services, read: Callable[[ServiceMetrics], HistogramTally]) -> Iterator[Row]:
    """service: what `read` finds."""
    for service, metrics in list(services.items()):
        yield (service,), read(metrics)


def retries(services: Services) -> Iterator[Row]:
    """service, reason: further attempts."""
    for service, metrics in list(services.items()):
        for reason, count in metrics.retries.items():
            yield (service, reason), count


def targets(services: Services) -> Iterator[Row]:
    """service, state: targets."""
    for service, metrics in list(services.items()):
        for state, count in zip(TARGETS.known, metrics.targets(), strict=True):
            yield (service, state), count


def breakers(services: Services, read: Callable[[BreakerCounts], int]) -> Iterator[Row]:
    """service: what `read` finds at its breaker, if it has one."""
    for service, metrics in list(services.items()):
        if metrics.breaker is not None:
            yield (service,), read(metrics.breaker)


def transitions(services: Services, pairs: Iterable[tuple[str, str]]) -> Iterator[Row]:
    """service, state before, state after: changes of a breaker's state; those in `pairs` are there from the start."""
    for service, metrics in list(services.items()):
        if metrics.breaker is not None:
            counts = dict.fromkeys(pairs, 0)
            for (before, after), count in metrics.breaker.transitions.items():
                counts[before.value, after.value] = count
            for (before_name, after_name), count in counts.items():
                yield (service, before_name, after_name), count


def check_statuses(services: Services) -> Iterator[Row]:
    """service: whether its checks found it healthy, if it is checked."""
    for service, metrics in list(services.items()):
        if metrics.check_status is not None:
            yield (service,), metrics.check_status


def check_durations(services: Services) -> Iterator[Row]:
    """service: durations of its checks, if it is checked."""
    for service, metrics in list(services.items()):
        if metrics.check_status is not None:
            yield (service,), metrics.check_durations


def pools(services: Services) -> Iterator[Row]:
    """service, state: connections of the pool and those who wait for one."""
    for service, metrics in list(services.items()):
        for state, count in zip(POOL.known, metrics.pool(), strict=True):
            yield (service, state), count


def memory() -> Iterator[Row]:
    """type: bytes; what is not known is left out."""
    for kind, size in (*memory_figures.usage().items(), ("limit", memory_figures.limit())):
        if size is not None:
            yield (kind,), size


def memory_figure(kind: str) -> Iterator[Row]:
    """No labels: bytes of one type."""
    for name, size in memory_figures.usage().items():
        if name == kind:
            yield (), size


def started_at() -> Iterator[Row]:
    """No labels: when this process began."""
    began = process.started_at(os.getpid())
    if began is not None:
        yield (), began


def open_descriptors() -> Iterator[Row | None]:
    """No labels: open file descriptors, after as many pauses as counting them takes."""
    for count in process.open_descriptors():
        yield None if count is None else ((), count)


def events(counts: Events) -> Iterator[Row]:
    """One label: how often each was counted."""
    for kind, count in counts.items():
        yield (kind,), count


def collections(what: str) -> Iterator[Row]:
    """generation: a figure of the interpreter's collector of reference cycles."""
    for generation, figures in enumerate(gc.get_stats()):
        yield (str(generation),), figures[what]


def _methods(routes: Routes) -> Iterator[tuple[str, str, MethodMetrics]]:
    for route, metrics in list(routes.items()):
        for method, of_method in metrics.methods():
            yield method, route, of_method
