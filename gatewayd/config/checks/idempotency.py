"""Idempotency that does nothing where it stands: warnings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.root import Config
from gatewayd.config.problems import Problem
from gatewayd.config.source.nodes import ListNode, MapNode, complain


def doubt_idempotency(config: Config, sections: Mapping[str, MapNode | ListNode]) -> Iterator[Problem]:
    """A warning for each route where no key is ever looked at."""
    routes = sections.get("routes")
    for route, node in zip(config.routes, routes.items if isinstance(routes, ListNode) else (), strict=False):
        own = route.idempotency
        if own is None:
            continue
        if config.auth_of(route).mode == "public" and not own.anonymous:
            message = "nobody knows who is calling here, so 'idempotency' does nothing"
            hint = "add 'anonymous: true' to it, or let callers prove who they are"
            yield complain(node, Complaint(message, hint), ("idempotency",), on_key=True)
        if route.methods is not None and not set(own.methods).intersection(route.methods):
            message = "the route serves none of the methods whose keys are looked at, so 'idempotency' does nothing"
            hint = "change its 'methods' or those of the route, or remove it"
            yield complain(node, Complaint(message, hint), ("idempotency",), on_key=True)
