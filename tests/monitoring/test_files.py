"""monitoring/ is what the package writes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gatewayd.monitoring import Settings, files
from gatewayd.monitoring.__main__ import main
from tests.monitoring.tools import MONITORING, ROOT, SETTINGS, run


def test_the_files_are_current() -> None:
    """After a change of the package, `make monitoring` writes them anew. There are no others."""
    shipped = {
        path.relative_to(MONITORING).as_posix(): path.read_text("utf-8")
        for path in MONITORING.rglob("*")
        if path.is_file()
    }
    written = files(SETTINGS)
    assert sorted(shipped) == sorted(written)
    assert [name for name, text in written.items() if shipped[name] != text] == []


def test_they_are_the_same_each_time() -> None:
    """To the byte and in the same order, in another process with another order of hashes too."""
    program = "from gatewayd.monitoring import *; import hashlib, sys;"
    program += "sys.stdout.write(hashlib.sha256(repr(files(Settings())).encode()).hexdigest())"
    digests = {run("env", f"PYTHONHASHSEED={seed}", sys.executable, "-c", program) for seed in (1, 2)}
    assert len(digests) == 1


def test_the_command_writes_them_for_another_installation(tmp_path: Path) -> None:
    """With its job, objectives and runbooks, and says how many."""
    place = tmp_path / "new" / "directory"
    arguments = ["--job", "edge", "--availability", "99.5%", "--runbooks", "https://wiki.example.org/gw/"]
    told = run(sys.executable, "-m", "gatewayd.monitoring", place, *arguments)
    written = [path for path in place.rglob("*") if path.is_file()]
    assert told == f"{len(written)} files in {place}\n"
    rules = (place / "prometheus/rules/gatewayd-slo.yml").read_text("utf-8")
    assert "14.4 * 0.005" in rules
    assert "runbook_url: https://wiki.example.org/gw/availability-slo-violation.md" in rules
    assert not [path for path in written if 'job="gatewayd"' in path.read_text("utf-8")]
    assert not [path for path in written if "@job@" in path.read_text("utf-8")]
    run("promtool", "check", "config", place / "prometheus/prometheus.yml")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--availability", "most"], "'most' is no percentage; write one such as 99.9"),
        (["--availability", "100"], "availability 1 is no objective"),
        (["--fast", "2"], "fast 0.02 is no objective"),
        (["--latency", "0.75"], "latency 0.75 s is no bound of a bucket; write one of 0.001 0.0025 "),
        (["--job", 'a"b'], "is no name of a scrape job"),
        (["--runbooks", "wiki"], "'wiki' is no base URL"),
    ],
)
def test_what_makes_no_sense_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    """With the cause and what to write instead, and nothing is written."""
    with pytest.raises(SystemExit) as caught:
        main([str(tmp_path / "new"), *arguments])
    assert caught.value.code == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_the_templates_are_installed(tmp_path: Path) -> None:
    """A wheel has what the package writes from, as setup.py says; none of it is left to a checkout."""
    command = [sys.executable, "-c", "import gatewayd.monitoring.output as f; print(f.TEMPLATES)"]
    place = Path(subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip())
    kept = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
    assert "alertmanager/alertmanager.yml" in kept
    assert '"gatewayd.monitoring": ["templates/**/*"]' in (ROOT / "setup.py").read_text("utf-8")
    assert kept <= set(files(Settings()))
