"""Keys as clients write them, and where they are kept."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.idempotency import LONGEST_KEY, BadKey, place, print_of, read_key

UUID = b"8e03978e-40d5-43dd-bc93-6894a57f9324"
PARTS = st.lists(st.binary(max_size=6), max_size=5)


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (b'"%b"' % UUID, UUID),
        (UUID, UUID),
        (b'"a b"', b"a b"),
        (b'"a\\"b\\\\c"', b'a"b\\c'),
        (b"order:17/retry=1@home", b"order:17/retry=1@home"),
        (b"x", b"x"),
        (b"x" * LONGEST_KEY, b"x" * LONGEST_KEY),
        (b'"%b"' % (b"x" * LONGEST_KEY), b"x" * LONGEST_KEY),
    ],
)
def test_keys(value: bytes, key: bytes) -> None:
    """Strings as the draft wants them, and what clients send instead."""
    assert read_key([value]) == key


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([], "more than once"),
        ([b"a", b"a"], "more than once"),
        ([b""], "empty"),
        ([b'""'], "empty"),
        ([b"a b"], "neither"),
        ([b"a,b"], "neither"),
        ([b'"a'], "neither"),
        ([b'a"'], "neither"),
        ([b'"a"b"'], "neither"),
        ([b'"a\\b"'], "neither"),
        ([b'"a\\"'], "neither"),
        ([b'"a\tb"'], "neither"),
        ([b'"a";b=c'], "neither"),
        ([b'"\xe4"'], "neither"),
        ([b"\xe4"], "neither"),
        ([b"x" * (LONGEST_KEY + 1)], "longer"),
        ([b'"%b"' % (b"x" * (LONGEST_KEY + 1))], "longer"),
    ],
)
def test_no_keys(values: list[bytes], why: str) -> None:
    """Everything else is refused, with a cause that does not repeat it."""
    with pytest.raises(BadKey, match=why) as caught:
        read_key(values)
    assert all(len(value) < 2 or value.decode("latin-1") not in str(caught.value) for value in values)


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=LONGEST_KEY))
def test_any_string(text: str) -> None:
    """Whatever can stand in a string is read back as it was."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    assert read_key([f'"{quoted}"'.encode()]) == text.encode()


@settings(deadline=None)
@given(PARTS, PARTS)
def test_prints_tell_apart(one: list[bytes], other: list[bytes]) -> None:
    """Two requests have one fingerprint only if they are the same, part by part."""
    assert (print_of(one) == print_of(other)) is (one == other)
    assert len(print_of(one)) == 32


def test_places() -> None:
    """Each part counts, none shows."""
    places = {
        place(*parts)
        for parts in [
            (b"route", b"tenant", b"who", b"key"),
            (b"other", b"tenant", b"who", b"key"),
            (b"route", b"other", b"who", b"key"),
            (b"route", b"tenant", b"other", b"key"),
            (b"route", b"tenant", b"who", b"other"),
            (b"route", b"tenantwho", b"", b"key"),
        ]
    }
    assert len(places) == 6
    assert all(len(found) == 64 and found.isalnum() for found in places)
