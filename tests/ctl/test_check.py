"""`gatewayctl check`: what it says of good and of bad configurations, to people and to programs."""

import json
from pathlib import Path

import pytest

from tests.ctl.shell import ask

BAD = "routes:\n  - {path: /a, servise: b}\n  - {path: c, respond: {body: x}}\n"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A file with two mistakes."""
    file = tmp_path / "gateway.yaml"
    file.write_text(BAD)
    return file


def test_every_error_at_once(bad: Path) -> None:
    """Each has its place, its line with a caret, and a hint; the exit code is sysexits.h's for a bad configuration."""
    answer = ask("check", bad)
    assert answer.code == 78
    assert f"{bad}:2:" in answer.err
    assert f"{bad}:3:" in answer.err
    assert "^" in answer.err
    assert "did you mean" in answer.err
    assert answer.out == ""


def test_errors_for_programs(bad: Path) -> None:
    """JSON has the same errors, each with its place."""
    answer = ask("check", bad, "--format", "json")
    told = json.loads(answer.out)
    assert answer.code == 78
    assert told["ok"] is False
    assert {error["line"] for error in told["errors"]} == {2, 3}
    assert all(error["file"] == str(bad) and error["message"] for error in told["errors"])


def test_a_good_one(tmp_path: Path) -> None:
    """It says what it found; a warning is no error."""
    file = tmp_path / "gateway.yaml"
    file.write_text("services: {unused: {targets: ['http://127.0.0.1:1']}}\nroutes: [{path: /, respond: {body: x}}]\n")
    answer = ask("check", file)
    assert answer.code == 0
    assert "1 routes to 1 services, no errors" in answer.out
    assert "unused" in answer.out
    told = json.loads(ask("check", file, "--format", "json").out)
    assert told["ok"] is True
    assert len(told["warnings"]) == 1


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """It is named, with what to do."""
    answer = ask("check", tmp_path / "none.yaml")
    assert answer.code == 78
    assert "none.yaml" in answer.err
    assert "hint:" in answer.err


@pytest.mark.parametrize(("environ", "colored"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_color(bad: Path, environ: dict[str, str], colored: bool) -> None:
    """A terminal gets colour, unless its user wants none."""
    assert ("\x1b[" in ask("check", bad, screen=True, environ=environ).err) is colored
    assert "\x1b[" not in ask("check", bad).err
