"""Where an issuer's keys are, by its own word: believed only about itself, and only where it may be fetched."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from gatewayd.core.tokens.discovery import discovery_url, keys_url
from tests.core.tokens.forge import ISS

KEYS = "https://keys.example/jwks"


@pytest.mark.parametrize(
    ("issuer", "url"),
    [
        ("https://id.example", "https://id.example/.well-known/openid-configuration"),
        ("https://id.example/", "https://id.example/.well-known/openid-configuration"),
        ("https://id.example/realms/a", "https://id.example/realms/a/.well-known/openid-configuration"),
    ],
)
def test_where_it_describes_itself(issuer: str, url: str) -> None:
    """Behind the issuer's path, whether or not that ends with a slash."""
    assert discovery_url(issuer) == url


def document(**members: Any) -> bytes:
    """A description."""
    return json.dumps({"issuer": ISS, "jwks_uri": KEYS, "token_endpoint": "x", **members}).encode()


def test_keys_url() -> None:
    """Anywhere, over TLS; in the clear on this machine, if the issuer is there as well."""
    assert keys_url(document(), ISS) == KEYS
    local = "http://127.0.0.1:1"
    assert keys_url(document(issuer=local, jwks_uri="http://127.0.0.1:2/"), local) == "http://127.0.0.1:2/"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"<html>", "this is no discovery document: it is no JSON object"),
        (document(issuer=ISS + "/"), "the discovery document is about another issuer"),
        (document(issuer=[ISS]), "the discovery document is about another issuer"),
        (b"{}", "the discovery document is about another issuer"),
        (document(jwks_uri=None), "the discovery document names no jwks_uri"),
        (
            document(jwks_uri="http://169.254.169.254/"),
            "the jwks_uri of the discovery document cannot be used: http:// is for this machine only; write https://",
        ),
        (
            document(jwks_uri="http://127.0.0.1/"),
            "the jwks_uri of the discovery document cannot be used: it gives up TLS",
        ),
    ],
)
def test_not_believed(said: bytes, why: str) -> None:
    """What is about somebody else, or leads where nothing may be fetched."""
    with pytest.raises(ValueError, match=re.escape(why) + r"\Z"):
        keys_url(said, ISS)
