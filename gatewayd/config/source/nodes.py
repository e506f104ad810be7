"""Values with the places they stand at: what the YAML of one or more files amounts to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from gatewayd.config.complaint import Complaint
from gatewayd.config.problems import Problem

# Keys that hold credentials by their name; a reference to the environment is none, nor is the path of a file, and
# neither are the sections `authorization` and `api_keys`, nor a number of `tokens`.
_CREDENTIAL = re.compile(
    r"""((?:authorization(?!["']?:\s+\{)|cookie|password|passwd|pepper|secret|hash|token(?!s\b)|api[-_]?key(?!s\b))
    (?!\w*_file)[\w-]*["']?:\s+)
    ("[^"]*"?|'[^']*'?|\[[^\]]*\]?|[^\s].*?(?=,\s|\s+\#|[}\]\s]*$))""",
    re.IGNORECASE | re.VERBOSE,
)
_USER_IN_URL = re.compile(r"(?<=://)[^/\s@]+(?=@)")
_BEFORE_KEY = re.compile(r"^[ ]*(?:-[ ]+)*")
# A line that may have one or more credentials on the lines below it: a list, or text that goes on.
_CREDENTIALS_BELOW = re.compile(
    r"""^[ ]*(?:-[ ]+)*["']?[\w-]*(?:password|passwd|pepper|secret)(?!\w*_file)[\w-]*["']?:(?:\s|$)""",
    re.IGNORECASE | re.VERBOSE,
)

Value: TypeAlias = str | int | float | bool | None
Covered: TypeAlias = Mapping[int, Sequence[tuple[int, int]]]  # by line, from 0: the columns where parts begin and end


def conceal(line: str) -> str:
    """`line` with what its keys say is a credential starred out, and users in URLs, one star for each character."""
    line = _CREDENTIAL.sub(lambda found: found[1] + (found[2] if "${" in found[2] else "*" * len(found[2])), line)
    return _USER_IN_URL.sub(lambda found: found[0] if "${" in found[0] else "*" * len(found[0]), line)


def shown_line(lines: Sequence[str], number: int, covered: Covered = MappingProxyType({})) -> str:
    """The line of this number, from 0, as messages may show it: see `conceal`, also where its key stands above it.

    So are the parts that are `covered`; one that reaches the end of its line covers what belongs to it below.
    """
    line = lines[number]
    for begin, end in covered.get(number, ()):
        line = line[:begin] + "*" * (end - begin) + line[end:]
    text = line.lstrip(" -")
    begin, entry = len(line) - len(line.lstrip(" ")), line.lstrip(" ").startswith("- ")
    for at in range(number - 1, -1, -1):
        above = lines[at]
        words = _BEFORE_KEY.sub("", above)
        if not words or words.startswith("#"):
            continue
        column = len(above) - len(words)
        if column < begin or (entry and column == begin):
            open_end = any(end >= len(above.rstrip()) for _, end in covered.get(at, ()))
            if (open_end or _CREDENTIALS_BELOW.match(above)) and "${" not in text:
                return line[: len(line) - len(text)] + "*" * len(text)
            break
    return conceal(line)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A file that was read: its name as reported, its lines, and which parts of them messages star out."""

    name: str
    lines: tuple[str, ...]
    covered: dict[int, list[tuple[int, int]]] = field(default_factory=dict, repr=False)

    def shown(self, number: int) -> str:
        """The line of this number, from 0, as messages may show it; empty behind the last."""
        return shown_line(self.lines, number, self.covered) if number < len(self.lines) else ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file; `line` and `column` count from 0, `length` is that of what stands there, on its first line."""

    source: Source
    line: int
    column: int
    length: int = 1

    def problem(self, message: str, hint: str = "", offset: int = 0) -> Problem:
        """A problem at this place, or `offset` characters after it."""
        text = self.source.shown(self.line)
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


def find(node: Node, path: Iterable[str | int]) -> Node | None:
    """What stands at `path` below `node`, if anything does."""
    for part in path:
        if isinstance(node, MapNode) and isinstance(part, str) and part in node.entries:
            node = node.entries[part]
        elif isinstance(node, ListNode) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
        else:
            return None
    return node


def text_at(node: Node, path: Iterable[str | int]) -> str | None:
    """The text at `path` below `node`; None if there is none, or none but what the environment lacks."""
    found = find(node, path)
    return found.value if isinstance(found, ScalarNode) and isinstance(found.value, str) and not found.broken else None


def written_out(mark: Mark, value: Any) -> Node:
    """`value` as if it stood at `mark`."""
    if isinstance(value, Mapping):
        entries = {key: written_out(mark, inner) for key, inner in value.items()}
        return MapNode(mark, entries, dict.fromkeys(entries, mark))
    if isinstance(value, tuple):
        return ListNode(mark, tuple(written_out(mark, inner) for inner in value))
    return ScalarNode(mark, value, str(value))


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
