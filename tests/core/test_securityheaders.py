"""Security fields of answers: what is written, over which connection, and what a policy may not say."""

from __future__ import annotations

from typing import Any

import pytest

from gatewayd.core.guarded import GuardedNames
from gatewayd.core.securityheaders import STRIPPED_NAMES, BrowserPolicy, SecurityHeaders

FULL = SecurityHeaders(
    BrowserPolicy(
        hsts_max_age=31536000,
        hsts_subdomains=True,
        hsts_preload=True,
        frame_options="DENY",
        content_security_policy="default-src 'self'; frame-ancestors 'none'",
        referrer_policy="no-referrer, strict-origin-when-cross-origin",
    )
)
PLAIN_LINES = (
    b"X-Content-Type-Options: nosniff\r\n"
    b"X-Frame-Options: DENY\r\n"
    b"Content-Security-Policy: default-src 'self'; frame-ancestors 'none'\r\n"
    b"Referrer-Policy: no-referrer, strict-origin-when-cross-origin\r\n"
)
HSTS_LINE = b"Strict-Transport-Security: max-age=31536000; includeSubDomains; preload\r\n"


def test_lines() -> None:
    """Every field of the policy is written; HSTS goes by TLS only."""
    assert FULL.lines(False) == PLAIN_LINES
    assert FULL.lines(True) == PLAIN_LINES + HSTS_LINE


def test_present_fields_are_left() -> None:
    """What the service set itself is not written again."""
    assert FULL.lines(True, FULL.names) == b""
    assert FULL.lines(True, FULL.names - {b"strict-transport-security"}) == HSTS_LINE
    assert FULL.lines(True, {b"content-type"}) == FULL.lines(True)
    assert FULL.lines(False, {b"x-frame-options"}) == PLAIN_LINES.replace(b"X-Frame-Options: DENY\r\n", b"")


def test_the_least() -> None:
    """Nothing but nosniff is on by default; all can be off."""
    assert SecurityHeaders(BrowserPolicy()).lines(True) == b"X-Content-Type-Options: nosniff\r\n"
    empty = SecurityHeaders(BrowserPolicy(nosniff=False))
    assert (empty.lines(True), empty.lines(True, {b"x"}), empty.names) == (b"", b"", frozenset())
    forget = SecurityHeaders(BrowserPolicy(nosniff=False, hsts_max_age=0))
    assert forget.lines(True) == b"Strict-Transport-Security: max-age=0\r\n"


@pytest.mark.parametrize(
    "options",
    [
        {"hsts_max_age": -1},
        {"hsts_subdomains": True},
        {"hsts_preload": True},
        {"hsts_max_age": 31536000, "hsts_preload": True},
        {"hsts_max_age": 31535999, "hsts_subdomains": True, "hsts_preload": True},
        {"content_security_policy": ""},
        {"content_security_policy": " default-src 'self'"},
        {"content_security_policy": "default-src 'self'\r\nSet-Cookie: a=b"},
        {"content_security_policy": "default-src é"},
        {"referrer_policy": ""},
        {"referrer_policy": "never"},
        {"referrer_policy": "no-referrer,"},
        {"referrer_policy": "no-referrer\r\nX: y"},
    ],
)
def test_faults(options: dict[str, Any]) -> None:
    """What browsers would ignore, and what would not stay in its line, is refused when the policy is made."""
    with pytest.raises(ValueError, match=r"HSTS|policy"):
        BrowserPolicy(**options)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        (b"Server", "server"),
        (b"X-Powered-By", "x-powered-by"),
        (b"X_Powered_By", "x-powered-by"),
        (b"X-Internal-Node", "x-internal-*"),
        (b"Content-Type", None),
        (b"Server-Timing", None),
    ],
)
def test_stripped(name: bytes, label: str | None) -> None:
    """What tells how the platform is built is found in any spelling."""
    assert GuardedNames(STRIPPED_NAMES, ()).match(name) == label
