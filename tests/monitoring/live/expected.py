"""What cannot be seen yet, and why."""

from __future__ import annotations

from typing import Final

# Alerts that a busy machine sets off by itself, with seconds in place of minutes.
MACHINE: Final = {"HighEventLoopLag", "HighMemoryUsage"}

# Rows of the registry that nothing of what is built moves, or that this gateway is not asked for.
STILL: Final = {
    "gatewayd_config_reloads_total": "a configuration is read at the start only",
    "gatewayd_worker_restarts_total": "there is one process, and nobody who would replace it",
    "otel_spans_total": "no traces are made",
    "python_gc_objects_uncollectable_total": "Python's collector finds no such objects",
}
