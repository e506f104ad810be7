"""Secrets kept out of the configuration: `password_file: /path` stands for `password: <what the file holds>`."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from gatewayd.config.models.section import (
    FILE_SUFFIX,
    Section,
    has_secrets,
    holds_by_name,
    inner_sections,
    is_secret_list,
    secret_names,
)
from gatewayd.config.problems import Problem
from gatewayd.config.source.files import read_text
from gatewayd.config.source.nodes import ListNode, MapNode, Mark, Node, ScalarNode

LONGEST = 65_536  # characters: keys and certificates are far smaller


def read_secrets(node: Node, section: type[Section], problems: list[Problem]) -> Node:
    """`node`, which becomes a `section`, with every `K_file` of a secret K replaced by K and the file's text.

    One line break at the file's end is dropped; of several secrets each has a line. A relative path starts at the file
    that names it.
    """
    if not has_secrets(section):
        return node
    if isinstance(node, ListNode):
        return dataclasses.replace(node, items=tuple(read_secrets(item, section, problems) for item in node.items))
    if not isinstance(node, MapNode):
        return node
    entries, keys = dict(node.entries), dict(node.keys)
    for name in secret_names(section):
        if name + FILE_SUFFIX not in entries:
            continue
        path, mark = entries.pop(name + FILE_SUFFIX), keys.pop(name + FILE_SUFFIX)
        if name in entries:
            message = f"{name!r} and '{name}{FILE_SUFFIX}' exclude each other"
            problems.append(mark.problem(message, "keep the one with the file"))
        else:
            secret = _read(path, mark, name, problems)
            entries[name] = _lines(secret) if is_secret_list(section.model_fields[name]) else secret
            keys[name] = mark
    for name, inner in inner_sections(section).items():
        if name in entries:
            entries[name] = _descend(entries[name], inner, section.model_fields[name].annotation, problems)
    return MapNode(node.mark, entries, keys)


def _descend(node: Node, inner: type[Section], annotation: object, problems: list[Problem]) -> Node:
    """`node`, which holds one or more of the section `inner`, with its secrets read."""
    if isinstance(node, MapNode) and holds_by_name(annotation):
        entries = {key: read_secrets(value, inner, problems) for key, value in node.entries.items()}
        return dataclasses.replace(node, entries=entries)
    return read_secrets(node, inner, problems)


def _lines(secret: ScalarNode) -> Node:
    """The secrets on the lines of one; empty lines are none."""
    if secret.broken:
        return secret
    texts = [line for line in str(secret.value).splitlines() if line]
    return ListNode(secret.mark, tuple(dataclasses.replace(secret, value=text) for text in texts))


def _read(node: Node, mark: Mark, name: str, problems: list[Problem]) -> ScalarNode:
    """The secret called `name` in the file that `node` names."""
    broken = ScalarNode(mark, "", "", broken=True)
    if isinstance(node, ScalarNode) and node.broken:
        return broken
    if not isinstance(node, ScalarNode) or not isinstance(node.value, str) or not node.value:
        hint = "write one, in quotes if it is a number"
        problems.append(node.mark.problem(f"'{name}{FILE_SUFFIX}' must be the path of a file", hint))
        return broken
    path = Path(node.mark.source.name).parent / node.value
    faults: list[Problem] = []
    text = read_text(path, faults)
    if text is None:
        problems += [node.mark.problem(f"{fault.file}: {fault.message}", fault.hint) for fault in faults]
        return broken
    text = text.removesuffix("\n").removesuffix("\r")
    if not text or len(text) > LONGEST:
        what = "is empty" if not text else f"holds more than {LONGEST} characters"
        problems.append(node.mark.problem(f"the file of {name!r} {what}", "put the secret and nothing else into it"))
        return broken
    return ScalarNode(node.mark, text, node.text, node.plain, origin=f"the file of {name!r}")
