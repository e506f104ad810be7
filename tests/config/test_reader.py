"""YAML to positioned values, and what is refused on the way."""

from __future__ import annotations

import pytest
import yaml

from gatewayd.config.problems import Problem
from gatewayd.config.source import reader
from gatewayd.config.source.nodes import plain
from gatewayd.config.source.reader import read


def told(found: list[Problem]) -> list[tuple[int, int, str, str]]:
    """Problems without their files and lines."""
    return [(problem.line, problem.column, problem.message, problem.hint) for problem in found]


def test_values() -> None:
    """Mappings, lists and scalars come out as dicts, tuples and YAML 1.2 values; quotes make text."""
    node, found = read("f", "a: [1, 'x', {b: no}]\nc: |\n  two\n  lines\nd:\n404: \"010\"\n")
    assert node is not None
    assert plain(node) == {"a": (1, "x", {"b": "no"}), "c": "two\nlines\n", "d": None, "404": "010"}
    assert found == []


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "~\n"])
def test_empty_file(text: str) -> None:
    """A file without any value is an empty mapping."""
    node, found = read("f", text)
    assert node is not None
    assert (plain(node), found) == ({}, [])


def test_aliases() -> None:
    """An alias stands for the whole value of its anchor."""
    node, found = read("f", "a: &x {b: 1}\nc: *x\nd: [*x, &y 2, *y]\n")
    assert node is not None
    assert plain(node) == {"a": {"b": 1}, "c": {"b": 1}, "d": ({"b": 1}, 2, 2)}
    assert found == []


def test_alias_is_blamed_where_it_stands() -> None:
    """What an alias stands for is seen at the alias, not at its anchor."""
    node, _ = read("f", "a: &x 1\nbb: *x\n")
    assert node is not None
    mark = node.entries["bb"].mark
    assert (mark.line, mark.column, mark.length) == (1, 4, 2)


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "hint"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, 1, "the key 'a' is here twice, first in line 1", "remove one of them"),
        ("a: {b: 1, b: 2}\n", 1, 11, "the key 'b' is here twice, first in line 1", "remove one of them"),
        (
            "a: !!str 1\n",
            1,
            4,
            "the tag 'tag:yaml.org,2002:str' is not supported",
            "remove it; put quotes around what must be text",
        ),
        (
            "a: !!python/name:os.system x\n",
            1,
            4,
            "the tag 'tag:yaml.org,2002:python/name:os.system' is not supported",
            "remove it; put quotes around what must be text",
        ),
        (
            "a: &x {b: 1}\nc: {<<: *x}\n",
            2,
            5,
            "merge keys ('<<') are not supported",
            "use an alias for a whole value (key: *name)",
        ),
        ("[a]: 1\n", 1, 1, "a key must be plain text", "put quotes around a key that starts with [, {, * or ?"),
        (
            "a: *nope\n",
            1,
            4,
            "no anchor '&nope' stands before this alias",
            "put quotes around a value that starts with *",
        ),
        (
            "a: 1\n---\nb: 2\n",
            2,
            1,
            "a second document starts here",
            "keep one document per file: put the rest into conf.d",
        ),
    ],
)
def test_refused_but_read_on(text: str, line: int, column: int, message: str, hint: str) -> None:
    """What YAML allows and a configuration does not is a problem, and the rest of the file is read all the same."""
    node, found = read("f", text)
    assert node is not None
    assert told(found) == [(line, column, message, hint)]


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "hint"),
    [
        ("a: &x [*x]\n", 1, 8, "'*x' stands within '&x' and so for itself", "remove the alias"),
        (
            "- a\n- b\n",
            1,
            1,
            "the file is not a mapping of sections",
            "start with a section at the left edge, such as 'services:'",
        ),
        (
            "just text\n",
            1,
            1,
            "the file is not a mapping of sections",
            "start with a section at the left edge, such as 'services:'",
        ),
        ("a: x\nb: y\x01z\n", 2, 5, "the character U+0001 cannot stand in YAML", "remove it"),
        (
            "a: [" + "[" * 40 + "]" * 41 + "\n",
            1,
            36,
            "values nest deeper than 32 levels",
            "flatten them: no key goes that deep",
        ),
    ],
)
def test_refused(text: str, line: int, column: int, message: str, hint: str) -> None:
    """Some texts leave nothing to go on with."""
    node, found = read("f", text)
    assert node is None
    assert told(found) == [(line, column, message, hint)]


SYNTAX = [
    ("a:\n\t- x\n", 2, 1, "a tab indents this line, which YAML does not allow", "indent with spaces"),
    ("a: @x\n", 1, 4, "a value cannot start with '@'", "put quotes around the value"),
    ("a: `x`\n", 1, 4, "a value cannot start with '`'", "put quotes around the value"),
    ("a: %x\n", 1, 4, "a value cannot start with '%'", "put quotes around the value"),
    ("a: [1, 2\nb: 3\n", 1, 4, "the '[' is not closed", "add ']' at its end"),
    ("a: {b: 1\n", 1, 4, "the '{' is not closed", "add '}' at its end"),
    (
        "a: [x y: [z}\n",
        1,
        12,
        "'}' cannot stand here, between '[' and ']'",
        "separate values with ',' and end with ']', or put quotes around the value",
    ),
    ("a: [${X}]\n", 1, 6, "a reference between brackets is read as YAML", 'put quotes around it: "${NAME}"'),
    ("a: {b: ${X}}\n", 1, 9, "a reference between brackets is read as YAML", 'put quotes around it: "${NAME}"'),
    ("a: {b: [\n", 1, 9, "the file ends where a value should stand", "add it, and close every '[' and '{'"),
    ("a: }\nb: 1\n", 1, 4, "'}' cannot stand here", "put quotes around the value, or remove it"),
    (
        'a: "\\q"\n',
        1,
        5,
        "this escape is unknown in double quotes",
        "use single quotes, or write \\\\ for one backslash",
    ),
    ('a: "x\nb: 1\n', 1, 4, "the quote is not closed", "add the closing quote"),
    ("a: b: c\n", 1, 5, "a second ':' stands in this line", "put quotes around a value that contains ': '"),
    (
        "a: 1\n  b: 2\n",
        2,
        3,
        "a key cannot stand here",
        "check this line's indentation, and the line before it for a ':'",
    ),
    ("a: 1\nkey\nb: 1\n", 2, 1, "no ':' follows this key", "write key: value"),
    (
        "a:\n  - x\n  b: 1\n",
        3,
        3,
        "this line does not fit the list that starts in line 2",
        "start it with '- ' with the same indentation",
    ),
    (
        "a:\n    b: 1\n  c: 1\n",
        3,
        3,
        "this line does not fit the mapping that starts in line 1",
        "start it with a key with the same indentation",
    ),
    (
        'a: "b" c\n',
        1,
        8,
        "the line goes on after its value ended",
        "put quotes around the whole value, or start a new line",
    ),
]


@pytest.mark.parametrize("loader", [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)])
@pytest.mark.parametrize(("text", "line", "column", "message", "hint"), SYNTAX)
def test_syntax(
    text: str, line: int, column: int, message: str, hint: str, loader: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Syntax errors name what to mend, in the same words for both parsers of PyYAML."""
    monkeypatch.setattr(reader, "_LOADER", loader)
    node, found = read("f", text)
    assert node is None
    assert told(found) == [(line, column, message, hint)]


def test_alias_bomb() -> None:
    """Aliases that stand for billions of values are refused before any is made."""
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    text += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
    node, found = read("f", text)
    assert node is None
    assert [problem.message for problem in found] == ["aliases stand for more than 100000 values"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_endings(ending: str) -> None:
    """Positions and source lines are right whatever ends the lines."""
    _, found = read("f", ending.join(["a: 1", "b: 2", "a: 3", ""]))
    assert [(problem.line, problem.column, problem.source_line) for problem in found] == [(3, 1, "a: 3")]
