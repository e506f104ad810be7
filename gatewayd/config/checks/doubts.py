"""What is allowed but probably not meant: warnings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.root import Config
from gatewayd.config.models.route import Route
from gatewayd.config.problems import Problem
from gatewayd.config.source.nodes import ListNode, MapNode, complain
from gatewayd.core.permissions import satisfying

_FOREIGN = re.compile(r"(?<=/)(:([A-Za-z_]\w*)|<(?:\w+:)?([A-Za-z_]\w*)>)(?=/|$)")  # how other frameworks write {name}


def services_of(route: Route) -> Iterator[str]:
    """Every service that a request on `route` may reach."""
    yield from route.services
    if route.fallback is not None and route.fallback.service is not None:
        yield route.fallback.service
    if route.mirror is not None:
        yield route.mirror.service


def unused_services(config: Config, sections: Mapping[str, MapNode | ListNode]) -> Iterator[Problem]:
    """A warning for each service without a route."""
    used = {name for route in config.routes for name in services_of(route)}
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


def doubt_access(config: Config, sections: Mapping[str, MapNode | ListNode]) -> Iterator[Problem]:
    """A warning for each route with a check that never applies, or a demand that no role meets."""
    routes = sections.get("routes")
    by_cookie = config.authentication is not None and config.authentication.cookie is not None
    granted = frozenset(one for permissions in config.authorization.roles.values() for one in permissions)
    for route, node in zip(config.routes, routes.items if isinstance(routes, ListNode) else (), strict=False):
        if route.csrf is not None and not by_cookie:
            message = "no cookie says who is calling, so 'csrf' does nothing"
            hint = "set 'cookie' of 'authentication', or remove it"
            yield complain(node, Complaint(message, hint), ("csrf",), on_key=True)
        if route.authorize is None or not config.authorization.roles:
            continue
        hint = "check its spelling, or add it to a role; if scopes grant it, all is well"
        for index, permission in enumerate(route.authorize.permissions):
            if granted.isdisjoint(satisfying(permission)):
                complaint = Complaint("no role of 'authorization.roles' grants {value}", hint)
                yield complain(node, complaint, ("authorize", "permissions", index))
        wanted = route.authorize.any_permission
        if wanted and all(granted.isdisjoint(satisfying(permission)) for permission in wanted):
            complaint = Complaint("no role of 'authorization.roles' grants any of these", hint)
            yield complain(node, complaint, ("authorize", "any_permission"), on_key=True)
