"""The series about what the gateway does to itself: reloads, worker processes, certificates, spans.

Each class is what the part that does it counts with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from gatewayd.telemetry.catalogue import RELOADS, SPANS, WORKER_RESTARTS, WORKERS
from gatewayd.telemetry.collector import Row
from gatewayd.telemetry.tally import Events


class ReloadMetrics:
    """Rows about the configuration. Times are seconds since 1970."""

    __slots__ = ("_good", "_results", "_taken_up")

    def __init__(self) -> None:
        self._results = Events(RELOADS.known)
        self._good = 0
        self._taken_up = 0.0

    def started(self, wall: float) -> None:
        """The gateway serves what it was started with; that is no reload."""
        self._good, self._taken_up = 1, wall

    def success(self, wall: float) -> None:
        """Another configuration was read, and is in use from now on."""
        self._results.count("success")
        self.started(wall)

    def unchanged(self) -> None:
        """What was read says the same as the configuration in use."""
        self._results.count("unchanged")
        self._good = 1

    def failure(self) -> None:
        """What was read cannot be used; the configuration in use stays."""
        self._results.count("failure")
        self._good = 0

    def good(self) -> Iterator[Row]:
        """No labels: whether the last one was good."""
        yield (), self._good

    def taken_up(self) -> Iterator[Row]:
        """No labels: when the configuration in use was taken up."""
        yield (), self._taken_up

    def results(self) -> Iterator[Row]:
        """result: reloads."""
        for result, count in self._results.items():
            yield (result,), count


class WorkerMetrics:
    """Rows about processes that serve. `counts` is asked at scrape time for those that are (up, draining, down).

    A gateway without a supervisor is the only one of its own.
    """

    __slots__ = ("_restarts", "counts", "draining")

    counts: Callable[[], tuple[int, int, int]]

    def __init__(self) -> None:
        self._restarts = Events(WORKER_RESTARTS.known)
        self.draining = False
        self.counts = lambda: (0, 1, 0) if self.draining else (1, 0, 0)

    def restarted(self, reason: str) -> None:
        """A process was replaced; `reason` is one of `WORKER_RESTARTS.known`, anything else a KeyError."""
        self._restarts.count(reason)

    def states(self) -> Iterator[Row]:
        """state: processes."""
        for state, count in zip(WORKERS.known, self.counts(), strict=True):
            yield (state,), count

    def restarts(self) -> Iterator[Row]:
        """reason: replaced processes."""
        for reason, count in self._restarts.items():
            yield (reason,), count


class SpanMetrics:
    """Rows about spans. Whoever ends one that nobody wants adds to `unsampled`, since most requests do."""

    __slots__ = ("_results", "unsampled")

    def __init__(self) -> None:
        self._results = Events(result for result in SPANS.known if result != "unsampled")
        self.unsampled = 0

    def exported(self, spans: int) -> None:
        """The collector took these."""
        self._results.count("exported", spans)

    def dropped(self, spans: int) -> None:
        """There was no room for these to wait in."""
        self._results.count("dropped", spans)

    def failed(self, spans: int) -> None:
        """The collector did not take these."""
        self._results.count("failed", spans)

    def results(self) -> Iterator[Row]:
        """result: spans."""
        for result, count in self._results.items():
            yield (result,), count
        yield ("unsampled",), self.unsampled


class CertificateMetrics:
    """Rows about certificates."""

    __slots__ = ("_ends",)

    def __init__(self) -> None:
        self._ends: Mapping[str, float] = {}

    def loaded(self, ends: Mapping[str, float]) -> None:
        """These are all certificates in use, by name, and when each expires, in seconds since 1970."""
        self._ends = dict(ends)

    def ends(self) -> Iterator[Row]:
        """name: when it expires."""
        for name, end in self._ends.items():
            yield (name,), end
