"""Unit tests of the alerts for promtool: each fires when it should, waits as long as it should, and is silent else.

They are written beside the rules with the same job and objectives, so that whoever changes a rule can see what else
that changes.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewayd.monitoring.cases import (
    cache,
    clean,
    critical,
    defects,
    downstream,
    objectives,
    operations,
    performance,
    security,
    warning,
)
from gatewayd.monitoring.cases.case import document
from gatewayd.monitoring.settings import Settings

__all__ = ["tests"]

_GROUPS = ("critical", "warning", "security", "performance", "downstream", "cache", "operations", "slo")


def tests(settings: Settings) -> Iterator[tuple[str, dict[str, object]]]:
    """The name of each test file and its content; a file of a group's alerts is called as that group is."""
    job = settings.job
    for name, cases in (
        ("critical", critical.cases(job)),
        ("warning", warning.cases(job)),
        ("security", security.cases(job)),
        ("performance", performance.cases(job)),
        ("downstream", downstream.cases(job)),
        ("cache", cache.cases(job)),
        ("operations", operations.cases(job)),
        ("slo", objectives.fast_cases(settings)),
    ):
        yield f"gatewayd-{name}.yml", document(cases, (f"gatewayd-{name}",), settings)
    everything = tuple(f"gatewayd-{name}" for name in _GROUPS)
    yield "gatewayd-slo-long.yml", document(objectives.slow_cases(settings), everything[-1:], settings, "10m")
    yield "gatewayd-clean.yml", document(clean.cases(settings), everything, settings)
    yield "gatewayd-defects.yml", document(defects.cases(settings), everything, settings)
