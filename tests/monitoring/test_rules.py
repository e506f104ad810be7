"""The rules are those that were specified, Prometheus takes them, and what they read exists."""

from __future__ import annotations

import re

import pytest

from gatewayd.monitoring import Settings, alerts, recording
from gatewayd.monitoring.rules import Alert, Recording
from gatewayd.monitoring.settings import LATENCY_BUCKETS
from tests.monitoring import specified
from tests.monitoring.known import LABELS, mistakes
from tests.monitoring.promql import grouping_labels, selectors
from tests.monitoring.tools import ALERTS, MONITORING, RECORDINGS, SETTINGS, run

RULES = sorted((MONITORING / "prometheus" / "rules").glob("*.yml"))


def test_prometheus_takes_them() -> None:
    """`promtool check rules` with every lint has nothing to say, and the configuration finds the rules."""
    told = run("promtool", "check", "rules", "--lint=all", "--lint-fatal", *RULES)
    assert re.findall(r"(\d+) rules found", told) == ["3", "4", "5", "4", "7", "24", "7", "4", "6"]
    run("promtool", "check", "config", "--lint=all", "--lint-fatal", MONITORING / "prometheus" / "prometheus.yml")


def test_the_alerts_are_those_specified() -> None:
    """40 in 8 groups with their wait, severity and labels, and each of the 21 names that people know."""
    found = []
    for group in alerts.groups(SETTINGS):
        for alert in group.rules:
            assert isinstance(alert, Alert)
            label = [name if name == "security" else value for name, value in alert.labels]
            found.append([group.name.removeprefix("gatewayd-"), alert.name, alert.wait, alert.severity, *label])
            found[-1] += [alert.keep] if alert.keep else []
    assert found == [line.split() for line in specified.ALERTS.strip().splitlines()]
    earlier = specified.EARLIER.split()
    assert len(earlier) == 21
    assert set(earlier) <= set(ALERTS)


def test_there_are_24_recording_rules() -> None:
    """Named after what they are summed by, what they are about, and how they were worked out."""
    names = [(rule.record, rule.labels) for rule in RECORDINGS]
    assert len(names) == len(set(names)) == 24
    for rule in RECORDINGS:
        level, _, operation = rule.record.split(":")
        labels = grouping_labels(rule.expression)
        assert level == "_".join(
            label for label in ("job", "instance", "route", "service", "cache_type") if label in labels
        )
        assert re.fullmatch(r"((ratio|quantile|p95)_)?rate\d+[mhd]", operation)


@pytest.mark.parametrize("rule", [*RECORDINGS, *ALERTS.values()], ids=lambda rule: getattr(rule, "slug", "recording"))
def test_what_a_rule_reads_exists(rule: Alert | Recording) -> None:
    """Metrics, labels, buckets, and label values where all of them are known."""
    assert mistakes(SETTINGS.expand(rule.expression)) == []


@pytest.mark.parametrize("alert", ALERTS.values(), ids=lambda alert: alert.slug)
def test_an_alert_is_well_formed(alert: Alert) -> None:
    """It tells what, where and what to do, by labels that it has, and hides none of its series' labels."""
    rule = alert.rule(SETTINGS)
    annotations, labels = rule["annotations"], rule["labels"]
    assert isinstance(annotations, dict)
    assert isinstance(labels, dict)
    assert list(annotations) == ["summary", "description", "runbook_url", "dashboard_uid"]
    assert list(labels)[:2] == ["severity", "product"]
    assert not annotations["summary"].endswith(".")
    assert annotations["description"].endswith(".")
    expression = SETTINGS.expand(alert.expression)
    available = set().union(*(LABELS[one.metric] for one in selectors(expression)), {"job"})
    assert not set(labels) & available
    named = set(re.findall(r"\$labels\.(\w+)", annotations["summary"] + annotations["description"]))
    assert named <= available


def test_nothing_multiplies_a_share_by_a_hundred() -> None:
    """`humanizePercentage` does that."""
    expressions = [rule.expression for rule in RECORDINGS] + [alert.expression for alert in ALERTS.values()]
    assert [text for text in expressions if "* 100" in text] == []


def test_names_that_do_not_exist_are_noticed() -> None:
    """What the tests above rest on."""
    assert mistakes('sum by (tenant) (rate(http_requests_total{route="/a"}[5m]))') == [
        "nothing in it has the label tenant"
    ]
    assert mistakes("http_request_total") == ["http_request_total is no metric"]
    assert mistakes('up{service="a"} offset 5m') == ["up has no label service"]
    assert mistakes('http_request_duration_seconds_bucket{le="1"}') == [
        "http_request_duration_seconds_bucket has no bucket 1"
    ]
    assert mistakes('downstream_targets{state=~"healthy|well"}') == ["downstream_targets never has state=healthy|well"]
    assert mistakes('sum by (job) (rate(up{job=~"a|b"}[5m])) / on (job) up unless up offset 5m > 0') == []


@pytest.mark.parametrize("bound", LATENCY_BUCKETS)
def test_every_bound_of_a_bucket_can_be_the_objective(bound: float) -> None:
    """Its text in the rule is the text that the label has."""
    settings = Settings(latency=bound)
    rules = [rule for group in recording.groups(settings) for rule in group.rules if isinstance(rule, Recording)]
    slow = [rule.expression for rule in rules if "requests_slow" in rule.record]
    assert len(slow) == 7
    assert [mistakes(settings.expand(expression)) for expression in slow] == [[]] * 7
