"""What is allowed but probably not meant: warnings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.root import Config
from gatewayd.config.problems import Problem
from gatewayd.config.source.nodes import ListNode, MapNode, complain

_FOREIGN = re.compile(r"(?<=/)(:([A-Za-z_]\w*)|<(?:\w+:)?([A-Za-z_]\w*)>)(?=/|$)")  # how other frameworks write {name}


def unused_services(config: Config, sections: Mapping[str, MapNode | ListNode]) -> Iterator[Problem]:
    """A warning for each service without a route."""
    used = {route.service for route in config.routes}
    services = sections.get("services")
    for name, mark in services.keys.items() if isinstance(services, MapNode) else ():
        if name not in used:
            yield mark.problem(f"no route leads to the service {name!r}", "add a route to it, or remove it")


def doubt_routes(sections: Mapping[str, MapNode | ListNode]) -> Iterator[Problem]:
    """A warning for each segment that other frameworks would read as a parameter: here it is literal."""
    routes = sections.get("routes")
    for node in routes.items if isinstance(routes, ListNode) else ():
        path = node.text("path") if isinstance(node, MapNode) else None
        for found in _FOREIGN.finditer(path or ""):
            name = (found[2] or found[3]).lower()
            message, hint = f"the segment {found[0]!r} matches itself only", f"write {{{name}}} for a parameter"
            yield complain(node, Complaint(message, hint, offset=found.start()), ("path",))
