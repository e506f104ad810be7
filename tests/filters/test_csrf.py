"""Requests that other sites' pages make browsers send."""

from __future__ import annotations

import pytest

from gatewayd.core.csrf import SameOrigin
from gatewayd.filters.csrf import Csrf
from tests.filters.asked import Asked, Told, outcome

ORIGINS = SameOrigin(["https://app.test"])
UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
OWN, TRUSTED = b"Origin: http://a.test\r\n", b"Origin: https://app.test\r\n"
STRANGE, SAME = b"Origin: http://evil.test\r\n", b"Sec-Fetch-Site: same-origin\r\n"
CROSS, TYPED = b"Sec-Fetch-Site: cross-site\r\n", b"Sec-Fetch-Site: none\r\n"
BACK, REFERRED = b"Referer: http://a.test/x?y\r\n", b"Referer: http://evil.test/http://a.test/\r\n"

TABLE: list[tuple[tuple[bytes, ...], bool]] = [
    ((), False),
    ((OWN,), True),
    ((TRUSTED,), True),
    ((TRUSTED, CROSS), True),
    ((STRANGE,), False),
    ((STRANGE, SAME), False),
    ((OWN, SAME), True),
    ((OWN, CROSS), False),
    ((OWN, OWN), False),
    ((OWN, STRANGE), False),
    ((b"Origin: null\r\n",), False),
    ((b"Origin: https://a.test\r\n",), False),
    ((b"Origin: http://a.test:81\r\n",), False),
    ((SAME,), True),
    ((TYPED,), True),
    ((CROSS,), False),
    ((b"Sec-Fetch-Site: same-site\r\n",), False),
    ((SAME, CROSS), False),
    ((BACK,), True),
    ((REFERRED,), False),
    ((CROSS, BACK), False),
]


@pytest.mark.parametrize(("lines", "passes"), TABLE)
@pytest.mark.parametrize(
    ("method", "extra", "safe"),
    [
        (b"GET", b"", True),
        (b"HEAD", b"", True),
        (b"POST", b"", False),
        (b"DELETE", b"", False),
        (b"get", b"", False),
        (b"GET", UPGRADE, False),
    ],
)
def test_every_origin(lines: tuple[bytes, ...], method: bytes, extra: bytes, *, passes: bool, safe: bool) -> None:
    """With a cookie, unsafe methods need a known origin, and so does a WebSocket; other credentials need none."""
    told = Told()
    for by_cookie in (True, False):
        asked = Asked(*lines, *filter(None, [extra]), method=method)
        asked.by_cookie = by_cookie
        expected = "" if passes or safe or not by_cookie else "cross-site"
        assert outcome(Csrf(ORIGINS, told), asked) == expected
    assert [kind for kind, _ in told.events] == ([] if passes or safe else ["audit.cross_site_request"])


@pytest.mark.parametrize(
    ("trusted", "scheme", "lines", "said"),
    [
        (True, "http", b"X-Forwarded-Proto: https\r\n", ""),
        (False, "http", b"X-Forwarded-Proto: https\r\n", "cross-site"),
        (False, "https", b"", ""),
        (True, "https", b"X-Forwarded-Proto: http\r\n", "cross-site"),
    ],
)
def test_the_own_origin_behind_a_proxy(trusted: bool, scheme: str, lines: bytes, said: str) -> None:
    """Its scheme is what a believed proxy says of the client's connection, or else that of ours."""
    fields = (b"Origin: https://a.test\r\n", *filter(None, [lines]))
    asked = Asked(*fields, method=b"POST", trusted=trusted, scheme=scheme)
    asked.by_cookie = True
    assert outcome(Csrf(ORIGINS, Told()), asked) == said
