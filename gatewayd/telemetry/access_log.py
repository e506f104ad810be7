"""The access log: one line for every request that is recorded, written in batches.

The pipeline decides what a record holds. Values are what clients sent: JSON escapes control characters in them, and so
does the text for people, so that nobody can forge a line.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from gatewayd.telemetry.forms import shown
from gatewayd.telemetry.losses import REPORT_PERIOD as REPORT_PERIOD
from gatewayd.telemetry.losses import LossWatch
from gatewayd.telemetry.sinks import Sink

Record = dict[str, object]
"""What became of one request: keys in the order they are written, values that JSON knows."""

_dumps, _WITH_NEWLINE = orjson.dumps, orjson.OPT_APPEND_NEWLINE
_COLOURS = {2: "32", 3: "36", 4: "33", 5: "31"}  # by the first digit of the status


def record_as_json(record: Record) -> bytes:
    """One object on one line."""
    try:
        return _dumps(record, option=_WITH_NEWLINE)
    except orjson.JSONEncodeError:
        # What orjson refuses, such as lone surrogates or huge integers: slower, but a line is not lost for it.
        return json.dumps(record, default=repr, skipkeys=True).encode("ascii") + b"\n"


def record_as_text(colours: bool) -> Callable[[Record], bytes]:
    """For people: when, what became of it, what it was, how long it took, who asked, who answered."""

    def form(record: Record) -> bytes:
        get = record.get
        status: Any = get("status") or 0
        what = f"{status:3}"
        if colours:
            what = f"\x1b[{_COLOURS.get(status // 100, '0')}m{what}\x1b[0m"
        duration: Any = get("duration") or 0.0
        parts = [
            f"{get('method') or '-'} {get('host') or ''}{get('path') or ''}{_query(get('query'))}",
            f"{duration * 1000:.1f} ms",
        ]
        if get("reason"):
            parts.append(f"({get('reason')})")
        if get("service"):
            parts.append(f"-> {get('service')} {get('target') or ''}".rstrip())
        parts += [f"{name}={get(name)}" for name in ("tenant", "user", "client") if get(name)]
        text = shown(" ".join(parts)).replace("\n    ", "\\n")
        return f"{_time_of_day(get('time'))} {what} {text}\n".encode()

    return form


def _time_of_day(moment: object) -> str:
    """Local time, as the operational log has it on a terminal."""
    try:
        return datetime.fromisoformat(str(moment)).astimezone().strftime("%H:%M:%S.%f")[:-3]
    except ValueError:
        return str(moment)


def _query(query: object) -> str:
    return "" if query is None else f"?{query}"


class AccessLog:
    """Gathers lines and hands them to `sink` when `buffer_bytes` are full or `flush_interval` seconds have passed.

    Where `enabled` is False, callers save themselves making a record. A sink that fails costs lines, which are reported
    in the operational log once a period, and nothing else.
    """

    def __init__(
        self,
        sink: Sink,
        clock: IReactorTime,
        flush_interval: float,
        buffer_bytes: int,
        form: Callable[[Record], bytes] = record_as_json,
    ) -> None:
        self.enabled = sink.enabled
        self._sink = sink
        self._clock = clock
        self._flush_interval = flush_interval
        self._buffer_bytes = buffer_bytes
        self._form = form
        # Lines are copied into one buffer at once: kept apart, each holds a block orjson made for a longer one, 7 KB of
        # memory in all, and a batch of them is given back to the kernel and asked for again every time.
        self._lines = bytearray()
        self._tick: IDelayedCall | None = None
        self._watch = LossWatch("access_log", sink.losses)

    def start(self) -> None:
        """Open the sink; OSError where that fails."""
        self._sink.start()
        if self.enabled:
            self._tick = self._clock.callLater(self._flush_interval, self._ticked)

    def add(self, record: Record) -> None:
        """Log one request."""
        lines = self._lines
        lines += self._form(record)
        if len(lines) >= self._buffer_bytes:
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
        self._watch.last()

    def _ticked(self) -> None:
        self._tick = self._clock.callLater(self._flush_interval, self._ticked)
        self.flush()
        self._watch.look(self._clock.seconds())
