"""JSON with one meaning: what is refused, and that nothing else is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.tokens.strictjson import MOST_DEPTH, parse_object


def nested(levels: int, inner: str = "") -> bytes:
    """An object whose deepest list is `levels` deep."""
    return ('{"a":' + "[" * (levels - 1) + inner + "]" * (levels - 1) + "}").encode()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no JSON object"),
        (b" ", "no JSON object"),
        (b"null", "no JSON object"),
        (b"1", "no JSON object"),
        (b'"a"', "no JSON object"),
        (b"[]", "no JSON object"),
        (b'[{"a":1}]', "no JSON object"),
        (b"{", "no JSON object"),
        (b'{"a"}', "no JSON object"),
        (b"{'a':1}", "no JSON object"),
        (b'{"a":1,}', "no JSON object"),
        (b'{"a":01}', "no JSON object"),
        (b'{"a":+1}', "no JSON object"),
        (b'{"a":1}//', "behind"),
        (b'{"a":1}{"a":1}', "behind"),
        (b'{"a":1}\x00', "behind"),
        (b'{"a":1}\xc2\xa0', "behind"),
        (b'\xef\xbb\xbf{"a":1}', "no JSON object"),
        (b"\xff\xfe{\x00}\x00", "UTF-8"),
        (b'{"a":"\xff"}', "UTF-8"),
        (b'{"a":"\xc0\xaf"}', "UTF-8"),
        (b'{"a":"\xed\xa0\x80"}', "UTF-8"),
        (b'{"a":"\n"}', "no JSON object"),
        (b'{"a":"\\x"}', "no JSON object"),
        (b'{"a":"\\ud800"}', "half a character"),
        (b'{"\\udc00":1}', "half a character"),
        (b'{"a":[{"b":"\\ud800x"}]}', "half a character"),
        (b'{"a":1,"a":1}', "twice"),
        (b'{"a":1,"\\u0061":2}', "twice"),
        (b'{"b":[{"a":1,"a":2}]}', "twice"),
        (b'{"a":NaN}', "not finite"),
        (b'{"a":Infinity}', "not finite"),
        (b'{"a":-Infinity}', "not finite"),
        (b'{"a":1e999}', "infinite"),
        (b'{"a":-1e999}', "infinite"),
        (b'{"a":' + b"1" * 21 + b"}", "too long"),
        (b'{"a":' + b"1" * 8000 + b"}", "too long"),
        (nested(MOST_DEPTH + 1), "too deeply"),
        (nested(MOST_DEPTH + 1, "1"), "too deeply"),
        (nested(4000), "too deeply"),
        (b'{"a":' * 1600, "too deeply"),
        (b"[" * 8192, "no JSON object"),
        (b"{" * 8192, "no JSON object"),
    ],
)
def test_refused(data: bytes, why: str) -> None:
    """The reason is told, and is not made of the data."""
    with pytest.raises(ValueError, match=why):
        parse_object(data)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"{}", {}),
        (b' {"a" : 1}\r\n', {"a": 1}),
        (b'{"a":{"b":1},"c":{"b":2}}', {"a": {"b": 1}, "c": {"b": 2}}),
        (b'{"a":1,"A":2}', {"a": 1, "A": 2}),
        (b'{"a":-9223372036854775808,"b":18446744073709551615}', {"a": -(2**63), "b": 2**64 - 1}),
        (b'{"a":1.5e3,"b":-0.0}', {"a": 1500.0, "b": 0.0}),
        (b'{"a":"\\u00e4\\ud83d\\ude00"}', {"a": "\u00e4\U0001f600"}),
        (b'{"a":"[[[[[[[[[[[[[[[[[[[[{{{{{{"}', {"a": "[" * 20 + "{" * 6}),
    ],
)
def test_read(data: bytes, value: dict[str, Any]) -> None:
    """Ordinary JSON is what it always was."""
    assert parse_object(data) == value


@pytest.mark.parametrize("inner", ["", "1", '"a"'])
def test_depth(inner: str) -> None:
    """As many levels as are allowed, and not one more."""
    assert parse_object(nested(MOST_DEPTH, inner))
    with pytest.raises(ValueError, match="deeply"):
        parse_object(nested(MOST_DEPTH + 1, inner))


def test_wide_is_not_deep() -> None:
    """Many objects beside each other are not many levels."""
    data = json.dumps({"a": [{"b": [n]} for n in range(500)]}).encode()
    assert len(parse_object(data)["a"]) == 500


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(value=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), values, max_size=5))
def test_what_python_writes_is_read_alike(value: dict[str, Any]) -> None:
    """Escaped or not, every object that JSON can say comes back."""
    try:
        escaped, plain = json.dumps(value).encode(), json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return
    assert parse_object(escaped) == parse_object(plain) == value


@given(data=st.binary(max_size=40) | st.text('{}[]":,\\u0d8a1e-N \n', max_size=40).map(str.encode))
def test_any_bytes(data: bytes) -> None:
    """Whatever is sent is either an object or a ValueError."""
    try:
        parsed = parse_object(data)
    except ValueError:
        return
    assert parsed == json.loads(data)
