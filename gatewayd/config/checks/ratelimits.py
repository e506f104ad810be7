"""Limits that are named must be there, and be of use where they are named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gatewayd.config.checks.choices import at_least_one
from gatewayd.config.checks.identity import methods_in
from gatewayd.config.complaint import Complaint, suggestion
from gatewayd.config.models.ratelimits import parse_limit
from gatewayd.config.problems import Problem
from gatewayd.config.source.nodes import ListNode, MapNode, Mark, Node, ScalarNode, complain, find, text_at

Sections = Mapping[str, MapNode | ListNode]
Path = tuple[str | int, ...]

_BOUNDS = ("limit", "quota", "concurrent")
_OF_CALLERS = ("tenant", "user", "api_key")


def check_rate_limit(node: MapNode, mark: Mark) -> Iterator[Problem]:
    """Everything wrong with how the keys of a limit go together; its name stands at `mark`."""
    yield from at_least_one(node, _BOUNDS, mark, "nothing is limited", "add 'limit', such as 100/1m")
    if "lease" in node.keys and node.text("mode") != "leased":
        yield node.keys["lease"].problem("'lease' works with 'mode: leased' only", "remove it, or add 'mode: leased'")


def check_rate_limits(sections: Sections) -> Iterator[Problem]:
    """Every name of a limit leads to one that can be kept there; all files must be read."""
    limits = sections.get("rate_limits")
    known = limits.entries if isinstance(limits, MapNode) else {}
    yield from _check_callers(known, sections)
    for node, path in _names(sections):
        found = find(node, path)
        if not isinstance(found, ScalarNode) or not isinstance(found.value, str) or found.broken:
            continue
        if found.value not in known:
            yield complain(node, Complaint("there is no limit {value}", suggestion(found.value, known, "limits")), path)
        elif path[-1] == "name":
            yield from _check_cost(node, path[:-1], known[found.value])
    numbered = {name: not isinstance(limit, MapNode) or "limit" in limit.keys for name, limit in known.items()}
    for owner in _owners(sections):
        yield from check_own_limits(owner, numbered)


def check_own_limits(owner: Node, known: Mapping[str, bool]) -> Iterator[Problem]:
    """Whatever is wrong with the `limits` of a tenant or an API key: `known` says which limits have numbers at all."""
    limits = find(owner, ("limits",))
    for name, mark in limits.keys.items() if isinstance(limits, MapNode) else ():
        if name not in known:
            yield mark.problem(f"there is no limit {name!r}", suggestion(name, known, "limits"))
        elif not known[name]:
            yield mark.problem(f"the limit {name!r} has no 'limit'", "add one to it, or remove this")


def _names(sections: Sections) -> Iterator[tuple[Node, Path]]:
    """Where the names of limits stand: a node, and the way from it."""
    for section in ("listeners", "routes"):
        listed = sections.get(section)
        for node in listed.items if isinstance(listed, ListNode) else ():
            limits = find(node, ("rate_limits",))
            for index, item in enumerate(limits.items if isinstance(limits, ListNode) else ()):
                yield node, ("rate_limits", index, *(("name",) if isinstance(item, MapNode) else ()))
    plans = _at(sections, ("tenants", "plans"))
    for plan in plans.entries.values() if isinstance(plans, MapNode) else ():
        limits = find(plan, ("rate_limits",))
        for index in range(len(limits.items) if isinstance(limits, ListNode) else 0):
            yield plan, ("rate_limits", index)


def _owners(sections: Sections) -> Iterator[Node]:
    """Tenants and API keys, which may have limits of their own."""
    table = _at(sections, ("tenants", "table"))
    if isinstance(table, MapNode):
        yield from table.entries.values()
    keys = _at(sections, ("authentication", "api_keys", "keys"))
    if isinstance(keys, ListNode):
        yield from keys.items


def _at(sections: Sections, path: tuple[str, ...]) -> Node | None:
    """What stands at `path`."""
    section = sections.get(path[0])
    return None if section is None else find(section, path[1:])


def _check_callers(known: Mapping[str, Node], sections: Sections) -> Iterator[Problem]:
    """What is known of callers is known where they can prove who they are."""
    if methods_in(sections):
        return
    hint = "add the section 'authentication', or use another part"
    for limit in known.values():
        key = find(limit, ("key",))
        for item in key.items if isinstance(key, ListNode) else ():
            text = item.value if isinstance(item, ScalarNode) else None
            if isinstance(text, str) and (text in _OF_CALLERS or text.startswith("claim:")):
                yield item.mark.problem(f"nobody can prove who is calling, so {text!r} is never known", hint)


def _check_cost(node: Node, path: Path, limit: Node) -> Iterator[Problem]:
    """A request that costs more than may ever come at once would never pass."""
    cost = find(node, (*path, "cost"))
    if not isinstance(cost, ScalarNode) or not isinstance(cost.value, int):
        return
    burst = find(limit, ("burst",))
    most = burst.value if isinstance(burst, ScalarNode) else None
    if burst is None:
        try:
            most = parse_limit(text_at(limit, ("limit",)) or "").count
        except Complaint:
            return
    if isinstance(most, int) and cost.value > most:
        hint = f"write {most} or less, or give the limit a 'burst'"
        yield complain(node, Complaint("a request that costs {value} would never pass", hint), (*path, "cost"))
