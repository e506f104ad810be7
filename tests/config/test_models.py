"""The values themselves: defaults, what is resolved from where, that they stay as they are."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import pytest
from pydantic import ValidationError

from gatewayd.config import (
    Config,
    Limits,
    Off,
    Redirect,
    RequestHeaderEdits,
    Respond,
    Route,
    RouteTimeouts,
    Service,
    ServiceTimeouts,
    Unlimited,
    default,
)
from gatewayd.config.models.route import name_from_path
from tests.config.sample import RESILIENT, SERVICES, loaded


def test_default_tells_what_to_do() -> None:
    """Without a file there is one listener, and one route that says what comes next."""
    config = default()
    assert [str(listener.address) for listener in config.listeners] == ["127.0.0.1:8080"]
    (route,) = config.routes
    assert route.path == "/"
    assert route.respond is not None
    assert "--config FILE" in route.respond.body


def test_everything_loads(tmp_path: Path) -> None:
    """Every key can be set, and comes out as the type the code works with."""
    config = loaded(
        tmp_path,
        """
        gateway: {name: edge-1, drain_timeout: 0s, trusted_proxies: [10.0.0.0/8, 192.0.2.1, "2001:DB8::/32", unix]}
        listeners: [{name: main, address: "unix:/run/g.sock", backlog: 10}]
        metrics: {enabled: false, address: "[::1]:0"}
        access_log: {path: /var/log/g.log, flush_interval: 250ms, buffer: 1KiB}
        limits: {head_size: 1KiB, head_fields: 5, target_size: 2kB, body_size: unlimited, connections: 3,
                 connections_per_client: 2, requests_per_connection: 1}
        timeouts: {request_head: 1s, request_body: 2s, keepalive: 3s, send: 4s}
        services:
          pay:
            targets: ["http://a:1", "unix:/b"]
            host: api.internal:8080
            timeouts: {connect: 100ms, response: off, idle: off, total: 1m, tunnel: off}
            pool: {connections: 1, waiters: 0, wait: 1s, idle: 2s, requests: 3}
        routes:
          - name: one
            hosts: [API.example.org, "*.example.org"]
            path: /a/{id}/**
            methods: [GET, POST, GET]
            headers: {X-Beta: "1", x-any: "*"}
            query: {version: "2"}
            service: pay
            rewrite: /v2/{id}/{**}
            request_headers: {set: {X-A: " 1 "}, add: {X-B: "2"}, remove: [X-C]}
            response_headers: {set: {X-A: "1"}, add: {Set-Cookie: "a=b"}, remove: [Server]}
            timeouts: {response: 30s, total: off}
            body_size: unlimited
          - {path: /old/**, redirect: {to: "https://{host}/new/{**}{query}", status: 302}}
          - {path: /hello, respond: {status: 201, body: "h\u00e9", content_type: text/html, headers: {X-A: b}}}
        """,
    )
    assert config.gateway.trusted_proxies == ("10.0.0.0/8", "192.0.2.1/32", "2001:db8::/32", "unix")
    assert config.gateway.drain_timeout == 0.0
    assert (config.limits.body_size, config.limits.target_size) == (None, 2000)
    assert config.access_log.flush_interval == 0.25
    pay = config.services["pay"]
    assert [target.authority for target in pay.targets] == [b"a:1", b"localhost"]
    assert pay.timeouts == ServiceTimeouts(connect=0.1, response=None, idle=None, total=60.0, tunnel=None)
    one, old, hello = config.routes
    assert one.hosts == ("api.example.org", "*.example.org")
    assert one.methods == ("GET", "POST")
    assert (dict(one.headers), dict(one.query)) == ({"x-beta": "1", "x-any": "*"}, {"version": "2"})
    assert one.request_headers == RequestHeaderEdits(set={"X-A": "1"}, add={"X-B": "2"}, remove=("X-C",))
    assert one.timeouts == RouteTimeouts(response=30.0, total=Off.OFF)
    assert one.body_size is Unlimited.UNLIMITED
    assert old.redirect == Redirect(to="https://{host}/new/{**}{query}", status=302)
    assert hello.respond == Respond(status=201, body="h\u00e9", content_type="text/html", headers={"X-A": "b"})
    assert [route.name for route in config.routes] == ["one", "old", "hello"]


def test_timeouts_of_a_route() -> None:
    """A route's timeouts come before its service's; off is off, and what is not set is as the service has it."""
    service = Service.model_validate({"targets": ("http://a",), "timeouts": {"response": 20.0, "total": 60.0}})
    route = Route(path="/", service="a", timeouts=RouteTimeouts(connect=1.0, idle=5.0, total=Off.OFF))
    config = Config(services={"a": service}, routes=(route,))
    assert config.timeouts_of(route) == ServiceTimeouts(connect=1.0, response=20.0, idle=5.0, total=None, tunnel=3600.0)
    assert config.timeouts_of(Route(path="/", respond=Respond())) == ServiceTimeouts()


@pytest.mark.parametrize(
    ("own", "common", "size"),
    [(None, 10, 10), (5, 10, 5), (0, 10, 0), (Unlimited.UNLIMITED, 10, None), (None, None, None), (5, None, 5)],
)
def test_body_size_of_a_route(own: int | Unlimited | None, common: int | None, size: int | None) -> None:
    """A route's body size comes before the common one; None is unlimited."""
    config = Config(limits=Limits(body_size=common))
    assert config.body_size_of(Route(path="/", service="a", body_size=own)) == size


def test_values_stay() -> None:
    """Neither fields nor mappings can be changed."""
    config = Config(services={"a": Service.model_validate({"targets": ("http://a",)})})
    with pytest.raises(ValidationError):
        config.gateway.name = "x"
    with pytest.raises(TypeError):
        config.services["b"] = config.services["a"]  # type: ignore[index]
    with pytest.raises(TypeError):
        Route(path="/").headers["a"] = "b"  # type: ignore[index]


def test_values_travel(tmp_path: Path) -> None:
    """A configuration can be copied, pickled, compared, and written back as a file would have it."""
    config = loaded(
        tmp_path,
        SERVICES + "routes: [{path: /a, service: pay, timeouts: {total: off}, request_headers: {set: {a: b}}}]\n",
    )
    assert copy.deepcopy(config) == config
    assert pickle.loads(pickle.dumps(config)) == config  # noqa: S301
    assert config != Config()
    written = config.model_dump(exclude_none=True)
    assert written["limits"]["body_size"] == "10MiB"
    assert written["routes"][0]["timeouts"] == {"total": "off"}
    assert Config.model_validate(written) == config


def test_values_of_every_kind_travel(tmp_path: Path) -> None:
    """What is written back whole reads as the same configuration, and has a hash of its own."""
    config = loaded(tmp_path, RESILIENT)
    assert Config.model_validate(config.model_dump()) == config
    assert pickle.loads(pickle.dumps(config)) == config  # noqa: S301
    assert hash(config.services["pay"]) != hash(config.services["pay-2"])
    json.loads(config.model_dump_json())


def test_repr_hides_header_values() -> None:
    """What a route sets may be a credential, so it stays out of logs."""
    route = Route(path="/", service="a", request_headers=RequestHeaderEdits(set={"Authorization": "Bearer hush"}))
    assert "hush" not in repr(Config(routes=(route,)))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "root"),
        ("/**", "root"),
        ("/api/v1/payments/**", "api-v1-payments"),
        ("/Tickets/{id}/*", "tickets-id"),
        ("/9/a", "route-9-a"),
        ("/.well-known/x.txt", "route-.well-known-x.txt"),
        ("/caf\u00e9", "caf"),
    ],
)
def test_names_from_paths(path: str, name: str) -> None:
    """A route without a name is called by the words of its path."""
    assert name_from_path(path) == name
    assert Route(path=path).name == name


def test_names_made_are_unique(tmp_path: Path) -> None:
    """Names that are made make room for those that are given."""
    routes = [
        "{path: /a, service: pay, methods: [GET]}",
        "{path: /a, service: pay, methods: [POST]}",
        "{path: /b, service: pay, name: a}",
        "{path: '/a/**', service: pay, name: a-3}",
        "{path: '/a/*', service: pay}",
    ]
    config = loaded(tmp_path, SERVICES + f"routes: [{', '.join(routes)}]\n")
    assert [route.name for route in config.routes] == ["a-2", "a-4", "a", "a-3", "a-5"]
