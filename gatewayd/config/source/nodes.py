"""Values with the places they stand at: what the YAML of one or more files amounts to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from gatewayd.config.complaint import Complaint
from gatewayd.config.problems import Problem

# Keys that hold credentials by their name; a reference to the environment is none, nor is the path of a file.
_CREDENTIAL = re.compile(
    r"""((?:authorization|cookie|password|passwd|secret|token|api[-_]?key)(?!\w*_file)[\w-]*["']?:\s+)
    ("[^"]*"?|'[^']*'?|[^\s].*?(?=,\s|\s+\#|[}\]\s]*$))""",
    re.IGNORECASE | re.VERBOSE,
)

Value: TypeAlias = str | int | float | bool | None


def conceal(line: str) -> str:
    """`line` with what its keys say is a credential starred out, one star for each character."""
    return _CREDENTIAL.sub(lambda found: found[1] + (found[2] if "${" in found[2] else "*" * len(found[2])), line)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A file that was read: its name as reported, and its lines."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file; `line` and `column` count from 0, `length` is that of what stands there, on its first line."""

    source: Source
    line: int
    column: int
    length: int = 1

    def problem(self, message: str, hint: str = "", offset: int = 0) -> Problem:
        """A problem at this place, or `offset` characters after it."""
        lines = self.source.lines
        text = conceal(lines[self.line]) if self.line < len(lines) else ""
        length = self.length if not offset else 1
        return Problem(self.source.name, self.line + 1, self.column + 1 + offset, message, hint, text, length)

    def seen_from(self, other: Mark) -> str:
        """Where this is, for a message about `other`: the line, and the file if it is another one."""
        return f"line {self.line + 1}" + ("" if self.source is other.source else f" of {self.source.name}")


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A single value. `text` is what stands in the file, before references to the environment were filled in.

    `plain` values were written without quotes, so that they may be more than text. `origin` says where the value came
    from if not from the file itself. A `broken` value is only in place of what could not be filled in.
    """

    mark: Mark
    value: Value
    text: str
    plain: bool = True
    origin: str = ""
    broken: bool = False

    def offset_of(self, character: int) -> int:
        """How far a character of `text` is from the beginning of `mark`; 0 where the file has it in another form."""
        quote = int(not self.plain)
        if self.value != self.text:
            return 0
        as_written = self.mark.source.lines[self.mark.line].startswith(self.text, self.mark.column + quote)
        return quote + character if character and as_written else 0


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list."""

    mark: Mark
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class MapNode:
    """A mapping; `keys` says where each key stands."""

    mark: Mark
    entries: dict[str, Node]
    keys: dict[str, Mark] = field(repr=False)

    def text(self, key: str) -> str | None:
        """The value of `key` if it is text."""
        node = self.entries.get(key)
        return node.value if isinstance(node, ScalarNode) and isinstance(node.value, str) else None


Node: TypeAlias = ScalarNode | ListNode | MapNode


def plain(node: Node) -> Any:
    """The value of `node` as dicts, tuples and single values."""
    if isinstance(node, MapNode):
        return {key: plain(value) for key, value in node.entries.items()}
    return tuple(plain(item) for item in node.items) if isinstance(node, ListNode) else node.value


def steps(node: Node, path: tuple[str | int, ...]) -> Iterator[tuple[Node, Mark]]:
    """`node` and every node on `path` below it, each with where it starts to be seen: its key, or itself.

    Parts of `path` that lead nowhere are passed over: pydantic puts names of its own between.
    """
    yield node, node.mark
    for part in path:
        if isinstance(node, MapNode) and isinstance(part, str) and part in node.entries:
            mark, node = node.keys[part], node.entries[part]
            yield node, mark
        elif isinstance(node, ListNode) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            yield node, node.mark


def complain(node: Node, complaint: Complaint, path: tuple[str | int, ...] = (), on_key: bool = False) -> Problem:
    """The problem that `complaint` is about what stands at `path` below `node`."""
    found, key = list(steps(node, (*path, *complaint.at)))[-1]
    message, hint = complaint.message, complaint.hint
    if on_key or complaint.on_key or not isinstance(found, ScalarNode):
        mark = key if on_key or complaint.on_key else found.mark
        shown = mark.source.lines[mark.line][mark.column : mark.column + mark.length].strip("'\"")
        return mark.problem(message.replace("{value}", repr(shown)), hint)
    if found.origin:
        # Neither message nor hint may repeat what the environment or a file holds: it could be a secret.
        message = message if "{value}" in message else "{value} gives a value that cannot stand here"
        hint = f"check {found.origin}"
    shown = repr(found.text) if found.text else "an empty value"
    return found.mark.problem(message.replace("{value}", shown), hint, found.offset_of(complaint.offset))
