"""What a request that changes something makes out of date."""

from __future__ import annotations

import pytest

from gatewayd.core.caching import invalidated

URL = b"http://example.net/a/b?c"


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"DELETE", b"PATCH", b"M-SEARCH", b"get"])
@pytest.mark.parametrize("status", [200, 204, 303, 399])
def test_unsafe(method: bytes, status: int) -> None:
    """A change that went well makes the URL's answers old; so may a method that nobody knows."""
    assert invalidated(method, status, URL) == [URL]


@pytest.mark.parametrize(
    ("method", "status"),
    [(method, 200) for method in (b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"QUERY")]
    + [(b"POST", status) for status in (101, 400, 404, 500)],
)
def test_nothing(method: bytes, status: int) -> None:
    """What only reads, or failed, changes nothing."""
    assert invalidated(method, status, URL, [b"/other"]) == []


@pytest.mark.parametrize(
    ("location", "url"),
    [
        (b"/other", b"http://example.net/other"),
        (b"d", b"http://example.net/a/d"),
        (b"?d", b"http://example.net/a/b?d"),
        (b"http://EXAMPLE.net:80/d?e", b"http://example.net/d?e"),
        (b"//example.net", b"http://example.net/"),
        (b"\xe9", b"http://example.net/a/\xe9"),
    ],
)
def test_locations(location: bytes, url: bytes) -> None:
    """What the answer refers to is old as well."""
    assert invalidated(b"POST", 201, URL, [location]) == [URL, url]


@pytest.mark.parametrize(
    "location",
    [b"https://example.net/d", b"http://other.net/d", b"http://example.net:81/d", b"mailto:a@b", b"http://[/", b""],
)
def test_elsewhere(location: bytes) -> None:
    """Nobody makes old what is of another origin, nor what cannot be read."""
    assert invalidated(b"POST", 200, URL, [location]) == [URL]
