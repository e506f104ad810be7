"""Credentials that services do not see, where the gateway is told to keep them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.callers import KEY, KEY_HASH, KEY_ID, PEPPER, Gate, bearer, configured, token
from tests.pipeline.test_request_heads import fields

ALL = "path: '/**', service: main"
KEYS = f"api_keys: {{pepper: '{PEPPER}', keys: [{{id: {KEY_ID}, hash: {KEY_HASH}, tenant: acme, user: robot}}]}}"

STRIPPED = "strip_credentials: true\n  cookie: session"


@pytest.mark.parametrize(
    ("lines", "cookies"),
    [
        ((b"Cookie: a=1; b=2\r\n", bearer()), [b"a=1; b=2"]),
        ((b"cookie: session=%b\r\n" % token(),), []),
        ((b"Cookie: session=%b; a=1\r\n" % token(),), [b"a=1"]),
        ((b"Cookie: a=1; session=%b; b=2\r\n" % token(),), [b"a=1; b=2"]),
        ((b"Cookie: a=1;session =%b;;b=2\r\n" % token(),), [b"a=1; b=2"]),
        ((b"Cookie: a=1\r\n", b"Cookie: session=%b\r\n" % token()), [b"a=1"]),
        ((b"Cookie: sessions=1; Session=2; a=session\r\n", bearer()), [b"sessions=1; Session=2; a=session"]),
        ((b"Connection: cookie\r\nCookie: a=1; session=%b\r\n" % token(),), []),
        ((b"X-API-Key: %b\r\n" % KEY, b"Cookie: a=1\r\n"), [b"a=1"]),
    ],
)
def test_stripped_credentials(tmp_path: Path, lines: tuple[bytes, ...], cookies: list[bytes]) -> None:
    """Token, key and the one cookie are gone, everything else is there, and so is who is calling."""
    gate = Gate(tmp_path, configured(ALL, f"{STRIPPED}\n  {KEYS}"))
    for _ in range(2):
        assert gate.call(*lines, b"Accept: x\r\n") == "served"
        assert fields(gate.sent, b"Authorization") == fields(gate.sent, b"X-API-Key") == []
        assert fields(gate.sent, b"Cookie") == cookies
        assert fields(gate.sent, b"Accept") == [b"x"]
        assert fields(gate.sent, b"X-Tenant-Id") == [b"acme"]
        assert KEY not in gate.sent
        assert token() not in gate.sent


def test_stripping_goes_with_a_routes_own_changes(tmp_path: Path) -> None:
    """A route may have a credential of its own for the service, or take every cookie away."""
    own = "path: /own, service: main, request_headers: {set: {Authorization: Basic YTpi}, add: {Cookie: c=3}}"
    none = "path: /none, service: main, request_headers: {remove: [Cookie]}"
    gate = Gate(tmp_path, configured(f"{own}\n{none}", STRIPPED))
    cookie = b"Cookie: a=1; session=%b\r\n" % token()
    assert gate.call(cookie, path=b"/own") == "served"
    assert fields(gate.sent, b"Authorization") == [b"Basic YTpi"]
    assert fields(gate.sent, b"Cookie") == [b"a=1", b"c=3"]
    assert gate.call(cookie, path=b"/none") == "served"
    assert fields(gate.sent, b"Cookie") == []


def test_public_routes_keep_credentials(tmp_path: Path) -> None:
    """Nobody but the service looks at them there; and without the option services see everything."""
    lines = (b"Authorization: Basic YTpi\r\n", b"Cookie: session=x; a=1\r\n")
    gate = Gate(tmp_path, configured("path: '/**', service: main, auth: public", STRIPPED))
    assert gate.call(*lines) == "served"
    assert all(line in gate.sent for line in lines)
    gate = Gate(tmp_path, configured(ALL))
    assert gate.call(bearer(), lines[1]) == "served"
    assert bearer() + lines[1] in gate.sent
