"""References to the environment in values: `${NAME}`, `${NAME:-default}`, and `$${` for a literal `${`."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

from gatewayd.config.complaint import suggestion
from gatewayd.config.problems import Problem
from gatewayd.config.source.nodes import ListNode, MapNode, Node, ScalarNode
from gatewayd.config.source.scalars import resolve_filled

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_INSIDE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)


def fill(node: Node, environ: Mapping[str, str], problems: list[Problem]) -> Node:
    """`node` with every reference filled in; faults are added to `problems`. Keys are left alone."""
    if isinstance(node, MapNode):
        return dataclasses.replace(
            node, entries={key: fill(value, environ, problems) for key, value in node.entries.items()}
        )
    if isinstance(node, ListNode):
        return dataclasses.replace(node, items=tuple(fill(item, environ, problems) for item in node.items))
    if "${" not in node.text:
        return node
    return _fill_scalar(node, environ, problems)


def _fill_scalar(node: ScalarNode, environ: Mapping[str, str], problems: list[Problem]) -> ScalarNode:
    """One value, filled. Without quotes it becomes whatever the filled text is, a number perhaps."""
    names: list[str] = []
    faults: list[Problem] = []

    def replace(reference: re.Match[str]) -> str:
        if reference[0] == "$${":
            return "${"
        inside = _INSIDE.fullmatch(reference[1]) if reference[2] else None
        offset = node.offset_of(reference.start())
        if inside is None:
            hint = "write ${NAME} or ${NAME:-default}; $${ is a literal ${"
            faults.append(node.mark.problem("the reference to the environment is malformed", hint, offset))
            return ""
        name, default = inside.groups()
        value: str | None = environ.get(name, default)
        if value is None:
            close = suggestion(name, environ)
            hint = f"set it, or give a default: ${{{name}:-...}}" + (f" ({close})" if close.startswith("did") else "")
            faults.append(node.mark.problem(f"the environment has no {name}", hint, offset))
            return ""
        if name in environ:
            names.append(name)
        return value

    text = _REFERENCE.sub(replace, node.text)
    problems += faults
    origin = " and ".join(dict.fromkeys(names)) + " in the environment" if names else ""
    value = resolve_filled(text) if node.plain else text
    return dataclasses.replace(node, value=value, origin=origin, broken=bool(faults))
