"""What a recording rule and an alert are, and how Prometheus reads groups of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from gatewayd.monitoring.settings import Settings

Severity = Literal["critical", "warning", "info", "none"]
DASHBOARD: Final = "gatewayd-overview"  # the uid of the dashboard, which links and annotations name
_LINE: Final = 100  # characters of an expression that stand on one line
_OPERATORS: Final = re.compile(r" (?=(?:or|and|unless|/) )")
_WORDS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording rule, `level:metric:operation`; `labels` are those it adds."""

    record: str
    expression: str
    labels: tuple[tuple[str, str], ...] = ()

    def rule(self, settings: Settings) -> dict[str, object]:
        """The rule as YAML has it."""
        rule: dict[str, object] = {"record": self.record, "expr": _laid_out(settings.expand(self.expression))}
        if self.labels:
            rule["labels"] = dict(self.labels)
        return rule


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert: what must hold for how long, how bad that is, and what people are told.

    `summary` is the one line of a page, `description` what it means with numbers. Both are Go templates. `keep` is
    `keep_firing_for`, for events that a quiet minute must not resolve. None of `labels` may be the name of a label of
    the series, such as `service`: a rule's labels overwrite those.
    """

    name: str
    expression: str
    wait: str
    severity: Severity
    summary: str
    description: str
    labels: tuple[tuple[str, str], ...] = ()
    keep: str = ""

    @property
    def slug(self) -> str:
        """The name of its runbook page: JWKSRefreshFailing is "jwks-refresh-failing"."""
        return _WORDS.sub("-", self.name).lower()

    def fixed_labels(self) -> dict[str, str]:
        """The labels that the rule adds to the series'."""
        return {"severity": self.severity, "product": "gatewayd", **dict(self.labels)}

    def links(self, settings: Settings) -> dict[str, str]:
        """The annotations that lead somewhere."""
        return {"runbook_url": settings.runbook(self.slug), "dashboard_uid": DASHBOARD}

    def rule(self, settings: Settings) -> dict[str, object]:
        """The rule as YAML has it."""
        expression = _laid_out(settings.expand(self.expression))
        rule: dict[str, object] = {"alert": self.name, "expr": expression, "for": self.wait}
        if self.keep:
            rule["keep_firing_for"] = self.keep
        rule["labels"] = self.fixed_labels()
        rule["annotations"] = {"summary": self.summary, "description": self.description, **self.links(settings)}
        return rule


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated together, in order; without `interval`, as often as Prometheus evaluates all."""

    name: str
    rules: tuple[Recording | Alert, ...]
    interval: str = ""

    def entry(self, settings: Settings) -> dict[str, object]:
        """The group as YAML has it."""
        entry: dict[str, object] = {"name": self.name}
        if self.interval:
            entry["interval"] = self.interval
        entry["rules"] = [rule.rule(settings) for rule in self.rules]
        return entry


def document(groups: Iterable[Group], settings: Settings) -> dict[str, object]:
    """A rule file's content."""
    return {"groups": [group.entry(settings) for group in groups]}


def _laid_out(expression: str) -> str:
    """A long expression on several lines, each beginning with its operator."""
    return expression if len(expression) <= _LINE else _OPERATORS.sub("\n", expression)
