"""References to the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatewayd.config.problems import Problem
from gatewayd.config.source.environment import fill
from gatewayd.config.source.nodes import Value, plain
from gatewayd.config.source.reader import read
from tests.config.sample import SERVICES, Said, loaded, problems, said

ENVIRON = {"PORT": "9005", "EMPTY": "", "NAME": "x", "YES": "true", "TRICK": "${PORT}", "COLON": "a: [b"}


def filled(text: str) -> tuple[object, list[Problem]]:
    """The value of the key `a` in `text`, and what is wrong."""
    node, found = read("f", text)
    assert node is not None
    value = plain(fill(node, ENVIRON, found))
    assert isinstance(value, dict)
    return value["a"], found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: ${NAME}", "x"),
        ("a: 'http://h:${PORT}/${NAME}'", "http://h:9005/x"),
        ("a: ${PORT}", 9005),
        ("a: '${PORT}'", "9005"),
        ("a: ${YES}", True),
        ("a: ${NOPE:-7}", 7),
        ("a: '${NOPE:-a:b}'", "a:b"),
        ("a: ${NOPE:-}", ""),
        ("a: ${EMPTY}", ""),
        ("a: '${EMPTY:-default}'", ""),
        ("a: $NAME and $5", "$NAME and $5"),
        ("a: $${NAME}", "${NAME}"),
        ("a: '$${NAME} ${NAME}'", "${NAME} x"),
        ("a: ${TRICK}", "${PORT}"),
        ("a: ${COLON}", "a: [b"),
        ("a: ['${NAME}', {b: '${NAME}'}]", ("x", {"b": "x"})),
        ("a: {'${NAME}': 1}", {"${NAME}": 1}),
    ],
)
def test_filled_in(text: str, value: Value) -> None:
    """References are filled in once, in values only; without quotes the text may become a number or switch."""
    result, found = filled(text)
    assert (result, found) == (value, [])
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("text", "column", "message", "hint"),
    [
        ("a: ${NOPE}", 4, "the environment has no NOPE", "set it, or give a default: ${NOPE:-...}"),
        (
            "a: x-${NAMES}",
            6,
            "the environment has no NAMES",
            "set it, or give a default: ${NAMES:-...} (did you mean 'NAME'?)",
        ),
        ("a: '-${NOPE}'", 6, "the environment has no NOPE", "set it, or give a default: ${NOPE:-...}"),
        (
            "a: ${}",
            4,
            "the reference to the environment is malformed",
            "write ${NAME} or ${NAME:-default}; $${ is a literal ${",
        ),
        (
            "a: ${NAME",
            4,
            "the reference to the environment is malformed",
            "write ${NAME} or ${NAME:-default}; $${ is a literal ${",
        ),
        (
            "a: ${NAME-x}",
            4,
            "the reference to the environment is malformed",
            "write ${NAME} or ${NAME:-default}; $${ is a literal ${",
        ),
    ],
)
def test_not_filled_in(text: str, column: int, message: str, hint: str) -> None:
    """A name the environment lacks, and what is no reference, are problems at their place."""
    _, found = filled(text)
    assert [(p.line, p.column, p.message, p.hint) for p in found] == [(1, column, message, hint)]


def test_every_field_can_come_from_the_environment(tmp_path: Path) -> None:
    """Numbers, switches, durations and addresses alike."""
    text = """
        listeners:
          - address: 127.0.0.1:${P}
            backlog: ${B}
        metrics:
          enabled: ${E}
        gateway:
          drain_timeout: ${D}
        """
    config = loaded(tmp_path, text, {"P": "81", "B": "7", "E": "false", "D": "5s"})
    assert str(config.listeners[0].address) == "127.0.0.1:81"
    assert (config.listeners[0].backlog, config.metrics.enabled, config.gateway.drain_timeout) == (7, False, 5.0)


def test_missing_variable_is_the_only_problem(tmp_path: Path) -> None:
    """What could not be filled in is not also judged as a value."""
    text = SERVICES + "routes:\n  - path: /a\n    service: ${NOPE}\nlimits:\n  body_size: ${NOPE}\n"
    hint = "set it, or give a default: ${NOPE:-...}"
    assert said(tmp_path, text) == [
        Said(4, 14, "the environment has no NOPE", hint),
        Said(6, 14, "the environment has no NOPE", hint),
    ]


def test_messages_show_the_reference(tmp_path: Path) -> None:
    """A value from the environment may be a secret: neither message, hint nor source line repeats it."""
    secret = "s3cr3t-value"
    text = """
        services:
          a: {targets: ["http://user:${S}@h", "${S}", "unix:${S}"], host: "${S}/"}
        gateway: {drain_timeout: "${S}", trusted_proxies: ["${S}"], name: "${S} x"}
        limits: {body_size: "${S}"}
        listeners: [{address: "${S}:${S}", name: "${S}"}]
        access_log: {path: "${S}"}
        routes:
          - {path: "${S}", service: "${S}", hosts: ["*.${S}*"], methods: ["${S}"]}
          - {path: "/a/{${S}}", redirect: {to: "${S}{${S}"}, name: "${S} x"}
          - {path: "/b", service: a, strip_prefix: "${S}", rewrite: "${S}"}
          - path: "/c"
            service: a
            request_headers: {set: {Authorization: "Bearer\\n${S}"}, remove: ["${S} x"]}
        """
    found = problems(tmp_path, text, {"S": secret})
    assert len(found) >= 18
    assert not [problem for problem in found if "s3cr3t" in str(problem) or "S3CR3T" in str(problem)]


def test_hint_names_the_variable(tmp_path: Path) -> None:
    """Where the environment gave a wrong value, that is where to look."""
    text = "limits:\n  body_size: ${BODY}\n"
    assert said(tmp_path, text, {"BODY": "12"}) == [
        Said(2, 14, "'${BODY}' has no unit", "check BODY in the environment")
    ]
