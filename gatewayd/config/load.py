"""From files to a checked `Config`: everything that is wrong with them is told at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gatewayd.config.checks.access import check_access
from gatewayd.config.checks.addresses import check_clashes, check_loops
from gatewayd.config.checks.doubts import doubt_access, doubt_routes, unused_services
from gatewayd.config.checks.idempotency import doubt_idempotency
from gatewayd.config.checks.identity import check_identity
from gatewayd.config.checks.names import check_service_name, check_unique, name_all
from gatewayd.config.checks.networks import check_networks
from gatewayd.config.checks.policies import check_policies
from gatewayd.config.checks.ratelimits import check_rate_limit, check_rate_limits
from gatewayd.config.checks.reachability import check_reachable
from gatewayd.config.checks.routes import check_route
from gatewayd.config.checks.services import check_service
from gatewayd.config.checks.times import doubt_times
from gatewayd.config.checks.tls import check_tls, doubt_tls
from gatewayd.config.checks.validate import validate
from gatewayd.config.models.answers import Respond
from gatewayd.config.models.listener import Listener
from gatewayd.config.models.ratelimits import RateLimit
from gatewayd.config.models.root import Config
from gatewayd.config.models.route import Route
from gatewayd.config.models.section import section_in
from gatewayd.config.models.service import Service
from gatewayd.config.models.words import words_of
from gatewayd.config.problems import ConfigErrors, Problem
from gatewayd.config.source.files import find_files, read_file
from gatewayd.config.source.merge import merge
from gatewayd.config.source.nodes import ListNode, MapNode, Node

_WELCOME = """gatewayd runs without a configuration, so this is all it answers.

Next: copy etc/gatewayd/gateway.yaml, adapt services and routes, and start it again with --config FILE.
"""


def default() -> Config:
    """The configuration without a file: one listener, and one route that says what to do next."""
    return Config(routes=(Route(path="/", name="welcome", respond=Respond(body=_WELCOME)),))


def load(path: str | os.PathLike[str], environ: Mapping[str, str] = os.environ) -> Config:
    """The configuration in the file `path` and `conf.d/*.yaml` beside it. Raises `ConfigErrors`."""
    return load_with_warnings(path, environ)[0]


def load_with_warnings(
    path: str | os.PathLike[str], environ: Mapping[str, str] = os.environ
) -> tuple[Config, tuple[Problem, ...]]:
    """As `load`, with what is allowed but probably not meant."""
    problems: list[Problem] = []
    warnings: list[Problem] = []
    paths = find_files(Path(path), problems, warnings)
    files = [read_file(file, Config, environ, problems) for file in paths]
    whole = [node for node in files if node is not None]
    known = {name: words_of(field) for name, field in Config.model_fields.items()}
    sections = merge(whole, known, problems)
    complete = len(whole) == len(files)
    values = _build(sections, complete, problems)
    problems += check_clashes(sections)
    problems += check_networks(sections)
    problems += check_identity(sections, complete)
    problems += check_tls(sections)
    if complete:
        problems += check_access(sections)
        problems += check_policies(sections)
        problems += check_rate_limits(sections)
    if problems:
        raise ConfigErrors(_in_order(problems, paths))
    config = Config.model_validate(values)
    warnings += check_loops(config, sections)
    warnings += unused_services(config, sections)
    warnings += doubt_routes(sections)
    warnings += doubt_access(config, sections)
    warnings += doubt_times(config, sections)
    warnings += doubt_idempotency(config, sections)
    warnings += doubt_tls(sections)
    if not config.routes:
        message = "there are no routes: every request is answered 404"
        warnings.append(Problem(str(path), 0, 0, message, "add a section 'routes'"))
    return config, tuple(_in_order(warnings, paths))


def _build(sections: Mapping[str, MapNode | ListNode], complete: bool, problems: list[Problem]) -> dict[str, Any]:
    """The sections as models; what cannot be built adds to `problems` and is left out.

    Unless the files are `complete`, a service that is not there may be in what could not be read.
    """
    values: dict[str, Any] = {}
    for name, node in sections.items():
        if name == "services":
            values[name] = _build_services(node, problems)
        elif name == "rate_limits":
            values[name] = _build_limits(node, problems)
        elif name == "listeners":
            values[name] = _build_listeners(node, problems)
        elif name != "routes":
            section = section_in(Config.model_fields[name].annotation)
            assert section is not None
            values[name] = validate(node, section, name, problems, node.mark)
    routes = sections.get("routes")
    if isinstance(routes, ListNode):
        services = sections.get("services")
        names = frozenset(services.entries) if isinstance(services, MapNode) else frozenset()
        values["routes"] = _build_routes(routes, names if complete else None, problems)
    return values


def _build_services(node: Node, problems: list[Problem]) -> dict[str, Service]:
    """The services that are sound."""
    services = {}
    assert isinstance(node, MapNode)
    for name, entry in node.entries.items():
        problems += check_service_name(name, node.keys[name])
        if isinstance(entry, MapNode):
            problems += check_service(entry, node.keys[name])
        service = validate(entry, Service, name, problems, node.keys[name])
        if service is not None:
            services[name] = service
    return services


def _build_limits(node: Node, problems: list[Problem]) -> dict[str, RateLimit]:
    """The limits that are sound."""
    limits = {}
    assert isinstance(node, MapNode)
    for name, entry in node.entries.items():
        problems += check_service_name(name, node.keys[name])
        if isinstance(entry, MapNode):
            problems += check_rate_limit(entry, node.keys[name])
        limit = validate(entry, RateLimit, name, problems, node.keys[name])
        if limit is not None:
            limits[name] = limit
    return limits


def _build_listeners(node: Node, problems: list[Problem]) -> tuple[Listener, ...]:
    """The listeners that are sound."""
    assert isinstance(node, ListNode)
    if not node.items:
        problems.append(node.mark.problem("there is no listener", "leave 'listeners' out for 127.0.0.1:8080"))
    problems += check_unique(node.items, "listener", Listener().name)
    built = (validate(item, Listener, "listeners", problems) for item in node.items)
    return tuple(listener for listener in built if listener is not None)


def _build_routes(node: ListNode, services: frozenset[str] | None, problems: list[Problem]) -> tuple[Route, ...]:
    """The routes that are sound, all with names; `services` are the names of all there are, if known."""
    problems += check_unique(node.items, "route")
    routes, nodes = [], []
    for item in node.items:
        route = validate(item, Route, "routes", problems)
        if isinstance(item, MapNode):
            problems += check_route(item, services)
            if route is not None:
                routes.append(route)
                nodes.append(item)
    named = name_all(routes, ["name" in item.keys for item in nodes])
    if named:
        problems += check_reachable(named, nodes)
    return named


def _in_order(problems: Iterable[Problem], paths: Iterable[Path]) -> list[Problem]:
    """`problems` as an operator reads them: file by file, each from its top, none twice."""
    order = {name: index for index, name in enumerate(map(str, paths))}
    distinct = {(found.file, found.line, found.column, found.message): found for found in problems}
    return sorted(
        distinct.values(), key=lambda found: (order.get(found.file, -1), found.file, found.line, found.column)
    )
