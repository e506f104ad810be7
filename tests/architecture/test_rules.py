"""The rules of the house hold, and each of them notices what it is for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture import rules

Rule = Callable[..., Iterator[str]]


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_project_keeps_the_rule(rule: Rule) -> None:
    """Nothing in the tree breaks it."""
    assert list(rule()) == []


@pytest.mark.parametrize(
    ("rule", "place", "text"),
    [
        (rules.long_files, "gatewayd/http/a.py", "\n" * 301),
        (rules.reactor_imports, "gatewayd/http/a.py", "from twisted.internet import reactor\n"),
        (rules.reactor_imports, "gatewayd/admin/a.py", "def f():\n    import twisted.internet.reactor\n"),
        (rules.core_imports, "gatewayd/core/a.py", "from twisted.python import failure\n"),
        (rules.core_imports, "gatewayd/core/a.py", "import gatewayd.config\n"),
        (rules.core_imports, "gatewayd/core/a.py", "from jwt.algorithms import HMACAlgorithm\n"),
        (rules.core_imports, "gatewayd/core/tokens/a.py", "import orjson\n"),
        (rules.prints, "gatewayd/pipeline/a.py", "print('here')\n"),
        (rules.mocks, "tests/http/test_a.py", "from unittest.mock import Mock\n"),
        (rules.mocks, "tests/http/test_a.py", "from unittest import mock\n"),
        (rules.machine_paths, "docs/a.md", "See " + "/home" + "/ada/notes.\n"),
    ],
)
def test_a_rule_notices_what_breaks_it(tmp_path: Path, rule: Rule, place: str, text: str) -> None:
    """And names the file."""
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    path.write_text(text)
    (broken,) = rule(tmp_path)
    assert broken.startswith(place)


@pytest.mark.parametrize(
    ("rule", "place", "text"),
    [
        (rules.long_files, "gatewayd/http/a.py", "\n" * 300),
        (rules.reactor_imports, "gatewayd/app/a.py", "from twisted.internet import reactor\n"),
        (rules.reactor_imports, "gatewayd/tap.py", "from twisted.internet import reactor\n"),
        (rules.core_imports, "gatewayd/core/a.py", "from dataclasses import dataclass\nfrom gatewayd.core import b\n"),
        (rules.core_imports, "gatewayd/core/tokens/a.py", "import jwt\nfrom cryptography.exceptions import A\n"),
        (rules.prints, "gatewayd/ctl/a.py", "print('here')\n"),
        (rules.machine_paths, "docs/a.md", "See /etc/gatewayd and https://example.org" + "/work" + "/notes.\n"),
    ],
)
def test_a_rule_lets_pass_what_it_does_not_mean(tmp_path: Path, rule: Rule, place: str, text: str) -> None:
    """Nothing is reported."""
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert list(rule(tmp_path)) == []
