"""Policies that the configuration names: whether there are such functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from gatewayd.config.problems import Problem
from gatewayd.config.source.nodes import ListNode, MapNode, ScalarNode


def check_policies(sections: Mapping[str, MapNode | ListNode]) -> Iterator[Problem]:
    """A problem for each policy that cannot be imported, or is nothing to be called. Runs the modules."""
    section = sections.get("authorization")
    policies = section.entries.get("policies") if isinstance(section, MapNode) else None
    for name, node in policies.entries.items() if isinstance(policies, MapNode) else ():
        if not isinstance(node, ScalarNode) or not isinstance(node.value, str) or ":" not in node.value:
            continue
        module, _, function = node.value.partition(":")
        try:
            found = getattr(import_module(module), function)
        except Exception as error:  # a module may raise whatever it likes
            cause = f"{type(error).__name__}: {error}"
            hint = "check the name, and that the module lies where Python looks: the working directory, or PYTHONPATH"
            yield node.mark.problem(f"the policy {name!r} cannot be loaded: {cause}", hint)
            continue
        if not callable(found):
            yield node.mark.problem(f"the policy {name!r} is no function", "name a function that takes a PolicyRequest")
