"""Durations, sizes and shares: a number never stands without its unit ("250ms", "1h30m", "16KiB", "50%")."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from gatewayd.config.complaint import Complaint

SECONDS = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600), "d": Decimal(86400)}
BYTES = {
    "B": 1,
    "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip
LONGEST = 366 * 86400.0  # a timer beyond a year is a slip of the unit, and no clock of ours is tested that far
LARGEST = 2**60  # far beyond any disk, and sums of two still fit 64 bits

DURATION_PATTERN = r"([0-9]{1,12}(\.[0-9]{1,9})?(ms|s|m|h|d))+"
SIZE_PATTERN = r"[0-9]{1,19}(\.[0-9]{1,9})?([kKMGT]?B|[KMGT]iB)"
SHARE_PATTERN = r"[0-9]{1,3}(\.[0-9]{1,9})?%"

_PART = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)(ms|[smhd])")
_SIZE = re.compile(r"([0-9]{1,19}(?:\.[0-9]{1,9})?)([kKMGT]?B|[KMGT]iB)")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,9})?)%")
_LOOSE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*")
_LOOSE_SHARE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(?:%|percent|)\s*", re.IGNORECASE)
_SAID_OTHERWISE = {
    "msec": "ms", "msecs": "ms", "millis": "ms", "millisecond": "ms", "milliseconds": "ms",
    "sec": "s", "secs": "s", "second": "s", "seconds": "s",
    "min": "m", "mins": "m", "minute": "m", "minutes": "m",
    "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d", "days": "d",
}  # fmt: skip
_SIZE_LETTERS = {"": "B", "B": "B", "K": "KiB", "M": "MiB", "G": "GiB", "T": "TiB", "BYTE": "B", "BYTES": "B"}


def parse_duration(text: str) -> float:
    """Seconds in `text`; units ms, s, m, h, d, largest first where there are several. Raises `Complaint`."""
    total, position, before = Decimal(0), 0, Decimal("Infinity")
    while position < len(text):
        part = _PART.match(text, position)
        if part is None or SECONDS[part[2]] >= before:
            raise Complaint(*_misread_duration(text))
        before = SECONDS[part[2]]
        total += Decimal(part[1]) * before
        position = part.end()
    if not text:
        raise Complaint("the duration is empty", "write a number and a unit, such as 10s")
    if total > LONGEST:
        raise Complaint("{value} is longer than a year", "check the unit: ms, s, m, h, d")
    return float(total)


def _misread_duration(text: str) -> tuple[str, str]:
    """Message and hint for a text that is no duration."""
    loose = _LOOSE.fullmatch(text)
    if loose is None:
        return "{value} is not a duration", "write a number and a unit (ms, s, m, h, d), such as 10s or 1h30m"
    number, unit = loose.groups()
    if not unit:
        return "{value} has no unit", f"write {number}s for seconds (units: ms, s, m, h, d)"
    meant = unit if unit in SECONDS else unit.lower() if unit.lower() in SECONDS else _SAID_OTHERWISE.get(unit.lower())
    if meant is None:
        return "{value} has an unknown unit", "units of a duration: ms, s, m, h, d"
    return "{value} is not a duration", f"write {number}{meant}"


def format_duration(seconds: float) -> str:
    """The shortest exact text of a duration; `parse_duration` gives the same float back."""
    exact = Decimal(repr(seconds))
    for unit in ("d", "h", "m", "s", "ms"):
        count = exact / SECONDS[unit]
        if count == count.to_integral_value() and (count or unit == "s"):
            return f"{int(count)}{unit}"
    return f"{exact:f}s"


def parse_size(text: str) -> int:
    """Bytes in `text`; decimal units kB, MB, GB, TB and binary units KiB, MiB, GiB, TiB. Raises `Complaint`."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise Complaint(*_misread_size(text))
    count = Decimal(match[1]) * BYTES[match[2]]
    if count != count.to_integral_value():
        raise Complaint("{value} is not a whole number of bytes", "use a smaller unit")
    if count > LARGEST:
        raise Complaint("{value} is too large", "check the unit: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB")
    return int(count)


def _misread_size(text: str) -> tuple[str, str]:
    """Message and hint for a text that is no size."""
    loose = _LOOSE.fullmatch(text)
    if loose is None:
        return "{value} is not a size", "write a number and a unit, such as 16KiB or 10MB"
    number, unit = loose.groups()
    if not unit:
        return "{value} has no unit", f"write {number}B for bytes (units: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB)"
    same = [known for known in BYTES if known.lower() == unit.lower()]
    meant = same[0] if same else _SIZE_LETTERS.get(unit.upper())
    if meant is None:
        return "{value} has an unknown unit", "units of a size: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB"
    return "{value} is not a size", f"write {number}{meant}"


def format_size(count: int) -> str:
    """The shortest exact text of a size; `parse_size` gives the same number back."""
    for unit in ("TiB", "TB", "GiB", "GB", "MiB", "MB", "KiB", "kB"):
        if count and count % BYTES[unit] == 0:
            return f"{count // BYTES[unit]}{unit}"
    return f"{count}B"


def parse_share(text: str) -> float:
    """The share, 0 to 1, that the percentage in `text` is. Raises `Complaint`."""
    match = _SHARE.fullmatch(text)
    if match is None:
        raise Complaint(*_misread_share(text))
    percentage = Decimal(match[1])
    if percentage > 100:
        raise Complaint("{value} is more than all", "write 100% or less")
    return float(percentage / 100)


def _misread_share(text: str) -> tuple[str, str]:
    """Message and hint for a text that is no percentage."""
    loose = _LOOSE_SHARE.fullmatch(text)
    if loose is None:
        return "{value} is not a percentage", "write a number and '%', such as 50%"
    if text.strip() == loose[1]:
        return "{value} has no '%'", share_hint(float(loose[1]))
    return "{value} is not a percentage", f"write {loose[1]}%"


def share_hint(number: float) -> str:
    """What to write instead of `number` alone, which may be meant as a share or as a percentage."""
    if not math.isfinite(number):
        return "write a number and '%', such as 50%"
    if 0 < number <= 1:
        return f"write {number * 100:g}% (a share of {number:g}), or {number:g}%"
    return f"write {number:g}%"


def format_share(share: float) -> str:
    """The shortest exact text of a share; `parse_share` gives the same float back."""
    percentage = format(Decimal(repr(share)) * 100, "f")
    return (percentage.rstrip("0").rstrip(".") if "." in percentage else percentage) + "%"
