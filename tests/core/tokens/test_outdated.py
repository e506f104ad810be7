"""Keys compared with newer ones: what they verified stays good for those that are still the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatewayd.core.tokens.keys import Key, KeySet, from_public_key, from_secret
from tests.core.tokens.forge import SECRET, key, private_key

A, B = key("ES256", "a"), key("RS256", "b")
OTHER_A = from_public_key(private_key("P-384").public_key(), "ES384", "a")
OTHER_B = from_public_key(private_key("RSA2").public_key(), "RS256", "b")
NAMELESS = key("EdDSA")


@pytest.mark.parametrize(
    ("before", "after", "outdated"),
    [
        ((), (A,), set()),
        ((A, B), (B, A), set()),
        ((A, B), (A,), {"b"}),
        ((A, B), (), {"a", "b"}),
        ((A, B), (A, OTHER_B), {"b"}),
        ((A, B), (OTHER_A, B), {"a"}),
        ((A,), (A, OTHER_A), set()),
        ((A, OTHER_A), (A,), {"a"}),
        ((A, NAMELESS), (A,), {None}),
        ((B,), (replace(B, alg="RS512"),), {"b"}),
    ],
)
def test_outdated(before: tuple[Key, ...], after: tuple[Key, ...], outdated: set[str | None]) -> None:
    """A key is still there if its name, its algorithm and its numbers are."""
    assert KeySet(before).outdated_by(KeySet(after)) == outdated


def test_thumbprints() -> None:
    """The same key has the same one, whatever it is called; no secret is in any."""
    assert key("RS256", "a").thumbprint == key("PS512", "b").thumbprint != OTHER_B.thumbprint
    assert from_secret(SECRET, "HS256").thumbprint == b""
    assert B.thumbprint.hex() not in repr(B)
