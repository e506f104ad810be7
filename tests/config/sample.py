"""Configurations written to files, and what loading them says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

import pytest

from gatewayd.config import Config, ConfigErrors, Problem, load, load_with_warnings

SERVICES = "services: {pay: {targets: ['http://127.0.0.1:9005']}}\n"


class Said(NamedTuple):
    """A problem without its file and source line."""

    line: int
    column: int
    message: str
    hint: str


def write(folder: Path, text: str, **conf_d: str) -> Path:
    """The main file with `text`, beside a conf.d with a file for each further argument."""
    main = folder / "gateway.yaml"
    main.write_text(dedent(text), encoding="utf-8")
    for name, more in conf_d.items():
        (folder / "conf.d").mkdir(exist_ok=True)
        (folder / "conf.d" / f"{name}.yaml").write_text(dedent(more), encoding="utf-8")
    return main


def loaded(folder: Path, text: str, environ: Mapping[str, str] | None = None, **conf_d: str) -> Config:
    """The configuration that the files make."""
    return load(write(folder, text, **conf_d), environ or {})


def problems(folder: Path, text: str, environ: Mapping[str, str] | None = None, **conf_d: str) -> list[Problem]:
    """Everything that is wrong with the files."""
    with pytest.raises(ConfigErrors) as caught:
        load(write(folder, text, **conf_d), environ or {})
    return list(caught.value.problems)


def said(folder: Path, text: str, environ: Mapping[str, str] | None = None, **conf_d: str) -> list[Said]:
    """Everything that is wrong with the files, briefly."""
    return [Said(p.line, p.column, p.message, p.hint) for p in problems(folder, text, environ, **conf_d)]


def warned(folder: Path, text: str, **conf_d: str) -> list[Said]:
    """What is doubtful about the files, which are sound."""
    warnings = load_with_warnings(write(folder, text, **conf_d), {})[1]
    return [Said(p.line, p.column, p.message, p.hint) for p in warnings]
