"""What a request that changes something makes out of date (RFC 9111 section 4.4)."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urljoin, urlsplit

from gatewayd.core.cors import origin_of

# RFC 9110 section 9.2.1, and QUERY. Of any other method nobody knows that it is safe.
_SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"QUERY"})


def invalidated(method: bytes, status: int, url: bytes, locations: Iterable[bytes] = ()) -> list[bytes]:
    """The URLs whose answers are out of date after an answer of `status` to a request with `method` for `url`.

    `locations` are the values of its Location and Content-Location: they count where they are of the same origin.
    """
    if method in _SAFE or not 200 <= status < 400:
        return []
    urls = {url: None}
    for location in locations:
        other = _same_origin(url, location)
        if other is not None:
            urls[other] = None
    return list(urls)


def _same_origin(url: bytes, location: bytes) -> bytes | None:
    """What `location` refers to, written as URLs are in keys; None if it is of another origin or cannot be read."""
    try:
        joined = urljoin(url.decode("latin-1"), location.decode("latin-1"))
        there = urlsplit(joined)
        here = urlsplit(url.decode("latin-1"))
    except ValueError:
        return None
    origin = origin_of(there.scheme.encode("latin-1"), there.netloc.encode("latin-1"))
    if origin != origin_of(here.scheme.encode("latin-1"), here.netloc.encode("latin-1")):
        return None
    target = (there.path or "/") + (f"?{there.query}" if there.query else "")
    return origin + target.encode("latin-1")
