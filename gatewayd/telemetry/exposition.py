"""The text of a scrape, in steps small enough for the reactor's thread.

A thread would not help: it holds the interpreter's lock, up to 5 ms at each turn. So a scrape is an iterator of short
steps, between which the caller serves traffic.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gatewayd.telemetry.collector import Format, TallyCollector

TEXT = Format("text/plain; version=0.0.4; charset=utf-8", openmetrics=False, end="")
OPENMETRICS = Format("application/openmetrics-text; version=1.0.0; charset=utf-8", openmetrics=True, end="# EOF\n")

STEP_SAMPLES = 64  # written at a time, which takes about 0.03 ms: who is served meanwhile waits for a few steps


def exposition(collectors: Iterable[TallyCollector], format: Format, limit: int = STEP_SAMPLES) -> Iterator[bytes]:
    """The text of the families in turn, and its end; joined, what the library writes for the whole registry.

    A step has the text of about `limit` samples. Counting may go on between two steps.
    """
    step: list[str] = []
    size = 0
    for collector in collectors:
        for part in collector.text(format, limit):
            if part is not None:
                step.append(part)
                size += part.count("\n")
            if size >= limit or part is None:
                yield "".join(step).encode()
                step.clear()
                size = 0
    step.append(format.end)
    yield "".join(step).encode()
