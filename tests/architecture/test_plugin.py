"""`twistd gateway` exists wherever twistd is started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.architecture.rules import ROOT


def test_the_plugin_directory_is_no_package() -> None:
    """With an __init__.py of ours, Twisted would look for plugins there and nowhere else."""
    assert [path.name for path in (ROOT / "twisted").rglob("*.py")] == ["gateway_plugin.py"]


def test_twistd_finds_the_plugin_from_anywhere(tmp_path: Path) -> None:
    """In another working directory `twistd --help` lists it, with one line of description."""
    twistd = Path(sys.executable).with_name("twistd")
    done = subprocess.run([twistd, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True)
    (line,) = [line for line in done.stdout.splitlines() if line.strip().startswith("gateway ")]
    assert "API gateway" in line


def test_listing_plugins_imports_nothing_of_ours() -> None:
    """Every twistd command on the machine pays for what a plugin module imports."""
    program = (
        "import sys; from twisted.application.service import IServiceMaker; from twisted.plugin import getPlugins;"
        "assert 'gateway' in [plugin.tapname for plugin in getPlugins(IServiceMaker)];"
        "print([name for name in sys.modules if name.startswith('gatewayd')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
