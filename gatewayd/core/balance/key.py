"""What tells requests apart, for those that belong together to reach the same target."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 section 5.6.2


class Source(Enum):
    """Where a request's key comes from."""

    CLIENT = "client"  # the client's address
    TENANT = "tenant"
    HEADER = "header"
    COOKIE = "cookie"


@dataclass(frozen=True, slots=True)
class Key:
    """`name` is that of the header, in lower case, or of the cookie, as written; empty for the others."""

    source: Source
    name: bytes = b""


def parse_key(text: str) -> Key:
    """The key that `client`, `tenant`, `header:NAME` or `cookie:NAME` stands for; `ValueError` for anything else."""
    kind, colon, name = text.partition(":")
    if kind in ("client", "tenant") and not colon:
        return Key(Source(kind))
    if kind not in ("header", "cookie"):
        raise ValueError(f'"{text}" is not client, tenant, header:NAME or cookie:NAME')
    # The name of a cookie is a token as well (RFC 6265 section 4.1.1), but one whose case matters.
    if _TOKEN.fullmatch(name) is None:
        raise ValueError(f'"{text}" does not name a {kind}')
    return Key(Source(kind), (name.lower() if kind == "header" else name).encode())


def cookie_value(header_values: Iterable[bytes], name: bytes) -> bytes | None:
    """The value of the first cookie called `name` in the values of Cookie fields (RFC 6265 section 4.2); None if none.

    Quotes around a value belong to it, as they do for browsers (section 5.2).
    """
    wanted = name + b"="
    for value in header_values:
        if wanted in value:
            for pair in value.split(b";"):
                pair = pair.strip(b" \t")
                if pair.startswith(wanted):
                    return pair[len(wanted) :]
    return None
