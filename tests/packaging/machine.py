"""A Debian 12 of its own under a real systemd, that goes through one script and tells what came of each step."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]
BASE = PROJECT / "vendor" / "bookworm"  # made once; `make clean` removes it
INSIDE = "systemd,systemd-sysv,dbus,python3,python3.11,adduser,curl,procps"
PATIENCE = 300

_UNIT = """
[Unit]
After=multi-user.target

[Service]
Type=oneshot
ExecStart=/bin/bash /srv/scenario
ExecStopPost=/bin/systemctl poweroff --no-block
"""


@dataclass(frozen=True)
class Step:
    """What came of one step: its exit code, and what it wrote."""

    code: int
    output: str


def base() -> Path:
    """The folder of a bare Debian 12, from the mirror that this machine uses itself."""
    if not (BASE / "etc" / "debian_version").exists():
        shutil.rmtree(BASE, ignore_errors=True)
        BASE.parent.mkdir(exist_ok=True)
        fresh = BASE.with_suffix(".fresh")
        shutil.rmtree(fresh, ignore_errors=True)
        command = ["debootstrap", "--variant=minbase", f"--include={INSIDE}", "bookworm", str(fresh), _mirror()]
        subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE * 2)
        fresh.rename(BASE)
    return BASE


def _mirror() -> str:
    """Where apt gets Debian's packages from."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)|$(CODENAME)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = re.search(r"^(\S+)\|bookworm$", listed, re.MULTILINE)
    assert found is not None, "apt knows no mirror of Debian 12"
    return found[1]


def run(root: Path, files: dict[str, Path], scenario: str) -> dict[str, Step]:
    """Copy the bare system to `root`, boot it with `files` in /srv, and go through the steps of `scenario`."""
    subprocess.run(["cp", "-a", "--reflink=auto", str(base()), str(root)], check=True)
    for name, path in files.items():
        shutil.copy(path, root / "srv" / name)
    (root / "srv" / "scenario").write_text(scenario)
    units = root / "etc" / "systemd" / "system"
    (units / "scenario.service").write_text(_UNIT)
    (units / "multi-user.target.wants").mkdir(exist_ok=True)
    (units / "multi-user.target.wants" / "scenario.service").symlink_to("../scenario.service")
    machine = f"gatewayd-test-{root.name}"
    options = ["--boot", "--register=no", "--keep-unit", "--private-network", "--console=pipe"]
    subprocess.run(
        ["systemd-nspawn", "--quiet", "--directory", str(root), "--machine", machine, *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,  # it cannot remove its own folder below /run where that is no real one; the steps tell the rest
    )
    lines = (root / "srv" / "steps").read_text().splitlines()
    return {step["name"]: Step(step["code"], step["output"]) for step in map(json.loads, lines)}
