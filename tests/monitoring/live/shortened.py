"""The files as shipped, with other addresses and with seconds for minutes: an hour of a test would be too long."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import yaml

from tests.monitoring.tools import MONITORING, read_yaml

EVERY: Final = "500ms"  # scrapes and evaluations
WINDOWS: Final = {
    "5m": "3s",
    "10m": "3s",
    "15m": "4s",
    "30m": "4s",
    "1h": "4s",
    "2h": "4s",
    "6h": "5s",
    "1d": "5s",
    "3d": "6s",
}
WAITS: Final = {"0m": "0s", "1m": "1s", "2m": "2s", "5m": "2s", "10m": "2s", "15m": "3s", "1h": "3s"}


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    expression = re.sub(r"\[(\w+)\]", lambda found: f"[{WINDOWS[found[1]]}]", rule["expr"])
    expression = re.sub(r"offset (\w+)", lambda found: f"offset {WINDOWS[found[1]]}", expression)
    shorter = {**rule, "expr": expression}
    if "for" in rule:
        shorter["for"] = WAITS[rule["for"]]
    if "keep_firing_for" in rule:
        shorter["keep_firing_for"] = "2s"
    return shorter


def prometheus(folder: Path, gateway: str, alertmanager: str) -> Path:
    """Write the configuration and the rules to `folder`; answers the path of the first."""
    config = read_yaml("prometheus/prometheus.yml")
    config["global"] = {"scrape_interval": EVERY, "scrape_timeout": EVERY, "evaluation_interval": EVERY}
    config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [alertmanager]
    config["scrape_configs"][0]["static_configs"][0]["targets"] = [gateway]
    rules = folder / "rules"
    rules.mkdir(parents=True)
    for path in (MONITORING / "prometheus" / "rules").glob("*.yml"):
        groups = yaml.safe_load(path.read_text("utf-8"))["groups"]
        shorter = [{"name": group["name"], "rules": [_rule(rule) for rule in group["rules"]]} for group in groups]
        (rules / path.name).write_text(yaml.safe_dump({"groups": shorter}), "utf-8")
    written = folder / "prometheus.yml"
    written.write_text(yaml.safe_dump(config), "utf-8")
    return written


def alertmanager(folder: Path, webhook: str) -> Path:
    """Write the configuration to `folder`, with every receiver a path of `webhook`; answers its path."""
    config = read_yaml("alertmanager/alertmanager.yml")
    _hurry(config["route"])
    for receiver in config["receivers"]:
        name = receiver.pop("name")
        told = bool(receiver)
        receiver.clear()
        receiver["name"] = name
        if told:
            receiver["webhook_configs"] = [{"url": f"{webhook}/{name}"}]
    folder.mkdir(parents=True)
    written = folder / "alertmanager.yml"
    written.write_text(yaml.safe_dump(config), "utf-8")
    return written


def _hurry(route: dict[str, Any]) -> None:
    """Seconds for minutes, in a route and those below; a warning still waits longer than what may hold it back."""
    if "group_wait" in route:
        route["group_wait"] = {"30s": "1s", "30m": "1s"}.get(route["group_wait"], "0s")
    if "group_interval" in route:
        route["group_interval"] = "1s"
    for below in route.get("routes", []):
        _hurry(below)
