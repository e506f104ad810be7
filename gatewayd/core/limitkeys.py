"""What tells requests apart for limits: parts of keys, and how they are written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address
from re import compile as compile_pattern

from gatewayd.core.tokens.claimpath import ClaimPath, compile_path

SEPARATOR = b"\0"  # between the parts of a key: it stands in no field, address or name
LONGEST = 64  # bytes of a part that is kept as it is

_TOKEN = compile_pattern(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 section 5.6.2


class Source(Enum):
    """Where a part of a key comes from."""

    CLIENT = "client"
    ROUTE = "route"
    HEADER = "header"
    TENANT = "tenant"
    USER = "user"
    API_KEY = "api_key"
    CLAIM = "claim"

    @property
    def needs_caller(self) -> bool:
        """Whether it is known only once somebody has found out who is calling."""
        return self in _OF_CALLERS


_OF_CALLERS = frozenset({Source.TENANT, Source.USER, Source.API_KEY, Source.CLAIM})


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a key: `name` is a header's in lower case, `path` leads to a claim."""

    source: Source
    name: bytes = b""
    path: ClaimPath = ()


def parse_part(text: str) -> Part:
    """The part that `client`, `route`, `tenant`, `user`, `api_key`, `header:NAME` or `claim:PATH` stands for.

    Raises `ValueError` for anything else.
    """
    kind, colon, name = text.partition(":")
    if kind == "header" and _TOKEN.fullmatch(name) is not None:
        return Part(Source.HEADER, name.lower().encode())
    if kind == "claim":
        return Part(Source.CLAIM, path=compile_path(name))
    if not colon and kind not in ("header", "claim"):
        return Part(Source(kind))
    raise ValueError(f'"{text}" tells no requests apart')


@lru_cache(maxsize=16384)
def client_part(address: str) -> bytes:
    """A client's part of a key: its address or, of IPv6, the /64 network that one customer of a provider has.

    IPv4 addresses written as IPv6 are the IPv4 addresses. Empty for a unix socket.
    """
    if ":" not in address:
        return address.encode()
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return short(address.encode())
    assert isinstance(parsed, IPv6Address)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped).encode()
    return b"%b/64" % str(IPv6Address(int(parsed) >> 64 << 64)).encode()


def short(value: bytes) -> bytes:
    """A part that somebody else wrote, short enough to be kept: long ones by their hash."""
    if len(value) <= LONGEST and SEPARATOR not in value:
        return value
    return b"#" + blake2b(value, digest_size=16).hexdigest().encode()
