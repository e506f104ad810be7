"""What clients say of the time they have, and what services hear of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.deadline import NEVER, parse_grpc_timeout, parse_timeout, remaining_line, tighten


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"0", 0.0),
        (b"2", 2.0),
        (b"1.5", 1.5),
        (b"2s", 2.0),
        (b"0.250s", 0.25),
        (b"250ms", 0.25),
        (b"0.5ms", 0.0005),
        (b"007", 7.0),
        (b"999999999.999999999", 999999999.999999999),
        *((value, None) for value in (b"", b"s", b"ms", b".5", b"5.", b"-1", b"+1", b"1e3", b"1 s", b" 1", b"1,5")),
        *((value, None) for value in (b"1m", b"1h", b"1S", b"1MS", b"1us", b"0x1", b"1_0", b"nan", b"inf", b"\xb2")),
        *((value, None) for value in (b"1.5.5", b"1\n", b"1234567890", b"1.1234567890")),
    ],
)
def test_timeouts(value: bytes, seconds: float | None) -> None:
    """Seconds, with a fraction or not, or milliseconds; what is neither says nothing."""
    assert parse_timeout(value) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"1H", 3600.0),
        (b"2M", 120.0),
        (b"3S", 3.0),
        (b"250m", 0.25),
        (b"5u", 5e-6),
        (b"7n", 7e-9),
        (b"0S", 0.0),
        (b"99999999H", 99999999 * 3600.0),
        *((value, None) for value in (b"", b"1", b"S", b"1s", b"1h", b"1ms", b"1.5S", b"-1S", b"+1S", b"1 S", b"1S ")),
        *((value, None) for value in (b"123456789S", b"1SS", b"\xb2S", b"1S\n")),
    ],
)
def test_grpc_timeouts(value: bytes, seconds: float | None) -> None:
    """Up to eight digits and one of six units, as "gRPC over HTTP2" has them."""
    assert parse_grpc_timeout(value) == (None if seconds is None else pytest.approx(seconds, rel=1e-12))


@given(
    parse=st.sampled_from([parse_timeout, parse_grpc_timeout]),
    value=st.binary(max_size=20) | st.from_regex(rb"[0-9.]{0,10}[HMSmuns]{0,2}", fullmatch=True),
)
def test_any_bytes(parse: Callable[[bytes], float | None], value: bytes) -> None:
    """Whatever is sent, it is a finite time that is not negative, or nothing."""
    seconds = parse(value)
    assert seconds is None or 0.0 <= seconds < NEVER


@pytest.mark.parametrize(
    ("deadline", "since", "seconds", "expected"),
    [
        (NEVER, 10.0, 5.0, 15.0),
        (20.0, 10.0, 5.0, 15.0),
        (15.0, 10.0, 5.0, 15.0),
        (14.9, 10.0, 5.0, 14.9),
        (20.0, 10.0, 0.0, 10.0),
    ],
)
def test_tighten(deadline: float, since: float, seconds: float, expected: float) -> None:
    """A deadline comes nearer, counted from when the request came; it is never put off."""
    assert tighten(deadline, since, seconds) == expected


@pytest.mark.parametrize(
    ("now", "deadline", "line"),
    [
        (100.0, 100.25, b"X-Request-Timeout: 0.250\r\n"),
        (100.0, 160.0, b"X-Request-Timeout: 60.000\r\n"),
        (0.0, 0.0019, b"X-Request-Timeout: 0.001\r\n"),
        (0.0, 0.0009, b"X-Request-Timeout: 0.000\r\n"),
        (100.0, 100.0, b"X-Request-Timeout: 0.000\r\n"),
        (100.0, 99.0, b"X-Request-Timeout: 0.000\r\n"),
        (100.0, NEVER, b""),
    ],
)
def test_remaining(now: float, deadline: float, line: bytes) -> None:
    """A service hears what is left, in whole milliseconds, rounded down; of no deadline it hears nothing."""
    assert remaining_line(now, deadline) == line


@given(now=st.floats(0, 1e6), left=st.floats(0, 1e5))
def test_what_is_passed_on_is_understood(now: float, left: float) -> None:
    """The next gateway reads the line, and nowhere on the way does time grow."""
    deadline = now + left
    value = remaining_line(now, deadline).removeprefix(b"X-Request-Timeout: ").removesuffix(b"\r\n")
    seconds = parse_timeout(value)
    assert seconds is not None
    assert deadline - now - 0.001 < seconds <= deadline - now + 1e-9
