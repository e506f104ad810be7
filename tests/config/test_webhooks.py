"""Secrets of webhooks: none that could be guessed comes as far as the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.identified import SERVICE
from tests.config.sample import loaded, problems, said

ROUTE = "routes: [{path: /a, service: pay, auth: public, webhook: {%s}}]\n"
GOOD = "0123456789abcdef"
SHORT = "a secret of a webhook has at least 16 bytes, blanks around them aside"
HINT = "take the one that the sender shows, or make one for both with: openssl rand -hex 32"


@pytest.mark.parametrize(
    "secret", ['"${EMPTYV}"', '""', '"${NOPE:-}"', '"                    "', "x", "0123456789abcde", '"${SHORTV}"']
)
def test_secrets_that_could_be_guessed(tmp_path: Path, secret: str) -> None:
    """Each is told with its place among others, and not shown."""
    text = SERVICE + ROUTE % f"secrets: [{GOOD}, {secret}]"
    (found,) = problems(tmp_path, text, {"EMPTYV": "", "SHORTV": "from-environ"})
    assert (found.line, found.message, found.hint) == (2, SHORT, HINT)
    assert found.column == text.split("\n")[1].index(secret, text.split("\n")[1].index(GOOD) + 16) + 1
    assert "from-environ" not in str(found)
    assert GOOD not in str(found)


def test_secrets_that_are_long_enough(tmp_path: Path) -> None:
    """Sixteen bytes are enough, in whatever alphabet."""
    text = SERVICE + ROUTE % f"secrets: [{GOOD}, '\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc']"
    webhook = loaded(tmp_path, text).routes[0].webhook
    assert webhook is not None
    assert webhook.senders is not None


def test_lines_of_a_file(tmp_path: Path) -> None:
    """A line of blanks in a file is a secret of blanks."""
    (tmp_path / "s").write_text(f"{GOOD}\n     \n")
    assert [found.message for found in said(tmp_path, SERVICE + ROUTE % "secrets_file: s")] == [SHORT]


def test_the_first_cause_is_told_alone(tmp_path: Path) -> None:
    """A secret that the environment lacks is not called short as well."""
    (found,) = said(tmp_path, SERVICE + ROUTE % 'secrets: ["${NOPE}"]')
    assert found.message == "the environment has no NOPE"
