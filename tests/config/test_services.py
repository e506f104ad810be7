"""How the keys of a service go together."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.sample import Said, said, warned

_TARGET = "targets: ['http://a']"


@pytest.mark.parametrize(
    ("keys", "blamed", "message", "hint"),
    [
        (
            f"{_TARGET}, discovery: {{file: {{path: /a}}}}",
            "discovery",
            "'targets' and 'discovery' exclude each other",
            "keep one of them",
        ),
        ("discovery: {}", "discovery", "nothing says where to find targets", "add 'dns' or 'file'"),
        (
            "discovery: {dns: {name: a, port: 1}, file: {path: /a}}",
            "file",
            "'dns' and 'file' exclude each other",
            "keep one of them",
        ),
        ("discovery: {dsn: {}}", "dsn", "unknown key 'dsn'", "did you mean 'dns'?"),
        ("target: ['http://a']", "target:", "unknown key 'target'", "did you mean 'targets'?"),
        (
            "discovery: {dns: {name: a}}",
            "name",
            "the targets have no port",
            "add 'port', or look up 'record: srv'",
        ),
        (
            "discovery: {dns: {name: a, record: srv, port: 1}}",
            "port",
            "SRV records tell the port themselves",
            "remove it, or look up addresses with 'record: a'",
        ),
        (
            "discovery: {dns: {name: a, port: 1, least_ttl: 10m}}",
            "10m",
            "'least_ttl' is longer than 'most_ttl'",
            "make it shorter, or set 'most_ttl'",
        ),
        (
            f"{_TARGET}, breaker: {{slow_rate: 50%, slow_after: off}}",
            "slow_rate",
            "nothing says what is slow",
            "add 'slow_after', such as 2s",
        ),
        (
            f"{_TARGET}, breaker: {{window: 5}}",
            "5}",
            "a window of 5 calls never has the minimum of 10",
            "make the window larger, or 'minimum' smaller",
        ),
        (
            f"{_TARGET}, breaker: {{open: 10m}}",
            "10m",
            "'open' is longer than 'open_most'",
            "make it shorter, or set 'open_most'",
        ),
        (
            f"{_TARGET}, breaker: {{failure_rate: off}}",
            "off",
            "nothing can open this breaker",
            "set failure_rate, slow_rate or consecutive, or mode: off",
        ),
        (
            f"{_TARGET}, ejection: {{window: 10}}",
            "10}",
            "a window of 10 calls never has the minimum of 20",
            "make the window larger, or 'minimum' smaller",
        ),
        (
            f"{_TARGET}, ejection: {{time: 10m}}",
            "10m",
            "'time' is longer than 'time_most'",
            "make it shorter, or set 'time_most'",
        ),
        (
            f"{_TARGET}, ejection: {{failure_rate: off, consecutive: off}}",
            "off}",
            "nothing can eject a target",
            "set consecutive or failure_rate, or enabled: false",
        ),
        (
            f"{_TARGET}, balance: {{policy: hash}}",
            "policy",
            "nothing says what to hash",
            "add 'key': client, tenant, header:NAME or cookie:NAME",
        ),
        (
            f"{_TARGET}, balance: {{key: client}}",
            "key",
            "'key' works with the policy 'hash' only",
            "remove it, or write 'policy: hash'",
        ),
        (
            f"{_TARGET}, balance: {{policy: random, bounded_load: off}}",
            "bounded_load",
            "'bounded_load' works with the policy 'hash' only",
            "remove it, or write 'policy: hash'",
        ),
        (
            f"{_TARGET}, health: {{path: off, body: ok}}",
            "body",
            "a check that only connects has no 'body'",
            "remove it, or ask for a path",
        ),
        (
            f"{_TARGET}, health: {{method: HEAD, body: ok}}",
            "body",
            "the answer to HEAD has no body",
            "remove it, or use 'method: GET'",
        ),
        (
            "targets: ['http://a', {url: 'unix:/a'}], health: {port: 5}",
            "port",
            "a unix socket has no other port",
            "remove it, or check such targets apart",
        ),
        (
            f"{_TARGET}, health: {{timeout: 20s}}",
            "20s",
            "a check may take longer than the interval",
            "make it shorter, or 'interval' longer",
        ),
        (
            f"{_TARGET}, health: {{statuses: []}}",
            "[]",
            "no answer is good",
            "list at least one status or class, such as 2xx",
        ),
        (
            f"{_TARGET}, retries: {{backoff: 2s}}",
            "2s",
            "'backoff' is longer than 'backoff_most'",
            "make it shorter, or set 'backoff_most'",
        ),
        (
            f"{_TARGET}, retries: {{hedge: {{least: 2s}}}}",
            "2s",
            "'least' is more than 'most'",
            "make it smaller, or set 'most'",
        ),
        (
            f"{_TARGET}, concurrency: {{most: 5, adaptive: {{}}}}",
            "most",
            "'most' and 'adaptive' exclude each other",
            "write it as 'most' of 'adaptive'",
        ),
        (
            f"{_TARGET}, concurrency: {{most: unlimited, queue: 5}}",
            "queue",
            "without a limit nothing waits, so 'queue' does nothing",
            "add 'most' or 'adaptive', or remove it",
        ),
        (
            f"{_TARGET}, concurrency: {{adaptive: {{least: 20, most: 10}}}}",
            "20",
            "'least' is more than 'most'",
            "make it smaller, or set 'most'",
        ),
    ],
)
def test_refused(tmp_path: Path, keys: str, blamed: str, message: str, hint: str) -> None:
    """What cannot go together is told at the key that is one too many, or that lacks another."""
    text = f"services: {{a: {{{keys}}}}}\n"
    assert said(tmp_path, text) == [Said(1, text.rindex(blamed) + 1, message, hint)]


def test_no_fault_hides_another(tmp_path: Path) -> None:
    """What keys disagree on is told beside what is wrong with a single value."""
    text = "services: {a: {breaker: {slow_rate: 1%, probes: 0}, balance: {policy: hash}}}\n"
    assert [problem.message for problem in said(tmp_path, text)] == [
        "the service has no target",
        "nothing says what is slow",
        "'0' is too little for 'probes'",
        "nothing says what to hash",
    ]


@pytest.mark.parametrize(
    "keys",
    [
        "targets: [{url: 'http://a', weight: 5}, {url: 'http://b', priority: 1}]",
        "discovery: {dns: {name: _http._tcp.Payment.internal., record: srv}}",
        "discovery: {file: {path: /etc/targets.yaml, interval: 500ms}}",
        f"{_TARGET}, breaker: {{mode: off, failure_rate: off}}",
        f"{_TARGET}, breaker: {{failure_rate: off, consecutive: 3, ramp: 0s, window: 1m, minimum: 1000}}",
        f"{_TARGET}, ejection: {{enabled: false, consecutive: off, failure_rate: off}}",
        f"{_TARGET}, balance: {{policy: hash, key: 'cookie:sid', bounded_load: off}}",
        f"{_TARGET}, health: {{path: off, port: 5}}",
        f"{_TARGET}, retries: {{attempts: 0, methods: [], on: [], body: 0B, budget: 0%}}",
        f"{_TARGET}, concurrency: {{adaptive: {{}}, queue: 5, order: lifo_under_pressure}}",
        f"{_TARGET}, concurrency: {{most: 5, queue: 5}}",
    ],
)
def test_accepted(tmp_path: Path, keys: str) -> None:
    """What goes together loads without a word."""
    assert warned(tmp_path, f"services: {{a: {{{keys}}}}}\nroutes: [{{path: /, service: a}}]\n") == []


def test_a_target_that_is_the_gateway(tmp_path: Path) -> None:
    """Targets that are mappings are looked at as well; the mapping is what is doubted."""
    text = """\
listeners: [{address: "0.0.0.0:8080"}]
services: {a: {targets: ["http://b", {url: "http://127.0.0.1:8080", weight: 2}]}}
routes: [{path: /, service: a}]
"""
    assert warned(tmp_path, text) == [
        Said(
            2,
            38,
            "this target is the listener 'http' of the gateway itself",
            "point the target at the service, or make sure no route leads back here",
        )
    ]
