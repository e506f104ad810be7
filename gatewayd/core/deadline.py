"""The time a client leaves for its request, as it says it in a header field, and as the next one is told of it.

A deadline itself is a float: the clock's seconds, infinite where there is none.
"""

from __future__ import annotations

import re

NEVER = float("inf")

_PLAIN = re.compile(rb"([0-9]{1,9}(?:\.[0-9]{1,9})?)(s|ms)?")
_GRPC = re.compile(rb"([0-9]{1,8})([HMSmun])")
_GRPC_UNITS = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}


def parse_timeout(value: bytes) -> float | None:
    """The seconds of an X-Request-Timeout, such as `1.5`, `2s` or `250ms`; None if it says nothing valid."""
    match = _PLAIN.fullmatch(value)
    if match is None:
        return None
    number, unit = match.groups()
    return float(number) / 1000 if unit == b"ms" else float(number)


def parse_grpc_timeout(value: bytes) -> float | None:
    """The seconds of a grpc-timeout: up to eight digits and a unit ("gRPC over HTTP2"); None if it is none."""
    match = _GRPC.fullmatch(value)
    if match is None:
        return None
    number, unit = match.groups()
    return int(number) * _GRPC_UNITS[unit]


def tighten(deadline: float, since: float, seconds: float) -> float:
    """The deadline of a request that came at `since` and is to take `seconds` at most: the same or an earlier one."""
    asked = since + seconds
    return asked if asked < deadline else deadline


def remaining_line(now: float, deadline: float) -> bytes:
    """The field line that tells a service how much time is left, never more than is; nothing without a deadline."""
    left = deadline - now
    if left == NEVER:
        return b""
    milliseconds = int(left * 1000) if left > 0.0 else 0
    return b"X-Request-Timeout: %d.%03d\r\n" % divmod(milliseconds, 1000)
