"""What an operator reads when a configuration is wrong."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from gatewayd.config import ConfigErrors, Problem, load, report
from gatewayd.config.source.nodes import conceal, shown_line
from tests.config.sample import write

BROKEN = """\
listeners:
  - address: 8080
services:
  payment:
    targets: ["http://127.0.0.1:9005"]
    timeout: {response: 30}
routes:
  - path: /api/v1/payments/**
    service: paymnt
    methods: [get]
"""


def test_whole_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything at once: place, message, the line with a caret, one next step, and how many there are."""
    write(tmp_path, BROKEN, more="limits: {body_size: 10}\nroutes: [\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigErrors) as caught:
        load("gateway.yaml", {})
    # The service is not called unknown: the file that could not be read may have it.
    assert str(caught.value) == dedent("""\
        gateway.yaml:2:14: '8080' names no host
              - address: 8080
                         ^^^^
            hint: write 127.0.0.1:8080

        gateway.yaml:6:5: unknown key 'timeout'
                timeout: {response: 30}
                ^^^^^^^
            hint: did you mean 'timeouts'?

        gateway.yaml:10:15: 'get' is not in capitals, and methods are case-sensitive
                methods: [get]
                          ^^^
            hint: write GET

        conf.d/more.yaml:2:10: the file ends where a value should stand
            routes: [
                     ^
            hint: add it, and close every '[' and '{'

        4 problems in 2 files
        """)


def test_color() -> None:
    """On a terminal the place is bold, message and caret red, the hint cyan."""
    problem = Problem("f.yaml", 3, 5, "wrong", "do right", "a: [b]", 1)
    assert report([problem], color=True) == (
        "\x1b[1mf.yaml:3:5:\x1b[0m \x1b[1;31mwrong\x1b[0m\n"
        "    a: [b]\n"
        "        \x1b[1;31m^\x1b[0m\n"
        "    \x1b[36mhint: do right\x1b[0m\n"
        "\n1 problem\n"
    )


@pytest.mark.parametrize(
    ("line", "column", "length", "shown", "caret"),
    [
        ("\ta: x", 5, 1, " a: x", "    ^"),
        ("名前: x", 5, 1, "名前: x", "      ^"),
        ("名前: x", 1, 2, "名前: x", "^^^^"),
        ("a: \x1b[2Jx", 4, 5, "a: \N{REPLACEMENT CHARACTER}[2Jx", "   ^^^^^"),
        ("a:", 3, 1, "a:", "  ^"),
        ("a: x", 4, 99, "a: x", "   ^"),
    ],
)
def test_caret(line: str, column: int, length: int, shown: str, caret: str) -> None:
    """The caret stands under what is wrong, whatever the characters before it, and none of them steers the terminal."""
    assert str(Problem("f", 1, column, "m", "", line, length)).split("\n") == [
        "f:1:" + str(column) + ": m",
        "    " + shown,
        "    " + caret,
    ]


def test_long_lines_are_cut() -> None:
    """Of a long line the part around the caret is shown."""
    line = "a" * 200 + "X" + "b" * 200
    _, shown, caret = str(Problem("f", 1, 201, "m", "", line)).split("\n")
    assert len(shown) < 135
    assert shown[caret.index("^")] == "X"
    assert shown.strip().startswith("...")
    assert shown.endswith("...")


def test_file_as_a_whole() -> None:
    """A problem without a line names the file alone."""
    assert str(Problem("f", 0, 0, "cannot be read", "check the path")) == "f: cannot be read\n    hint: check the path"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("  password: hush  # x", "  password: ****  # x"),
        ("{user: me, api_key: 'a b', x: y}", "{user: me, api_key: *****, x: y}"),
        ('set: {Authorization: "Bearer x"}', "set: {Authorization: **********}"),
        ('  "Client-Secret": x', '  "Client-Secret": *'),
        ("password: a,b}c", "password: *****"),
        ("password: ${PASSWORD}", "password: ${PASSWORD}"),
        ("password_file: /run/secrets/p", "password_file: /run/secrets/p"),
        ("keepalive: 75s", "keepalive: 75s"),
        ("webhook: {secrets: [one, 'two'], x: y}", "webhook: {secrets: ************, x: y}"),
        ("{id: a, hash: '1f', pepper: salty}", "{id: a, hash: ****, pepper: *****}"),
        ("cache: {tokens: 5, refused: 2}", "cache: {tokens: 5, refused: 2}"),
        ("authorization: {roles: {a: [b]}}", "authorization: {roles: {a: [b]}}"),
        ("api_keys: {header: X-Key}", "api_keys: {header: X-Key}"),
        ("address: redis://:hush@h/0", "address: redis://*****@h/0"),
        ("url: https://${USER}@h/", "url: https://${USER}@h/"),
    ],
)
def test_credentials_are_starred_out(line: str, shown: str) -> None:
    """A line shown in a report keeps its columns, not the credentials in it."""
    assert conceal(line) == shown
    assert len(conceal(line)) == len(line)


_LINES = """\
webhook:
  secrets:
    - whsec-one
    # or
    - "${TWO}"
  tolerance: 5m
keys:
- secret: |
    begin
    end
  id: k1
secrets: [
  one ]
authorization:
  roles: {a: [b]}
""".splitlines()


def test_credentials_below_their_key_are_starred_out() -> None:
    """A list of secrets and a text of several lines are kept from reports as well, and nothing beside them."""
    shown = [shown_line(_LINES, number) for number in range(len(_LINES))]
    assert shown[2] == "    - *********"
    assert shown[8:10] == ["    *****", "    ***"]
    assert shown[12] == "  *****"
    unchanged = (0, 1, 4, 5, 6, 10, 13, 14)
    assert [shown[number] for number in unchanged] == [_LINES[number] for number in unchanged]
