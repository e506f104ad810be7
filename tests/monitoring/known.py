"""Which metrics there are, with which labels and values: those of the registry, and those that rules record."""

from __future__ import annotations

import re
from typing import Final

from gatewayd.telemetry.catalogue import DEFINITIONS
from tests.monitoring.promql import Selector, grouping_labels, selectors
from tests.monitoring.tools import RECORDINGS

TARGET: Final = {"job", "instance"}  # what Prometheus adds to every series it scrapes


def _exported() -> dict[str, set[str]]:
    labels: dict[str, set[str]] = {"up": set(), "ALERTS": {"alertname", "severity", "alertstate"}}
    for definition in DEFINITIONS:
        own = set(definition.labels)
        if definition.kind == "histogram":
            labels[f"{definition.name}_bucket"] = own | {"le"}
            labels[f"{definition.name}_sum"] = labels[f"{definition.name}_count"] = own
        else:
            labels[definition.name] = own
    return {name: own | TARGET for name, own in labels.items()}


EXPORTED: Final = _exported()
RECORDED: Final = {
    rule.record: (grouping_labels(rule.expression) - {"le"}) | {name for name, _ in rule.labels} for rule in RECORDINGS
}
LABELS: Final = EXPORTED | RECORDED
# The values of the last label, where all of them are known.
VALUES: Final = {one.name: (one.labels[-1], set(one.known)) for one in DEFINITIONS if one.known}
BOUNDS: Final = {
    f"{one.name}_bucket": {str(float(bound)) for bound in one.buckets} for one in DEFINITIONS if one.buckets
}


def mistakes(expression: str) -> list[str]:
    """What is wrong with the names in an expression, in words."""
    read = list(selectors(expression))
    found = [f"{one.metric} is no metric" for one in read if one.metric not in LABELS]
    known = [one for one in read if one.metric in LABELS]
    for one in known:
        found += _of_selector(one)
    available = set().union(*(LABELS[one.metric] for one in known)) if known else set()
    return found + [f"nothing in it has the label {label}" for label in sorted(grouping_labels(expression) - available)]


def _of_selector(one: Selector) -> list[str]:
    found = []
    label, values = VALUES.get(one.metric, ("", set()))
    for matcher in one.matchers:
        if matcher.label not in LABELS[one.metric]:
            found.append(f"{one.metric} has no label {matcher.label}")
        elif matcher.label == "le" and matcher.value not in BOUNDS[one.metric]:
            found.append(f"{one.metric} has no bucket {matcher.value}")
        elif matcher.label == label and matcher.operator in ("=", "=~") and not _meets(matcher.value, values):
            found.append(f"{one.metric} never has {label}={matcher.value}")
    return found


def _meets(pattern: str, values: set[str]) -> bool:
    """Whether every alternative of a pattern is a value."""
    return all(any(re.fullmatch(part, value) for value in values) for part in pattern.split("|"))
