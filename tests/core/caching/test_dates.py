"""Dates: the three forms, and what is none of them."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.caching.dates import parse_date


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (b"Sun, 06 Nov 1994 08:49:37 GMT", 784111777.0),
        (b"Sunday, 06-Nov-94 08:49:37 GMT", 784111777.0),
        (b"Sun Nov  6 08:49:37 1994", 784111777.0),
        (b"SUN, 06 NOV 1994 08:49:37 gmt", 784111777.0),
        (b"Tuesday, 14-Nov-23 22:13:20 GMT", 1700000000.0),
        (b"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800.0),  # a leap second
        (b"Thu, 18 Aug 2050 02:01:18 GMT", 2544400878.0),
    ],
)
def test_dates(written: bytes, seconds: float) -> None:
    """All forms are read, whatever the case of the names."""
    assert parse_date(written) == seconds


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"0",
        b"-1",
        b"784111777",
        b"Sun, 06 Nov 1994 08:49:37 UTC",
        b"Sun, 06 Nov 1994 08:49:37 AEST",
        b"Sun, 06 Nov 1994 08:49:37 +0000",
        b"Sun, 06 Nov 1994 08:49:37",
        b"Sun, 06 Nov 94 08:49:37 GMT",
        b"Sun 06 Nov 1994 08:49:37 GMT",
        b"Sun,  06 Nov  1994 08:49:37 GMT",
        b"Sun, 06-Nov-1994 08:49:37 GMT",
        b"Sun, 06 Nov 1994 08.49.37 GMT",
        b"Sun, 06 Nov 1994 8:49:37 GMT",
        b"Sun, 6 Nov 1994 08:49:37 GMT",
        b"Sun, 06 Nov 1994 24:00:00 GMT",
        b"Sun, 06 Nov 1994 00:60:00 GMT",
        b"Sun, 06 Nov 1994 00:00:61 GMT",
        b"Sun, 31 Feb 1994 00:00:00 GMT",
        b"Sun, 00 Nov 1994 00:00:00 GMT",
        b"Sun, 06 Nov 0000 00:00:00 GMT",
        b"Sun, 06 Nov 1994 08:49:37 GMT ",
        b"Sun, 06 Nov 1994 08:49:37 GMT\n",
        "Sun, 0\u0666 Nov 1994 08:49:37 GMT".encode(),
    ],
)
def test_no_dates(written: bytes) -> None:
    """Anything else is no date."""
    assert parse_date(written) is None


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**37))
def test_every_second(seconds: int) -> None:
    """What is written in the preferred form is read as what it was."""
    assert parse_date(formatdate(seconds, usegmt=True).encode()) == seconds
