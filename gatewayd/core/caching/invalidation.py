"""What a request that changes something makes out of date (RFC 9111 section 4.4)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urljoin, urlsplit

from gatewayd.core.cors import origin_of

_ORIGIN = re.compile(rb"([A-Za-z]+)://([^/?#]+)(?=/)")

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


def normal_url(url: bytes) -> bytes:
    """An absolute URL as it is written in keys. Raises `ValueError` for what is none."""
    parts = urlsplit(url.decode("latin-1"))
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("a URL begins with http:// or https:// and a host")
    return _origin(parts) + _target(parts)


def normal_prefix(prefix: bytes) -> bytes:
    """What URLs begin with, as it is written in keys: the origin is another only if it is there with its end."""
    match = _ORIGIN.match(prefix)
    if match is None:
        return prefix
    scheme, authority = match.groups()
    return origin_of(scheme, authority) + prefix[match.end() :]


def _same_origin(url: bytes, location: bytes) -> bytes | None:
    """What `location` refers to, written as URLs are in keys; None if it is of another origin or cannot be read."""
    try:
        joined = urljoin(url.decode("latin-1"), location.decode("latin-1"))
        there = urlsplit(joined)
        here = urlsplit(url.decode("latin-1"))
    except ValueError:
        return None
    origin = _origin(there)
    return None if origin != _origin(here) else origin + _target(there)


def _origin(parts: SplitResult) -> bytes:
    """The origin of a URL, as in keys."""
    return origin_of(parts.scheme.encode("latin-1"), parts.netloc.encode("latin-1"))


def _target(parts: SplitResult) -> bytes:
    """The target of a URL, in origin form."""
    return ((parts.path or "/") + (f"?{parts.query}" if parts.query else "")).encode("latin-1")
