"""Policies are functions that exist, which is found out when the configuration is checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.sample import loaded, said

ROUTES = "routes: [{path: /, respond: {}}]\n"


def authorization(function: str) -> str:
    """A configuration with a policy."""
    return f"{ROUTES}authorization: {{policies: {{mine: '{function}'}}}}\n"


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("no_such_module_here:allow", "ModuleNotFoundError: No module named 'no_such_module_here'"),
        ("json:no_such_function", "AttributeError: module 'json' has no attribute 'no_such_function'"),
    ],
)
def test_one_that_is_not_there(tmp_path: Path, function: str, message: str) -> None:
    """It is told at its place, with what Python says."""
    (problem,) = said(tmp_path, authorization(function))
    assert (problem.line, problem.message) == (2, f"the policy 'mine' cannot be loaded: {message}")


def test_one_that_is_no_function(tmp_path: Path) -> None:
    """A constant cannot be asked."""
    (problem,) = said(tmp_path, authorization("json:__name__"))
    assert problem.message == "the policy 'mine' is no function"


def test_one_that_is_there(tmp_path: Path) -> None:
    """Nothing is wrong with it."""
    assert loaded(tmp_path, authorization("json:loads")).authorization.policies == {"mine": "json:loads"}


def test_what_is_stripped_is_common(tmp_path: Path) -> None:
    """A route cannot have a list of its own."""
    text = "routes: [{path: /, respond: {}, security_headers: {strip: [X-Mine]}}]\n"
    (problem,) = said(tmp_path, text)
    assert problem.message == "what is stripped is the same on all routes"
