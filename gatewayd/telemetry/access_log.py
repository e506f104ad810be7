"""The access log: one JSON object a line for every request, written in batches.

The pipeline decides what a record holds. By agreement, `path` is the path as matched, without its query, which often
carries secrets; the query is logged only where the configuration asks for it. Values are what clients sent: JSON
escapes control characters in them, so that nobody can forge a line.
"""

from __future__ import annotations

import json

import orjson
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from gatewayd.telemetry.sinks import Losses, Sink

REPORT_PERIOD = 10.0  # seconds between two reports of lost lines

_log = Logger()


class AccessLog:
    """Gathers lines and hands them to `sink` when `buffer_bytes` are full or `flush_interval` seconds have passed.

    Where `enabled` is False, callers save themselves making a record. A sink that fails costs lines, which are reported
    in the operational log once a period, and nothing else.
    """

    def __init__(self, sink: Sink, clock: IReactorTime, flush_interval: float, buffer_bytes: int) -> None:
        self.enabled = sink.enabled
        self._sink = sink
        self._clock = clock
        self._flush_interval = flush_interval
        self._buffer_bytes = buffer_bytes
        # Lines are copied into one buffer at once: kept apart, each holds a block orjson made for a longer one, 7 KB of
        # memory in all, and a batch of them is given back to the kernel and asked for again every time.
        self._lines = bytearray()
        self._tick: IDelayedCall | None = None
        self._reported = Losses()
        self._report_at = 0.0

    def start(self) -> None:
        """Open the sink; OSError where that fails."""
        self._sink.start()
        if self.enabled:
            self._tick = self._clock.callLater(self._flush_interval, self._ticked)

    def add(self, record: dict[str, object]) -> None:
        """Log one request: keys in the order they are written, values that JSON knows."""
        try:
            line = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
        except orjson.JSONEncodeError:
            line = _dumps_anything(record)
        self._lines += line
        if len(self._lines) >= self._buffer_bytes:
            self.flush()

    def flush(self) -> None:
        """Hand over what was gathered."""
        if self._lines:
            self._sink.write(bytes(self._lines))
            self._lines.clear()

    def reopen(self) -> None:
        """Have the lines that follow written to a newly opened file, as rotation needs it."""
        self.flush()
        self._sink.reopen()

    def close(self) -> None:
        """Write what is left, waiting for a slow reader for a short while; report what was lost."""
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None
        self.flush()
        self._sink.close()
        self._report()

    def _ticked(self) -> None:
        self._tick = self._clock.callLater(self._flush_interval, self._ticked)
        self.flush()
        if self._clock.seconds() >= self._report_at:
            self._report()

    def _report(self) -> None:
        losses = self._sink.losses()
        if losses == self._reported:
            return
        _log.warn(
            "the access log is in trouble: {refused} lines lost because too many waited, {failed} because of {cause}",
            refused=losses.refused - self._reported.refused,
            failed=losses.failed - self._reported.failed,
            cause=losses.cause or "nothing",
        )
        self._reported = losses
        self._report_at = self._clock.seconds() + REPORT_PERIOD


def _dumps_anything(record: dict[str, object]) -> bytes:
    """For what orjson refuses, such as lone surrogates or huge integers: slower, but a line is not lost for it."""
    return json.dumps(record, default=repr, skipkeys=True).encode("ascii") + b"\n"
