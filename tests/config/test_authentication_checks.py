"""What is wrong with the section about authentication, but for its issuers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.identified import AUTHENTICATED, HASH, OPEN, SECRET, SERVICE
from tests.config.sample import problems, said

PEPPER = "pepper: 0123456789abcdef"
KEYS = f"authentication: {{api_keys: {{{PEPPER}, %s}}}}"
ENTRY = KEYS % f"keys: [{{id: abcdefghijklm, hash: '{HASH}', %s}}]"
_MAKE = "make one with: openssl rand -hex 32"
_NAMES = "use letters, digits and signs of ASCII, without blanks and commas"


@pytest.mark.parametrize(
    ("text", "column", "message", "hint"),
    [
        (
            "authentication: {realm: x}",
            1,
            "nobody could prove who is calling",
            "add 'issuers', 'api_keys', 'introspection' or 'certificates', or remove the section",
        ),
        ("authentication: {isuers: {}}", 18, "unknown key 'isuers'", "did you mean 'issuers'?"),
        ("authentication: {issuers: {}}", 18, "there is no issuer", "add one, or remove the key"),
        (
            KEYS % "cookie: a, file: /k",
            55,
            "unknown key 'cookie'",
            "known keys: file, header, keys, pepper, pepper_file, redis",
        ),
        (
            f"authentication: {{cookie: sid, api_keys: {{{PEPPER}, file: /k}}}}",
            18,
            "without tokens 'cookie' does nothing",
            "remove it, or add 'issuers' or 'introspection'",
        ),
        (
            "authentication: {realm: \"a\\nb\", introspection: {url: 'https://x/', client_id: a, client_secret: s}}",
            25,
            "'a\\nb' cannot stand in a challenge",
            "write printable ASCII",
        ),
        (
            "authentication: {introspection: {url: 'https://x/', client_id: '', client_secret: s}}",
            64,
            "'client_id' is empty",
            "write a text",
        ),
        (
            "authentication: {introspection: {url: 'https://x/', client_id: a}}",
            18,
            "'client_secret' is missing",
            "client_secret: The asker's secret.",
        ),
    ],
)
def test_authentication(tmp_path: Path, text: str, column: int, message: str, hint: str) -> None:
    """Somebody must be able to prove who is calling, and nothing that is configured does nothing."""
    assert said(tmp_path, text + "\n" + SERVICE + OPEN) == [(1, column, message, hint)]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (KEYS % "header: X-Key", "there are no API keys", "add 'keys', 'file' or 'redis'"),
        (KEYS % "keys: []", "there are no API keys", "list at least one, or remove it"),
        (KEYS % "redis: true", "there is no Redis", "add the section 'redis'"),
        ("cache: {redis: true}", "there is no Redis", "add the section 'redis'"),
        (
            AUTHENTICATED.replace("{issuers", "{revocations: {redis: true}, issuers").strip(),
            "there is no Redis",
            "add the section 'redis'",
        ),
        (
            "authentication: {api_keys: {file: /k}}",
            "'pepper' is missing",
            "pepper: What keys are hashed with, 16 to 64 bytes; keep it apart from them.",
        ),
        ("authentication: {api_keys: {pepper: short, file: /k}}", "a pepper has 16 to 64 bytes", _MAKE),
        (
            KEYS % "keys: [{id: abcdefghijklm, hash: gw_pasted}]",
            "this is not the hash of an API key",
            "write the 64 hexadecimal digits that the key was made with",
        ),
        (
            KEYS % f"keys: [{{id: gw_a, hash: '{HASH}'}}]",
            "this is not the id of an API key",
            "write the 13 characters between gw_ and the next _",
        ),
        (ENTRY % "tenant: 'a b'", "'a b' cannot be a tenant", _NAMES),
        (ENTRY % "roles: ['x,y']", "'x,y' cannot be a role or scope", _NAMES),
        (ENTRY % "user: ' '", "' ' cannot be a user", "use letters, digits and signs of ASCII"),
        (ENTRY % "expires: 2027-01-01", "'2027-01-01' is not a date and time", "write it as 2027-01-31T12:00:00Z"),
        (ENTRY % "expires: soon", "'soon' is not a date and time", "write it as 2027-01-31T12:00:00Z"),
        (
            ENTRY % "expires: '2027-01-01T00:00'",
            "'2027-01-01T00:00' has no zone",
            "write 2027-01-01T00:00Z if it is UTC",
        ),
        (
            KEYS % ("keys: [" + ", ".join([f"{{id: abcdefghijklm, hash: '{HASH}'}}"] * 2) + "]"),
            "'abcdefghijklm' is listed twice",
            "list each key once",
        ),
    ],
)
def test_api_keys_and_what_is_shared(tmp_path: Path, text: str, message: str, hint: str) -> None:
    """Keys come from somewhere, with a pepper; neither the pepper nor what stands for a hash is shown."""
    (problem,) = problems(tmp_path, text + "\n" + SERVICE + OPEN)
    assert (problem.message, problem.hint) == (message, hint)
    assert not any(secret in str(problem) for secret in ("0123456789abcdef", HASH, "gw_pasted", "short", SECRET))


def test_what_may_be_in_a_broken_file_is_not_missed(tmp_path: Path) -> None:
    """Who cannot be found may be in the file that could not be read."""
    text = SERVICE + "routes: [{path: /a, service: pay, authorize: {roles: [x]}}]\n"
    keys = KEYS % "redis: true"
    (problem,) = said(tmp_path, text + keys, more="authentication: [")
    assert "authorize" not in problem.message
