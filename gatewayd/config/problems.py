"""What is wrong with a configuration, as values, and as the report an operator reads."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_WIDEST = 120  # of a source line; what is longer is shown around its caret
_RED, _BOLD, _CYAN, _PLAIN = "\x1b[1;31m", "\x1b[1m", "\x1b[36m", "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: where it stands (line and column from 1; line 0 is the file as a whole), what it is, one next step.

    `source_line` is the line as it stands in the file, never with a reference to the environment filled in;
    `length` is how many of its characters, from `column`, are to blame.
    """

    file: str
    line: int
    column: int
    message: str
    hint: str = ""
    source_line: str = ""
    length: int = 1

    def __str__(self) -> str:
        """Position and message, the line with a caret, and the hint."""
        return render(self, color=False)


class ConfigErrors(Exception):
    """A configuration that cannot be used, and everything that is wrong with it, in reading order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        """The whole report, without colour."""
        return report(self.problems, color=False)


def report(problems: Sequence[Problem], color: bool) -> str:
    """All `problems`, one after the other, and how many they are; `color` adds terminal colours."""
    files = len({problem.file for problem in problems})
    noun = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    total = f"{noun} in {files} files" if files > 1 else noun
    return "\n\n".join([*(render(problem, color) for problem in problems), total]) + "\n"


def render(problem: Problem, color: bool) -> str:
    """One problem: position and message, the line with a caret, and the hint."""
    bold, red, cyan, plain = (_BOLD, _RED, _CYAN, _PLAIN) if color else ("", "", "", "")
    place = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
    lines = [f"{bold}{_printable(place)}:{plain} {red}{_printable(problem.message)}{plain}"]
    if problem.source_line:
        source, column = _excerpt(problem.source_line, problem.column - 1)
        length = max(1, min(problem.length, len(source) - column))
        lines.append(f"    {source}")
        lines.append(
            f"    {' ' * _width(source[:column])}{red}{'^' * max(1, _width(source[column : column + length]))}{plain}"
        )
    if problem.hint:
        lines.append(f"    {cyan}hint: {_printable(problem.hint)}{plain}")
    return "\n".join(lines)


def _excerpt(line: str, column: int) -> tuple[str, int]:
    """The part of `line` around `column` that fits a terminal, printable, and where `column` stands in it."""
    line = _printable(line)
    if len(line) <= _WIDEST:
        return line, column
    start = max(0, min(column - _WIDEST // 3, len(line) - _WIDEST))
    end = start + _WIDEST
    before, after = "..." if start else "", "..." if end < len(line) else ""
    return before + line[start:end] + after, column - start + len(before)


def _printable(text: str) -> str:
    """`text` with control characters, which could steer a terminal, replaced one for one; a tab is a space."""
    return "".join(c if c.isprintable() else " " if c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _width(text: str) -> int:
    """The columns `text` takes on a terminal."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide
