"""Keys as clients write them, where they are kept, and by what requests with the same one are told apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256

LONGEST_KEY = 255  # bytes, as Stripe has it; a UUID has 36

# RFC 8941 section 3.3.3: what the draft asks for. Clients in the wild leave the quotes out.
_QUOTED = re.compile(rb'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_BARE = re.compile(rb"[!#$%&'*+\-./:=@^_`|~0-9A-Za-z]+")
_ESCAPED = re.compile(rb'\\(["\\])')


class BadKey(ValueError):
    """The field holds no key; the text says why, and does not repeat it."""


def read_key(values: Sequence[bytes]) -> bytes:
    """The key in the values of the field, of which there must be one. With and without quotes it is the same key.

    Raises `BadKey`.
    """
    if len(values) != 1:
        raise BadKey("is there more than once")
    value = values[0]
    match = _QUOTED.fullmatch(value)
    if match is not None:
        key = _ESCAPED.sub(rb"\1", match[1])
    elif _BARE.fullmatch(value):
        key = value
    elif not value:
        raise BadKey("is empty")
    else:
        raise BadKey("is neither a string in quotes nor a token")
    if not key:
        raise BadKey("is empty")
    if len(key) > LONGEST_KEY:
        raise BadKey(f"is longer than {LONGEST_KEY} bytes")
    return key


def place(route: bytes, tenant: bytes, who: bytes, key: bytes) -> bytes:
    """Where the `key` of a caller is kept, in hexadecimal digits: elsewhere for each route, tenant and caller.

    Keys may be telling (an order's number, say), so what is stored does not show them.
    """
    return print_of((route, tenant, who, key)).hex().encode()


def print_of(parts: Iterable[bytes]) -> bytes:
    """The fingerprint of a request, 32 bytes: what must be the same where the key is the same.

    Each part is hashed with its length, so that none can be chosen that reads as two.
    """
    hashed = sha256()
    for part in parts:
        hashed.update(b"%d:" % len(part))
        hashed.update(part)
    return hashed.digest()
