"""Faults of single values of a service: where they are, what they are called, what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.sample import Said, said

_TARGET = "targets: ['http://a']"
_NO_WORD = "'none' is not what switches this off"


@pytest.mark.parametrize(
    ("keys", "blamed", "message", "hint"),
    [
        # Targets as mappings.
        ("targets: [{url: 'http://a', wieght: 1}]", "wieght", "unknown key 'wieght'", "did you mean 'weight'?"),
        (
            "targets: [{weight: 1}]",
            "{weight",
            "the target has no 'url'",
            "write it as http://host:port or unix:/path",
        ),
        ("targets: [[a]]", "[a]", "must be a target", "write it as http://host:port or unix:/path"),
        (
            "targets: [{url: 'ftp://a'}]",
            "'ftp",
            "'ftp://a' has an unknown scheme",
            "write http://host:port, https://host:port or unix:/path",
        ),
        (
            "targets: [{url: 'http://a', weight: 0}]",
            "0}",
            "'0' cannot be a weight",
            "write a whole number from 1 to 1000",
        ),
        (
            "targets: [{url: 'http://a', weight: 2.5}]",
            "2.5",
            "'2.5' cannot be a weight",
            "write a whole number from 1 to 1000",
        ),
        (
            "targets: [{url: 'http://a', priority: 10}]",
            "10",
            "'10' cannot be a priority",
            "write a whole number from 0 to 9",
        ),
        (
            "targets: ['http://a', {url: 'http://a:80', weight: 2}]",
            "'http://a:80'",
            "'http://a:80' is listed twice",
            "list each target once",
        ),
        # Shares, windows, numbers that can be off.
        (f"{_TARGET}, breaker: {{failure_rate: 50}}", "50", "'50' has no '%'", "write 50%"),
        (
            f"{_TARGET}, breaker: {{failure_rate: 0.5}}",
            "0.5",
            "'0.5' has no '%'",
            "write 50% (a share of 0.5), or 0.5%",
        ),
        (
            f"{_TARGET}, breaker: {{failure_rate: [1]}}",
            "[1]",
            "must be a percentage",
            "write a number and '%', such as 50%",
        ),
        (
            f"{_TARGET}, breaker: {{failure_rate: 0%}}",
            "0%",
            "'0%' is too little",
            "write one above zero, or 'off'",
        ),
        (f"{_TARGET}, breaker: {{failure_rate: none}}", "none", _NO_WORD, "write off"),
        (
            f"{_TARGET}, breaker: {{window: 0}}",
            "0}",
            "'0' calls are no window",
            "write a number from 1 to 100000, or a duration",
        ),
        (
            f"{_TARGET}, breaker: {{window: 0s}}",
            "0s",
            "'0s' is too little",
            "write a duration above zero, or a number of calls",
        ),
        (
            f"{_TARGET}, breaker: {{window: true}}",
            "true",
            "must be a number of calls or a duration",
            "write one such as 100 or 30s",
        ),
        (
            f"{_TARGET}, breaker: {{consecutive: 1.5}}",
            "1.5",
            "'1.5' is not a whole number",
            "write digits only, without quotes",
        ),
        (f"{_TARGET}, breaker: {{consecutive: none}}", "none", _NO_WORD, "write off"),
        (
            f"{_TARGET}, breaker: {{factor: 0.5}}",
            "0.5",
            "'0.5' is too little for 'factor'",
            "write 1 or more",
        ),
        (
            f"{_TARGET}, breaker: {{factor: .inf}}",
            ".inf",
            "'factor' must be a number",
            "write digits, without quotes",
        ),
        (
            f"{_TARGET}, balance: {{policy: hash, key: client, bounded_load: 0.5}}",
            "0.5",
            "'0.5' is out of range",
            "write a number from 1 to 1000",
        ),
        (
            f"{_TARGET}, balance: {{policy: hash, key: client, bounded_load: much}}",
            "much",
            "'much' is not a number",
            "write one such as 1.25, without quotes",
        ),
        (
            f"{_TARGET}, retries: {{hedge: {{percentile: 99.99}}}}",
            "99.99",
            "'99.99' is too much for 'percentile'",
            "write 99.9 or less",
        ),
        # Words.
        (
            f"{_TARGET}, breaker: {{mode: force_open}}",
            "force_open",
            "'mode' cannot be 'force_open'",
            "did you mean 'forced_open'?",
        ),
        (
            f"{_TARGET}, balance: {{policy: hashing}}",
            "hashing",
            "'policy' cannot be 'hashing'",
            "write one of 'round_robin', 'random', 'least_requests', 'ewma' or 'hash'",
        ),
        (
            f"{_TARGET}, balance: {{policy: hash, key: header}}",
            "header}",
            "'header' names no header",
            "write header: and its name, without a blank",
        ),
        (
            f"{_TARGET}, balance: {{policy: hash, key: 'cookie:a b'}}",
            "'cookie",
            "'cookie:a b' names no cookie",
            "write cookie: and its name, without a blank",
        ),
        (
            f"{_TARGET}, balance: {{policy: hash, key: ip}}",
            "ip}",
            "'ip' tells no requests apart",
            "write client, tenant, header:NAME or cookie:NAME",
        ),
        (
            f"{_TARGET}, balance: {{sticky: {{cookie: 'a b'}}}}",
            "'a b'",
            "'a b' is not the name of a cookie",
            "use letters, digits, '-' and '_'",
        ),
        # Statuses and errors.
        (f"{_TARGET}, breaker: {{statuses: [5XX]}}", "5XX", "'5XX' is not written in small letters", "write 5xx"),
        (
            f"{_TARGET}, breaker: {{statuses: [200]}}",
            "200",
            "'200' is not a status that counts here",
            "use one from 400 to 599",
        ),
        (
            f"{_TARGET}, breaker: {{statuses: [2xx]}}",
            "2xx",
            "'2xx' is not a class that counts here",
            "use one from 4xx to 5xx",
        ),
        (
            f"{_TARGET}, breaker: {{statuses: [1.5]}}",
            "1.5",
            "'1.5' is not a status",
            "write one such as 503, 5xx",
        ),
        (
            f"{_TARGET}, breaker: {{statuses: [connect]}}",
            "connect",
            "'connect' is neither a status nor a class",
            "known values: 4xx, 5xx",
        ),
        (
            f"{_TARGET}, breaker: {{errors: [conect]}}",
            "conect",
            "an entry of 'errors' cannot be 'conect'",
            "did you mean 'connect'?",
        ),
        (
            f"{_TARGET}, retries: {{on: [conect]}}",
            "conect",
            "'conect' is neither a status nor a class nor an error",
            "did you mean 'connect'?",
        ),
        (
            f"{_TARGET}, health: {{statuses: [404, 100]}}",
            "100",
            "'100' is not a status that counts here",
            "use one from 200 to 599",
        ),
        # Texts.
        (
            f"{_TARGET}, health: {{path: health}}",
            "health}",
            "'health' is not a path",
            "write one such as /health, or off to connect only",
        ),
        (
            f"{_TARGET}, health: {{host: 'http://a'}}",
            "'http://a'}",
            "'http://a' is not a host",
            "write one such as api.internal:8080",
        ),
        (f"{_TARGET}, health: {{body: 5}}", "5", "'body' must be text", "put quotes around it"),
        (
            f"{_TARGET}, health: {{body: ''}}",
            "''",
            "an empty value cannot be looked for",
            "write a text of 1 to 65536 bytes",
        ),
        (
            "discovery: {dns: {name: 10.0.0.1, port: 1}}",
            "10.0.0.1",
            "'10.0.0.1' is an address, not a name",
            "list it under 'targets'",
        ),
        (
            "discovery: {dns: {name: a..b, port: 1}}",
            "a..b",
            "'a..b' is not a name",
            "write one such as payment.internal",
        ),
        ("discovery: {file: {path: a}}", "a}", "'a' does not start with '/'", "write a path from the root"),
    ],
)
def test_values(tmp_path: Path, keys: str, blamed: str, message: str, hint: str) -> None:
    """Each fault is told once, at its place, with one next step."""
    text = f"services: {{a: {{{keys}}}}}\n"
    assert said(tmp_path, text) == [Said(1, text.rindex(blamed) + 1, message, hint)]


@pytest.mark.parametrize(
    ("text", "column", "message", "hint"),
    [
        (
            "shedding: {lag: 2s}",
            17,
            "'lag' is not less than 'lag_full'",
            "make it smaller, or set 'lag_full'",
        ),
        (
            "dns: {servers: [a]}",
            17,
            "'a' is not the address of a server",
            "write it as 10.0.0.53 or [fd00::53]:5353",
        ),
        (
            "dns: {servers: ['10.0.0.1:0']}",
            17,
            "'10.0.0.1:0' has port 0",
            "name the port the server listens on, or leave it out for 53",
        ),
        ("dns: {servers: [5]}", 17, "must be an address", "write it as 10.0.0.53 or 10.0.0.53:5353"),
    ],
)
def test_values_of_the_process(tmp_path: Path, text: str, column: int, message: str, hint: str) -> None:
    """The same for sections that are no service."""
    assert said(tmp_path, text + "\n") == [Said(1, column, message, hint)]
