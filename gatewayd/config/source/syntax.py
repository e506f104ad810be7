"""What YAML's parser could not read, in the words of someone who has to mend it."""

from __future__ import annotations

import yaml

from gatewayd.config.problems import Problem
from gatewayd.config.source.nodes import Mark, Source

_BRACKETS = {"flow sequence": ("[", "]"), "flow mapping": ("{", "}")}


def explain(source: Source, error: yaml.MarkedYAMLError) -> Problem:
    """The problem that made the parser stop; works on the messages of libyaml and of PyYAML's own parser."""
    here = _mark(source, error.problem_mark or error.context_mark)
    began = _mark(source, error.context_mark or error.problem_mark)
    what, within = error.problem or "", error.context or ""
    line = source.lines[here.line]
    rest = line[here.column :]
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent:
        tab = Mark(source, here.line, indent.index("\t"))
        return tab.problem("a tab indents this line, which YAML does not allow", "indent with spaces")
    if "start any token" in what:
        return here.problem(f"a value cannot start with {rest[:1]!r}", "put quotes around the value")
    for name, (opening, closing) in _BRACKETS.items():
        if within.endswith(name):
            if line[: here.column + 1].endswith(("${", "{{")):
                return here.problem("a reference between brackets is read as YAML", 'put quotes around it: "${NAME}"')
            if here.line != began.line or not rest:
                return began.problem(f"the {opening!r} is not closed", f"add {closing!r} at its end")
            message = f"{rest[:1]!r} cannot stand here, between {opening!r} and {closing!r}"
            return here.problem(
                message, f"separate values with ',' and end with {closing!r}, or put quotes around the value"
            )
    if "node content" in what:
        if not rest:
            return here.problem("the file ends where a value should stand", "add it, and close every '[' and '{'")
        return here.problem(f"{rest[:1]!r} cannot stand here", "put quotes around the value, or remove it")
    if "quoted scalar" in within and "end of" in what:
        return began.problem("the quote is not closed", "add the closing quote")
    if "escape" in what:
        here = Mark(source, here.line, line.rfind("\\", 0, here.column + 1), 2)
        return here.problem(
            "this escape is unknown in double quotes", "use single quotes, or write \\\\ for one backslash"
        )
    return _explain_layout(here, began, what, within)


def _explain_layout(here: Mark, began: Mark, what: str, within: str) -> Problem:
    """The problem where keys, dashes and indentation do not fit together."""
    line = here.source.lines[here.line]
    if "mapping values are not allowed" in what:
        before = line[: here.column]
        if ": " in before:
            return here.problem("a second ':' stands in this line", "put quotes around a value that contains ': '")
        start = Mark(here.source, here.line, len(before) - len(before.lstrip()), len(before.strip()))
        return start.problem(
            "a key cannot stand here", "check this line's indentation, and the line before it for a ':'"
        )
    if "expected ':'" in what:
        key = here.source.lines[began.line][began.column :].rstrip()
        return Mark(here.source, began.line, began.column, len(key)).problem(
            "no ':' follows this key", "write key: value"
        )
    if "block collection" in within or "block mapping" in within or "block sequence" in within:
        if line[: here.column].strip():
            return here.problem(
                "the line goes on after its value ended", "put quotes around the whole value, or start a new line"
            )
        kind = "mapping" if "mapping" in within else "list"
        wanted = "a key with the same indentation" if kind == "mapping" else "'- ' with the same indentation"
        return here.problem(
            f"this line does not fit the {kind} that starts in line {began.line + 1}", f"start it with {wanted}"
        )
    return here.problem(what or within, "check this line and the one before it")


def _mark(source: Source, mark: yaml.Mark | None) -> Mark:
    """A mark of the parser; what is beyond the last line is at its end."""
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    while line > 0 and (line >= len(source.lines) or (column == 0 and not source.lines[line].strip())):
        line -= 1
        column = len(source.lines[line])
    return Mark(source, line, min(column, len(source.lines[line])))
