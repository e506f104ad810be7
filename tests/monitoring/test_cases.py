"""Every alert fires when it should, waits as long as it should, and is silent else."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from gatewayd.monitoring import Settings, write
from tests.monitoring.known import EXPORTED
from tests.monitoring.promql import selectors
from tests.monitoring.tools import ALERTS, MONITORING, read_yaml, run

TESTS = sorted(path.name for path in (MONITORING / "prometheus" / "tests").glob("*.yml"))


@pytest.mark.parametrize("name", TESTS)
def test_promtool_agrees(name: str) -> None:
    """With every case of the file: which alerts fire at which time, with which labels and which words."""
    assert "SUCCESS" in run("promtool", "test", "rules", MONITORING / "prometheus" / "tests" / name)


def test_every_alert_is_seen_to_fire_and_to_be_silent() -> None:
    """In its own group's file on both sides of its wait, and on clean traffic."""
    seen: dict[str, set[bool]] = {}
    for name in TESTS:
        for test in read_yaml(f"prometheus/tests/{name}")["tests"]:
            for moment in test["alert_rule_test"]:
                seen.setdefault(moment["alertname"], set()).add(bool(moment["exp_alerts"]))
    assert seen == {name: {True} if name == "Watchdog" else {True, False} for name in ALERTS}
    (clean,) = read_yaml("prometheus/tests/gatewayd-clean.yml")["tests"]
    quiet = {moment["alertname"] for moment in clean["alert_rule_test"] if not moment["exp_alerts"]}
    assert quiet == set(ALERTS) - {"Watchdog"}


def test_clean_traffic_has_every_series_that_alerts_read() -> None:
    """Silence is no proof where there is nothing to see."""
    (clean,) = read_yaml("prometheus/tests/gatewayd-clean.yml")["tests"]
    there = {series["series"].split("{")[0] for series in clean["input_series"]}
    read = {one.metric for alert in ALERTS.values() for one in selectors(alert.expression.replace("{S", "{"))}
    assert {name for name in read if name in EXPORTED} <= there


@dataclass(frozen=True, slots=True)
class Mistake:
    """A slip that others have made: what would stand in a file of rules, and the file of cases that sees it."""

    name: str
    rules: str
    right: str
    wrong: str
    cases: str


MISTAKES = [
    Mistake("label", "warning", "product: gatewayd", "product: gatewayd\n          service: api-gateway", "warning"),
    Mistake("first event", "security", "offset 5m", "offset 0s", "security"),
    Mistake("percentage", "critical", "$value | humanizePercentage", "$value | humanize", "critical"),
    Mistake("sum over instances", "recording", "sum by (job, instance, le)", "sum by (job, le)", "performance"),
    Mistake("target that is gone", "critical", 'absent(up{job="gatewayd"})', 'up{job="gatewayd"} == 0', "critical"),
    Mistake(
        "half-open", "warning", 'circuit_breaker_state{job="gatewayd"}) > 0', "circuit_breaker_state) == 1", "defects"
    ),
    Mistake("memory", "performance", 'type="limit"', 'type="vms"', "performance"),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_the_cases_notice_a_rule_that_is_wrong(tmp_path: Path, mistake: Mistake) -> None:
    """promtool fails."""
    write(tmp_path, Settings())
    rules = tmp_path / "prometheus" / "rules" / f"gatewayd-{mistake.rules}.yml"
    text = rules.read_text("utf-8")
    assert mistake.right in text
    rules.write_text(text.replace(mistake.right, mistake.wrong), "utf-8")
    with pytest.raises(AssertionError, match="FAILED"):
        run("promtool", "test", "rules", tmp_path / "prometheus" / "tests" / f"gatewayd-{mistake.cases}.yml")


def test_the_cases_hold_for_other_settings(tmp_path: Path) -> None:
    """Another job, objectives of two nines and one, a shorter bound: what is written for them is right as well."""
    settings = Settings("edge/1", Decimal("0.95"), Decimal("0.9"), 0.25, "https://wiki.example.org/gw")
    write(tmp_path, settings)
    place = tmp_path / "prometheus" / "tests"
    names = ("slo", "clean", "critical", "operations")
    run("promtool", "test", "rules", *(place / f"gatewayd-{name}.yml" for name in names))
