"""Which files make up a configuration, and their text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gatewayd.config.models.section import Section
from gatewayd.config.problems import Problem
from gatewayd.config.source.covers import cover
from gatewayd.config.source.environment import fill
from gatewayd.config.source.nodes import MapNode
from gatewayd.config.source.reader import read

CONF_D = "conf.d"


def read_file(
    path: Path, section: type[Section], environ: Mapping[str, str], problems: list[Problem]
) -> MapNode | None:
    """The mapping in a file, references to the environment filled in; None, and one more problem, if there is none.

    It becomes a `section`, of which no message may show a secret. What is wrong with a mapping that can be read all the
    same is added to `problems` too.
    """
    text = read_text(path, problems)
    if text is None:
        return None
    node, found = read(str(path), text)
    if node is not None:
        cover(node, section, found)
    problems += found
    if node is None:
        return None
    filled = fill(node, environ, problems)
    assert isinstance(filled, MapNode)
    return filled


def find_files(main: Path, problems: list[Problem], warnings: list[Problem]) -> list[Path]:
    """`main` and every `conf.d/*.yaml` beside it, by name; hidden files are those of editors and package tools."""
    folder = main.parent / CONF_D
    try:
        names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return [main]
    except OSError as error:
        problems.append(_unreadable(folder, error))
        return [main]
    for name in names:
        if name.endswith(".yml"):
            hint = f"rename it to {name.removesuffix('.yml')}.yaml"
            warnings.append(Problem(str(folder / name), 0, 0, "this file is not read: its name ends with .yml", hint))
    return [main, *(folder / name for name in names if name.endswith(".yaml"))]


def read_text(path: Path, problems: list[Problem]) -> str | None:
    """The text of a file, or None and one more problem."""
    try:
        content = path.read_bytes()
    except OSError as error:
        problems.append(_unreadable(path, error))
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        problems.append(Problem(str(path), line, column, "this byte is not UTF-8", "save the file in UTF-8"))
        return None


def _unreadable(path: Path, error: OSError) -> Problem:
    """The problem of a file or folder that cannot be opened."""
    hints = {
        FileNotFoundError: "check the path",
        PermissionError: "let the user of this process read it",
        IsADirectoryError: "name a file in it",
    }
    message = f"cannot be read: {error.strerror or error}"
    return Problem(str(path), 0, 0, message, hints.get(type(error), ""))
