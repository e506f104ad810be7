"""From configured routes to routes that answer: everything that can be worked out before a request comes."""

from __future__ import annotations

from collections.abc import Callable

from gatewayd.config.models.root import Config
from gatewayd.config.models.route import Route as RouteConfig
from gatewayd.core.pattern import parse_pattern
from gatewayd.http.connection import UpstreamConnection
from gatewayd.pipeline import templates
from gatewayd.pipeline.edits import compile_edits
from gatewayd.pipeline.fixed import Redirect, Respond
from gatewayd.pipeline.forward import Forward
from gatewayd.pipeline.route import Answer, RequestCounters, Route, ServiceCounters
from gatewayd.upstream.service import Service


def compile_route(
    config: Config,
    route: RouteConfig,
    services: dict[str, Service[UpstreamConnection]],
    service_counters: Callable[[str], ServiceCounters],
    route_counters: Callable[[str], RequestCounters],
) -> Route:
    """The route that requests meet; `services` has every service the configuration names."""
    answer: Answer
    if route.service is not None:
        answer = _forward(config, route, services[route.service], service_counters(route.service))
    elif route.redirect is not None:
        make = templates.location(route.redirect.to, parse_pattern(route.path))
        answer = Redirect(route.redirect.status, make)
    else:
        assert route.respond is not None
        headers = {"Content-Type": route.respond.content_type, **route.respond.headers}
        lines = b"".join(f"{name}: {value}\r\n".encode() for name, value in headers.items())
        answer = Respond(route.respond.status, lines, route.respond.body.encode())
    return Route(route.name, route.path, answer, route_counters(route.path))


def _forward(
    config: Config, route: RouteConfig, service: Service[UpstreamConnection], counters: ServiceCounters
) -> Forward:
    """The answer of a route to a service."""
    assert route.service is not None
    timeouts = config.timeouts_of(route)
    retarget = None
    if route.strip_prefix is not None:
        retarget = templates.strip(route.strip_prefix)
    elif route.rewrite is not None:
        retarget = templates.rewrite(route.rewrite, parse_pattern(route.path))
    host = config.services[route.service].host
    return Forward(
        service,
        counters,
        timeouts=timeouts,
        total=timeouts.total,
        body_size=config.body_size_of(route),
        host={"preserve": None, "target": b""}.get(host, host.encode("ascii")),
        retarget=retarget,
        request_edits=compile_edits(route.request_headers),
        response_edits=compile_edits(route.response_headers),
    )
