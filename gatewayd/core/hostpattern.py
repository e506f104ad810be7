"""Host patterns of routes: an exact host, `*.suffix` for one or more labels before the suffix, or any host.

A pattern's canonical form, its key, is the host in lower case; `.suffix` for `*.suffix`; and empty for any host.
"""

from __future__ import annotations

import re
from collections.abc import Container

from gatewayd.core.pattern import PatternError

ANY_HOST = b""

_HOST = re.compile(r"(\*\.)?([A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?)\.?|\[[0-9A-Fa-f:.]+\]")


def parse_host(text: str) -> bytes:
    """The key of a host pattern, raising `PatternError` for what no request's host can match."""
    match = _HOST.fullmatch(text)
    if match is not None and ".." not in text:
        return text.lower().removeprefix("*").removesuffix(".").encode()
    for at, character in enumerate(text):
        if character > "\x7f":
            raise PatternError("a host is written in ASCII: use the xn-- form of international names", at)
    if text == "*":
        raise PatternError("any host is the default: leave `hosts` out", 0)
    if "*" in text.removeprefix("*."):
        raise PatternError('"*" stands only for whole labels at the start, as in "*.example.org"', text.rindex("*"))
    if re.search(r":\d+$", text):
        raise PatternError("routes match hosts without their port", text.rindex(":"))
    raise PatternError(f'"{text}" is not a host name, an address, or "*." and a host name', 0)


def applicable(host: bytes, keys: Container[bytes]) -> tuple[bytes, ...]:
    """Which of `keys` match `host` (or are matched by all a `.suffix` key matches), the most specific first.

    The order is the host itself, then its suffixes from the longest, then any host.
    """
    found = [host] if host and host in keys else []
    at = host.find(b".", 1)
    while at >= 0:
        suffix = host[at:]
        if suffix in keys:
            found.append(suffix)
        at = host.find(b".", at + 1)
    if ANY_HOST in keys:
        found.append(ANY_HOST)
    return tuple(found)
