"""The series about Redis; without it they stay at zero."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gatewayd.telemetry.catalogue import REDIS_CONNECTIONS, REDIS_DURATION, REDIS_ERRORS
from gatewayd.telemetry.collector import Row
from gatewayd.telemetry.tally import HistogramTally


class RedisMetrics:
    """Rows of one Redis. `connections` is asked at scrape time for those that are (up, wanted).

    `healthy` is 1 while Redis is up and 0 while it is not, None where there is none.
    """

    __slots__ = ("_durations", "_errors", "connections", "healthy")

    connections: Callable[[], tuple[int, int]]

    def __init__(self) -> None:
        self._durations: dict[str, HistogramTally] = {}
        self._errors = dict.fromkeys(REDIS_ERRORS.known, 0)
        self.connections = lambda: (0, 0)
        self.healthy: int | None = None

    def command(self, family: str) -> Callable[[float], object]:
        """What observes the seconds that calls of one family take."""
        return self._durations.setdefault(family, HistogramTally(REDIS_DURATION.buckets)).observe

    def error(self, kind: str) -> None:
        """Count a failed call; `kind` is one of `REDIS_ERRORS.known`, anything else a KeyError."""
        self._errors[kind] += 1

    def fold(self) -> None:
        """Sort kept observations into their buckets."""
        for durations in self._durations.values():
            durations.fold()

    # What a scrape reads, in the catalogue's label order.

    def durations(self) -> Iterator[Row]:
        """command: durations of calls."""
        for family, durations in list(self._durations.items()):
            yield (family,), durations

    def errors(self) -> Iterator[Row]:
        """error_type: failed calls."""
        for kind, count in list(self._errors.items()):
            yield (kind,), count

    def counts(self) -> Iterator[Row]:
        """state: connections."""
        for state, count in zip(REDIS_CONNECTIONS.known, self.connections(), strict=True):
            yield (state,), count

    def health(self) -> Iterator[Row]:
        """check_type: whether Redis answers."""
        if self.healthy is not None:
            yield ("redis",), self.healthy
