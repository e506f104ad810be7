"""Routes with several services: split, fallback, mirror, and what they share with routes to one."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatewayd.config.models.fallback import REFUSALS, Fallback
from gatewayd.core.reasons import REASONS
from tests.config.sample import Said, said, warned

SERVICES = "services: {a: {targets: ['http://a']}, b: {targets: ['http://b']}, c: {targets: ['http://c']}}\n"


@pytest.mark.parametrize(
    ("keys", "blamed", "message", "hint"),
    [
        ("split: []", "[]", "the route is split between no services", "list at least one"),
        ("split: [{service: a}, {service: a}]", "a}]", "'a' is listed twice", "list each service once"),
        (
            "split: [{service: a, weight: 0}, {service: b, weight: 0}]",
            "[{service",
            "all weights are 0",
            "give one of the services a weight above 0",
        ),
        ("split: [{service: a}, {service: zzz}]", "zzz", "there is no service 'zzz'", "known services: a, b, c"),
        (
            "split: [{service: a, weight: 1001}]",
            "1001",
            "'1001' is too much for 'weight'",
            "write 1000 or less",
        ),
        (
            "split: [a]",
            "a]",
            "an entry of 'split' must be a mapping",
            "write its keys below it, indented",
        ),
        (
            "split: [{service: a}], service: b",
            "service",
            "'split' and 'service' exclude each other",
            "keep one of them, or make it two routes",
        ),
        (
            "service: a, split_by: client",
            "split_by",
            "'split_by' works with 'split' only",
            "remove it, or answer with several services",
        ),
        (
            "service: a, fallback: {}",
            "fallback",
            "the fallback has no answer",
            "add 'respond' or 'service'",
        ),
        (
            "service: a, fallback: {service: b, respond: {}}",
            "respond",
            "'service' and 'respond' exclude each other",
            "keep one of them",
        ),
        ("service: a, fallback: {sevice: b}", "sevice", "unknown key 'sevice'", "did you mean 'service'?"),
        (
            "service: a, fallback: {service: a}",
            "a}",
            "'a' is what the fallback stands in for",
            "name another service, or use 'respond'",
        ),
        (
            "split: [{service: a}, {service: b}], fallback: {service: b}",
            "b}",
            "'b' is what the fallback stands in for",
            "name another service, or use 'respond'",
        ),
        ("service: a, fallback: {service: zzz}", "zzz", "there is no service 'zzz'", "known services: a, b, c"),
        (
            "service: a, fallback: {on: [], service: b}",
            "[]",
            "no refusal is listed",
            "leave 'on' out for every one but total-timeout",
        ),
        (
            "service: a, fallback: {on: [circuit-opn], service: b}",
            "circuit-opn",
            "an entry of 'on' cannot be 'circuit-opn'",
            "did you mean 'circuit-open'?",
        ),
        (
            "service: a, fallback: {respond: {status: 204, body: x}}",
            "body",
            "an answer with status 204 has no body",
            "remove it, or use status 200",
        ),
        (
            "service: a, mirror: {}",
            "mirror",
            "'service' is missing",
            "service: The service that gets the copies.",
        ),
        ("service: a, mirror: {service: zzz}", "zzz", "there is no service 'zzz'", "known services: a, b, c"),
        (
            "respond: {}, mirror: {service: b}",
            "mirror",
            "'mirror' works with 'service', not with 'respond'",
            "remove it, or answer with a service",
        ),
        (
            "respond: {}, retries: {attempts: 0}",
            "retries",
            "'retries' works with 'service', not with 'respond'",
            "remove it, or answer with a service",
        ),
        (
            "service: a, priority: urgent",
            "urgent",
            "'priority' cannot be 'urgent'",
            "write one of 'low', 'normal', 'high' or 'critical'",
        ),
        ("service: a, retries: {attempts: 11}", "11", "'11' is too much for 'attempts'", "write 10 or less"),
    ],
)
def test_refused(tmp_path: Path, keys: str, blamed: str, message: str, hint: str) -> None:
    """What cannot be is told at the key or value that is to blame."""
    route = f"routes: [{{path: /, {keys}}}]\n"
    assert said(tmp_path, SERVICES + route) == [Said(2, route.rindex(blamed) + 1, message, hint)]


@pytest.mark.parametrize(
    "keys",
    [
        "split: [{service: a, weight: 95}, {service: b, weight: 5}], split_by: 'cookie:sid', fallback: {service: c}",
        "split: [{service: a}, {service: b, weight: 0}], mirror: {service: c, share: 100%}, rewrite: /x",
        "split: [{service: a}, {service: b}, {service: c}], timeouts: {response: 1s}, retries: {attempts: 0}",
        "service: a, fallback: {service: b, on: [total-timeout]}, mirror: {service: c}, priority: critical",
    ],
)
def test_every_service_is_used(tmp_path: Path, keys: str) -> None:
    """A service is led to by a split, a fallback or a mirror as well; options of services go with a split."""
    assert warned(tmp_path, SERVICES + f"routes: [{{path: /, {keys}}}]\n") == []


def test_a_service_that_is_not_used(tmp_path: Path) -> None:
    """What no route names in any way is doubted."""
    route = "routes: [{path: /, split: [{service: a}], fallback: {service: b}, priority: low}]\n"
    assert [found.message for found in warned(tmp_path, SERVICES + route)] == ["no route leads to the service 'c'"]


def test_what_the_environment_lacks_is_told_once(tmp_path: Path) -> None:
    """A reference that leads nowhere is not also called an unknown service."""
    route = "routes: [{path: /, split: [{service: '${NAME}'}], fallback: {service: '${NAME}'}}]\n"
    assert [found.message for found in said(tmp_path, SERVICES + route)] == [
        "the environment has no NAME",
        "the environment has no NAME",
    ]


def test_refusals_have_reasons() -> None:
    """A fallback stands in for refusals that there are; by default for all but the one that leaves it no time."""
    assert set(REFUSALS) <= {reason.slug for reason in REASONS}
    assert set(REFUSALS) - set(Fallback().on) == {"total-timeout"}
