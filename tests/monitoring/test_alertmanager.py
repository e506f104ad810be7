"""Alertmanager tells the right people."""

from __future__ import annotations

import re

import pytest

from tests.monitoring.tools import ALERTS, MONITORING, read_yaml, run

PATH = MONITORING / "alertmanager" / "alertmanager.yml"
CONFIG = read_yaml("alertmanager/alertmanager.yml")
RECEIVERS = {receiver["name"]: receiver for receiver in CONFIG["receivers"]}
SECURITY = "pagerduty-security,slack-security"
BY_SEVERITY = {"critical": "pagerduty", "warning": "slack", "info": "slack-digest", "none": "nobody"}


def goes_to(receivers: str, *labels: str) -> None:
    """Have amtool say whether an alert with these labels goes there."""
    run("amtool", "config", "routes", "test", f"--config.file={PATH}", f"--verify.receivers={receivers}", *labels)


def test_alertmanager_takes_it() -> None:
    """`amtool check-config` finds the routes, inhibitions and receivers."""
    told = run("amtool", "check-config", PATH)
    assert "6 inhibit rules" in told
    assert "7 receivers" in told


@pytest.mark.parametrize("severity", BY_SEVERITY)
@pytest.mark.parametrize("security", [True, False])
@pytest.mark.parametrize("slo", ["", "availability"])
def test_every_combination_of_labels_has_its_receivers(severity: str, security: bool, slo: str) -> None:
    """Severity decides, unless it is about security: then both are told, whatever the severity."""
    labels = ["alertname=Anything", "job=gatewayd", "product=gatewayd", f"severity={severity}"]
    labels += ["security=true"] if security else []
    labels += [f"slo={slo}"] if slo else []
    goes_to(SECURITY if security else BY_SEVERITY[severity], *labels)


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_has_its_receivers(name: str) -> None:
    """With the labels that its rule gives it."""
    labels = ALERTS[name].fixed_labels()
    expected = SECURITY if labels.get("security") else BY_SEVERITY[labels["severity"]]
    if name == "Watchdog":
        expected = "dead-mans-switch"
    goes_to(expected, f"alertname={name}", "job=gatewayd", *(f"{label}={value}" for label, value in labels.items()))


def test_what_is_nobodys_goes_to_somebody() -> None:
    """Alerts of another product, and severities that nobody thought of, are not lost."""
    goes_to("slack", "alertname=DiskFull", "severity=critical")
    goes_to("slack", "alertname=Odd", "product=gatewayd", "severity=catastrophic")


def test_a_receiver_that_is_wrong_is_noticed() -> None:
    """What the tests above rest on."""
    with pytest.raises(AssertionError):
        goes_to("slack", "alertname=APIGatewayDown", "product=gatewayd", "severity=critical")


def test_secrets_are_in_files() -> None:
    """The current API of PagerDuty and Slack's webhook; nothing secret stands in the configuration."""
    assert "service_key" not in PATH.read_text("utf-8")
    for name, receiver in RECEIVERS.items():
        for page in receiver.get("pagerduty_configs", []):
            assert page["routing_key_file"].startswith("/etc/alertmanager/secrets/"), name
        for message in receiver.get("slack_configs", []):
            assert message["api_url_file"].startswith("/etc/alertmanager/secrets/"), name


def test_the_switch_is_told_every_minute() -> None:
    """A dead man's switch waits for little more than that."""
    (ours,) = [route for route in CONFIG["route"]["routes"] if route["matchers"] == ['product="gatewayd"']]
    watchdog = ours["routes"][0]
    assert watchdog["matchers"] == ['alertname="Watchdog"']
    assert watchdog["group_wait"] == "0s"
    assert (watchdog["group_interval"], watchdog["repeat_interval"]) == ("1m", "1m")


def test_inhibitions_name_alerts_that_exist() -> None:
    """Sources by name, targets by name or by labels that rules set; nothing about security is ever held back."""
    for rule in CONFIG["inhibit_rules"]:
        (source,) = rule["source_matchers"]
        (name,) = re.fullmatch(r'alertname="(\w+)"', source).groups()  # type: ignore[union-attr]
        assert name in ALERTS
        target = " ".join(rule["target_matchers"])
        pattern = re.search(r'alertname=~?"([^"]+)"', target)
        if pattern is None:
            assert 'security!="true"' in target
        else:
            held = [alert for alert in ALERTS if re.fullmatch(pattern[1], alert)]
            assert held
            assert not [alert for alert in held if ("security", "true") in ALERTS[alert].labels]
