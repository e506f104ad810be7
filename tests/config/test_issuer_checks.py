"""What is wrong with issuers and their keys: each fault at its place, with a next step."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.identified import OPEN, SECRET, SERVICE, write_keys
from tests.config.sample import problems, said

ISSUER = "authentication: {issuers: {own: {%s}}}"
URL = ISSUER % "algorithms: [RS256], jwks: {url: '%s'}"
MORE = ISSUER % "algorithms: [RS256], jwks: {url: 'https://a/'}, %s"
KEY = ISSUER % "algorithms: [%s], keys: [{algorithm: %s, %s}]"
_GIVE = "give it a public key for EdDSA, in PEM"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            ISSUER % "algorithms: [RS256]",
            "nothing says where its keys are",
            "add 'keys', or 'jwks: {}' to find them by discovery",
        ),
        (ISSUER % "algorithms: [RS256], keys: []", "there is no key", "list at least one"),
        (ISSUER % "algorithms: [], jwks: {url: 'https://a/'}", "'algorithms' is empty", "write at least one"),
        (
            ISSUER % "algorithms: [RS256], jwks: {}",
            "nothing says where its keys are",
            "add 'url', or 'issuer' for discovery",
        ),
        (
            ISSUER % "algorithms: [RS256], jwks: {}, issuer: platform",
            "'platform' is no place to find keys from",
            "add 'url' to 'jwks', or write the issuer's https:// URL",
        ),
        (
            ISSUER % "algorithms: [RS256, HS256], jwks: {url: 'https://a/'}",
            "HS256 needs a secret, and published keys are none",
            "remove it, or use 'keys' instead of 'jwks'",
        ),
        (
            ISSUER % "algorithms: [RS265], jwks: {url: 'https://a/'}",
            "an entry of 'algorithms' cannot be 'RS265'",
            "did you mean 'RS256'?",
        ),
        (
            ISSUER % "algorithms: [none], jwks: {url: 'https://a/'}",
            "an entry of 'algorithms' cannot be 'none'",
            "write one of 'HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', "
            "'ES384', 'ES512' or 'EdDSA'",
        ),
        (
            MORE % "keys: [{algorithm: RS256, file: /k.pem}]",
            "'jwks' and 'keys' exclude each other",
            "keep one of them",
        ),
        (MORE % "audiences: api", "must be a list of names, or any", "write [api]"),
        (MORE % "audiences: []", "the list is empty", "name at least one, leave the key out, or write any"),
        (
            MORE % "required: {a..b: x}",
            "'a..b' is no path to a claim",
            "write names with dots between them, such as realm_access.roles; a dot in a name is \\.",
        ),
        (
            MORE % "required: {a: {b: c}}",
            "must be a value, or a list of some",
            "write text, a number, true or false",
        ),
        (
            MORE % "claims: {roles: ''}",
            "an empty value is no path to a claim",
            "write names with dots between them, such as realm_access.roles; a dot in a name is \\.",
        ),
    ],
)
def test_issuers(tmp_path: Path, text: str, message: str, hint: str) -> None:
    """An issuer has keys from one place, that can verify what it signs."""
    found = said(tmp_path, text + "\n" + SERVICE + OPEN)
    assert (message, hint) in [(problem.message, problem.hint) for problem in found]


def test_issuers_are_distinct(tmp_path: Path) -> None:
    """A token must mean one issuer: by its iss, or as the one that has none."""
    one = "algorithms: [RS256], jwks: {url: 'https://a/'}"
    text = f"""
authentication:
  issuers:
    a: {{{one}}}
    b: {{issuer: "https://b", {one}}}
    c: {{{one}}}
    d: {{issuer: "https://b", {one}}}
"""
    hint = "a token's iss must say whose it is"
    assert said(tmp_path, text + SERVICE + OPEN) == [
        (6, 5, "'a' has no 'issuer' either", hint),
        (7, 9, "'b' has the same 'issuer'", hint),
    ]


@pytest.mark.parametrize(
    ("url", "message", "hint"),
    [
        (
            "http://id.example.org/k",
            "'http://id.example.org/k' could be read and changed on its way",
            "write https://; http:// is for this machine itself, such as http://127.0.0.1:8081",
        ),
        ("ftp://a", "'ftp://a' is not a URL that can be asked", "start it with https://"),
        ("id.example.org", "'id.example.org' is not a URL that can be asked", "start it with https://"),
        ("https://me:pw@a/", "a URL cannot hold a user or password here", "leave it out"),
        ("https://a/k#x", "the URL has a fragment", "end it before the '#'"),
        ("https://", "'https://' names no host", "write one such as https://id.example.org"),
        ("https:///k", "'https:///k' names no host", "write one such as https://id.example.org"),
        ("https://a:0/", "'https://a:0/' names no host", "write one such as https://id.example.org"),
        ("https://a/ b", "' ' cannot stand in a URL", "percent-encode it, as in %20"),
        ("https://a/\u00fc", "'\u00fc' cannot stand in a URL", "percent-encode it, as in %20"),
    ],
)
def test_urls(tmp_path: Path, url: str, message: str, hint: str) -> None:
    """The gateway asks nobody whose answer could be forged on its way."""
    (problem,) = problems(tmp_path, URL % url + "\n" + SERVICE + OPEN)
    assert (problem.message, problem.hint) == (message, hint)
    assert "me:pw" not in str(problem)


@pytest.mark.parametrize("url", ["http://localhost:1/k", "http://127.0.0.9/k", "http://[::1]:8/", "https://a.b/c?d=e"])
def test_urls_that_are_taken(tmp_path: Path, url: str) -> None:
    """Plain HTTP does not leave this machine."""
    with pytest.raises(pytest.fail.Exception):
        problems(tmp_path, URL % url + "\n" + SERVICE + OPEN)


@pytest.mark.parametrize(
    ("algorithm", "key", "message", "hint"),
    [
        ("HS256", "id: a", "the key is missing", "add 'file' or 'secret_file'"),
        (
            "HS256",
            "secret: short",
            "a secret for HS256 has at least 32 bytes, this one has 5",
            "make one with: openssl rand -hex 32",
        ),
        (
            "HS256",
            "secret_file: short",
            "a secret for HS256 has at least 32 bytes, this one has 5",
            "make one with: openssl rand -hex 32",
        ),
        (
            "RS256",
            f"secret: {SECRET}",
            "a secret cannot verify RS256",
            "give it a public key by 'file', or use an HS algorithm",
        ),
        ("EdDSA", "file: public.pem", "'public.pem' does not start with '/'", "write a path from the root"),
        (
            "EdDSA",
            "file: {folder}/gone.pem",
            "{folder}/gone.pem: No such file or directory",
            "check the path, and who may read the file",
        ),
        (
            "EdDSA",
            "file: {folder}/private.pem",
            "{folder}/private.pem: this is a private key; tokens are verified with the public one",
            _GIVE,
        ),
        (
            "EdDSA",
            "file: {folder}/junk.pem",
            "{folder}/junk.pem: this is no PEM text of an RSA, elliptic curve or Edwards curve public key",
            _GIVE,
        ),
        (
            "RS256",
            "file: {folder}/public.pem",
            "{folder}/public.pem: RS256 needs an RSA key",
            "give it a public key for RS256, in PEM",
        ),
        ("HS256", f"secret: {SECRET}, file: /k.pem", "'secret' and 'file' exclude each other", "keep one of them"),
        (
            "HS256",
            f"secret: {SECRET}, secret_file: secret",
            "'secret' and 'secret_file' exclude each other",
            "keep the one with the file",
        ),
    ],
)
def test_keys(tmp_path: Path, algorithm: str, key: str, message: str, hint: str) -> None:
    """Keys are judged when the configuration is, with the file's name and never a secret's text."""
    write_keys(tmp_path)
    text = KEY % (algorithm, algorithm, key.replace("{folder}", str(tmp_path)))
    found = problems(tmp_path, text + "\n" + SERVICE + OPEN)
    told = [(problem.message, problem.hint) for problem in found]
    assert (message.replace("{folder}", str(tmp_path)), hint) in told
    assert SECRET not in "".join(map(str, found))


def test_large_key_file(tmp_path: Path) -> None:
    """A file that cannot be a key is not read to its end."""
    (tmp_path / "big").write_bytes(b"-" * 70_000)
    text = KEY % ("EdDSA", "EdDSA", f"file: {tmp_path}/big")
    (found,) = said(tmp_path, text + "\n" + SERVICE + OPEN)
    assert found.message == f"{tmp_path}/big holds more than 65536 bytes"


def test_key_of_another_algorithm(tmp_path: Path) -> None:
    """A key for what the issuer does not sign with would never be used."""
    (found,) = said(tmp_path, KEY % ("HS512", "HS256", f"secret: {SECRET}") + "\n" + SERVICE + OPEN)
    assert found[2:] == (
        "the issuer's 'algorithms' are without 'HS256'",
        "use one of HS512, or add it to 'algorithms'",
    )
