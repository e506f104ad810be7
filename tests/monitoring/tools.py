"""Where the files are, and the programs that judge them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, Final

import yaml

from gatewayd.monitoring import alerts, recording
from gatewayd.monitoring.rules import Alert, Recording
from gatewayd.monitoring.settings import Settings

ROOT: Final = Path(__file__).resolve().parents[2]
MONITORING: Final = ROOT / "monitoring"
SETTINGS: Final = Settings()
ALERTS: Final[dict[str, Alert]] = {alert.name: alert for alert in alerts.alerts(SETTINGS)}
RECORDINGS: Final[tuple[Recording, ...]] = tuple(
    rule for group in recording.groups(SETTINGS) for rule in group.rules if isinstance(rule, Recording)
)


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """What a command writes, on both channels; AssertionError with it where the command fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def read_yaml(path: str) -> Any:
    """A file below monitoring/."""
    return yaml.safe_load((MONITORING / path).read_text("utf-8"))


def parse_all(expressions: list[str], where: Path) -> None:
    """Have promtool parse expressions, as rules in a file below `where`; AssertionError where one is no PromQL."""
    rules = [{"record": f"parsed:{number}", "expr": text} for number, text in enumerate(expressions)]
    path = where / "parsed.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "parsed", "rules": rules}]}), "utf-8")
    run("promtool", "check", "rules", path)
