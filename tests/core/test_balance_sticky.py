"""Sticky cookies: ids of targets, and the lines that hand them out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.balance import Cookie, StickyTargets, cookie_value, target_id
from tests.core.test_balance import Target, targets


@given(st.text(), st.binary(max_size=100))
def test_an_id_is_a_cookie_value(name: str, salt: bytes) -> None:
    """12 characters that need no quotes (RFC 6265 section 4.1.1), for names and salts of any length."""
    assert re.fullmatch(rb"[A-Za-z0-9_-]{12}", target_id(name, salt))


def test_ids_depend_on_name_and_salt() -> None:
    """And on nothing else: they outlast a restart."""
    ids = [target_id(name, salt) for name in ("http://10.0.0.5:80", "http://10.0.0.6:80") for salt in (b"", b"a", b"b")]
    assert len(set(ids)) == 6
    assert target_id("http://10.0.0.5:80", b"a") == b"zUlH7928tquH"
    assert target_id("a", b"x" * 64) != target_id("a", b"x" * 65) != target_id("a", b"x" * 66)


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        (Cookie("gw", 3600.0), b"gw=ID; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax"),
        (Cookie("gw", 90.9, secure=False), b"gw=ID; Path=/; Max-Age=90; HttpOnly; SameSite=Lax"),
        (Cookie("gw", 0.5), b"gw=ID; Path=/; Max-Age=1; HttpOnly; Secure; SameSite=Lax"),
    ],
)
def test_lines(cookie: Cookie, expected: bytes) -> None:
    """Whole seconds, one at least: with 0 the cookie would be gone."""
    assert cookie.line(b"ID") == b"Set-Cookie: " + expected + b"\r\n"


def test_there_and_back() -> None:
    """What a target's line sets leads back to it."""
    candidates = targets(1, 1, 1)
    sticky = StickyTargets[Target](Cookie("gw", 60.0), b"salt")
    sticky.rebuild(candidates)
    for candidate in candidates:
        pair = sticky.line(candidate).removeprefix(b"Set-Cookie: ")
        ident = cookie_value([pair.strip()], b"gw")
        assert ident == target_id(candidate.name, b"salt")
        assert sticky.find(ident) is candidate


def test_strangers() -> None:
    """Ids that are none, or those of targets that have gone, lead nowhere; such a target gets no cookie."""
    stays, goes = targets(1, 1)
    sticky = StickyTargets[Target](Cookie("gw", 60.0), b"salt")
    assert sticky.find(b"") is None
    sticky.rebuild([stays, goes])
    sticky.rebuild([stays])
    assert sticky.find(target_id(goes.name, b"salt")) is None
    assert sticky.find(target_id(stays.name, b"other salt")) is None
    assert sticky.line(goes) == b""
    assert sticky.find(target_id(stays.name, b"salt")) is stays
