"""YAML text to positioned values, strictly: no tags, no duplicate or non-text keys, no merge keys, no alias bombs.

PyYAML's parser does the syntax (its events carry positions); composing is done here because PyYAML's composer builds
values by YAML 1.1 rules and lets the last of two equal keys win silently.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

import yaml

from gatewayd.config.problems import Problem
from gatewayd.config.source.nodes import ListNode, MapNode, Mark, Node, ScalarNode, Source
from gatewayd.config.source.scalars import resolve
from gatewayd.config.source.syntax import explain

DEEPEST = 32  # the models nest six deep
MOST_ALIASED = 100_000  # values that aliases may stand for, all together

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml reads 10 000 routes in 0.2 s, pure Python in 3 s
_BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")  # what PyYAML counts as one
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


class _Stop(Exception):
    """Reading cannot go on: the problem is the last one."""


def read(name: str, text: str) -> tuple[MapNode | None, list[Problem]]:
    """The mapping in `text`, which comes from the file `name`, and what is wrong with it.

    The mapping is None where nothing can be made of the text. An empty file is an empty mapping.
    """
    root, problems = read_any(name, text)
    if isinstance(root, ScalarNode) and root.value is None:
        root = MapNode(Mark(root.mark.source, 0, 0, 0), {}, {})
    if root is not None and not isinstance(root, MapNode):
        hint = "start with a section at the left edge, such as 'services:'"
        return None, [*problems, root.mark.problem("the file is not a mapping of sections", hint)]
    return root, problems


def read_any(name: str, text: str) -> tuple[Node | None, list[Problem]]:
    """As `read`, for a file that may hold something else than a mapping; an empty one is null."""
    source = Source(name, tuple(_BREAK.split(text)))
    for number, line in enumerate(source.lines if _CONTROL.search(text) else ()):
        found = _CONTROL.search(line)
        if found:
            message = f"the character U+{ord(found[0]):04X} cannot stand in YAML"
            return None, [Mark(source, number, found.start()).problem(message, "remove it")]
    composer = _Composer(source, yaml.parse(text, Loader=_LOADER))
    try:
        root = composer.document()
    except _Stop:
        return None, composer.problems
    except yaml.MarkedYAMLError as error:
        return None, [*composer.problems, explain(source, error)]
    return root, composer.problems


class _Composer:
    """Builds the nodes of one file from its events, and notes what is wrong on the way."""

    def __init__(self, source: Source, events: Iterator[yaml.Event]) -> None:
        self._source = source
        self._events = events
        self._anchors: dict[str, tuple[Node, int] | None] = {}  # node and size; None while it is being built
        self._count = 0
        self._aliased = 0
        self.problems: list[Problem] = []

    def document(self) -> Node:
        """The only document of the stream; an empty stream is null."""
        next(self._events)
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return ScalarNode(Mark(self._source, 0, 0, 0), None, "")
        root = self._node(next(self._events), 0)
        next(self._events)
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._note(after, "a second document starts here", "keep one document per file: put the rest into conf.d")
        return root

    def _note(self, event: yaml.Event, message: str, hint: str) -> None:
        """One more problem, at `event`."""
        self.problems.append(self._mark(event).problem(message, hint))

    def _mark(self, event: yaml.Event) -> Mark:
        """Where `event` stands; of several lines the first."""
        start, end = event.start_mark, event.end_mark
        assert start is not None
        assert end is not None
        line = self._source.lines[start.line] if start.line < len(self._source.lines) else ""
        stop = end.column if end.line == start.line and end.column > start.column else len(line)
        return Mark(self._source, start.line, start.column, max(1, stop - start.column))

    def _node(self, event: yaml.Event, depth: int) -> Node:
        """The node that starts with `event`."""
        if depth > DEEPEST:
            self._note(event, f"values nest deeper than {DEEPEST} levels", "flatten them: no key goes that deep")
            raise _Stop
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        assert isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent))
        if event.tag is not None:
            self._note(
                event, f"the tag {event.tag!r} is not supported", "remove it; put quotes around what must be text"
            )
        before = self._count
        self._count += 1
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        node: Node
        if isinstance(event, yaml.MappingStartEvent):
            node = self._mapping(event, depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
                items.append(self._node(item, depth + 1))
            node = ListNode(self._mark(event), tuple(items))
        else:
            assert isinstance(event, yaml.ScalarEvent)
            plain = not event.style
            node = ScalarNode(self._mark(event), resolve(event.value) if plain else event.value, event.value, plain)
        if event.anchor is not None:
            self._anchors[event.anchor] = node, self._count - before
        return node

    def _alias(self, event: yaml.AliasEvent) -> Node:
        """What the alias stands for, seen where the alias stands."""
        name = event.anchor
        if name not in self._anchors:
            self._note(
                event, f"no anchor '&{name}' stands before this alias", "put quotes around a value that starts with *"
            )
            return ScalarNode(self._mark(event), f"*{name}", f"*{name}")
        anchored = self._anchors[name]
        if anchored is None:
            self._note(event, f"'*{name}' stands within '&{name}' and so for itself", "remove the alias")
            raise _Stop
        node, size = anchored
        self._count += size
        self._aliased += size
        if self._aliased > MOST_ALIASED:
            self._note(event, f"aliases stand for more than {MOST_ALIASED} values", "write out less with aliases")
            raise _Stop
        return dataclasses.replace(node, mark=self._mark(event))

    def _mapping(self, event: yaml.MappingStartEvent, depth: int) -> MapNode:
        """The mapping that starts with `event`."""
        entries: dict[str, Node] = {}
        keys: dict[str, Mark] = {}
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            if not isinstance(key, yaml.ScalarEvent):
                self._note(key, "a key must be plain text", "put quotes around a key that starts with [, {, * or ?")
                self._node(key, depth + 1)
                self._node(next(self._events), depth + 1)
                continue
            name = key.value
            value = self._node(next(self._events), depth + 1)
            if name == "<<" and not key.style:
                self._note(key, "merge keys ('<<') are not supported", "use an alias for a whole value (key: *name)")
            elif name in keys:
                first = keys[name].line + 1
                self._note(key, f"the key {name!r} is here twice, first in line {first}", "remove one of them")
            else:
                entries[name] = value
                keys[name] = self._mark(key)
        return MapNode(self._mark(event), entries, keys)
