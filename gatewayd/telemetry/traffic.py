"""The series a request touches: by route and method on the client's side, by service on the upstream's side.

Each is looked up once and kept by whoever serves the route or the service; counting is then attribute arithmetic.
Everything here is written from the reactor's thread only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from gatewayd.telemetry.catalogue import ATTEMPT_ERRORS, CHECKS, DOWNSTREAM, LATENCY, RETRIES, SIZES
from gatewayd.telemetry.tally import HistogramTally

UNMATCHED = "_unmatched"  # the route label of a request no route answered: the raw path would be unbounded
FOLD_EVERY = 256  # observations kept before they are sorted into their buckets
OTHER_METHOD = "_OTHER"  # as OpenTelemetry's http.request.method names what is not a known method

# RFC 9110 section 9, RFC 5789 (PATCH), and QUERY, the safe method with a body.
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY")


class _Outcome:
    """What one status code counts: its own requests, and the durations of its class."""

    __slots__ = ("durations", "observe", "requests")

    def __init__(self, durations: HistogramTally) -> None:
        self.requests = 0
        self.durations = durations
        self.observe = durations.observe


class MethodMetrics:
    """Rows of one route and one method. The caller keeps `in_progress` by += 1 and -= 1."""

    __slots__ = (
        "_observe_request",
        "_observe_response",
        "durations",
        "in_progress",
        "outcomes",
        "request_sizes",
        "response_sizes",
    )

    def __init__(self) -> None:
        self.in_progress = 0
        self.outcomes: dict[int, _Outcome] = {}
        self.durations: dict[str, HistogramTally] = {}
        self.request_sizes = HistogramTally(SIZES)
        self.response_sizes = HistogramTally(SIZES)
        self._observe_request = self.request_sizes.observe
        self._observe_response = self.response_sizes.observe

    def finish(self, status: int, seconds: float, bytes_in: int, bytes_out: int, trace_id: str | None = None) -> None:
        """Count one finished request: `seconds` from the first byte in to the last byte out, body bytes as transferred.

        `status` is what the client was sent, 499 where it could not be sent. `trace_id` is that of a sampled trace.
        """
        try:
            outcome = self.outcomes[status]
        except KeyError:
            outcome = self._first(status)
        outcome.requests = requests = outcome.requests + 1
        outcome.observe(seconds)
        self._observe_request(bytes_in)
        self._observe_response(bytes_out)
        if trace_id is not None:
            outcome.durations.exemplify(seconds, trace_id)
        if not requests % FOLD_EVERY:
            outcome.durations.fold()
            self.request_sizes.fold()
            self.response_sizes.fold()

    def _first(self, status: int) -> _Outcome:
        group = f"{status // 100}xx"
        durations = self.durations.setdefault(group, HistogramTally(LATENCY))
        outcome = self.outcomes[status] = _Outcome(durations)
        return outcome


class _Methods(dict[bytes, MethodMetrics]):
    """The known methods, made when first seen; every other one shares one entry, so that a client cannot add series."""

    def __missing__(self, method: bytes) -> MethodMetrics:
        known = method if method.decode("latin-1") in METHODS else OTHER_METHOD.encode("ascii")
        made = self.get(known)
        if made is None:
            made = self[known] = MethodMetrics()
        return made


class RouteMetrics:
    """Rows of one route; `method(b"GET")` answers those of one method and never fails."""

    __slots__ = ("_methods", "method")

    method: Callable[[bytes], MethodMetrics]

    def __init__(self) -> None:
        self._methods = _Methods()
        self.method = self._methods.__getitem__

    def methods(self) -> Iterator[tuple[str, MethodMetrics]]:
        """The methods seen so far with their label, from a copy."""
        for method, metrics in list(self._methods.items()):
            yield method.decode("ascii"), metrics


class BreakerState(Protocol):
    """A state of a circuit breaker: its name, and its number in `circuit_breaker_state`."""

    @property
    def value(self) -> str:
        """The name."""

    @property
    def gauge(self) -> int:
        """The number."""


class Transitions(Protocol):
    """How often a circuit breaker changed from one state to another: a mapping of which only this is asked."""

    def items(self) -> Iterable[tuple[tuple[BreakerState, BreakerState], int]]:
        """The state before and the one after, and how often."""


class BreakerCounts(Protocol):
    """What a circuit breaker counted since it was made, read at scrape time."""

    @property
    def state(self) -> BreakerState:
        """The state it is in."""

    @property
    def successes(self) -> int:
        """Calls that succeeded."""

    @property
    def failures(self) -> int:
        """Calls that failed, those that took too long included."""

    @property
    def timeouts(self) -> int:
        """Calls that took too long."""

    @property
    def rejects(self) -> int:
        """Calls that were refused."""

    @property
    def transitions(self) -> Transitions:
        """Changes from one state to another."""


def _none_at_all() -> tuple[int, int, int]:
    return 0, 0, 0


class ServiceMetrics:
    """Rows of one service.

    `pool` is asked at scrape time for the connections that are (active, idle) and the requests that are waiting,
    `targets` for the targets that are (healthy, unhealthy, draining), `breaker` for what it counted; None is a service
    without a circuit breaker. `connected(seconds)` counts one new upstream connection and what it took, TLS included;
    `checked(seconds)` one active health check. `check_status` is 1 or 0 for a service that is checked, None for others.
    """

    __slots__ = (
        "_observe",
        "attempts",
        "breaker",
        "check_durations",
        "check_status",
        "checked",
        "connect_durations",
        "connected",
        "durations",
        "errors",
        "pool",
        "retries",
        "targets",
    )

    connected: Callable[[float], None]
    checked: Callable[[float], None]
    pool: Callable[[], tuple[int, int, int]]
    targets: Callable[[], tuple[int, int, int]]

    def __init__(self) -> None:
        self.attempts: dict[int | None, int] = {}
        self.durations = HistogramTally(DOWNSTREAM)
        self._observe = self.durations.observe
        self.errors = dict.fromkeys(ATTEMPT_ERRORS.known, 0)
        self.connect_durations = HistogramTally(DOWNSTREAM)
        self.connected = self.connect_durations.observe
        self.pool = _none_at_all
        self.targets = _none_at_all
        self.breaker: BreakerCounts | None = None
        self.retries = dict.fromkeys(RETRIES.known, 0)
        self.check_durations = HistogramTally(CHECKS)
        self.checked = self.check_durations.observe
        self.check_status: int | None = None

    def attempt(self, status: int | None, seconds: float, trace_id: str | None = None) -> None:
        """Count one attempt, until its last byte; `status` is None where no answer came.

        An attempt that failed is counted by `error` as well, a 5xx answer too. `trace_id` is that of a sampled trace.
        """
        self.attempts[status] = attempts = self.attempts.get(status, 0) + 1
        self._observe(seconds)
        if trace_id is not None:
            self.durations.exemplify(seconds, trace_id)
        if not attempts % FOLD_EVERY:
            self.durations.fold()

    def error(self, kind: str) -> None:
        """Count one failed attempt; `kind` is one of `ATTEMPT_ERRORS.known`, anything else a KeyError."""
        self.errors[kind] += 1

    def retry(self, reason: str) -> None:
        """Count one further attempt; `reason` is one of `RETRIES.known`, anything else a KeyError."""
        self.retries[reason] += 1
