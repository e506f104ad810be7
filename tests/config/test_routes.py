"""How the keys of a route go together, and how routes do."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatewayd.core import matching_automaton
from tests.config.sample import SERVICES, Said, loaded, said, warned

ROUTES = SERVICES + "routes:\n"  # goes on in line 3


@pytest.mark.parametrize(
    ("route", "line", "column", "message", "hint"),
    [
        ("  - path: /a\n", 3, 5, "the route has no answer", "add one of 'service', 'split', 'redirect' and 'respond'"),
        ("  - path: /a\n    servise: pay\n", 4, 5, "unknown key 'servise'", "did you mean 'service'?"),
        ("  - path: /a\n    service: pya\n", 4, 14, "there is no service 'pya'", "did you mean 'pay'?"),
        ("  - path: /a\n    service: zzz\n", 4, 14, "there is no service 'zzz'", "known services: pay"),
        (
            "  - path: /a\n    service: pay\n    redirect: {to: /b}\n    respond: {}\n",
            5,
            5,
            "'service' and 'redirect' exclude each other",
            "keep one of them, or make it two routes",
        ),
        (
            "  - {path: /a, redirect: {to: /b}, strip_prefix: /a}\n",
            3,
            36,
            "'strip_prefix' works with 'service', not with 'redirect'",
            "write the new path into 'to' of 'redirect'",
        ),
        (
            "  - {path: /a, respond: {}, response_headers: {set: {X-A: b}}}\n",
            3,
            29,
            "'response_headers' works with 'service', not with 'respond'",
            "use 'headers' of 'respond'",
        ),
        (
            "  - {path: /a, respond: {}, timeouts: {response: 5s}}\n",
            3,
            29,
            "'timeouts' works with 'service', not with 'respond'",
            "remove it, or answer with a service",
        ),
        (
            "  - {path: /a/b, service: pay, strip_prefix: /a, rewrite: /c}\n",
            3,
            32,
            "'strip_prefix' and 'rewrite' exclude each other",
            "keep 'rewrite' alone: it is the whole new path",
        ),
        (
            "  - {path: /a/b/**, service: pay, strip_prefix: /b}\n",
            3,
            49,
            "the path does not start with '/b'",
            "the path starts with /a/b",
        ),
        (
            "  - {path: '/{x}/b', service: pay, strip_prefix: /b}\n",
            3,
            50,
            "the path does not start with '/b'",
            "use 'rewrite'",
        ),
        (
            "  - {path: '/a/{id}', service: pay, rewrite: '/b/{idd}'}\n",
            3,
            51,
            "{idd} is no parameter of the path",
            "did you mean 'id'?",
        ),
        (
            "  - {path: /a, service: pay, rewrite: '/b/{id}'}\n",
            3,
            44,
            "{id} is no parameter of the path",
            "the path has no {name} parameters",
        ),
        (
            "  - {path: '/a/{id}', service: pay, rewrite: '/b/{**}'}\n",
            3,
            51,
            "{**} has nothing to stand for",
            "end 'path' with /**",
        ),
        (
            "  - {path: '/a/**', service: pay, rewrite: '/b/{**}/c'}\n",
            3,
            48,
            "{**} is not a last segment",
            "end the path with /{**}",
        ),
        (
            "  - {path: /a, redirect: {to: '/b/{hots}'}}\n",
            3,
            36,
            "{hots} is no parameter of the path",
            "did you mean 'host'?",
        ),
        (
            "  - {path: /a, redirect: {to: '/b/{**}'}}\n",
            3,
            36,
            "{**} has nothing to stand for",
            "end 'path' with /**",
        ),
        ("  - {path: /a, redirect: {to: /a}}\n", 3, 31, "'/a' leads back to this route", "name another path or host"),
        (
            "  - {path: /a/**, redirect: {to: '{path}{query}'}}\n",
            3,
            34,
            "'{path}{query}' leads back to this route",
            "name another path or host",
        ),
        (
            "  - {path: /a, service: pay, name: x}\n  - {path: /b, service: pay, name: x}\n",
            4,
            36,
            "the name 'x' is taken by the route in line 3",
            "give each route a name of its own",
        ),
        (
            "  - {path: /a, service: pay}\n  - {path: /a, respond: {}}\n",
            4,
            12,
            "this route matches the same requests as 'a' (line 3)",
            "remove one of them, or tell them apart by methods, hosts, headers or query",
        ),
        (
            "  - {path: '/a/{x}', service: pay}\n  - {path: '/a/{y}', service: pay}\n",
            4,
            12,
            "this route matches the same requests as 'a-x' (line 3)",
            "remove one of them, or tell them apart by methods, hosts, headers or query",
        ),
        (
            "  - {path: '/a/*', service: pay}\n  - {path: '/a/{x}', service: pay}\n",
            3,
            12,
            "no request can reach this route: 'a-x' (line 4) takes them all",
            "remove it, or make its path or conditions more specific",
        ),
        (
            "  - {path: /a, service: pay, methods: [GET]}\n"
            "  - {path: /a, service: pay, methods: [GET, POST], name: b}\n"
            "  - {path: /a, service: pay, methods: [POST], name: c}\n",
            5,
            12,
            "no request can reach this route: 'b' (line 4) takes them all",
            "remove it, or make its path or conditions more specific",
        ),
    ],
)
def test_refused(tmp_path: Path, route: str, line: int, column: int, message: str, hint: str) -> None:
    """What cannot go together is told at the key that is one too many, or at the value that leads nowhere."""
    assert said(tmp_path, ROUTES + route)[0] == Said(line, column, message, hint)


@pytest.mark.parametrize(
    "route",
    [
        "{path: '/a/{id}/**', service: pay, rewrite: '/b/{id}/{**}'}",
        "{path: '/api/v1/**', service: pay, strip_prefix: /api/v1}",
        "{path: /caf%c3%a9/x, service: pay, strip_prefix: /caf%C3%A9}",
        "{path: '/{lang}/x', redirect: {to: 'https://{lang}.example.org{path}{query}'}}",
        "{path: /a, redirect: {to: '{path}/{query}'}}",
        "{path: /a, redirect: {to: 'http://{host}:8443{path}#top', status: 301}}",
        "{path: /a, respond: {status: 204}}",
        "{path: /a, service: pay, request_headers: {remove: [A], set: {B: ''}, add: {C: 'a; b=\"c\"'}}}",
        "{path: /a, service: pay, body_size: 0B, timeouts: {response: off}}",
    ],
)
def test_accepted(tmp_path: Path, route: str) -> None:
    """What goes together loads without a word."""
    assert warned(tmp_path, ROUTES + f"  - {route}\n  - {{path: /, service: pay}}\n") == []


def test_conditions_tell_routes_apart(tmp_path: Path) -> None:
    """Routes of one path differ by method, host, header or query."""
    same = "path: /a, service: pay"
    config = loaded(
        tmp_path,
        ROUTES
        + f"  - {{{same}}}\n  - {{{same}, methods: [GET]}}\n  - {{{same}, hosts: [a.example]}}\n"
        + f"  - {{{same}, headers: {{x: '1'}}}}\n  - {{{same}, headers: {{x: '*'}}}}\n"
        + f"  - {{{same}, query: {{x: '1'}}}}\n",
    )
    assert [route.name for route in config.routes] == ["a", "a-2", "a-3", "a-4", "a-5", "a-6"]


def test_reachability_looks_across_files(tmp_path: Path) -> None:
    """A route of conf.d that one of the main file shadows names that file."""
    main = tmp_path / "gateway.yaml"
    assert said(tmp_path, ROUTES + "  - {path: /a, service: pay}\n", {}, b="routes: [{path: /a, service: pay}]\n") == [
        Said(
            1,
            17,
            f"this route matches the same requests as 'a' (line 3 of {main})",
            "remove one of them, or tell them apart by methods, hosts, headers or query",
        )
    ]


def test_too_many_combinations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wildcards that would fill the memory are refused, at the route that takes part in most combinations."""
    monkeypatch.setattr(matching_automaton, "FREE_BYTES", 2**16)
    paths = ["/" + "/".join("a" if at == place else "*" for at in range(20)) for place in range(20)]
    found = said(tmp_path, ROUTES + "".join(f"  - {{path: {path}, service: pay}}\n" for path in paths))
    assert len(found) == 1
    assert found[0].line in range(3, 23)
    assert found[0].message.startswith("the routes overlap in too many combinations to keep them all ready")
    assert found[0].hint == "use fewer {name} and * segments in the same place of different routes"


def test_warnings(tmp_path: Path) -> None:
    """What is allowed but doubtful is not refused."""
    text = """
        listeners: [{address: "0.0.0.0:8080"}]
        services:
          a: {targets: ["http://127.0.0.1:8080"]}
          b: {targets: ["http://b"]}
        routes:
          - {path: "/x/:Id/<int:n>", service: a}
        """
    assert warned(tmp_path, text) == [
        Said(
            4,
            17,
            "this target is the listener 'http' of the gateway itself",
            "point the target at the service, or make sure no route leads back here",
        ),
        Said(5, 3, "no route leads to the service 'b'", "add a route to it, or remove it"),
        Said(7, 16, "the segment ':Id' matches itself only", "write {id} for a parameter"),
        Said(7, 20, "the segment '<int:n>' matches itself only", "write {n} for a parameter"),
    ]
    assert warned(tmp_path, "") == [
        Said(0, 0, "there are no routes: every request is answered 404", "add a section 'routes'")
    ]
