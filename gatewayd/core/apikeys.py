"""API keys: what they look like, and how one is known again without being kept.

A key is `gw_`, an id, `_`, a secret of 160 bits and a checksum. The id finds the entry, the checksum tells a misspelt
key from a wrong one before anything is looked up. Of the key itself only a hash is kept, made with a pepper that is
kept elsewhere: who reads the table can neither use a key nor try guesses.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal
from zlib import crc32

RANDOM_BYTES = 28  # 8 for the id, 20 for the secret
SHORTEST_PEPPER, LONGEST_PEPPER = 16, 64  # bytes; BLAKE2b takes no longer key (RFC 7693 section 2.1)

_KEY = re.compile(rb"(gw_([a-z2-7]{13})_[a-z2-7]{32})([0-9a-f]{8})")
_HASH = re.compile(r"[0-9a-f]{64}")
_NO_HASH = "0" * 64  # compared with where there is no entry, so that an unknown id takes as long as a known one

Cause = Literal["malformed", "unknown", "wrong", "expired"]


class BadKey(ValueError):
    """A key that proves nothing. `key_id` is the id it names, empty if it is malformed.

    `why` is for operators; clients are to be told the same for every cause. `tenant` is that of a key which was good.
    """

    def __init__(self, why: Cause, key_id: str = "", tenant: str | None = None) -> None:
        super().__init__(f"the API key is {why}")
        self.why = why
        self.key_id = key_id
        self.tenant = tenant


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key, and who its bearer is.

    `hash` comes from `hash_key`; `expires` is in seconds since 1970, None for never; `limits` are read by those who
    apply them.
    """

    id: str
    hash: str = field(repr=False)
    tenant: str | None = None
    user: str | None = None
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    limits: Mapping[str, Any] = field(default_factory=dict)
    expires: float | None = None

    def __post_init__(self) -> None:
        """Refuse a hash that no key can have, such as a key pasted in its place. Its text is not repeated."""
        if _HASH.fullmatch(self.hash) is None or self.hash == _NO_HASH:
            raise ValueError(f'the hash of the API key "{self.id}" is not 64 hexadecimal digits in lower case')


def make_key(random: bytes) -> str:
    """A new key from 28 random bytes. It is shown once, to its owner; only its hash is kept."""
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"a key is made of {RANDOM_BYTES} random bytes")
    key_id, secret = (b32encode(part).rstrip(b"=").lower().decode() for part in (random[:8], random[8:]))
    key = f"gw_{key_id}_{secret}"
    return f"{key}{crc32(key.encode()):08x}"


def hash_key(key: bytes, pepper: bytes) -> str:
    """The hash of a key, in hex: BLAKE2b with the pepper as its key.

    A slow password hash would protect nothing more: a secret of 160 random bits cannot be guessed.
    """
    return blake2b(key, key=pepper, digest_size=32).hexdigest()


def parse_key(key: bytes) -> str:
    """The id in a key. Raises `BadKey` for what is none, or is misspelt."""
    match = _KEY.fullmatch(key)
    if match is None or crc32(match[1]) != int(match[3], 16):
        raise BadKey("malformed")
    return match[2].decode()


def judge(entry: ApiKey | None, key: bytes, pepper: bytes, now: float) -> ApiKey:
    """`entry`, found by the key's id or None, if `key` is that one and valid at `now`. Raises `BadKey`.

    Takes as long for an entry that is not there. Only who knows the secret learns that it has expired.
    """
    right = hmac.compare_digest(hash_key(key, pepper), entry.hash if entry is not None else _NO_HASH)
    if entry is None:
        raise BadKey("unknown", parse_key(key))
    if not right:
        raise BadKey("wrong", entry.id)
    if entry.expires is not None and now >= entry.expires:
        raise BadKey("expired", entry.id, entry.tenant)
    return entry


class KeyTable:
    """The keys of a file, by id."""

    __slots__ = ("_entries", "_pepper")

    def __init__(self, entries: Iterable[ApiKey], pepper: bytes) -> None:
        """Raises `ValueError` for two entries of one id, and for a pepper of less than 16 or more than 64 bytes."""
        if not SHORTEST_PEPPER <= len(pepper) <= LONGEST_PEPPER:
            raise ValueError(f"a pepper has {SHORTEST_PEPPER} to {LONGEST_PEPPER} bytes")
        self._pepper = pepper
        self._entries: dict[str, ApiKey] = {}
        for entry in entries:
            if entry.id in self._entries:
                raise ValueError(f'there are two API keys "{entry.id}"')
            self._entries[entry.id] = entry

    def find(self, key: bytes, now: float) -> ApiKey:
        """The entry of `key`, if it is valid at `now`. Raises `BadKey`."""
        return judge(self._entries.get(parse_key(key)), key, self._pepper, now)
