"""What is allowed but probably not meant: times that never run out, demands that nobody meets, checks in vain."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.identified import AUTHENTICATED
from tests.config.sample import warned

_PAY = "services: {pay: {targets: ['http://127.0.0.1:9005']%s}}\n"
_SHORTER = "make it shorter, or 'response' longer"


def service(keys: str, route: str = "") -> str:
    """A service with `keys`, and a route to it with keys of its own."""
    return (
        _PAY % (f", {keys}" if keys else "") + f"routes: [{{path: /a, service: pay{', ' if route else ''}{route}}}]\n"
    )


@pytest.mark.parametrize(
    ("keys", "route", "message"),
    [
        (
            "retries: {per_try: 11s}",
            "",
            "'per_try' is longer than the timeout 'response' (10s), which comes first",
        ),
        (
            "breaker: {slow_rate: 50%, slow_after: 11s}",
            "",
            "'slow_after' is longer than the timeout 'response' (10s), which comes first",
        ),
        (
            "timeouts: {response: off, total: 3s}, retries: {per_try: 4s}",
            "",
            "'per_try' is longer than the timeout 'total' (3s), which comes first",
        ),
        ("", "retries: {per_try: 11s}", "'per_try' is longer than the timeout 'response' (10s), which comes first"),
        (
            "retries: {per_try: 5s}",
            "timeouts: {response: 4s}",
            "'per_try' is longer than the timeout 'response' (4s), which comes first",
        ),
        ("timeouts: {connect: 5s, total: 4s}", "", "'total' (4s) is shorter than 'connect' (5s), and comes first"),
        (
            "timeouts: {connect: 5s}",
            "timeouts: {total: 4s}",
            "'total' (4s) is shorter than 'connect' (5s), and comes first",
        ),
        (
            "timeouts: {total: 4s}",
            "timeouts: {connect: 5s}",
            "'total' (4s) is shorter than 'connect' (5s), and comes first",
        ),
    ],
)
def test_times_in_vain(tmp_path: Path, keys: str, route: str, message: str) -> None:
    """Each is told once."""
    assert [found.message for found in warned(tmp_path, service(keys, route))] == [message]


@pytest.mark.parametrize(
    ("keys", "route"),
    [
        ("retries: {per_try: 10s}, breaker: {slow_rate: 50%, slow_after: 10s}", ""),
        ("timeouts: {response: off}, retries: {per_try: 60s}", ""),
        ("retries: {per_try: 11s}, breaker: {slow_after: 11s}", "timeouts: {response: 12s}"),
        ("retries: {per_try: 11s}", "retries: {per_try: 1s}"),
        ("", "retries: {per_try: off}"),
        ("timeouts: {total: 1s}", ""),
        ("timeouts: {connect: 5s, total: 5s}", "timeouts: {total: off}"),
    ],
)
def test_times_that_run_out(tmp_path: Path, keys: str, route: str) -> None:
    """One route where it may run out is enough; defaults that nobody wrote are not doubted."""
    assert warned(tmp_path, service(keys, route)) == []


def test_where_times_are_doubted(tmp_path: Path) -> None:
    """At the value."""
    (found,) = warned(tmp_path, service("retries: {per_try: 11s}"))
    assert (found.line, found.column, found.hint) == (1, 73, _SHORTER)


@pytest.mark.parametrize(("cookie", "doubted"), [("", True), ("cookie: sid, ", False)])
def test_cross_site_checks_without_a_cookie(tmp_path: Path, cookie: str, doubted: bool) -> None:
    """They have nothing to do where no cookie says who is calling."""
    text = AUTHENTICATED.replace("{issuers", f"{{{cookie}issuers") + service("", "csrf: true")
    assert [(found.message, found.hint) for found in warned(tmp_path, text)] == [
        (
            "no cookie says who is calling, so 'csrf' does nothing",
            "set 'cookie' of 'authentication', or remove it",
        )
    ] * doubted


def test_permissions_that_no_role_grants(tmp_path: Path) -> None:
    """They are misspelt, or scopes grant them; of several that do equally, one is enough."""
    roles = AUTHENTICATED + "authorization: {roles: {staff: ['door:*', 'list:read']}}\n"
    good = "authorize: {permissions: ['door:open', 'list:read'], any_permission: ['list:write', 'list:read']}"
    assert warned(tmp_path, roles + service("", good)) == []
    bad = "authorize: {permissions: ['door:open', 'list:raed'], any_permission: ['lists:read', 'a:b']}"
    assert [(found.message, found.column) for found in warned(tmp_path, roles + service("", bad))] == [
        ("no role of 'authorization.roles' grants 'list:raed'", 74),
        ("no role of 'authorization.roles' grants any of these", 88),
    ]
    assert warned(tmp_path, AUTHENTICATED + service("", bad)) == []
