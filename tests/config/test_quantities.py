"""Durations and sizes: text with a unit, and back."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.quantities import (
    LARGEST,
    LONGEST,
    format_duration,
    format_size,
    parse_duration,
    parse_size,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0.0),
        ("250ms", 0.25),
        ("0.1s", 0.1),
        ("1.5s", 1.5),
        ("10s", 10.0),
        ("010s", 10.0),
        ("5m", 300.0),
        ("1h", 3600.0),
        ("1h30m", 5400.0),
        ("1d12h", 129_600.0),
        ("2m0.5s", 120.5),
        ("366d", LONGEST),
    ],
)
def test_duration(text: str, seconds: float) -> None:
    """A duration is one or more numbers with units, the largest unit first."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "the duration is empty", "write a number and a unit, such as 10s"),
        ("10", "{value} has no unit", "write 10s for seconds (units: ms, s, m, h, d)"),
        ("10 s", "{value} is not a duration", "write 10s"),
        ("10S", "{value} is not a duration", "write 10s"),
        ("10sec", "{value} is not a duration", "write 10s"),
        ("3 Minutes", "{value} is not a duration", "write 3m"),
        ("10y", "{value} has an unknown unit", "units of a duration: ms, s, m, h, d"),
        ("soon", "{value} is not a duration", "write a number and a unit (ms, s, m, h, d), such as 10s or 1h30m"),
        ("-1s", "{value} is not a duration", "write a number and a unit (ms, s, m, h, d), such as 10s or 1h30m"),
        ("30m1h", "{value} is not a duration", "write a number and a unit (ms, s, m, h, d), such as 10s or 1h30m"),
        ("1s1s", "{value} is not a duration", "write a number and a unit (ms, s, m, h, d), such as 10s or 1h30m"),
        ("\u0661s", "{value} is not a duration", "write a number and a unit (ms, s, m, h, d), such as 10s or 1h30m"),
        ("367d", "{value} is longer than a year", "check the unit: ms, s, m, h, d"),
        ("999999999999d", "{value} is longer than a year", "check the unit: ms, s, m, h, d"),
    ],
)
def test_not_a_duration(text: str, message: str, hint: str) -> None:
    """What is no duration is refused with the text that was probably meant."""
    with pytest.raises(Complaint) as caught:
        parse_duration(text)
    assert (caught.value.message, caught.value.hint) == (message, hint)


@given(st.floats(min_value=0, max_value=LONGEST) | st.integers(0, 31_000_000_000).map(lambda count: count / 1000))
def test_durations_round_trip(seconds: float) -> None:
    """What is written of a duration reads as the same float."""
    if seconds < 1e-9:
        seconds = 0.0
    text = format_duration(round(seconds, 9))
    assert parse_duration(text) == round(seconds, 9)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0s"),
        (0.25, "250ms"),
        (60.0, "1m"),
        (90.0, "90s"),
        (86_400.0, "1d"),
        (0.0005, "0.0005s"),
        (1e-05, "0.00001s"),
    ],
)
def test_durations_are_written_short(seconds: float, text: str) -> None:
    """A duration is written in the largest unit that needs no fraction."""
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0B", 0),
        ("512B", 512),
        ("16KiB", 16_384),
        ("16kB", 16_000),
        ("16KB", 16_000),
        ("1.5MiB", 1_572_864),
        ("10MB", 10_000_000),
        ("1GiB", 2**30),
        ("2TB", 2 * 10**12),
    ],
)
def test_size(text: str, count: int) -> None:
    """A size is a number with a decimal or binary unit."""
    assert parse_size(text) == count


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("10", "{value} has no unit", "write 10B for bytes (units: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB)"),
        ("10M", "{value} is not a size", "write 10MiB"),
        ("10mb", "{value} is not a size", "write 10MB"),
        ("10 KiB", "{value} is not a size", "write 10KiB"),
        ("4bytes", "{value} is not a size", "write 4B"),
        ("4X", "{value} has an unknown unit", "units of a size: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB"),
        ("big", "{value} is not a size", "write a number and a unit, such as 16KiB or 10MB"),
        ("", "{value} is not a size", "write a number and a unit, such as 16KiB or 10MB"),
        ("0.5B", "{value} is not a whole number of bytes", "use a smaller unit"),
        ("999999999TiB", "{value} is too large", "check the unit: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB"),
    ],
)
def test_not_a_size(text: str, message: str, hint: str) -> None:
    """What is no size is refused with the text that was probably meant."""
    with pytest.raises(Complaint) as caught:
        parse_size(text)
    assert (caught.value.message, caught.value.hint) == (message, hint)


@given(st.integers(0, LARGEST) | st.integers(0, 2**20).map(lambda count: count * 1024))
def test_sizes_round_trip(count: int) -> None:
    """What is written of a size reads as the same number."""
    assert parse_size(format_size(count)) == count


@given(st.text(max_size=12) | st.from_regex(r"[0-9. a-zA-Z]{1,8}", fullmatch=True))
def test_any_text_is_judged(text: str) -> None:
    """Whatever the text, parsing gives a number in range or a complaint."""
    for parse, most in ((parse_duration, LONGEST), (parse_size, LARGEST)):
        with contextlib.suppress(Complaint):
            assert 0 <= parse(text) <= most
