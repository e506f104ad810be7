"""`gatewayctl completion`, by real shells where they are at hand, and the command line as a whole."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gatewayd.ctl.main import COMMANDS
from tests.ctl.shell import ask

PROGRAM = Path(sys.executable).with_name("gatewayctl")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["gatewayctl", "ch"], {"check"}),
        (["gatewayctl", "keys", ""], {"new", "hash", "pair"}),
        (["gatewayctl", "explain", "--c"], {"--config"}),
        (["gatewayctl", "keys", "new", "--pep"], {"--pepper-file"}),
    ],
)
def test_bash(words: list[str], expected: set[str]) -> None:
    """Bash offers what may come next."""
    script = ask("completion", "bash").out
    line = " ".join(f"'{word}'" for word in words)
    asking = (
        f'{script}\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _gatewayctl; printf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    offered = subprocess.run(["bash", "-c", asking], capture_output=True, text=True, check=True).stdout.split()
    assert expected <= set(offered)
    if words[-1]:
        assert all(word.startswith(words[-1]) for word in offered)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_is_offered(shell: str) -> None:
    """A command that is added is completed."""
    script = ask("completion", shell).out
    assert all(command.name in script for command in COMMANDS)


def test_schema() -> None:
    """The schema is the shipped one."""
    shipped = Path(__file__).parents[2] / "etc" / "gatewayd" / "gateway.schema.json"
    assert json.loads(ask("schema").out) == json.loads(shipped.read_text("utf-8"))


def test_the_program() -> None:
    """The console script runs, and an answer that nobody reads to its end is no error."""
    told = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True)
    assert told.stdout.startswith("gatewayctl ")
    cut = subprocess.run(
        ["bash", "-c", f"set -o pipefail; '{PROGRAM}' schema | head -c 1"], capture_output=True, text=True, check=False
    )
    assert (cut.returncode, cut.stderr) == (0, "")


def test_wrong_usage() -> None:
    """argparse's own exit code, and the usage."""
    told = subprocess.run([PROGRAM, "chek"], capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert "usage: gatewayctl" in told.stderr
