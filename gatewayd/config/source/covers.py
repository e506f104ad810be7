"""Secrets where nobody expects them: under a misspelt key, or in place of the section they belong to."""

from __future__ import annotations

import dataclasses

from gatewayd.config.models.section import (
    FILE_SUFFIX,
    Section,
    hidden_names,
    hides,
    holds_by_name,
    inner_sections,
    secret_names,
)
from gatewayd.config.problems import Problem
from gatewayd.config.source.nodes import ListNode, MapNode, Node, ScalarNode

_LEAST = 8  # characters: what is shorter and stands in a section without secrets of its own is none


def cover(node: Node, section: type[Section], problems: list[Problem]) -> None:
    """Have messages about the file of `node`, which becomes a `section`, star out what may be a secret.

    `problems` are those found in that file so far; the lines they show are replaced.
    """
    _cover(node, section)
    source = node.mark.source
    problems[:] = [
        dataclasses.replace(problem, source_line=source.shown(problem.line - 1)) if problem.line else problem
        for problem in problems
    ]


def _cover(node: Node, section: type[Section]) -> None:
    """Cover what may be a secret in `node`, which becomes a `section`, or more of them."""
    if not hides(section):
        return
    if isinstance(node, ListNode):
        for item in node.items:
            _cover(item, section)
        return
    if isinstance(node, ScalarNode):
        _star(node, 1)
        return
    hidden, inner = hidden_names(section), inner_sections(section)
    known = {*section.model_fields, *(name + FILE_SUFFIX for name in secret_names(section))}
    for key, value in node.entries.items():
        if key in hidden:
            _star(value, 1)
        elif key not in known:
            _star(value, 1 if hidden else _LEAST)
        elif key in inner and isinstance(value, MapNode) and holds_by_name(section.model_fields[key].annotation):
            for named in value.entries.values():
                _cover(named, inner[key])
        elif key in inner:
            _cover(value, inner[key])


def _star(node: Node, least: int) -> None:
    """Cover every value in `node` that has at least so many characters; references to the environment are none."""
    if isinstance(node, MapNode):
        for value in node.entries.values():
            _star(value, least)
    elif isinstance(node, ListNode):
        for item in node.items:
            _star(item, least)
    elif node.value is not None and not isinstance(node.value, bool):
        mark = node.mark
        if len(node.text) >= least and "${" not in node.text:
            mark.source.covered.setdefault(mark.line, []).append((mark.column, mark.column + mark.length))
