"""docs/metrics.md says what is exported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from gatewayd.telemetry.catalogue import DEFINITIONS
from gatewayd.telemetry.reference import page

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_the_page_is_current() -> None:
    """After a change of the catalogue, `python -m gatewayd.telemetry > docs/metrics.md` writes the page anew."""
    assert PAGE.read_text("utf-8") == page()


def test_the_page_names_every_metric() -> None:
    """Each name stands in the table once, with its labels."""
    rows = {row.split("`")[1]: row for row in page().split("## Buckets")[0].splitlines() if row.startswith("| `")}
    assert set(rows) == {definition.name for definition in DEFINITIONS}
    for definition in DEFINITIONS:
        assert all(f"`{label}`" in rows[definition.name] for label in definition.labels)


def test_the_command_prints_the_page() -> None:
    """`python -m gatewayd.telemetry` writes it to stdout, and nothing else."""
    printed = subprocess.run([sys.executable, "-m", "gatewayd.telemetry"], capture_output=True, check=True)
    assert printed.stdout.decode() == page()
    assert printed.stderr == b""
