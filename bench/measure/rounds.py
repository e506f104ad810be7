"""Two servers measured in interleaved rounds (A B A B ...), so that drift of the machine meets both alike."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from bench.measure.load import Case, Sample, measure, send
from bench.measure.processes import Cores, turn
from bench.measure.servers import Server

WARM_UP_S = 2
QUIET_SHARE = 0.1


@dataclass(frozen=True)
class Figure:
    """One number of the report, with the extremes over the rounds and the bar it is held against, if any."""

    name: str
    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    goal: float | None = None
    """At most this is wanted."""


@dataclass
class Comparison:
    """The samples of two servers under one kind of load, round by round; ratios are first over second."""

    case: Case
    names: tuple[str, str]
    samples: dict[str, list[Sample]]

    def median(self, name: str, value: Callable[[Sample], float]) -> float:
        """The median of a value over the rounds of one server."""
        return statistics.median(value(sample) for sample in self.samples[name])

    def ratio(self, title: str, value: Callable[[Sample], float], goal: float | None = None) -> Figure:
        """First server over second: the median of the rounds' ratios, with the extremes."""
        first, second = (self.samples[name] for name in self.names)
        ratios = [value(a) / max(value(b), 1e-9) for a, b in zip(first, second, strict=True)]
        return Figure(title, statistics.median(ratios), "x", min(ratios), max(ratios), goal)

    @property
    def failures(self) -> int:
        """Failed requests of both servers."""
        return sum(sample.failures for samples in self.samples.values() for sample in samples)


def compare(
    case: Case, first: Server, second: Server, cores: Cores, rounds: int, seconds: int, note: Callable[[str], None]
) -> Comparison:
    """Measure two running servers in turn, `rounds` times `seconds` each, after a warm-up of both.

    A round in which somebody else used the measured core is made again, but no more than twice the rounds are made;
    the quietest are kept. The choice looks at what others did, never at the results.
    """
    servers = (first, second)
    for server in servers:
        with turn():
            send(server, case, WARM_UP_S if seconds > 1 else 1)
    made: list[tuple[float, int, list[Sample]]] = []
    while len(made) < 2 * rounds and sum(foreign <= QUIET_SHARE for foreign, _, _ in made) < rounds:
        with turn():
            pair = [measure(server, case, cores, seconds) for server in servers]
        made.append((max(sample.foreign_share for sample in pair), len(made), pair))
        for server, sample in zip(servers, pair, strict=True):
            cost = f"{sample.cpu_us:.1f} us/request at {sample.rps:,.0f}/s"
            note(f"{case.title}, round {len(made)}: {server.name} {cost}, others {sample.foreign_share:.0%}")
    quietest = sorted(sorted(made, key=lambda one: one[:2])[:rounds], key=lambda one: one[1])
    samples = {server.name: [pair[i] for _, _, pair in quietest] for i, server in enumerate(servers)}
    return Comparison(case, (first.name, second.name), samples)
