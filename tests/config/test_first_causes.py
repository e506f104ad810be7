"""What follows from a fault is not told beside it, and what is told has a next step."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.identified import OPEN, SECRET, SERVICE
from tests.config.sample import loaded, said

_KEYS = "authentication: {api_keys: {%s, file: /k}}"
_ISSUER = "authentication: {issuers: {own: {algorithms: [%s], keys: [{algorithm: %s, secret%s}]}}}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (_KEYS % 'pepper: "${NOPE}"', "the environment has no NOPE"),
        (_KEYS % "pepper_file: none", "{folder}/none: cannot be read: No such file or directory"),
        (_KEYS % "pepper_file: empty", "the file of 'pepper' is empty"),
        (_KEYS % "pepper: ", "'pepper' has no value"),
        ('identity_headers: {proof: {secret: "${NOPE}"}}', "the environment has no NOPE"),
        (
            "identity_headers: {proof: {secret_file: none}}",
            "{folder}/none: cannot be read: No such file or directory",
        ),
        (_ISSUER % ("HS256", "HS256", ': "${NOPE}"'), "the environment has no NOPE"),
        (
            _ISSUER % ("HS256", "HS256", "_file: none"),
            "{folder}/none: cannot be read: No such file or directory",
        ),
    ],
)
def test_secrets_that_are_not_there(tmp_path: Path, text: str, message: str) -> None:
    """A secret that is missing is not called too short as well."""
    (tmp_path / "empty").write_text("\n")
    found = said(tmp_path, f"{text}\n{SERVICE}{OPEN}")
    assert [problem.message for problem in found] == [message.replace("{folder}", str(tmp_path))]


def test_algorithms_that_there_are_not(tmp_path: Path) -> None:
    """Keys are held against the issuer's algorithms once these are right; none that is wrong is recommended."""
    found = said(tmp_path, _ISSUER % ("RS257, none", "HS256", f": {SECRET}") + "\n" + SERVICE + OPEN)
    assert [problem.message for problem in found] == [
        "an entry of 'algorithms' cannot be 'RS257'",
        "an entry of 'algorithms' cannot be 'none'",
    ]
    (problem,) = said(tmp_path, _ISSUER % ("RS256, ES256", "HS256", f": {SECRET}") + "\n" + SERVICE + OPEN)
    assert problem.hint == "use one of RS256, ES256, or add it to 'algorithms'"


@pytest.mark.parametrize(("algorithm", "digits"), [("HS256", 32), ("HS384", 48), ("HS512", 64)])
def test_how_to_make_a_secret(tmp_path: Path, algorithm: str, digits: int) -> None:
    """The hint makes one that is long enough."""
    (problem,) = said(tmp_path, _ISSUER % (algorithm, algorithm, ": short") + "\n" + SERVICE + OPEN)
    assert problem.hint == f"make one with: openssl rand -hex {digits}"


def test_one_value_where_a_role_has_a_list(tmp_path: Path) -> None:
    """The hint is the same value as a list."""
    (problem,) = said(tmp_path, "authorization: {roles: {staff: 'door:*'}}\n" + SERVICE + OPEN)
    assert (problem.message, problem.hint) == ("'staff' must be a list", "write [door:*]")


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("listeners: [{network: {allow: []}}]\n", 24),
        ("tenants: {table: {acme: {allow: [], deny: [10.0.0.1]}}}\n", 26),
    ],
)
def test_nobody_is_not_everybody(tmp_path: Path, text: str, column: int) -> None:
    """An empty list of who may come in is refused: without one everybody may."""
    (problem,) = said(tmp_path, text + SERVICE + OPEN)
    assert (problem.line, problem.column, problem.message) == (1, column, "'allow' names nobody")
    assert problem.hint == "leave it out to let everybody in; to close it, write deny: ['0.0.0.0/0', '::/0', unix]"


def test_networks_of_routes(tmp_path: Path) -> None:
    """So on routes; a network that says nothing is none."""
    route = SERVICE + "routes: [{path: /r, service: pay, network: {%s}}]\n"
    (problem,) = said(tmp_path, route % "allow: []")
    assert (problem.line, problem.column, problem.message) == (2, 45, "'allow' names nobody")
    for keys in ("", "deny: []"):
        assert loaded(tmp_path, route % keys).routes[0].network.access.allows("192.0.2.1")
