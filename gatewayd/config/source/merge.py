"""Several files to one mapping: what each section does where two files have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gatewayd.config.complaint import suggestion
from gatewayd.config.problems import Problem
from gatewayd.config.source.nodes import ListNode, MapNode, Mark, Node, ScalarNode, written_out

LISTS = ("listeners", "routes")  # sections that are lists: the files' entries follow each other


def merge(
    files: Sequence[MapNode], known: Mapping[str, Mapping[str, Any]], problems: list[Problem]
) -> dict[str, MapNode | ListNode]:
    """The sections of all `files`, of which those in `known` exist; it has the words that stand for a mapping in each.

    Lists append; mappings take the keys of all files, and the same key in two is an error that names both places.
    A section without anything below it is as if it were not there.
    """
    merged: dict[str, MapNode | ListNode] = {}
    for file in files:
        for name, node in file.entries.items():
            mark = file.keys[name]
            if name not in known:
                problems.append(mark.problem(f"unknown section {name!r}", suggestion(name, known, "sections")))
            elif isinstance(node, ScalarNode) and node.value is None:
                continue
            elif isinstance(node, ScalarNode) and (meant := known[name].get(str(node.value))) is not None:
                _merge_mapping(merged, name, written_out(node.mark, meant), mark, problems)
            elif name in LISTS:
                _merge_list(merged, name, node, mark, problems)
            else:
                _merge_mapping(merged, name, node, mark, problems)
    return merged


def _merge_list(
    merged: dict[str, MapNode | ListNode], name: str, node: Node, mark: Mark, problems: list[Problem]
) -> None:
    """Append the entries of one file."""
    if not isinstance(node, ListNode):
        problems.append(mark.problem(f"{name!r} must be a list", "start each of its entries with '- '"))
        return
    so_far = merged.setdefault(name, ListNode(mark, ()))
    assert isinstance(so_far, ListNode)
    merged[name] = ListNode(so_far.mark, so_far.items + node.items)


def _merge_mapping(
    merged: dict[str, MapNode | ListNode], name: str, node: Node, mark: Mark, problems: list[Problem]
) -> None:
    """Add the keys of one file."""
    if not isinstance(node, MapNode):
        problems.append(mark.problem(f"{name!r} must be a mapping", "write its keys below it, indented"))
        return
    so_far = merged.setdefault(name, MapNode(mark, {}, {}))
    assert isinstance(so_far, MapNode)
    for key, value in node.entries.items():
        first = so_far.keys.get(key)
        if first is not None:
            what = f"the service {key!r}" if name == "services" else f"'{name}.{key}'"
            problems.append(
                node.keys[key].problem(
                    f"{what} is set already, in {first.seen_from(node.keys[key])}", "keep one of the two"
                )
            )
        else:
            so_far.entries[key] = value
            so_far.keys[key] = node.keys[key]
