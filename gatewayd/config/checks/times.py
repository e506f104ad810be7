"""Times that others always come before: warnings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from gatewayd.config.checks.doubts import services_of
from gatewayd.config.complaint import Complaint
from gatewayd.config.models.quantities import format_duration
from gatewayd.config.models.root import Config
from gatewayd.config.models.route import Route
from gatewayd.config.models.timeouts import ServiceTimeouts
from gatewayd.config.problems import Problem
from gatewayd.config.source.nodes import ListNode, MapNode, Node, complain, find


def doubt_times(config: Config, sections: Mapping[str, MapNode | ListNode]) -> Iterator[Problem]:
    """A warning for each time of services and routes that never runs out, because another one always does before."""
    services, routes = sections.get("services"), sections.get("routes")
    leads: dict[str, list[Route]] = {}
    for route in config.routes:
        for name in dict.fromkeys(services_of(route)):
            leads.setdefault(name, []).append(route)
    for name, service in config.services.items():
        node = find(services, (name,)) if services is not None else None
        if node is None:
            continue
        leading = leads.get(name, [])
        every = [config.timeouts_of(route, name) for route in leading] or [service.timeouts]
        yield from _doubt(node, ("breaker", "slow_after"), service.breaker.slow_after, every)
        taking = [config.timeouts_of(route, name) for route in leading if route.retries.per_try is None]
        per_try = service.retries.per_try if taking or not leading else None
        yield from _doubt(node, ("retries", "per_try"), per_try, taking or [service.timeouts])
        if "connect" in service.timeouts.model_fields_set:
            yield from _doubt_connect(node, [service.timeouts])
    nodes = routes.items if isinstance(routes, ListNode) else ()
    for route, node in zip(config.routes, nodes, strict=False):
        yield from _doubt_route(config, route, node)


def _doubt_route(config: Config, route: Route, node: Node) -> Iterator[Problem]:
    """The times that a route has of its own."""
    leading = tuple(services_of(route))
    if not leading:
        return
    every = [config.timeouts_of(route, name) for name in leading]
    own = route.retries.per_try
    yield from _doubt(node, ("retries", "per_try"), own if isinstance(own, float) else None, every)
    written = [config.services[name].timeouts.model_fields_set for name in leading]
    if route.timeouts.connect is not None or (
        isinstance(route.timeouts.total, float) and any("connect" in names for names in written)
    ):
        yield from _doubt_connect(node, every)


def _doubt(
    node: Node, path: tuple[str, ...], seconds: float | None, every: Iterable[ServiceTimeouts]
) -> Iterator[Problem]:
    """The time at `path`, unless it is shorter than what ends an attempt by one of the timeouts."""
    if seconds is None:
        return
    ends = []
    for timeouts in every:
        given = ((timeouts.response, "response"), (timeouts.total, "total"))
        bounds = [(limit, key) for limit, key in given if limit is not None]
        if not bounds or min(bounds)[0] >= seconds:
            return
        ends.append(min(bounds))
    limit, key = max(ends)
    message = f"'{path[-1]}' is longer than the timeout '{key}' ({format_duration(limit)}), which comes first"
    yield complain(node, Complaint(message, f"make it shorter, or '{key}' longer"), path)


def _doubt_connect(node: Node, every: Iterable[ServiceTimeouts]) -> Iterator[Problem]:
    """A whole that is shorter than its first part."""
    for timeouts in every:
        if timeouts.total is not None and timeouts.total < timeouts.connect:
            message = f"'total' ({format_duration(timeouts.total)}) is shorter than 'connect'"
            message += f" ({format_duration(timeouts.connect)}), and comes first"
            key = "total" if find(node, ("timeouts", "total")) is not None else "connect"
            yield complain(node, Complaint(message, "make 'total' longer, or 'connect' shorter"), ("timeouts", key))
            return
