"""Secrets under misspelt keys and in the wrong places: no report shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatewayd.config import ConfigErrors
from gatewayd.config.source.nodes import shown_line
from gatewayd.upstream.listings import read_api_keys
from tests.config.identified import HASH, OPEN, SERVICE
from tests.config.sample import problems

LEAK = "SUPERSECRET-0123456789"
_ROUTE = "routes: [{path: /a, service: pay, auth: public, %s}]"


@pytest.mark.parametrize(
    "text",
    [
        f"authentication: {{api_keys: {{peper: {LEAK}}}}}",
        f"authentication: {{api_keys: {{peper: [{LEAK}], pepper: {{a: b, c: {LEAK}}}}}}}",
        f"authentication: {{api_keys: {LEAK}}}",
        f"authentication: {{api_keys: {{file: /k, keys: {LEAK}}}}}",
        f"authentication: {{api_keys: {{file: /k, keys: [{{id: x, hsh: {LEAK}}}]}}}}",
        f"authentication: {{issuers: {{own: {{algorithms: [HS256], keys: [{LEAK}]}}}}}}",
        f"authentication: {{issuers: {{own: {{algorithms: [HS256], keys: [{{scrt: '{LEAK}'}}]}}}}}}",
        f"authentication: {{issuers: {{own: {LEAK}}}}}",
        f"authentication: {{introspection: {{url: bad, id: {LEAK}}}}}",
        f"authentication: {{key: {LEAK}}}",
        f"authentification: {{api_keyz: {{peper: {LEAK}}}}}",
        f"identity_headers: {{proof: {{scret: {LEAK}, kind: x}}}}",
        f"identity_headers: {{proof: {LEAK}}}",
        f"redis: {{pass: {LEAK}, database: -1}}",
        f"redis: {LEAK}",
        _ROUTE % f"webhook: {LEAK}",
        _ROUTE % f"webhook: {{secret: {{a: {LEAK}}}, form: x}}",
        _ROUTE % f"hook: {LEAK}, metods: [get]",
        f'redis: {{pass: {LEAK}, username: "${{NOPE}}"}}',
        f"redis: {{pass: {LEAK}, database: 1, database: 2}}",
        f"authentication:\n  api_keys:\n    peper: |\n      {LEAK}\n    header: X Y\n",
        f"authentication:\n  api_keys:\n    peper: {LEAK}\n    header: X Y\n",
    ],
)
def test_secrets_where_nobody_expects_them(tmp_path: Path, text: str) -> None:
    """Neither the problem of the key itself nor its neighbours show the value, and carets stay where they were."""
    lines = text.split("\n")
    found = problems(tmp_path, text + "\n" + SERVICE + ("" if "routes" in text else OPEN))
    assert found
    assert LEAK not in "".join(map(str, found))
    for problem in found:
        if 0 < problem.line <= len(lines):
            assert len(problem.source_line) == len(lines[problem.line - 1])


def test_what_is_no_secret_is_shown(tmp_path: Path) -> None:
    """Elsewhere a line stays as it is, and so do references to the environment and short words."""
    for text in (
        "services: {pay: {targets: ['http://127.0.0.1:9005'], timeout: {response: 3000000000}}}\n" + OPEN,
        SERVICE + "routes: [{path: /a, service: pay, metods: [get], timeouts: {response: 5}}]\n",
        'redis: {pass: "${REDIS_PASSWORD}"}\n' + SERVICE + OPEN,
    ):
        for problem in problems(tmp_path, text, {"REDIS_PASSWORD": LEAK}):
            assert problem.source_line in text.split("\n")


def test_files_of_keys() -> None:
    """What is wrong with one shows no hash under another name."""
    for text in (f"[{{id: x, hsh: {HASH}}}]", f"[{{id: x, hsh: {HASH}, id: y}}]", f"[{HASH}]", HASH):
        with pytest.raises(ConfigErrors) as caught:
            read_api_keys("keys.yaml", text.encode())
        assert HASH not in str(caught.value)


def test_a_text_that_goes_on() -> None:
    """What is covered up to the end of its line goes on below: so do the stars, as far as it does."""
    lines = ("pass: |", f"  {LEAK}", "", f"  {LEAK}", "database: -1")
    covered = {0: [(6, 7)]}
    shown = [shown_line(lines, number, covered) for number in range(len(lines))]
    assert shown == ["pass: *", "  " + "*" * len(LEAK), "", "  " + "*" * len(LEAK), "database: -1"]
    assert shown_line(["a: [x, y]  # z"], 0, {0: [(4, 5), (7, 8)]}) == "a: [*, *]  # z"
