"""Exposes what lives in plain objects: as lines of a scrape, and as families of prometheus_client.

The library writes a sample in 9 us, of which nearly all is spent on what never changes: its name and its labels. Here
those are written once for each series, which leaves 0.3 us. The library's families remain for whoever has a registry to
ask; that both say the same, byte by byte, is tested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from math import inf

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar
from prometheus_client.utils import floatToGoString

from gatewayd.telemetry.definition import Definition
from gatewayd.telemetry.tally import HistogramTally

Labels = tuple[str, ...]
Row = tuple[Labels, float | HistogramTally]
Read = Callable[[], Iterable[Row | None]]
Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily | InfoMetricFamily

_WRITTEN_AS_THEY_ARE = 1_000_000  # integers from here on are written with an exponent, as Go does


@dataclass(frozen=True, slots=True)
class Format:
    """A text format: its media type, whether it has exemplars, and what ends it.

    OpenMetrics names a family without the suffix that its samples have.
    """

    content_type: str
    openmetrics: bool
    end: str

    def header(self, definition: Definition) -> str:
        """The two lines before a family's samples."""
        name, kind = definition.name, str(definition.kind)
        help = definition.help.replace("\\", r"\\").replace("\n", r"\n")
        if self.openmetrics:
            name = name.removesuffix("_total").removesuffix("_info")
            help = help.replace('"', r"\"")
        elif kind == "info":
            kind = "gauge"
        return f"# HELP {name} {help}\n# TYPE {name} {kind}\n"


class TallyCollector(Collector):
    """Exposes one metric whose values live in plain objects.

    `rows` answers the label values and the value of every series: a number, or a `HistogramTally` for a histogram. It
    is read lazily, in parts between which requests go on, so it must iterate over a copy of whatever may grow
    meanwhile. Each series is read at one moment, the family as a whole is not. A None among the rows ends a part: what
    comes next takes time.
    """

    def __init__(self, definition: Definition, rows: Read) -> None:
        self.definition = definition
        self._rows = rows
        self._bounds = [floatToGoString(bound) for bound in (*definition.buckets, inf)]
        self._beginnings: dict[Labels, list[str]] = {}  # of the lines of each series, up to the value

    def describe(self) -> Iterable[Metric]:
        """The family without samples; by it the registry refuses a second metric of the same name."""
        return [_family(self.definition)]

    def collect(self) -> Iterable[Metric]:
        """The whole family."""
        family = _family(self.definition)
        for row in self._rows():
            if row is not None:
                self._add(family, *row)
        return [family]

    def text(self, format: Format, limit: int) -> Iterator[str | None]:
        """The family in parts of about `limit` samples (never less than one series); None where `rows` has one.

        One reading at a time.
        """
        lines = [format.header(self.definition)]
        before, seen = self._beginnings, dict[Labels, list[str]]()
        for row in self._rows():
            if row is None:
                yield "".join(lines)
                yield None
                lines.clear()
                continue
            labels, value = row
            beginnings = before.get(labels)
            if beginnings is None:
                beginnings = self._begin(labels)
            seen[labels] = beginnings
            if type(value) is HistogramTally:
                lines += _histogram(beginnings, value, format.openmetrics)
            else:
                lines.append(f"{beginnings[0]}{_number(value)}\n")  # type: ignore[arg-type]
            if len(lines) >= limit:
                yield "".join(lines)
                lines.clear()
        yield "".join(lines)
        self._beginnings = seen  # those of series that are gone go with them

    def _begin(self, labels: Labels) -> list[str]:
        """The beginnings of the lines of one series; of a histogram the buckets, the count and the sum."""
        name, pairs = self.definition.name, dict(zip(self.definition.labels, labels, strict=True))
        if self.definition.kind != "histogram":
            return [name + _written(pairs)]
        buckets = [f"{name}_bucket{_written({**pairs, 'le': bound})}" for bound in self._bounds]
        return [*buckets, f"{name}_count{_written(pairs)}", f"{name}_sum{_written(pairs)}"]

    def _add(self, family: Family, labels: Labels, value: float | HistogramTally) -> None:
        """A series for the library."""
        if isinstance(value, HistogramTally):
            assert isinstance(family, HistogramMetricFamily)
            buckets: list[tuple[str, float] | tuple[str, float, Exemplar]] = []
            for index, (bound, count) in enumerate(zip(self._bounds, accumulate(value.counts), strict=True)):
                seen = value.exemplars.get(index)
                if seen is None:
                    buckets.append((bound, count))
                else:
                    buckets.append((bound, count, Exemplar({"trace_id": seen.trace_id}, seen.value, seen.at)))
            family.add_metric(labels, buckets, value.sum)
        elif isinstance(family, InfoMetricFamily):
            family.add_metric(labels, {})
        else:
            assert not isinstance(family, HistogramMetricFamily)
            family.add_metric(labels, value)


def _written(pairs: dict[str, str]) -> str:
    """Labels and the blank behind them. They are in the order of their names, as the library has them."""
    if not pairs:
        return " "
    escaped = (
        '{}="{}"'.format(name, value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\""))
        for name, value in sorted(pairs.items())
    )
    return f"{{{','.join(escaped)}}} "


def _number(value: float) -> str:
    """A value as the library writes it."""
    if type(value) is int and 0 <= value < _WRITTEN_AS_THEY_ARE:
        return f"{value}.0"
    written: str = floatToGoString(value)
    return written


def _histogram(beginnings: list[str], tally: HistogramTally, exemplars: bool) -> list[str]:
    """The lines of a histogram."""
    counts = list(accumulate(tally.counts))
    total = counts[-1]
    counts.append(total)
    if total < _WRITTEN_AS_THEY_ARE:
        lines = [f"{beginning}{count}.0\n" for beginning, count in zip(beginnings, counts, strict=False)]
    else:
        lines = [f"{beginning}{_number(count)}\n" for beginning, count in zip(beginnings, counts, strict=False)]
    lines.append(f"{beginnings[-1]}{floatToGoString(tally.sum)}\n")
    if exemplars:
        for index, (trace_id, value, at) in list(tally.exemplars.items()):
            lines[index] = f'{lines[index][:-1]} # {{trace_id="{trace_id}"}} {floatToGoString(value)} {at}\n'
    return lines


def _family(definition: Definition) -> Family:
    if definition.kind == "histogram":
        return HistogramMetricFamily(definition.name, definition.help, labels=definition.labels)
    if definition.kind == "gauge":
        return GaugeMetricFamily(definition.name, definition.help, labels=definition.labels)
    if definition.kind == "info":  # the library adds the suffix to the samples itself
        return InfoMetricFamily(definition.name.removesuffix("_info"), definition.help, labels=definition.labels)
    return CounterMetricFamily(definition.name, definition.help, labels=definition.labels)
