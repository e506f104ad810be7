"""Where `gatewayctl` writes: text with colour for people, without for everything else, or JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

_STYLES = {"bold": "1", "dim": "2", "red": "1;31", "green": "32", "yellow": "33", "cyan": "36"}


class Terminal:
    """Writes answers to `out` and complaints to `err`; in colour where that is a terminal and NO_COLOR is not set."""

    def __init__(self, out: TextIO, err: TextIO, environ: Mapping[str, str]) -> None:
        self._out = out
        self._err = err
        wanted = not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
        self.color = wanted and out.isatty()
        self.err_color = wanted and err.isatty()

    def say(self, text: str = "") -> None:
        """Write a line."""
        self._out.write(text + "\n")

    def complain(self, cause: str, hint: str = "") -> None:
        """Say on the other stream what is wrong, and one next step."""
        color = self.err_color
        self._err.write(f"{_styled('gatewayctl:', 'bold', color)} {_styled(cause, 'red', color)}\n")
        if hint:
            self._err.write(f"    {_styled(f'hint: {hint}', 'cyan', color)}\n")

    def report(self, text: str) -> None:
        """Write to the other stream what is formatted already."""
        self._err.write(text)

    def json(self, value: Any) -> None:
        """Write a value for programs."""
        json.dump(value, self._out, indent=2, ensure_ascii=False, default=str)
        self._out.write("\n")

    def style(self, text: str, style: str) -> str:
        """`text` as it should look: bold, dim, red, green, yellow or cyan."""
        return _styled(text, style, self.color)

    def table(self, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Columns as wide as what stands in them, the last one unbounded; nothing at all without rows."""
        if not rows:
            return
        widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
        self.say(self.style(_line(titles, widths), "bold"))
        for row in rows:
            self.say(_line(row, widths))

    def pairs(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Names and what stands behind them, one below the other."""
        width = max((len(name) for name, _ in pairs), default=0)
        for name, text in pairs:
            indented = text.replace("\n", "\n" + " " * (width + 4))
            self.say(f"  {self.style(name.ljust(width), 'dim')}  {indented}")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """One row of a table."""
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _styled(text: str, style: str, color: bool) -> str:
    """`text` between the codes that switch a style on and off."""
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if color else text
