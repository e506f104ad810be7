"""The rooms import each other in one direction only."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.architecture.rules import ROOT


def test_the_import_contract_holds() -> None:
    """`lint-imports` agrees."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_room_is_under_the_contract() -> None:
    """A package or module of gatewayd that no layer names would be free to import anything."""
    (contract,) = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    named = {name for layer in contract["layers"] for name in re.findall(r"gatewayd\.(\w+)", layer)}
    places = [path for path in (ROOT / "gatewayd").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    assert {path.stem for path in places} - {"__init__"} <= named
