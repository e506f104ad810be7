"""What nobody may read in a text, and what stays readable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.redaction import CREDENTIAL_HEADERS, CREDENTIAL_NAMES, MASK, Redactor

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"
KEY = "gw_" + "k" * 13 + "_" + "s" * 32 + "0123abcd"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abc.def", f"Authorization: {MASK}"),
        ("b'Cookie: session=1234; a=b\\r\\nHost: x'", f"b'Cookie: {MASK}\\r\\nHost: x'"),
        ("{b'X-Api-Key': b'abcd', 'a': 'b'}", f"{{b'X-Api-Key': b'{MASK}', 'a': 'b'}}"),
        ("bearer abcdefgh is wrong", f"bearer {MASK} is wrong"),
        ("Basic dXNlcjpwYXNz", f"Basic {MASK}"),
        (f"the token {JWT} is bad", f"the token {MASK} is bad"),
        (f"/reset/{JWT}/x", f"/reset/{MASK}/x"),
        (f"key {KEY}", f"key gw_{'k' * 13}_{MASK}"),
        ("redis://user:pass@host:1/2", f"redis://{MASK}@host:1/2"),
        ("redis://:pass@host:1/2", f"redis://{MASK}@host:1/2"),
        ("GET /a?x=1&access_token=abc&y=2 failed", f"GET /a?x=1&access_token={MASK}&y=2 failed"),
        ("/a?Password=abc#d", f"/a?Password={MASK}#d"),
        ("/a?pin=1234", f"/a?pin={MASK}"),
        ("X-Pin: 1234", "X-Pin: 1234"),
        ("pin: 1234", f"pin: {MASK}"),
    ],
)
def test_what_looks_like_a_credential(text: str, shown: str) -> None:
    """Its value is masked, what it is stays; names that are configured come to those that are secret anyway."""
    assert Redactor(["pin"]).text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "bearer tokens are not taken here",
        "Basic authentication is not taken",
        "the breaker of orders: closed -> open for 30.0 s",
        "http://10.0.0.1:8080/a/b",
        "/api/v1/tickets/17?page=2&tokens=5",
        "the policy gate failed: KeyError: 'x'",
        "the token is from no issuer that is taken here",
    ],
)
def test_other_text_stays(text: str) -> None:
    """Messages can still be read."""
    assert Redactor(["pin"], ["hush-hush-hush", "gate1"]).text(text) == text


def test_known_secrets() -> None:
    """Those of the configuration, and those of the very request; a short one only as a word of its own."""
    redactor = Redactor((), ["hush-hush-hush-hush", "gate", "x"])
    assert redactor.text("xhush-hush-hush-hushx gateway gate x") == f"x{MASK}x gateway {MASK} x"
    assert redactor.text("opened sesame", ["sesame", ""]) == f"opened {MASK}"
    assert "hush" not in repr(redactor)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("a=1&b=2", "a=1&b=2"),
        ("token=abc&a=1", f"token={MASK}&a=1"),
        ("%74oken=abc", f"%74oken={MASK}"),
        ("TOKEN=abc&token=&x", f"TOKEN={MASK}&token=&x"),
        (f"next={JWT}", f"next={MASK}"),
        ("", ""),
    ],
)
def test_queries(query: str, shown: str) -> None:
    """Values of parameters with secret names, however those are written; empty ones tell nothing."""
    assert Redactor().query(query) == shown


def test_names() -> None:
    """Of fields, whatever their case."""
    redactor = Redactor(["X-Pin"])
    for name in (*CREDENTIAL_HEADERS, *CREDENTIAL_NAMES, "x-pin", "X-PIN", "PASSWORD"):
        assert redactor.hides(name)
    assert not redactor.hides("tenant")
    assert "x-pin" in redactor.headers


@given(st.text(max_size=300))
def test_any_text_is_taken(text: str) -> None:
    """Nothing makes it fail, and what it did once it does not undo."""
    redactor = Redactor(["pin"], ["secret-of-the-house"])
    once = redactor.text(f"{text} secret-of-the-house {text}")
    assert "secret-of-the-house" not in once
    redactor.query(text)
