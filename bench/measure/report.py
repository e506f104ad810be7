"""What a run found: the tables for people, the JSON for programs."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.measure.idle import Idle
from bench.measure.rig import RigResult
from bench.measure.rounds import Comparison, Figure
from bench.measure.streams import Stream

STREAM_GOAL_MIB = 50e6 / (1 << 20)
IDLE_GOAL_KIB = 12.0
BUSY_SHARE = 0.1


@dataclass
class Report:
    """Everything measured so far."""

    versions: Mapping[str, str]
    settings: Mapping[str, object]
    comparisons: list[Comparison] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)
    idles: list[Idle] = field(default_factory=list)
    rig: RigResult | None = None
    figures: list[Figure] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """What could not be measured, or answered wrongly."""

    def text(self) -> str:
        """The whole report as tables."""
        parts = [", ".join(f"{name} {value}" for name, value in self.versions.items())]
        if self.comparisons:
            title = "Load (medians over the rounds; CPU is user + system time of the server's processes)"
            parts.append(f"{title}\n{self._load_table()}")
        if self.streams:
            title = "Streams: the receiver stalls, then reads slowly; growth is the highest RSS less the one before"
            parts.append(f"{title}\n{self._stream_table()}")
        if self.idles:
            title = "Idle keep-alive connections; the probe is one request at a time on one more connection meanwhile"
            parts.append(f"{title}\n{self._idle_table()}")
        if self.rig:
            parts.append("Peer rig\n" + self.rig.table)
        if self.figures:
            parts.append("Figures\n" + self._figure_table())
        parts += [f"NOTE: {line}" for line in self._remarks()]
        return "\n\n".join(parts)

    def _stream_table(self) -> str:
        head = ("stream", "server", "MiB", "seconds", "MiB/s", "RSS before, MiB", "growth, MiB")
        return render(
            head,
            [
                (
                    s.name,
                    s.subject,
                    f"{s.mib:.0f}",
                    f"{s.seconds:.1f}",
                    f"{s.mib / s.seconds:.0f}",
                    f"{s.base_mib:.1f}",
                    f"{s.growth_mib:.1f}",
                )
                for s in self.streams
            ],
        )

    def _idle_table(self) -> str:
        head = (
            "server",
            "connections",
            "KiB each",
            "opened in s",
            "core when quiet",
            "probe p50 ms",
            "p99 ms",
            "max ms",
        )
        return render(
            head,
            [
                (
                    i.subject,
                    f"{i.connections:,}",
                    f"{i.kib_each:.2f}",
                    f"{i.open_s:.1f}",
                    f"{i.quiet_core_share:.1%}",
                    f"{i.probe_p50_ms:.3f}",
                    f"{i.probe_p99_ms:.3f}",
                    f"{i.probe_max_ms:.2f}",
                )
                for i in self.idles
            ],
        )

    def _load_table(self) -> str:
        rows = []
        for comparison in self.comparisons:
            for name in comparison.names:
                samples = comparison.samples[name]
                cpu = [s.cpu_us for s in samples]
                rows.append(
                    (
                        comparison.case.title if name == comparison.names[0] else "",
                        name,
                        f"{comparison.median(name, lambda s: s.rps):,.0f}",
                        f"{comparison.median(name, lambda s: s.p50_ms):.2f}",
                        f"{comparison.median(name, lambda s: s.p99_ms):.2f}",
                        f"{comparison.median(name, lambda s: s.cpu_us):.1f}",
                        f"{min(cpu):.1f}",
                        f"{max(cpu):.1f}",
                        f"{comparison.median(name, lambda s: s.core_share):.0%}",
                        f"{sum(s.failures for s in samples)}",
                    )
                )
        head = ("load", "server", "req/s", "p50 ms", "p99 ms", "CPU us/request", "min", "max", "core used", "failed")
        return render(head, rows)

    def _figure_table(self) -> str:
        rows = []
        for figure in self.figures:
            span = "" if figure.low is None or figure.high is None else f"{figure.low:.2f} .. {figure.high:.2f}"
            goal = ""
            if figure.goal is not None:
                goal = f"<= {figure.goal:.2f} " + ("met" if figure.value <= figure.goal else "MISSED")
            rows.append((figure.name, f"{figure.value:.2f}", figure.unit, span, goal))
        return render(("figure", "value", "unit", "min .. max", "wanted"), rows, left=(0, 2, 3, 4))

    def _remarks(self) -> list[str]:
        remarks = list(self.problems)
        samples = [s for comparison in self.comparisons for own in comparison.samples.values() for s in own]
        foreign = max((s.foreign_share for s in samples), default=0.0)
        if foreign > BUSY_SHARE:
            remarks.append(
                f"others used up to {foreign:.0%} of the measured core: trust ratios before absolute numbers"
            )
        return remarks

    def write_json(self, file: Path) -> None:
        """Everything, rounds included."""
        file.write_text(json.dumps(dataclasses.asdict(self), indent=1, default=str) + "\n")


def render(head: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = (0, 1)) -> str:
    """A plain table: columns named in `left` to the left, the others to the right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    align = [str.ljust if i in left else str.rjust for i in range(len(head))]
    padded = [[pad(cell, width) for pad, cell, width in zip(align, line, widths, strict=True)] for line in lines]
    return "\n".join("  ".join(line).rstrip() for line in padded)
