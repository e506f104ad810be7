"""Cache-Control from either side: what is read, and what is taken for the least."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.caching.directives import (
    LONGEST,
    SILENT,
    Told,
    Wanted,
    parse,
    request_directives,
    response_directives,
)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([b""], {}),
        ([b" , ,"], {}),
        ([b"max-age=60"], {b"max-age": b"60"}),
        ([b"MaX-aGe=60 , PUBLIC"], {b"max-age": b"60", b"public": None}),
        ([b'max-age="60"'], {b"max-age": b"60"}),
        ([b"max-age=60", b"no-cache"], {b"max-age": b"60", b"no-cache": None}),
        ([b'ext="a, max-age=60, \\"b\\"", max-age=1'], {b"ext": b'a, max-age=60, "b"', b"max-age": b"1"}),
        ([b'ext="no end, max-age=60'], {b"ext": b'"no end, max-age=60'}),
        ([b"max-age =60"], {b"max-age": b" 60"}),
        ([b"max-age= 60"], {b"max-age": b" 60"}),
        ([b"=60, =, max-age"], {b"max-age": None}),
        ([b"max-age=1, max-age=1"], {b"max-age": b"1"}),
        ([b"max-age=1", b"max-age=2"], {b"max-age": b"1, 2"}),
        ([b'no-cache="a"', b"no-cache"], {b"no-cache": None}),
        ([b"no-cache", b'no-cache="a"'], {b"no-cache": None}),
    ],
)
def test_parsed(lines: list[bytes], said: dict[bytes, bytes | None]) -> None:
    """Directives are found by name; quotes hide commas, blanks beside "=" spoil the number."""
    assert parse(tuple(lines)) == said


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (b"max-age=0", 0),
        (b"max-age=3600", 3600),
        (b"max-age=003600", 3600),
        (b"max-age=2147483648", LONGEST),
        (b"max-age=99999999999", LONGEST),
        (b"max-age", 0),
        (b"max-age=", 0),
        (b"max-age=-1", 0),
        (b"max-age=1.5", 0),
        (b"max-age='60'", 0),
        (b"max-age=60s", 0),
        (b"max-age =60", 0),
        (b"max-age=60, max-age=30", 0),
        (b"max-age=" + b"9" * 5000, 0),
    ],
)
def test_seconds(written: bytes, seconds: int) -> None:
    """A lifetime that cannot be read, or is given twice and differently, is over at once."""
    assert response_directives((written,)).max_age == seconds


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (b"", SILENT),
        (b"unheard-of, x=y", SILENT),
        (b"no-store", Told(no_store=True)),
        (b"no-store=please", Told(no_store=True)),
        (b"no-cache", Told(no_cache=True)),
        (b"private", Told(private=True)),
        (b"public", Told(public=True)),
        (b"must-understand", Told(must_understand=True)),
        (b"must-revalidate", Told(must_revalidate=True, revalidate=True)),
        (b"proxy-revalidate", Told(revalidate=True)),
        (b"s-maxage=5", Told(revalidate=True, s_maxage=5)),
        (b"stale-while-revalidate=7", Told(while_revalidate=7)),
        (b"stale-if-error=8", Told(if_error=8)),
        (b'no-cache="Set-Cookie , x-a"', Told(hidden=frozenset({b"set-cookie", b"x-a"}))),
        (b'private="a", no-cache="b"', Told(hidden=frozenset({b"a", b"b"}))),
        (b'private="a b"', Told(private=True)),
        (b'no-cache=""', Told(no_cache=True)),
        (b'no-cache="a", no-cache', Told(no_cache=True)),
    ],
)
def test_told(written: bytes, told: Told) -> None:
    """Every directive of answers, and fields named in two of them; where the names cannot be read, all are meant."""
    assert response_directives((written,)) == told


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        (b"", Wanted()),
        (b"no-store", Wanted(no_store=True)),
        (b"no-cache", Wanted(no_cache=True)),
        (b"only-if-cached", Wanted(only_if_cached=True)),
        (b"max-age=0, min-fresh=5", Wanted(max_age=0, min_fresh=5)),
        (b"max-stale=5", Wanted(max_stale=5)),
        (b"max-stale", Wanted(max_stale=LONGEST)),
        (b"max-stale=long", Wanted(max_stale=0)),
    ],
)
def test_wanted(written: bytes, wanted: Wanted) -> None:
    """Every directive of requests; `max-stale` without a number is for any time."""
    assert request_directives((written,)) == wanted


@settings(deadline=None, max_examples=200)
@given(st.lists(st.text(alphabet='max-age=0," \\no\tché', max_size=60).map(lambda text: text.encode()), max_size=3))
def test_any_text(lines: list[bytes]) -> None:
    """Whatever is written is read without an error, and no number is out of bounds."""
    told, wanted = response_directives(tuple(lines)), request_directives(tuple(lines))
    for seconds in (told.max_age, told.s_maxage, wanted.max_age, wanted.max_stale):
        assert seconds is None or 0 <= seconds <= LONGEST
