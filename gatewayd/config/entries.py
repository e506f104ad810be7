"""The configured routes as requests are matched against them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gatewayd.config.models.root import Config
from gatewayd.config.models.route import Route
from gatewayd.core.matching import Entry
from gatewayd.core.matching_candidate import Conditions, T


def entries_of(config: Config) -> Iterator[Entry[Route]]:
    """Every route, as its own payload."""
    return (entry_of(route, route) for route in config.routes)


def entry_of(route: Route, payload: T) -> Entry[T]:
    """One route, with what a match is to lead to."""
    return Entry(
        path=route.path,
        payload=payload,
        hosts=route.hosts,
        methods=None if route.methods is None else frozenset(method.encode("ascii") for method in route.methods),
        headers=_conditions(route.headers, lower=True),
        query=_conditions(route.query, lower=False),
        name=route.name,
    )


def _conditions(conditions: Mapping[str, str], lower: bool) -> Conditions:
    """Configured header or query conditions as matching takes them; "*" asks for presence only."""
    return tuple(
        ((name.lower() if lower else name).encode(), None if value == "*" else value.encode())
        for name, value in conditions.items()
    )
