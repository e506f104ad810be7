"""Cache-Status, and the tags of answers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.caching import forwarded_line, hit_line, told_of
from gatewayd.core.caching.tags import MOST, tags_of
from tests.core.caching.world import NOW, answer, entry


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (hit_line(b"gw", 376.9), b"gw; hit; ttl=376"),
        (hit_line(b"gw", -0.5), b"gw; hit; ttl=-1"),
        (hit_line(b"gw", 5.0, shared=True), b"gw; hit; ttl=5; detail=shared"),
        (forwarded_line(b"gw", "uri-miss"), b"gw; fwd=uri-miss"),
        (forwarded_line(b"gw", "uri-miss", stored=True), b"gw; fwd=uri-miss; stored"),
        (forwarded_line(b"gw", "stale", status=304, stored=True), b"gw; fwd=stale; fwd-status=304; stored"),
        (forwarded_line(b"gw", "uri-miss", collapsed=True), b"gw; fwd=uri-miss; collapsed"),
        (forwarded_line(b"gw", "uri-miss", detail="no-store"), b"gw; fwd=uri-miss; detail=no-store"),
    ],
)
def test_lines(line: bytes, said: bytes) -> None:
    """What was done is told in the words of RFC 9211."""
    assert line == b"Cache-Status: " + said + b"\r\n"


@settings(deadline=None)
@given(st.lists(st.integers(0, 64 * 60 - 1), min_size=1, max_size=8), st.integers(0, 63))
def test_told(times: list[int], fraction: int) -> None:
    """What is said of a fresh answer is right at every moment, also where the clock is set back."""
    kept = entry("Cache-Control: max-age=60")
    kept.born += fraction / 64
    for after in [ticks / 64 for ticks in times]:
        line = hit_line(b"gw", kept.fresh_until - NOW - after)
        assert told_of(kept, b"gw", NOW + after) == b"Age: %d\r\n%b" % (kept.age(NOW + after), line)


@pytest.mark.parametrize(
    ("lines", "tags"),
    [
        ([], ()),
        (["Surrogate-Key: a b  a\tc "], (b"a", b"b", b"c")),
        (["Cache-Tag: a b , c,,a b"], (b"a b", b"c")),
        (["Surrogate-Key: a", "Cache-Tag: b,a"], (b"a", b"b")),
        (["Surrogate-Key:"], ()),
        (["Cache-Tag: " + ",".join(map(str, range(MOST)))], tuple(b"%d" % number for number in range(MOST))),
        (["Cache-Tag: " + ",".join(map(str, range(MOST + 1)))], None),
        (["Cache-Tag: " + "x" * 256], (b"x" * 256,)),
        (["Cache-Tag: " + "x" * 257], None),
    ],
)
def test_tags(lines: list[str], tags: tuple[bytes, ...] | None) -> None:
    """Tags are read from either field, each once, and not at all where there is too much of them."""
    assert tags_of(answer(*lines).section.fields) == tags
