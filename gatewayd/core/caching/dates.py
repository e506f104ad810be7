"""Dates as HTTP writes them (RFC 9110 section 5.6.7), read strictly: what is no date makes an answer stale."""

from __future__ import annotations

import re
from calendar import timegm
from datetime import date
from functools import lru_cache

_MONTHS = {
    name: number
    for number, name in enumerate(
        (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"), 1
    )
}
_MONTH = rb"(?P<month>" + b"|".join(_MONTHS) + rb")"
_TIME = rb"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rb"(?:mon|tue|wed|thu|fri|sat|sun), (?P<day>[0-9]{2}) " + _MONTH + rb" (?P<year>[0-9]{4}) " + _TIME + rb" gmt",
        rb"(?:mon|tues|wednes|thurs|fri|satur|sun)day, (?P<day>[0-9]{2})-"
        + _MONTH
        + rb"-(?P<year>[0-9]{2}) "
        + _TIME
        + rb" gmt",
        rb"(?:mon|tue|wed|thu|fri|sat|sun) " + _MONTH + rb" (?P<day>[ 0-9][0-9]) " + _TIME + rb" (?P<year>[0-9]{4})",
    )
)
_CENTURY = 2000  # of years with two digits: RFC 850's form went out of use before it
_TURNS = 70  # two digits from here on are of the century before: nothing was modified over the web before 1970


@lru_cache(maxsize=1024)
def parse_date(value: bytes) -> float | None:
    """Seconds since 1970 of a date in one of the three forms, or None for anything else.

    The case of names is not minded. The name of the weekday is not checked against the date.
    """
    for form in _FORMS:
        match = form.fullmatch(value)
        if match is not None:
            break
    else:
        return None
    year = int(match["year"])
    if len(match["year"]) == 2:
        year += _CENTURY if year < _TURNS else _CENTURY - 100
    month, day = _MONTHS[match["month"].lower()], int(match["day"])
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"])
    if hour > 23 or minute > 59 or second > 60:
        return None
    try:
        date(year, month, day)
    except ValueError:  # there is no such day
        return None
    return float(timegm((year, month, day, hour, minute, second)))
