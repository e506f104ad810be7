"""The content of files of API keys and tenants: what is taken, and at which place it is wrong."""

from __future__ import annotations

import json

import pytest

from gatewayd.config.problems import ConfigErrors, Problem
from gatewayd.core.apikeys import hash_key, make_key, parse_key
from gatewayd.upstream.listings import read_api_keys, read_tenants

KEY = make_key(bytes(28))
ID = parse_key(KEY.encode())
HASH = hash_key(KEY.encode(), b"p" * 16)


def problems(content: bytes, tenants: bool = False) -> list[tuple[int, str]]:
    """What is wrong with a file, and in which line."""
    with pytest.raises(ConfigErrors) as caught:
        (read_tenants if tenants else read_api_keys)("/etc/list.yaml", content)
    assert all(problem.file == "/etc/list.yaml" for problem in caught.value.problems)
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_api_keys() -> None:
    """A list, as YAML or as JSON, with the keys of the configuration."""
    entry = {"id": ID, "hash": HASH, "tenant": "acme", "scopes": ["read"], "expires": "2027-01-31T12:00:00Z"}
    (key,) = read_api_keys("keys.json", json.dumps([entry], indent=1).encode())
    assert (key.id, key.hash, key.tenant, key.scopes, key.expires) == (ID, HASH, "acme", {"read"}, 1801396800.0)
    text = f"\ufeff- id: {ID}\n  hash: '{HASH}'\n"
    assert [key.tenant for key in read_api_keys("keys.yaml", text.encode())] == [None]
    assert read_api_keys("keys.yaml", b"[]") == ()


def test_tenants() -> None:
    """A mapping of ids to tenants."""
    found = read_tenants("t.yaml", b"acme: {plan: gold, hosts: ['*.acme.example']}\nbeta: {status: suspended}\n")
    assert {name: (entry.plan, entry.status) for name, entry in found.items()} == {
        "acme": ("gold", "active"),
        "beta": ("", "suspended"),
    }
    assert read_tenants("t.json", b"{}") == {}


def test_limits_that_do_nothing() -> None:
    """Each is told with its place, and with a name that it may be meant to have."""
    doubts: list[Problem] = []
    known = {"gold": True}
    assert len(read_tenants("t.yaml", b"acme:\n  limits: {gold: 1/1m, glod: 1/1m}\n", known, doubts)) == 1
    keys = f"[{{id: {ID}, hash: '{HASH}', limits: {{a: 1/1m}}}}]"
    assert len(read_api_keys("k.yaml", keys.encode(), {}, doubts)) == 1
    assert [(doubt.file, doubt.line, doubt.column, doubt.message, doubt.hint) for doubt in doubts] == [
        ("t.yaml", 2, 24, "there is no limit 'glod'", "did you mean 'gold'?"),
        ("k.yaml", 1, 105, "there is no limit 'a'", "there are no limits here"),
    ]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", [(0, "it is empty")]),
        (b"# nothing yet\n", [(0, "it is empty")]),
        (b"- id: a\n  \xff", [(2, "a byte is not UTF-8")]),
        (b"keys: []", [(1, "'keys' must be a list")]),
        (f"- id: {ID}\n  hash: {KEY}\n".encode(), [(2, "this is not the hash of an API key")]),
        (
            f"- {{id: {ID}, hash: '{HASH}'}}\n- {{id: {ID}, hash: '{HASH}'}}\n".encode(),
            [(2, f"'{ID}' is listed twice")],
        ),
        (f"- id: {ID}\n  hush: x\n".encode(), [(1, "'hash' is missing"), (2, "unknown key 'hush'")]),
    ],
)
def test_wrong_keys(content: bytes, found: list[tuple[int, str]]) -> None:
    """Each fault is told with its line, and no secret with any."""
    assert sorted(problems(content)) == found


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"\n", [(0, "it is empty")]),
        (b"- acme", [(1, "'table' must be a mapping")]),
        (b"acme: {}\nacme: {}\n", [(2, "the key 'acme' is here twice, first in line 1")]),
        (b"acme:\n  plan: gold\n  stats: active\n", [(3, "unknown key 'stats'")]),
        (
            b"a: {hosts: [x.example]}\nb: {hosts: [x.example]}\n",
            [(2, "'x.example' belongs to the tenant 'a' already")],
        ),
        (b"acme: {allow: []}", [(1, "'allow' names nobody")]),
    ],
)
def test_wrong_tenants(content: bytes, found: list[tuple[int, str]]) -> None:
    """The same of tenants."""
    assert problems(content, tenants=True) == found


def test_no_yaml() -> None:
    """What cannot be read at all."""
    ((line, _),) = problems(b"- id: a\n - id: b\n")
    assert line == 2
