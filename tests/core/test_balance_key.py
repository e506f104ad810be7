"""Keys of requests, and cookies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.balance import Key, Source, cookie_value, parse_key


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("client", Key(Source.CLIENT)),
        ("tenant", Key(Source.TENANT)),
        ("header:X-User", Key(Source.HEADER, b"x-user")),
        ("cookie:Session", Key(Source.COOKIE, b"Session")),
    ],
)
def test_keys(text: str, expected: Key) -> None:
    """Names of headers in lower case, those of cookies as written."""
    assert parse_key(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Client",
        "client:",
        "tenant:a",
        "header",
        "header:",
        "header: X-User",
        "header:X User",
        "cookie:",
        "cookie:a=b",
        "cookie:ü",
        "query:a",
        "header:a:b",
    ],
)
def test_no_keys(text: str) -> None:
    """Anything else is refused, and quoted."""
    with pytest.raises(ValueError, match="^" + f'"{text}" '):
        parse_key(text)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        ([b""], None),
        ([b"gw=1"], b"1"),
        ([b"a=2; gw=1; b=3"], b"1"),
        ([b"a=2;gw=1;b=3"], b"1"),
        ([b"a=2;\tgw=1 "], b"1"),
        ([b"gw=1; gw=2"], b"1"),
        ([b"a=2", b"b=3; gw=1", b"gw=2"], b"1"),
        ([b"gw="], b""),
        ([b"gw=a=b"], b"a=b"),
        ([b'gw="1"'], b'"1"'),
        ([b"gw"], None),
        ([b"gw; a=2"], None),
        ([b"xgw=1"], None),
        ([b"GW=1"], None),
        ([b"a=gw=1"], None),
        ([b"a=gw=1; gw=2"], b"2"),
        ([b";;gw=1;;"], b"1"),
    ],
)
def test_cookies(values: list[bytes], expected: bytes | None) -> None:
    """The first of that name, over all field lines."""
    assert cookie_value(values, b"gw") == expected


_NAMES = st.sampled_from([b"gw", b"a", b"gwx", b"xgw"])
_VALUES = st.text('abg=w"', max_size=5).map(str.encode)


@given(st.lists(st.tuples(_NAMES, _VALUES)))
def test_what_was_written_is_read(pairs: list[tuple[bytes, bytes]]) -> None:
    """A well-formed field gives the first value of each name."""
    field = b"; ".join(b"%b=%b" % pair for pair in pairs)
    for name in (b"gw", b"a", b"none"):
        assert cookie_value([field], name) == next((value for found, value in pairs if found == name), None)


@given(st.lists(st.lists(st.sampled_from([b"gw", b"=", b";", b" ", b'"', b"\xff"])).map(b"".join)))
def test_any_bytes(values: list[bytes]) -> None:
    """Nothing that a client sends is an error."""
    found = cookie_value(values, b"gw")
    assert found is None or b";" not in found
