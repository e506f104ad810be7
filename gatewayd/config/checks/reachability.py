"""Routes that no request can reach, as the matching itself finds them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gatewayd.config.entries import entry_of
from gatewayd.config.models.route import Route
from gatewayd.config.problems import Problem
from gatewayd.config.source.nodes import MapNode, Mark
from gatewayd.core.matching import TableTooLarge, build_table

_MOST_NAMED = 3  # of the routes that shadow one


def check_reachable(routes: Sequence[Route], nodes: Sequence[MapNode]) -> Iterator[Problem]:
    """A problem for each of `routes`, which stand at `nodes`, that other routes always come before."""
    try:
        table = build_table(entry_of(route, index) for index, route in enumerate(routes))
    except TableTooLarge as error:
        hint = "use fewer {name} and * segments in the same place of different routes"
        worst = error.candidates[0].payload
        yield nodes[worst].entries["path"].mark.problem(str(error), hint)
        return
    for lost in table.unreachable():
        index = lost.candidate.payload
        node = nodes[index]
        mark = node.entries["path"].mark
        shadows = [_named(routes[shadow.payload], nodes[shadow.payload], mark) for shadow in lost.shadowed_by]
        if lost.duplicate:
            hint = "remove one of them, or tell them apart by methods, hosts, headers or query"
            yield mark.problem(f"this route matches the same requests as {shadows[0]}", hint)
            continue
        names = " and ".join(shadows[:_MOST_NAMED]) + (" and others" if len(shadows) > _MOST_NAMED else "")
        takes = "take" if len(shadows) > 1 else "takes"
        hint = "remove it, or make its path or conditions more specific"
        yield mark.problem(f"no request can reach this route: {names} {takes} them all", hint)


def _named(route: Route, node: MapNode, mark: Mark) -> str:
    """A route by name and place, seen from `mark`."""
    return f"{route.name!r} ({node.entries['path'].mark.seen_from(mark)})"
