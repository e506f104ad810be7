"""Faults of single values in routes to a service."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.sample import SERVICES, Said, said

ROUTE = SERVICES + "routes:\n  - path: /a\n    service: pay\n    "  # goes on in line 5, column 5


@pytest.mark.parametrize(
    ("more", "column", "message", "hint"),
    [
        ("methods: GET", 14, "'methods' must be a list", "write [GET]"),
        ("methods: []", 14, "no method is listed", "leave 'methods' out to serve every method"),
        ("methods: [get]", 15, "'get' is not in capitals, and methods are case-sensitive", "write GET"),
        (
            "methods: [CONNECT]",
            15,
            "CONNECT is never routed",
            "leave it out; WebSocket and other upgrades arrive as GET",
        ),
        ("methods: ['A B']", 15, "'A B' is not a method", "write one such as GET or POST"),
        (
            "name: Pay",
            11,
            "'Pay' cannot be a name",
            "use a-z, 0-9, '-', '.' and '_', a letter first, at most 127 characters",
        ),
        (
            "hosts: ['a.example:80']",
            23,
            "routes match hosts without their port",
            "write one such as api.example.org or *.example.org",
        ),
        (
            "hosts: ['*']",
            13,
            "any host is the default: leave `hosts` out",
            "write one such as api.example.org or *.example.org",
        ),
        ("headers: {x-beta: 1}", 23, "'x-beta' must be text", "put quotes around it"),
        (
            "headers: {x-beta: '1', X-Beta: '2'}",
            28,
            "the header 'X-Beta' is here twice: the case of a name does not matter",
            "merge it with 'x-beta'",
        ),
        ("headers: {'x beta': '1'}", 15, "'x beta' is not a header name", "use letters, digits and '-'"),
        ("headers: {'x-beta:': '1'}", 15, "'x-beta:' is not a header name", "leave the ':' out of the name"),
        ("headers: {'': '1'}", 15, "a header name is empty", "write the header's name, such as X-Team"),
        ("query: {version: 2}", 22, "'version' must be text", "put quotes around it"),
        ("rewrite: b", 14, "the path does not start with '/'", "write /b"),
        ("rewrite: /b//c", 16, "the path has an empty segment", "write single slashes"),
        ("rewrite: /b/../c", 14, "the path has a dot segment", "write the path it leads to"),
        ("rewrite: /b?c=d", 16, "a rewrite is a path alone", "leave the query out: it is forwarded as it came"),
        ("rewrite: /b c", 16, "' ' cannot stand here", "percent-encode it, as in %20"),
        ("rewrite: /b%2", 16, "'%' cannot stand here", "write %25 for the character itself"),
        ("rewrite: '/{b'", 16, "a '{' is not closed", "write {name}, or %7B for the character"),
        ("rewrite: '/b}'", 17, "a '}' closes nothing", "write {name}, or %7D for the character"),
        (
            "rewrite: '/{B}'",
            17,
            "{B} is not a place to fill",
            "use the name of a parameter: a-z and '_', then also 0-9",
        ),
        ("strip_prefix: a", 19, "the path does not start with '/'", "write /a"),
        ("strip_prefix: /", 19, "there is nothing to strip", "leave 'strip_prefix' out"),
        ("strip_prefix: /a/", 21, "the prefix ends with a slash", "write /a"),
        ("body_size: 5", 16, "'5' has no unit", "write 5B for bytes (units: B, kB, MB, GB, KiB, MiB, GiB)"),
        ("timeouts: {responce: 5s}", 16, "unknown key 'responce'", "did you mean 'response'?"),
        (
            "timeouts: {connect: off}",
            25,
            "'off' is not a duration",
            "write a number and a unit (ms, s, m, h, d), such as 10s or 1h30m",
        ),
        (
            "request_headers: {set: {Host: a}}",
            29,
            "'Host' cannot be changed here",
            "use the key 'host' of the service: preserve, target or a literal host",
        ),
        (
            "request_headers: {add: {content-length: '1'}}",
            29,
            "'content-length' cannot be changed here",
            "the gateway frames each message itself",
        ),
        (
            "request_headers: {remove: [Connection]}",
            32,
            "'Connection' cannot be changed here",
            "the gateway manages each connection itself",
        ),
        (
            "request_headers: {set: {X-Forwarded-For: a}}",
            29,
            "'X-Forwarded-For' cannot be changed here",
            "the gateway writes it; 'gateway.trusted_proxies' says whose values it keeps",
        ),
        (
            "request_headers: {set: {Via: a}}",
            29,
            "'Via' cannot be changed here",
            "the gateway writes it; 'gateway.name' is the name it uses there",
        ),
        (
            "request_headers: {set: {Expect: a}}",
            29,
            "'Expect' cannot be changed here",
            "the gateway answers expectations itself",
        ),
        (
            "response_headers: {set: {Transfer-Encoding: a}}",
            30,
            "'Transfer-Encoding' cannot be changed here",
            "the gateway frames each message itself",
        ),
        (
            "response_headers: {remove: [X-Gateway-Reason]}",
            33,
            "'X-Gateway-Reason' cannot be changed here",
            "the gateway writes it where it refuses a request",
        ),
        (
            "response_headers: {set: {X-Request-Id: a}}",
            30,
            "'X-Request-Id' cannot be changed here",
            "the gateway creates it, or keeps that of a peer in 'gateway.trusted_proxies'",
        ),
        (
            'request_headers: {set: {X-A: "a\\r\\nX-B: c"}}',
            34,
            "the header's value contains a line break or control character",
            "write the value on one line",
        ),
        (
            "request_headers: {set: {X-A: \u00e4}}",
            34,
            "the header's value contains a character outside ASCII",
            "percent-encode it or leave it out",
        ),
        (
            "request_headers: {set: {X-A: a}, remove: [x-a]}",
            47,
            "'x-a' is both removed and set",
            "keep 'set' alone: it replaces what was there",
        ),
    ],
)
def test_routes(tmp_path: Path, more: str, column: int, message: str, hint: str) -> None:
    """The same for what stands in a route."""
    assert said(tmp_path, ROUTE + more + "\n") == [Said(5, column, message, hint)]
