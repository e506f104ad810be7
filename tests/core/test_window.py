"""Windows: what they hold equals a naive recount of everything that was ever added."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.window import FAILURE, SLOW, SLOW_FAILURE, SUCCESS, CountWindow, TimeWindow, Window

CODES = st.sampled_from([SUCCESS, FAILURE, SLOW, SLOW_FAILURE])


def counts(window: Window) -> tuple[int, int, int]:
    """Everything a window tells."""
    return window.total, window.failures, window.slow


def recount(codes: list[int]) -> tuple[int, int, int]:
    """The same of a list."""
    failures = sum(code in (FAILURE, SLOW_FAILURE) for code in codes)
    slow = sum(code in (SLOW, SLOW_FAILURE) for code in codes)
    return len(codes), failures, slow


@given(size=st.integers(1, 20), codes=st.lists(CODES, max_size=100))
def test_a_window_of_calls(size: int, codes: list[int]) -> None:
    """It holds the last `size` calls, at any time."""
    window = CountWindow(size)
    for number, code in enumerate(codes, 1):
        window.add(code, 0.0)
        assert counts(window) == recount(codes[:number][-size:])


@given(
    buckets=st.integers(1, 12),
    start=st.integers(0, 10**6),
    steps=st.lists(st.tuples(st.integers(0, 400), CODES | st.none()), max_size=60),
)
def test_a_window_of_time(buckets: int, start: int, steps: list[tuple[int, int | None]]) -> None:
    """It holds the calls of the newest `buckets` buckets, after calls and after looking (None) alike.

    Times are multiples of 1/64 s and buckets a second long, so that the recount rounds nothing.
    """
    window = TimeWindow(float(buckets), buckets)
    now, past = start, list[tuple[int, int]]()
    for passed, code in steps:
        now += passed
        if code is None:
            window.expire(now / 64)
        else:
            window.add(code, now / 64)
            past.append((now // 64, code))
        assert counts(window) == recount([code for bucket, code in past if bucket > now // 64 - buckets])


@pytest.mark.parametrize("window", [CountWindow(5), TimeWindow(10.0)], ids=["calls", "time"])
def test_clear(window: Window) -> None:
    """Nothing is left, and what comes next counts alone."""
    for code in (FAILURE, SLOW, SLOW_FAILURE):
        window.add(code, 3.0)
    assert counts(window) == (3, 2, 2)
    window.clear()
    assert counts(window) == (0, 0, 0)
    window.expire(3.5)
    window.add(FAILURE, 4.0)
    assert counts(window) == (1, 1, 0)


def test_counted_calls_do_not_grow_old() -> None:
    """Time alone changes nothing in a window of calls."""
    window = CountWindow(5)
    window.add(FAILURE, 0.0)
    window.expire(1e9)
    assert counts(window) == (1, 1, 0)


def test_buckets_fall_out_whole() -> None:
    """A call stays for nine to ten tenths of the time, depending on where in its bucket it came."""
    window = TimeWindow(10.0)
    window.add(FAILURE, 100.0)
    window.add(FAILURE, 100.9)
    window.expire(109.9)
    assert window.total == 2
    window.expire(110.0)
    assert window.total == 0


def test_after_a_long_silence() -> None:
    """Everything is gone, however long it was, and at no cost that grows with it."""
    window = TimeWindow(1.0)
    window.add(SLOW_FAILURE, 1.0)
    window.add(SUCCESS, 1e12)
    assert counts(window) == (1, 0, 0)


def test_a_clock_that_goes_back() -> None:
    """A call from before the newest bucket counts as one of now."""
    window = TimeWindow(10.0)
    window.add(SUCCESS, 50.0)
    window.add(FAILURE, 20.0)
    assert counts(window) == (2, 1, 0)
    window.expire(60.0)
    assert counts(window) == (0, 0, 0)
