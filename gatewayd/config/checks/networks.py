"""Lists of addresses that let everybody in although they name nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gatewayd.config.problems import Problem
from gatewayd.config.source.nodes import ListNode, MapNode, Node, find

_HINT = "leave it out to let everybody in; to close it, write deny: ['0.0.0.0/0', '::/0', unix]"


def check_networks(sections: Mapping[str, MapNode | ListNode]) -> Iterator[Problem]:
    """A problem for each empty `allow` of listeners, routes and tenants."""
    for name in ("listeners", "routes"):
        section = sections.get(name)
        for item in section.items if isinstance(section, ListNode) else ():
            yield from _check_allow(find(item, ("network",)))
    tenants = sections.get("tenants")
    if tenants is not None:
        yield from check_tenant_networks(tenants)


def check_tenant_networks(tenants: Node) -> Iterator[Problem]:
    """A problem for each empty `allow` in the table of the section `tenants`."""
    table = find(tenants, ("table",))
    for tenant in table.entries.values() if isinstance(table, MapNode) else ():
        yield from _check_allow(tenant)


def _check_allow(node: Node | None) -> Iterator[Problem]:
    """Who may come in must be said: an empty list reads as nobody, and without a list everybody may."""
    allowed = node.entries.get("allow") if isinstance(node, MapNode) else None
    if isinstance(node, MapNode) and isinstance(allowed, ListNode) and not allowed.items:
        yield node.keys["allow"].problem("'allow' names nobody", _HINT)
