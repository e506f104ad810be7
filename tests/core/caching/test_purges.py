"""What is to be forgotten, in words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.caching.invalidation import normal_prefix, normal_url
from gatewayd.core.caching.purges import (
    EVERYTHING,
    LONGEST_PREFIX,
    is_of_tag,
    is_purge,
    prefix_in,
    purge_of_prefix,
    purge_of_tag,
    purge_of_url,
)


@settings(deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=300))
def test_words(one: bytes, other: bytes) -> None:
    """Each thing has a word of its own, and one that is a URL's is no tag's and no prefix's."""
    for made in (purge_of_url, purge_of_tag, purge_of_prefix):
        assert (made(one) == made(other)) is (one == other)
        assert is_purge(made(one))
    assert len({purge_of_url(one), purge_of_tag(one), purge_of_prefix(one)}) == 3
    assert prefix_in(purge_of_prefix(one)) == one
    assert prefix_in(purge_of_url(one)) is prefix_in(purge_of_tag(one)) is None
    assert [is_of_tag(word) for word in (purge_of_url(one), purge_of_tag(one), purge_of_prefix(one))] == [0, 1, 0]


def test_no_words() -> None:
    """What is none of them is told apart, and whatever is longer than any of them."""
    assert prefix_in(EVERYTHING) == b""
    assert not any(
        map(is_purge, (b"", b"u", b"t123", b"x" * 16, b"!marker", purge_of_prefix(b"x" * LONGEST_PREFIX) + b"x"))
    )


@pytest.mark.parametrize(
    ("url", "written"),
    [
        (b"https://Example.NET:443/a?B", b"https://example.net/a?B"),
        (b"HTTP://example.net:80", b"http://example.net/"),
        (b"http://example.net:8080/a#there", b"http://example.net:8080/a"),
    ],
)
def test_urls(url: bytes, written: bytes) -> None:
    """URLs are written as keys have them."""
    assert normal_url(url) == written


@pytest.mark.parametrize("url", [b"", b"/a", b"example.net/a", b"ftp://example.net/a", b"http:///a", b"http://[::1/a"])
def test_no_urls(url: bytes) -> None:
    """What is no absolute URL is refused, for it would have nothing forgotten."""
    with pytest.raises(ValueError, match=r"URL"):
        normal_url(url)


@pytest.mark.parametrize(
    ("prefix", "written"),
    [
        (b"https://Example.NET:443/A", b"https://example.net/A"),
        (b"https://Example.NET", b"https://Example.NET"),
        (b"http://", b"http://"),
        (b"", b""),
    ],
)
def test_prefixes(prefix: bytes, written: bytes) -> None:
    """Origins in prefixes are written as keys have them, once they are there whole."""
    assert normal_prefix(prefix) == written
