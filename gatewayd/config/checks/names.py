"""Names that must be unique, and the names of routes that have none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pydantic import TypeAdapter, ValidationError

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.names import ServiceName
from gatewayd.config.models.route import Route
from gatewayd.config.problems import Problem
from gatewayd.config.source.nodes import MapNode, Mark, Node, ScalarNode

_SERVICE_NAME: TypeAdapter[str] = TypeAdapter(ServiceName)


def check_service_name(name: str, mark: Mark) -> Iterator[Problem]:
    """A problem if `name`, which stands at `mark`, cannot be that of a service."""
    try:
        _SERVICE_NAME.validate_python(name)
    except ValidationError as error:
        complaint = error.errors()[0]["ctx"]["error"]
        assert isinstance(complaint, Complaint)
        yield mark.problem(complaint.message.replace("{value}", repr(name)), complaint.hint)


def check_unique(nodes: Iterable[Node], noun: str, default: str | None = None) -> Iterator[Problem]:
    """A problem for each entry whose `name` an entry before it has; `default` is the name of those without one."""
    first: dict[str, Mark] = {}
    for node in nodes:
        if not isinstance(node, MapNode):
            continue
        name = node.text("name") if "name" in node.keys else default
        mark = node.entries["name"].mark if "name" in node.keys else node.mark
        if name is None:
            continue
        earlier = first.setdefault(name, mark)
        if earlier is not mark:
            hint = f"give each {noun} a name of its own"
            yield mark.problem(
                f"the name {_shown(node, name)} is taken by the {noun} in {earlier.seen_from(mark)}", hint
            )


def _shown(node: MapNode, name: str) -> str:
    """The name as it stands in the file."""
    value = node.entries.get("name")
    return repr(value.text if isinstance(value, ScalarNode) else name)


def name_all(routes: Sequence[Route], named: Sequence[bool]) -> tuple[Route, ...]:
    """`routes`, of which those not `named` by the user get a number where their name is taken."""
    taken = {route.name for route, has_name in zip(routes, named, strict=True) if has_name}
    result = []
    for route, has_name in zip(routes, named, strict=True):
        if not has_name:
            name, number = route.name, 1
            while name in taken:
                number += 1
                name = f"{route.name}-{number}"
            taken.add(name)
            route = route if name == route.name else route.model_copy(update={"name": name})
        result.append(route)
    return tuple(result)
