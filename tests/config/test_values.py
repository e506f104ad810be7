"""Faults of single values: where they are, what they are called, what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.sample import Said, said


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "hint"),
    [
        # Keys.
        ("limits: {boddy_size: 1MB}", 1, 10, "unknown key 'boddy_size'", "did you mean 'body_size'?"),
        ("limits: {body-size: 1MB}", 1, 10, "unknown key 'body-size'", "did you mean 'body_size'?"),
        ("metrics: {q: 1}", 1, 11, "unknown key 'q'", "known keys: address, aliases, enabled, tenants"),
        (
            "services: {a: {}}",
            1,
            12,
            "the service has no target",
            "add 'targets', such as [\"http://127.0.0.1:9000\"], or 'discovery'",
        ),
        (
            "routes: [{service: a}]",
            1,
            10,
            "'path' is missing",
            None,
        ),
        (
            "services: {A: {targets: ['http://a']}}",
            1,
            12,
            "'A' cannot be a name",
            "use a-z, 0-9 and '-', a letter first, at most 63 characters",
        ),
        (
            "services: {a_b: {targets: ['http://a']}}",
            1,
            12,
            "'a_b' cannot be a name",
            "use a-z, 0-9 and '-', a letter first, at most 63 characters",
        ),
        # Missing values.
        ("limits:\n  body_size:", 2, 3, "'body_size' has no value", "write one, or remove the key"),
        ("limits:\n  body_size: ~", 2, 3, "'body_size' has no value", "write one, or remove the key"),
        ("services:\n  a:", 2, 3, "'a' has no value", "write one, or remove it"),
        ("routes:\n  -", 2, 4, "an entry of 'routes' has no value", "write one, or remove it"),
        (
            "gateway: {trusted_proxies: [~]}",
            1,
            29,
            "an entry of 'trusted_proxies' is empty",
            "write its value, or remove it",
        ),
        # Shapes.
        ("gateway: {trusted_proxies: 10.0.0.0/8}", 1, 28, "'trusted_proxies' must be a list", "write [10.0.0.0/8]"),
        ("gateway: {trusted_proxies: {a: b}}", 1, 28, "'trusted_proxies' must be a list", "start each entry with '- '"),
        ("services: {a: 5}", 1, 15, "'a' must be a mapping", "write its keys below it, indented"),
        ("routes: [5]", 1, 10, "an entry of 'routes' must be a mapping", "write its keys below it, indented"),
        (
            "services: {a: {targets: ['http://a'], timeouts: 5s}}",
            1,
            49,
            "'timeouts' must be a mapping",
            "write its keys below it, indented",
        ),
        ("gateway: {name: 5}", 1, 17, "'name' must be text", "put quotes around it"),
        ("gateway: {name: [a]}", 1, 17, "'name' must be text", "write a single value"),
        (
            "gateway: {trusted_proxies: [5]}",
            1,
            29,
            "an entry of 'trusted_proxies' must be text",
            "put quotes around it",
        ),
        # Switches and numbers.
        ("metrics: {enabled: no}", 1, 20, "'enabled' must be true or false", "write true or false, without quotes"),
        ("metrics: {enabled: 'true'}", 1, 20, "'enabled' must be true or false", "write true or false, without quotes"),
        (
            "limits: {head_fields: '7'}",
            1,
            23,
            "'head_fields' must be a whole number",
            "write digits only, without quotes",
        ),
        (
            "limits: {head_fields: 7.5}",
            1,
            23,
            "'head_fields' must be a whole number",
            "write digits only, without quotes",
        ),
        (
            "limits: {head_fields: true}",
            1,
            23,
            "'head_fields' must be a whole number",
            "write digits only, without quotes",
        ),
        ("limits: {head_fields: 0}", 1, 23, "'0' is too little for 'head_fields'", "write 1 or more"),
        ("limits: {head_fields: 99999}", 1, 23, "'99999' is too much for 'head_fields'", "write 10000 or less"),
        # Durations and sizes.
        ("gateway: {drain_timeout: 30}", 1, 26, "'30' has no unit", "write 30s for seconds (units: ms, s, m, h, d)"),
        (
            "gateway: {drain_timeout: -1s}",
            1,
            26,
            "'-1s' is not a duration",
            "write a number and a unit (ms, s, m, h, d), such as 10s or 1h30m",
        ),
        (
            "gateway: {drain_timeout: [1s]}",
            1,
            26,
            "must be a duration",
            "write a number and a unit (ms, s, m, h, d), such as 10s",
        ),
        ("timeouts: {send: 0s}", 1, 18, "'0s' is too little", "write one above zero"),
        (
            "timeouts: {send: off}",
            1,
            18,
            "'off' is not a duration",
            "write a number and a unit (ms, s, m, h, d), such as 10s or 1h30m",
        ),
        (
            "services: {a: {targets: ['http://a'], timeouts: {idle: 0s}}}",
            1,
            56,
            "'0s' is too little",
            "write one above zero, or 'off'",
        ),
        (
            "services: {a: {targets: ['http://a'], timeouts: {idle: no}}}",
            1,
            56,
            "'no' is not what switches this off",
            "write off",
        ),
        (
            "services: {a: {targets: ['http://a'], timeouts: {idle: false}}}",
            1,
            56,
            "'false' is not what switches this off",
            "write off",
        ),
        ("limits: {body_size: [1]}", 1, 21, "must be a size", "write a number and a unit, such as 16KiB or 10MB"),
        (
            "limits: {body_size: 1024}",
            1,
            21,
            "'1024' has no unit",
            "write 1024B for bytes (units: B, kB, MB, GB, KiB, MiB, GiB)",
        ),
        ("limits: {body_size: off}", 1, 21, "'off' is not what switches this off", "write unlimited"),
        ("limits: {head_size: 0B}", 1, 21, "'0B' is too little", "write one above zero"),
        # Texts with rules.
        ("gateway: {name: a b}", 1, 17, "'a b' cannot stand in a Via header", "use letters, digits, '-' and '.' only"),
        (
            "gateway: {trusted_proxies: [10.0.0.1/8]}",
            1,
            29,
            "'10.0.0.1/8' has bits set after its prefix",
            "write 10.0.0.0/8, or the address alone for one peer",
        ),
        (
            "gateway: {trusted_proxies: [any]}",
            1,
            29,
            "'any' is not a network",
            "write an address, a CIDR such as 10.0.0.0/8, or unix",
        ),
        (
            "gateway: {trusted_proxies: [10.0.0.0/33]}",
            1,
            29,
            "'10.0.0.0/33' is not a network",
            "write an address, a CIDR such as 10.0.0.0/8, or unix",
        ),
        (
            "access_log: {path: log.txt}",
            1,
            20,
            "'log.txt' does not start with '/'",
            'write a path from the root, "-" for standard output, or off',
        ),
        (
            "access_log: {path: /var/log/}",
            1,
            20,
            "'/var/log/' is a folder",
            'write the path of a file in it, "-" for standard output, or off',
        ),
        ("listeners: [{address: 8080}]", 1, 23, "'8080' names no host", "write 127.0.0.1:8080"),
        (
            "listeners: [{address: [a]}]",
            1,
            23,
            "must be an address",
            "write it as 127.0.0.1:8080, [::1]:8080 or unix:/path",
        ),
        ("listeners: [{address: 'h:99999'}]", 1, 26, "'h:99999' names no valid port", "ports go from 0 to 65535"),
        ("listeners: []", 1, 1, "there is no listener", "leave 'listeners' out for 127.0.0.1:8080"),
        (
            "services: {a: {targets: []}}",
            1,
            25,
            "the service has no target",
            'list at least one, such as ["http://127.0.0.1:9000"]',
        ),
        (
            "services: {a: {targets: ['http://a', 'http://A:80']}}",
            1,
            38,
            "'http://A:80' is listed twice",
            "list each target once",
        ),
        (
            "services: {a: {targets: ['http://a/b']}}",
            1,
            35,
            "'http://a/b' goes on after the port",
            "end it after the port; a route's rewrite and strip_prefix shape the path",
        ),
        (
            "services: {a: {targets: ['http://a'], host: 'http://a'}}",
            1,
            45,
            "'http://a' is not a host",
            "write preserve, target, or a host such as api.internal:8080",
        ),
        (
            "services: {a: {targets: ['http://a'], host: \"a\\r\\nb\"}}",
            1,
            45,
            "'a\\r\\nb' is not a host",
            "write preserve, target, or a host such as api.internal:8080",
        ),
    ],
)
def test_values(tmp_path: Path, text: str, line: int, column: int, message: str, hint: str | None) -> None:
    """Each fault is told once, at its place, with one next step."""
    found = said(tmp_path, text + "\n")[0]
    assert found == Said(line, column, message, found.hint if hint is None else hint)
