"""The package on a Debian 12 under a real systemd: installed, used, upgraded, removed. Needs root."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.packaging.machine import PROJECT, Step, run

HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may boot a system")


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Step]:
    """What came of each step of the scenario."""
    folder = tmp_path_factory.mktemp("packaging")
    (package,) = (PROJECT / "dist").glob("gatewayd_*.deb")
    try:
        files = {"gatewayd.deb": package, "gatewayd-next.deb": newer(package, folder), "load.py": HERE / "load.py"}
        return run(folder / "root", files, (HERE / "scenario.sh").read_text())
    finally:
        shutil.rmtree(folder / "root", ignore_errors=True)


def newer(package: Path, folder: Path) -> Path:
    """The same package under a later version."""
    tree, out = folder / "tree", folder / "gatewayd-next.deb"
    subprocess.run(["dpkg-deb", "--raw-extract", str(package), str(tree)], check=True)
    control = tree / "DEBIAN" / "control"
    control.write_text(re.sub(r"(?m)^Version: .*$", r"\g<0>+next", control.read_text()))
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(out)], check=True)
    return out


@pytest.mark.parametrize(
    "name",
    [
        "install", "active", "scrape", "verify", "check", "still-active", "restart", "restarted-serves",
        "active-after-bad", "upgrade-bad",
        "upgrade-bad-same-process", "upgrade-bad-serves", "downgrade", "upgrade", "upgrade-other-process",
        "upgrade-serves", "killed", "killed-serves", "hung", "hung-serves", "remove", "removed-keeps", "purge",
    ],
)  # fmt: skip
def test_works(steps: dict[str, Step], name: str) -> None:
    """The step does what it is for."""
    assert steps[name].code == 0, steps[name].output


def test_as_installed(steps: dict[str, Step]) -> None:
    """It says what it serves, owns what it writes, logs once, and the socket unit is left to the administrator."""
    assert "routes" in steps["status"].output
    assert "gatewayd:gatewayd" in steps["files"].output
    assert steps["socket-unit"].output.strip() == "disabled"
    assert '"slug":"no-route"' in steps["request"].output or "no-route" in steps["request"].output
    assert "plugin cache" not in steps["journal"].output
    assert len(steps["manual-pages"].output.split()) == 3


def test_the_unit_hides_no_metric(steps: dict[str, Step]) -> None:
    """Hardening that looks good on paper (ProcSubset=pid) would remove these."""
    for name in ("process_cpu_seconds_total", "process_open_fds", "process_resident_memory_bytes"):
        assert f"\n{name} " in steps["scrape"].output


def test_exposure(steps: dict[str, Step]) -> None:
    """systemd itself rates the unit at most 2.0."""
    rated = re.search(r"Overall exposure level for gatewayd.service: ([\d.]+)", steps["exposure"].output)
    assert rated is not None
    assert float(rated[1]) <= 2.0


def test_a_bad_configuration(steps: dict[str, Step]) -> None:
    """The check names the place and keeps from a restart; a start would end with 78; an upgrade says what to do."""
    assert steps["restart-bad"].code == 78
    assert "bad.yaml:1:" in steps["restart-bad"].output
    assert steps["restart-bad-code"].code == 78
    assert "bad.yaml:1:" in steps["restart-bad-code"].output
    assert "the old process serves on" in steps["upgrade-bad"].output


def test_nothing_pretends_to_reload(steps: dict[str, Step]) -> None:
    """A unit that cannot reload says so, instead of leaving the old configuration in use unnoticed."""
    assert steps["reload"].code != 0


def test_a_hang_is_ended_by_the_watchdog(steps: dict[str, Step]) -> None:
    """The journal says so."""
    assert "watchdog" in steps["hung-journal"].output.lower()


def test_restarts_refuse_nobody(steps: dict[str, Step]) -> None:
    """Three restarts with the socket unit, and every new connection was answered."""
    account = json.loads(steps["load"].output)
    assert account["bad"] == []
    assert account["good"] > 0


def test_purge_leaves_nothing(steps: dict[str, Step]) -> None:
    """Neither files nor folders; removal alone had stopped the service."""
    assert steps["removed-stops"].code != 0
    assert steps["purged"].output == ""
